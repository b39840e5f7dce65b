"""What a command says to its user."""

#: Why ``--device cuda`` is refused.
NO_GPU = "--device cuda needs a GPU that PyTorch can use, got none"


class CommandError(Exception):
    """Something the user can mend; printed as one line."""
