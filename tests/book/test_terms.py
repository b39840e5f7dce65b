"""One name for one thing, on every page."""

import re
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9]*.ipynb"))
PAGES = sorted([*BOOK.glob("*.ipynb"), *BOOK.glob("*.md")])

#: By what it is called: other names of the same, which no page has.
OTHER_NAMES = {"the released code": re.compile(r"\b(the|authors') release\b|\brelease's\b")}
#: What is no word of the text: code, values, what HTML's attributes hold.
NO_WORD = re.compile(r"`[^`]*`|\"[^\"]*\"")


def source_of(path):
    """The words and code of a page, in one line, with what its pictures show."""
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
    else:
        cells = nbformat.read(path, as_version=4).cells
        alts = (cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "") for cell in cells)
        text = "\n".join([*(cell.source for cell in cells), *alts])
    return " ".join(text.split())


@pytest.mark.parametrize("name", OTHER_NAMES)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_it_has_one_name(path, name):
    assert OTHER_NAMES[name].search(source_of(path)) is None


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_l2_as_a_name_is_explained(path):
    cells = nbformat.read(path, as_version=4).cells
    words = " ".join(NO_WORD.sub("", c.source) for c in cells if c.cell_type == "markdown")
    if re.search(r"\bl2\b", words):
        assert "[ℓ2](glossary.md#ℓ2)" in words
