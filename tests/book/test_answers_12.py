"""Exercises of chapter 12: a solution passes its checks, a plausible mistake does not."""

import json
from pathlib import Path

import exercises
import numpy as np
import pytest
import torch

from rfe_book.cells import checks

BOOK = Path(__file__).parents[2] / "book"

#: By cell: in the solution, what a student may write instead.
MISTAKES = [
    ("choices-25", "weight * 2 * n_e", "weight * n_e"),
    ("choices-25", "weight * n_e**2", "n_e**2"),
    ("choices-25", "n_e**2", "(2 * n_e) ** 2"),
    ("choices-25", "weight * n_e**2", "weight / n_e**2"),
    ("choices-27", "(1 - 2 * cosine)", "(2 * cosine - 1)"),
    ("choices-27", "/ a.norm()\n    ###", "\n    ###"),
    ("choices-27", "(1 - 2 * cosine)", "(1 - cosine)"),
    ("choices-29", "c / pixels", "c / sum(counts)"),
    ("choices-29", "min(n_e, c)", "n_e"),
]


def source_of(cell):
    notebook = json.loads((BOOK / "12-paper-and-code.ipynb").read_text(encoding="utf-8"))
    (found,) = (c for c in notebook["cells"] if c["id"] == cell)
    return "".join(found["source"])


def answers(source, capsys):
    exec(compile(source, "an exercise", "exec"), {"np": np, "torch": torch, "checks": checks})
    return capsys.readouterr().out


@pytest.mark.parametrize("cell", sorted({cell for cell, *_ in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(cell, capsys):
    said = answers(exercises.solution(source_of(cell)), capsys)
    assert "Right: " in said and "Not yet" not in said
    assert answers(exercises.stub(source_of(cell)), capsys) == "Not yet: your code is missing\n"


@pytest.mark.parametrize(("cell", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(cell, right, wrong, capsys):
    source = source_of(cell)
    assert right in source
    assert "Not yet" in answers(exercises.solution(source.replace(right, wrong)), capsys)
