"""What the archive says of each file: by its name, by its text, or by its folder."""

import json

import archive
import pytest
from descriptions import BY_TEXT, described
from page_key import BOOK, PACKAGES, ROOT

CELLS = [
    {"cell_type": "code", "source": ["# no title\n"]},
    {"cell_type": "markdown", "source": ["(ch-a)=\n", "# A & B: “C”\n", "\n", "Text."]},
]
NOTEBOOK = json.dumps({"cells": CELLS})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("source/a.py", '#!/usr/bin/env python\nr"""One\nline.\n\nMore."""\n', "One line."),
        ("source/a.py", "import os\n", "Part of source/"),
        ("source/b/__init__.py", "", "Part of source/b/"),
        ("source/b/a.md", "(label)=\n# Title\n\n# Other\n", "Title"),
        ("source/b/a.js", "// One: as\n// well as two.\n\n// Three.\n", "One: as well as two."),
        ("source/b/a.css", "/* Look of\n   all. */\n.a {}\n", "Look of all."),
        ("source/run", "#!/bin/sh\n# Runs. And\n# stops.\nls\n", "Runs. And stops."),
        ("source/b/a.png", "\0", "Part of source/b/"),
        ("source/book/01.ipynb", NOTEBOOK, "A & B: “C”"),
        ("notebooks/student/01.ipynb", NOTEBOOK, "A & B: “C” (with exercises to solve)"),
        ("notebooks/teacher/01.ipynb", NOTEBOOK, "A & B: “C” (solved)"),
        ("pages/01.html", "<title>1. A &amp; B &#8212; The book</title>", "1. A & B"),
        ("pages/slides/01.html", "<title>1. A\n(slides)</title>", "1. A (slides)"),
        ("pages/_static/a/b.js", "// @ts\n", "Style, script, font or picture of the pages"),
        ("pages/reference/scans.load.html", "", "Reference of the module rfe_core.scans.load"),
        ("source/book/vendor/x/a/b.js", "// min\n", "A file of x, which others made"),
        (
            "source/data/checkpoints/laptop-upper-B-seed0.safetensors",
            "\0",
            "Weights of the network laptop-upper-B, seed 0",
        ),
        (
            "source/data/results/baselines.csv",
            "",
            "Rows of the table baselines, made by `rfe train --evaluate test`",
        ),
        ("source/data/results/other.csv", "", "Rows of the table other"),
        (
            "source/data/results/origins/baselines.csv",
            "",
            "Commit, versions and machine of rows of baselines.csv",
        ),
    ],
)
def test_a_line(name, text, said):
    assert described(name, text.encode()) == said


def test_each_source_of_ours_says_what_it_is():
    paths = [path for folder in PACKAGES.values() for path in folder.rglob("*")]
    paths += [*BOOK.glob("*.*"), *(BOOK / "_static").glob("*.[cj]s*")]
    sources = {path: path.read_bytes() for path in paths if path.suffix in BY_TEXT}
    names = {path: f"source/{path.relative_to(ROOT).as_posix()}" for path in sources}
    silent = [
        name
        for path, name in names.items()
        if sources[path] and described(name, sources[path]).startswith("Part of ")
    ]
    assert len(sources) > 300
    assert {*silent} <= {*archive.DESCRIBED}
