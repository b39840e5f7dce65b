"""What tests of chapters share: where they lie, and the words of a page."""

import re
from pathlib import Path

BOOK = Path(__file__).parents[1] / "book"


def text_of(page):
    """The page's words as a reader sees them, in one line."""
    return re.sub(r"\s+", " ", page.tab.locator("article").inner_text())
