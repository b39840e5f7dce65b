"""The book's pages that tests open in a browser."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOC = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"]] + [page["file"] for part in TOC["parts"] for page in part["chapters"]]
PAGES += ["reference/losses"]  # the others are made alike

each_page = pytest.mark.parametrize("name", PAGES)
