"""Tables of the book with a number and a caption, made from a DataFrame."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from numbers import Integral
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from rfe_book.answers import watched

#: The repository, to name a source by its place in it.
ROOT = Path(__file__).parents[2]

#: Characters of a line of code that a page shows without scrolling.
WIDEST = 76

#: The number of embeddings as code has it, unless code or a formula holds it.
N_E = re.compile(r"(`[^`]*`|\$[^$]*\$)|\bn_E\b")


def table(
    frame: pd.DataFrame, *, digits: int = 2, columns: Mapping[str, int] | None = None
) -> Markdown:
    """A table in plain Markdown, as the last line of a notebook cell.

    A Markdown cell below that begins ``(tab-name)=`` and ``**Table 8.1.**`` is its caption, and
    makes it a table that the book's pages number.

    Parameters
    ----------
    frame : DataFrame
        Shown with its index first; an outer index level is written once a group. "n_E" is set with
        its index, but for code and formulas.
    digits : int
        Decimals of floats; whole numbers are written without. Integers of five digits or more
        are written as in "10,000".
    columns : mapping of str to int, optional
        Decimals of some columns, always written.
    """
    body = frame.reset_index()
    if frame.index.nlevels > 1:
        outer = body.columns[0]
        body[outer] = body[outer].astype(object).mask(body[outer] == body[outer].shift(), "")
    align = [
        "---:" if pd.api.types.is_numeric_dtype(body[column]) else ":---" for column in body.columns
    ]
    for column, decimals in (columns or {}).items():
        body[column] = body[column].map(f"{{:.{decimals}f}}".format, na_action="ignore")
    lines = [list(map(str, body.columns)), align]
    levels = frame.index.nlevels
    for row in body.itertuples(index=False):
        lines.append([_text(v, digits, short=n < levels) for n, v in enumerate(row)])
    return Markdown("\n".join(f"| {' | '.join(map(set_n_e, cells))} |" for cells in lines))


def set_n_e(text: str) -> str:
    """Text with "n_E" as readers know it: an n with the index E, on pages and in JupyterLab."""
    return N_E.sub(lambda found: found[1] or "<i>n</i><sub>E</sub>", text)


def _text(value, digits: int, *, short: bool = False) -> str:
    """One cell: nothing for what is missing, "1×1.1×2" for a tuple; `short` drops final zeros."""
    if isinstance(value, tuple):
        return "×".join(_text(part, digits, short=True) for part in value)
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        text = f"{value:.{digits}f}" if value % 1 else f"{value:.0f}"
        return text.rstrip("0") if short and "." in text else text
    if isinstance(value, Integral) and value >= 10_000:
        return f"{value:,}"
    return str(value).replace("|", "\\|")


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
    return _all_right({what: is_right})


def checks(answers: Mapping[str, Callable[[], bool]]) -> None:
    """Check an exercise; a line for each check, and a single quiet one while it is a stub.

    A line that says "Not yet" says also what the answer gave, as in "(double(3) gives 9)".

    Parameters
    ----------
    answers : mapping of str to callable
        What a right answer does, and a function that tries the answer.
    """
    _all_right(answers)


def _all_right(answers: Mapping[str, Callable[[], bool]]) -> bool:
    said = []
    for what, is_right in answers.items():
        with watched(is_right) as reasons:
            try:
                right = bool(is_right())
            except NotImplementedError:
                print("Not yet: your code is missing")
                return False
            except Exception as error:  # an unfinished answer is the normal case here
                right = False
                reasons.append(f"{type(error).__name__}: {error}")
        reason = "" if right or not reasons else f" ({'; '.join(reasons)})"
        said.append((right, f"{what}{reason}"))
    for right, words in said:
        print(f"{'Right' if right else 'Not yet'}: {words}")
    return all(right for right, _ in said)


def source(thing: Callable) -> Markdown:
    """The mathematics of a function as the last line of a notebook cell, all of it a click behind.

    Out of view are types, docstring and the checks of inputs that the function begins with. Long
    lines are broken, and their comments stand above them.

    Parameters
    ----------
    thing : function
        Something of rfe_core or rfe_study.

    Raises
    ------
    TypeError
        If `thing` has no Python source.
    """
    lines, first = inspect.getsourcelines(thing)
    code = textwrap.dedent("".join(lines))
    path = Path(inspect.getsourcefile(inspect.unwrap(thing)))
    place = f"{path.relative_to(ROOT).as_posix()}, line {first}"
    return Markdown(
        f"```python\n{_core(code)}\n```\n\n"
        f'<details class="rfe-source"><summary>Show all of it (click): {place}</summary>\n\n'
        f"```python\n{code}```\n\n</details>"
    )


def _core(code: str) -> str:
    function = ast.parse(code).body[0]
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    begin = next(part for part in function.body if not _is_check(part)).lineno
    shown = [f"def {function.name}({ast.unparse(function.args)}):"]
    for line in code.splitlines()[begin - 1 :]:
        does, comment, says = line.partition("  # ")
        if comment and len(line) > WIDEST:
            shown.append(f"{_indent(does)}# {says}")
            line = does
        hanging = _indent(line) + 8 * " "
        shown += textwrap.wrap(line, WIDEST, subsequent_indent=hanging) or [""]
    return "\n".join(shown)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _is_check(part: ast.stmt) -> bool:
    """Whether a statement, at the head of a function, is its docstring or only looks at inputs."""
    if isinstance(part, ast.If):
        return all(isinstance(then, ast.Raise) for then in part.body) and not part.orelse
    return isinstance(part, ast.Expr)
