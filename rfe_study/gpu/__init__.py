"""The whole study on one GPU in minutes: the same models, heads and rows as on CPU cores."""
