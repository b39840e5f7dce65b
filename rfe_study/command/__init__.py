"""The `rfe` command."""
