"""Exercises of chapter 09: a solution passes its checks, a plausible mistake does not."""

import answered
import pandas as pd
import pytest

from rfe_book.cells import checks
from rfe_study.methods.adaptation import PAPER, adaptation_methods

#: By exercise: in the solution, what a student may write instead.
MISTAKES = [
    ("adapt-differs", "one.keys() | other.keys()", "one.keys() & other.keys()"),
    ("adapt-differs", "one.keys() | other.keys()", "one.keys()"),
    ("adapt-differs", ' - {"name"}', ""),
    ("adapt-differs", "!=", "=="),
    ("adapt-precision", "q * (1 - s) / s", "q * s / (1 - s)"),
    ("adapt-precision", "q * (1 - s) / s", "q / s"),
    ("adapt-precision", "q * (1 - s) / s", "(1 - s) / s"),
]


@pytest.fixture
def names():
    """What the chapter has defined above its exercises, in small."""
    pulls = pd.DataFrame({"p (%)": [5.0], "q (%)": [0.5]}, index=["B"])
    return {
        **{"checks": checks, "PAPER": PAPER, "pulls": pulls},
        "adaptation_methods": adaptation_methods,
    }


@pytest.mark.parametrize("exercise", sorted({mistake[0] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(exercise, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(exercise, names, capsys)


@pytest.mark.parametrize(("exercise", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(exercise, right, wrong, names, capsys):
    answered.mistake_is_not_yet_right(exercise, right, wrong, names, capsys)
