"""Exercises of chapters 06 and 10: a solution passes its checks, a plausible mistake does not."""

import json
from pathlib import Path

import answered
import numpy as np
import pytest
import torch

from rfe_book.cells import checks
from rfe_core import divergence
from rfe_core.exact import exact_embedding_loss
from rfe_core.losses import embedding_loss

BOOK = Path(__file__).parents[2] / "book"

#: In place of a closed form: right where no cosine is negative, and in quadratic time.
VISITS_PAIRS = "return embedding_loss(h, labels[:, None] == labels)"
#: By chapter and cell: in the solution, what a student may write instead.
MISTAKES = [
    ("06-divergence", "divergence-28", "return (kl_p + kl_q) / 2", "return kl_p + kl_q"),
    ("06-divergence", "divergence-28", "m = (p + q) / 2", "m = q"),
    ("06-divergence", "divergence-28", "left, right = p > 0, q > 0", "left = right = p > 0"),
    ("06-divergence", "divergence-31", "(bins - 1)", "bins"),
    ("06-divergence", "divergence-31", "np.ceil", "np.floor"),
    ("06-divergence", "divergence-34", '("shared", "own")', '("own", "shared")'),
    ("10-exact", "exact-33", "- own + different", "- own - different"),
    ("10-exact", "exact-33", "sums.sum(0).square().sum() - own ", "sums.sum(0).square().sum() "),
    ("10-exact", "exact-33", "return sizes.square().sum() - own + different", VISITS_PAIRS),
    ("10-exact", "exact-36", "/ 4", "/ 8"),
    ("10-exact", "exact-36", " ** 0.5", ""),
    ("10-exact", "exact-39", "within + 2 *", "within +"),
    ("10-exact", "exact-39", ".clamp_min(0)", ""),
    ("10-exact", "exact-39", "margin - 1 + cosine", "margin - cosine"),
]


def source_of(chapter, cell):
    notebook = json.loads((BOOK / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    (found,) = (c for c in notebook["cells"] if c.get("id") == cell)
    return "".join(found["source"])


@pytest.fixture
def names():
    """What the chapters have defined above their exercises, in small."""
    generator = np.random.default_rng(0)
    h = torch.from_numpy(generator.gamma(1.0, 1.0, (80, 4)))
    labels = torch.arange(80) % 4 // 3
    return {
        **{"np": np, "torch": torch, "checks": checks, "divergence": divergence},
        **{"embedding_loss": embedding_loss, "generator": generator},
        **{"h": h, "labels": labels, "some": torch.arange(40)},
        "closed": exact_embedding_loss(h[:40], labels[:40]),
        "before_relu": torch.tensor([[1.0, 0], [4, 3], [-1, 0]]),
        "y3": torch.tensor([1, 1, 0]),
    }


@pytest.mark.parametrize(("chapter", "cell"), sorted({mistake[:2] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(chapter, cell, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(source_of(chapter, cell), names, capsys)


@pytest.mark.parametrize(("chapter", "cell", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(chapter, cell, right, wrong, names, capsys):
    source = source_of(chapter, cell)
    answered.mistake_is_not_yet_right(source, right, wrong, names, capsys)
