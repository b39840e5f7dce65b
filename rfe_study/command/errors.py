"""What a command says to its user."""


class CommandError(Exception):
    """Something the user can mend; printed as one line."""
