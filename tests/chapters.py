"""What tests of chapters share: the cells that read rows, executed, and the words of a page."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

BOOK = Path(__file__).parents[1] / "book"


def glued_by(cells, *, until):
    """Execute cells that read rows until one glues the name `until`: what was glued, by name."""
    short = nbformat.v4.new_notebook(cells=[])
    for cell in cells:
        if "rows" in cell.metadata.get("tags", ()):
            short.cells.append(cell)
            if f'"{until}"' in cell.source:
                break
    else:
        pytest.fail(f"no cell tagged rows glues {until!r}")
    NotebookClient(short, timeout=600, resources={"metadata": {"path": str(BOOK)}}).execute()
    found = {}
    for output in (output for cell in short.cells for output in cell.outputs):
        if name := output.get("metadata", {}).get("scrapbook", {}).get("name"):
            (text,) = (v for k, v in output["data"].items() if k.endswith("text/plain"))
            found[name] = text
    return found


def text_of(page):
    """The page's words as a reader sees them, in one line."""
    return re.sub(r"\s+", " ", page.tab.locator("article").inner_text())
