"""Checks that a reader runs on an own answer."""

from collections.abc import Callable


def check(what: str, is_right: Callable[[], bool]) -> bool:
    """Say whether an answer is right, without ever stopping the notebook.

    Parameters
    ----------
    what : str
        What a right answer does, as the rest of "Right: ..." or "Not yet: ...".
    is_right : callable
        Tries the answer. An exception counts as "not yet" and is shown: an unfinished answer is
        the normal case here, so no exception of it is an error of the book.

    Returns
    -------
    bool
        Whether the answer is right, so that the solution can assert it.
    """
    try:
        right, reason = bool(is_right()), ""
    except Exception as error:
        right, reason = False, f" ({type(error).__name__}: {error})"
    print(f"{'Right' if right else 'Not yet'}: {what}{reason}")
    return right
