"""Exercises, written once: a code cell with its solution between two markers.

::

    def double(x):
        ### BEGIN SOLUTION
        return 2 * x
        ### END SOLUTION


    checks({"doubles 3": lambda: double(3) == 6})

What stands between the markers is the solution. In a stub, a solution inside a function becomes
``raise NotImplementedError("your code")``, which `rfe_book.cells.checks` answers with one quiet
line; a solution at the left margin is left out.
"""

import ast

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = 'raise NotImplementedError("your code")'


class MarkerError(ValueError):
    """Markers that do not pair."""


def has_markers(source: str) -> bool:
    """Whether a cell holds a solution."""
    return BEGIN in source or END in source


def stub(source: str) -> str:
    """The cell as a student gets it.

    Raises
    ------
    MarkerError
        If the markers do not pair.
    """
    lines = []
    for line, region in _numbered(source):
        if region == BEGIN and line[: len(line) - len(line.lstrip())]:
            lines.append(line.replace(BEGIN, STUB))
        elif region is None:
            lines.append(line)
    return "\n".join(lines).strip("\n")


def beginning(source: str) -> str:
    """The stub up to where a student writes: on a page its checks stand with the solution.

    Raises
    ------
    MarkerError
        If the markers do not pair.
    """
    text = stub(source)
    lines = text.splitlines()
    for part in reversed(ast.parse(text).body):
        if any(STUB in line for line in lines[part.lineno - 1 : part.end_lineno]):
            return "\n".join(lines[: part.end_lineno])
    return text


def solution(source: str) -> str:
    """The cell as a teacher gets it: all of it, without the markers.

    Raises
    ------
    MarkerError
        If the markers do not pair.
    """
    lines = [line for line, region in _numbered(source) if region in (None, "inside")]
    return "\n".join(lines).strip("\n")


def _numbered(source: str) -> list[tuple[str, str | None]]:
    """Each line with what it is: None, `BEGIN`, "inside" or `END`."""
    found, begun = [], None
    for number, line in enumerate(source.splitlines(), 1):
        mark = line.strip()
        if mark not in (BEGIN, END):
            found.append((line, "inside" if begun else None))
            continue
        if (mark == BEGIN) == bool(begun):
            before = f"after that of line {begun}" if begun else "without a beginning"
            raise MarkerError(f"line {number}: {mark!r} {before}")
        begun = number if mark == BEGIN else None
        found.append((line, mark))
    if begun:
        raise MarkerError(f"line {begun}: {BEGIN!r} without an end")
    return found
