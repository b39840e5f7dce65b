"""How long chapters take to read: what their first cells say, summed where a page asks for it.

In a Markdown page ``{{reading:1-9}}`` becomes "3 hours", the time of chapters 1 to 9.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

MINUTES = re.compile(r"\*\*Minutes\*\* about (\d+) to read")
MARK = re.compile(r"\{\{reading:(\d+)-(\d+)\}\}")


def minutes(notebook: Mapping) -> int:
    """How many minutes a chapter says that it takes.

    Raises
    ------
    ValueError
        If its first cell does not say so.
    """
    said = MINUTES.search("".join(notebook["cells"][0]["source"]))
    if not said:
        raise ValueError("a chapter's first cell must say '**Minutes** about N to read'")
    return int(said[1])


def in_hours(minutes: int) -> str:
    """To half an hour: "3 hours", "1½ hours"; below one "half an hour"."""
    hours, half = divmod(max(1, round(minutes / 30)), 2)
    if not hours:
        return "half an hour"
    return f"{hours}{'½' * half} hour{'s' if hours > 1 or half else ''}"


def filled(text: str, book: Path) -> str:
    """A page with its marks replaced by the times of the chapters ``01-….ipynb`` in a folder."""

    def sum_of(mark: re.Match) -> str:
        first, last = map(int, mark.groups())
        return in_hours(sum(minutes(_chapter(book, k)) for k in range(first, last + 1)))

    return MARK.sub(sum_of, text)


def _chapter(book: Path, number: int) -> Mapping:
    paths = list(book.glob(f"{number:02}-*.ipynb"))
    if len(paths) != 1:
        raise ValueError(f"the book must have one chapter {number}, got {len(paths)}")
    return json.loads(paths[0].read_text(encoding="utf-8"))
