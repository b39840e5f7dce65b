"""The whole study on one GPU: see README.md."""
