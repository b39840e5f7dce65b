"""The book's pages that tests open in a browser."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOC = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"]] + [page["file"] for part in TOC["parts"] for page in part["chapters"]]
PAGES += ["figures", "reference/losses"]  # the others are made alike

#: Pages without widgets; that of the losses has formulas that only MathJax can show.
TEXTS = [page for page in PAGES if not (page[0].isdigit() or page in ("index", "reference/losses"))]
CHAPTERS = [page for page in PAGES if page[0].isdigit()]

#: Pages that a test only looks at, opened once for all such tests of a module.
read_each_page = pytest.mark.parametrize("read_page", PAGES, indirect=True)
read_each_text = pytest.mark.parametrize("read_page", TEXTS, indirect=True)
read_each_chapter = pytest.mark.parametrize("read_page", CHAPTERS, indirect=True)
