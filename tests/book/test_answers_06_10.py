"""Exercises of chapters 06 and 10: a solution passes its checks, a plausible mistake does not."""

import answered
import exercises
import numpy as np
import pytest
import torch

from rfe_book.answers import numbers_made
from rfe_book.cells import checks
from rfe_core import divergence
from rfe_core.exact import exact_embedding_loss
from rfe_core.losses import embedding_loss

#: In place of a closed form: right where no cosine is negative, and in quadratic time.
VISITS_PAIRS = "return embedding_loss(h, labels[:, None] == labels)"
#: The right sum, of a matrix of all cosines.
ALL_COSINES = "return torch.where(labels[:, None] == labels, 1 - z @ z.T, z @ z.T).sum()"
VISITS_ALL = "return embedding_loss(h, labels[:, None] == labels, margin=margin)"
#: A class's closed form, and its pairs.
VISITS_CLASS = "len(g) ** 2 - g.sum(0).square().sum()", "(1 - g @ g.T).sum()"
#: By exercise: in the solution, what a student may write instead.
MISTAKES = [
    ("divergence-28", "return (kl_p + kl_q) / 2", "return kl_p + kl_q"),
    ("divergence-28", "m = (p + q) / 2", "m = q"),
    ("divergence-28", "left, right = p > 0, q > 0", "left = right = p > 0"),
    ("divergence-31", "(bins - 1)", "bins"),
    ("divergence-31", "np.ceil", "np.floor"),
    ("divergence-34", '("shared", "own")', '("own", "shared")'),
    ("exact-33", "- own + different", "- own - different"),
    ("exact-33", "sums.sum(0).square().sum() - own ", "sums.sum(0).square().sum() "),
    ("exact-33", "return sizes.square().sum() - own + different", VISITS_PAIRS),
    ("exact-33", "return sizes.square().sum() - own + different", ALL_COSINES),
    ("exact-36", "/ 4", "/ 8"),
    ("exact-36", " ** 0.5", ""),
    ("exact-39", "within + 2 *", "within +"),
    ("exact-39", ".clamp_min(0)", ""),
    ("exact-39", "margin - 1 + cosine", "margin - cosine"),
    ("exact-39", *VISITS_CLASS),
]


@pytest.fixture
def names():
    """What the chapters have defined above their exercises, in small."""
    generator = np.random.default_rng(0)
    h = torch.from_numpy(generator.gamma(1.0, 1.0, (500, 4)))
    labels = torch.arange(500) % 4 // 3
    return {
        **{"np": np, "torch": torch, "checks": checks, "divergence": divergence},
        **{"embedding_loss": embedding_loss, "generator": generator},
        "numbers_made": numbers_made,
        **{"h": h, "labels": labels, "some": torch.arange(40)},
        "closed": exact_embedding_loss(h[:40], labels[:40]),
        "before_relu": torch.tensor([[1.0, 0], [4, 3], [-1, 0]]),
        "y3": torch.tensor([1, 1, 0]),
    }


@pytest.mark.parametrize(
    ("cell", "right", "wrong", "told"),
    [
        ("exact-33", "return sizes.square().sum() - own + different", ALL_COSINES, "made(400)"),
        ("exact-39", "z = h /", f"{VISITS_ALL}; z = h /", "made_of(400)"),
        ("exact-39", *VISITS_CLASS, "made_of(400)"),
    ],
)
def test_the_right_sum_over_pairs_is_told_that_it_visits_them(
    cell, right, wrong, told, names, capsys
):
    solution = exercises.solution(answered.source_of(cell))
    lines = answered.said(solution.replace(right, wrong), names, capsys).splitlines()
    (refused,) = (line for line in lines if line.startswith("Not yet: "))
    assert f"twice the numbers ({told} gives " in refused
    assert all(line.startswith("Right: ") for line in lines[: lines.index(refused)])


@pytest.mark.parametrize("exercise", sorted({mistake[0] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(exercise, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(exercise, names, capsys)


@pytest.mark.parametrize(("exercise", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(exercise, right, wrong, names, capsys):
    answered.mistake_is_not_yet_right(exercise, right, wrong, names, capsys)
