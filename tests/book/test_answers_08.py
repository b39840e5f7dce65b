"""Exercises of chapter 08: a solution passes its checks, a plausible mistake does not."""

from types import SimpleNamespace

import answered
import numpy as np
import pytest

from rfe_book.cells import checks
from rfe_core import prior

GRID = "np.linspace(0, 1, 11)"

#: By exercise: in the solution, what a student may write instead.
MISTAKES = [
    ("prior-44", "if length else 0.0", "if a.any() else 0.0"),
    ("prior-44", "window - window.mean(), template", "window, template"),
    ("prior-47", "2 * a * b", "a * b"),
    ("prior-50", GRID, "values"),
    ("prior-50", GRID, "np.linspace(0, 1, 101)"),
]


@pytest.fixture
def names():
    """What the chapters have defined above their exercises, in small."""
    rng = np.random.default_rng(0)
    response, lesion = rng.random((6, 6, 6)), rng.random((6, 6, 6)) > 0.7
    subject = SimpleNamespace(lesion_mask=lesion, brain_mask=np.ones(lesion.shape, bool))
    return {
        **{"np": np, "checks": checks},
        "templates": rng.random((2, 5, 5, 5)).astype(np.float32),
        **{"subjects": {"V1": subject}, "v1": subject, "brain": subject.brain_mask},
        "maps": {"V1": response},
        "curves": {"V1": prior.dice_curve(response.ravel(), lesion.ravel())},
    }


@pytest.mark.parametrize("exercise", sorted({mistake[0] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(exercise, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(exercise, names, capsys)


@pytest.mark.parametrize(("exercise", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(exercise, right, wrong, names, capsys):
    answered.mistake_is_not_yet_right(exercise, right, wrong, names, capsys)
