"""Values in the text: ``{eval}`expression` `` in a Markdown cell, computed by its kernel.

The cell sees the state after the code cells above it, as in JupyterLab with jupyterlab-myst. What
the kernel answers is kept where that extension keeps it, in the cell's metadata:
``"user_expressions": [{"expression": ..., "result": {"status": "ok", "data": {...}, ...}}, ...]``.
"""

import re
from collections.abc import Sequence

INLINE = re.compile(r"\{eval\}`([^`]+)`")
KEY = "user_expressions"
#: Characters that mean something to Markdown; JupyterLab shows those of plain text as they are.
ACTIVE = re.compile(r"[\\`*_{}\[\]<>$#|~]")
#: How values look that were not put into words.
NOT_WORDS = re.compile(r"<|np\.|array\(|tensor\(|.*[\\\n]", re.DOTALL)


class ExpressionError(ValueError):
    """An expression that raises, or whose value is not words."""


def expressions_of(text: str) -> list[str]:
    """The expressions of a Markdown cell, each once, in order."""
    return list(dict.fromkeys(INLINE.findall(text)))


def as_markdown(entry: dict) -> str:
    """The value of an entry of `KEY`, as Markdown that looks as JupyterLab shows the value.

    A value with a Markdown form is that Markdown; of any other the plain text, without quotes.

    Raises
    ------
    ExpressionError
        If the expression raised, or its value is no words: an array, a table, a numpy number.
    """
    mark, result = f"{{eval}}`{entry['expression']}`", entry["result"]
    if result["status"] != "ok":
        raise ExpressionError(f"{mark} raises {result['ename']}: {result['evalue']}")
    data = result["data"]
    if "text/markdown" in data:
        return data["text/markdown"].strip()
    plain = data["text/plain"]
    quoted = re.fullmatch(r"""(["'])(.*)\1""", plain)
    if set(data) != {"text/plain"} or (not quoted and NOT_WORDS.match(plain)):
        raise ExpressionError(f"{mark} must be words or a Python number, got {plain[:80]}")
    words = quoted[2] if quoted else plain
    if "\\" in words:
        raise ExpressionError(f"{mark} has a backslash, so it must be IPython's Markdown: {plain}")
    return ACTIVE.sub(r"\\\g<0>", words)


def filled(text: str, entries: Sequence[dict]) -> str:
    """Text whose expressions are replaced by their values.

    Raises
    ------
    ExpressionError
        If one of them was not computed.
    """
    values = {entry["expression"]: as_markdown(entry) for entry in entries}
    if missing := [name for name in expressions_of(text) if name not in values]:
        raise ExpressionError(f"{{eval}}`{missing[0]}` has not been computed")
    return INLINE.sub(lambda mark: values[mark[1]], text)
