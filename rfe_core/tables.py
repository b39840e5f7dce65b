"""Tables of the book with a number and a caption, made from a DataFrame."""

from collections.abc import Mapping

import pandas as pd
from IPython.display import Markdown


def numbered(
    frame: pd.DataFrame,
    name: str,
    caption: str,
    *,
    digits: int = 2,
    columns: Mapping[str, int] | None = None,
) -> Markdown:
    """A table that the book numbers and {numref} finds, as the last line of a notebook cell.

    The cell needs the metadata ``"mystnb": {"markdown_format": "myst"}``; JupyterLab shows the
    same table with its name and caption as plain text.

    Parameters
    ----------
    frame : DataFrame
        Shown with its index first; an outer index level is written once a group.
    name : str
        Label, for example "tab-protocols".
    caption : str
        MyST Markdown on one line.
    digits : int
        Decimals of floats; whole numbers are written without.
    columns : mapping of str to int, optional
        Decimals of some columns, always written.

    Raises
    ------
    ValueError
        If the caption has more than one line.
    """
    if "\n" in caption:
        raise ValueError(f"caption must be on one line, got {caption!r}")
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
    rows = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return Markdown(f":::{{table}} {caption}\n:name: {name}\n:class: compact\n\n{rows}\n\n:::")


def _text(value, digits: int, *, short: bool = False) -> str:
    """One cell: nothing for what is missing, "1×1.1×2" for a tuple; `short` drops final zeros."""
    if isinstance(value, tuple):
        return "×".join(_text(part, digits, short=True) for part in value)
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        text = f"{value:.{digits}f}" if value % 1 else f"{value:.0f}"
        return text.rstrip("0") if short and "." in text else text
    return str(value).replace("|", "\\|")
