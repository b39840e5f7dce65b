"""What a file of an archive is, in a line: as its name or the text that it begins with says."""

import json
import re
from html import unescape
from pathlib import PurePath

from rfe_study.tables import TABLES

#: By the whole name, the first that fits. ``pages/_static/`` also holds what the theme brings.
BY_NAME = {
    r"source/benchmarks/(.+)\.json": "What `make bench` measured",
    r"source/data/checkpoints/(.+)-seed(\d+)\.safetensors": r"Weights of the network \1, seed \2",
    r"source/data/explorer/(.+)\.npz": r"What models of \1 predict on a few test slices",
    r"source/data/results/origins/(.+)\.csv": r"Commit, versions and machine of rows of \1.csv",
    r"source/data/results/(.+)\.csv": r"Rows of the table \1",
    r"source/book/vendor/([^/]+)/.+": r"A file of \1, which others made",
    r"pages/_images/.+": "A figure of the pages",
    r"pages/_modules/(rfe_core.+)\.html": r"Source of \1, as the reference shows it",
    r"pages/_static/widgets/(.+)-\d+\.js": r"State of widgets of the page \1",
    r"pages/_static/(?!notebooks/).+": "Style, script, font or picture of the pages",
    r"pages/reference/(.+)\.html": r"Reference of the module rfe_core.\1",
}
HEADING, COMMENT = r"(?m)^# (.+)$", r"\A(?:#!.*\n)?# (.+(?:\n# .+)*)"
#: By the suffix, what of the text says it; of others, the comment that they begin with.
BY_TEXT = {
    **{".py": r'(?s)\A(?:#!.*?\n)?r?"""(.+?)(?:\n\n|""")', ".md": HEADING, ".ipynb": HEADING},
    ".html": r"(?s)<title>(.+?)(?: &#8212; [^<]*)?</title>",
    ".js": r"\A// (.+(?:\n// .+)*)",
    ".css": r"(?s)\A/\* (.+?) ?\*/",
}
EDITIONS = {"notebooks/student/": " (with exercises to solve)", "notebooks/teacher/": " (solved)"}


def described(name: str, content: bytes) -> str:
    """A line on a file; that it is a part of its folder, where nothing says more."""
    for pattern, said in BY_NAME.items():
        if match := re.fullmatch(pattern, name):
            table = TABLES.get(match[1]) if said.startswith("Rows") else None
            return match.expand(said) + (f", made by `{table.command}`" if table else "")
    suffix, text = PurePath(name).suffix, "" if b"\0" in content else content.decode()
    if suffix == ".ipynb":
        cells = json.loads(text).get("cells", ())
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    found = re.search(BY_TEXT.get(suffix, COMMENT), text)
    if not found:
        return f"Part of {PurePath(name).parent.as_posix()}/"
    line = " ".join(unescape(re.sub(r"\n(//|#) ", " ", found[1])).split())
    return line + next((more for folder, more in EDITIONS.items() if name.startswith(folder)), "")
