"""Exercises of chapter 09: a solution passes its checks, a plausible mistake does not."""

import json
from pathlib import Path

import exercises
import pandas as pd
import pytest

from rfe_book.cells import checks
from rfe_study.methods.adaptation import PAPER, adaptation_methods

CHAPTER = Path(__file__).parents[2] / "book" / "09-adaptation.ipynb"

#: By cell: in the solution, what a student may write instead.
MISTAKES = [
    ("adapt-differs", "one.keys() | other.keys()", "one.keys() & other.keys()"),
    ("adapt-differs", "one.keys() | other.keys()", "one.keys()"),
    ("adapt-differs", ' - {"name"}', ""),
    ("adapt-differs", "!=", "=="),
    ("adapt-precision", "q * (1 - s) / s", "q * s / (1 - s)"),
    ("adapt-precision", "q * (1 - s) / s", "q / s"),
    ("adapt-precision", "q * (1 - s) / s", "(1 - s) / s"),
]


def source_of(cell):
    notebook = json.loads(CHAPTER.read_text(encoding="utf-8"))
    (found,) = (c for c in notebook["cells"] if c.get("id") == cell)
    return "".join(found["source"])


@pytest.fixture
def names():
    """What the chapter has defined above its exercises, in small."""
    pulls = pd.DataFrame({"p (%)": [5.0], "q (%)": [0.5]}, index=["B"])
    return {
        **{"checks": checks, "PAPER": PAPER, "pulls": pulls},
        "adaptation_methods": adaptation_methods,
    }


def answers(source, names, capsys):
    exec(compile(source, "an exercise", "exec"), names)
    return capsys.readouterr().out


@pytest.mark.parametrize("cell", sorted({mistake[0] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(cell, names, capsys):
    source = source_of(cell)
    said = answers(exercises.solution(source), names, capsys)
    assert "Right: " in said and "Not yet" not in said
    assert answers(exercises.stub(source), names, capsys) == "Not yet: your code is missing\n"


@pytest.mark.parametrize(("cell", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(cell, right, wrong, names, capsys):
    source = exercises.solution(source_of(cell))
    assert right in source
    assert "Not yet" in answers(source.replace(right, wrong), names, capsys)
