"""Exercises of chapter 12: a solution passes its checks, a plausible mistake does not."""

import answered
import numpy as np
import pytest
import torch

from rfe_book.cells import checks

#: By exercise: in the solution, what a student may write instead.
MISTAKES = [
    ("choices-25", "weight * 2 * n_e", "weight * n_e"),
    ("choices-25", "weight * n_e**2", "n_e**2"),
    ("choices-25", "n_e**2", "(2 * n_e) ** 2"),
    ("choices-25", "weight * n_e**2", "weight / n_e**2"),
    ("choices-27", "(1 - 2 * cosine)", "(2 * cosine - 1)"),
    ("choices-27", "/ a.norm()\n", "\n"),
    ("choices-27", "(1 - 2 * cosine)", "(1 - cosine)"),
    ("choices-29", "c / pixels", "c / sum(counts)"),
    ("choices-29", "min(n_e, c)", "n_e"),
]


@pytest.fixture
def names():
    return {"np": np, "torch": torch, "checks": checks}


@pytest.mark.parametrize("exercise", sorted({mistake[0] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(exercise, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(exercise, names, capsys)


@pytest.mark.parametrize(("exercise", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(exercise, right, wrong, names, capsys):
    answered.mistake_is_not_yet_right(exercise, right, wrong, names, capsys)
