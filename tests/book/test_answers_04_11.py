"""Exercises of chapters 04, 05, 07 and 11: their checks refuse a plausible mistake."""

import answered
import numpy as np
import pytest
import torch

from rfe_book import rehearsal
from rfe_book.cells import checks
from rfe_core import losses, sampling
from rfe_core.unet import UNet
from rfe_study.measures import monte_carlo

LENGTHS = "h / h.norm(dim=1, keepdim=True)"
OF_CLASSES = "((0, n_e - n_lesion), (1, n_lesion))"

#: By exercise: in the solution, what a student may write instead.
MISTAKES = [
    ("embedding-07", ".clamp_min(0)", ""),
    ("embedding-07", ".sum()", ".triu().sum()"),  # each pair once
    ("embedding-07", "1 - z @ z.T", "z @ z.T"),
    ("embedding-07", LENGTHS, "h"),
    ("embedding-18", "return -", "return "),
    ("embedding-18", " / a.norm()\n", "\n"),
    ("embedding-18", "(za @ zb)", "(1 - za @ zb)"),  # the release's
    ("embedding-25", "POWER[new] - POWER[old]", "POWER[old] - POWER[new]"),
    ("sampling-12", OF_CLASSES, "((1, n_e - n_lesion), (0, n_lesion))"),
    ("sampling-12", "order[:n]", ":n"),
    ("sampling-12", "labels == label", "labels != 1 - label"),  # ignored ones are drawn
    ("sampling-27", "return steps", "return 1"),
    ("sampling-27", "return steps", "return steps - 1"),
    ("sampling-31", "(logits[:half], labels[:half])", "(logits, labels)"),
    ("sampling-31", "movedim(1, -1)", "permute(0, 3, 2, 1)"),  # rows for columns
    ("sampling-31", "dice + ", ""),
    ("sampling-31", '"mean"', '"sum"'),
    ("sampling-31", "optimizer.zero_grad()", ""),
    ("proof-43", "2 * n_e / (2 * 200)", "200 / n_e"),
    ("proof-43", "2 * n_e / (2 * 200)", "(n_e / 200) ** 2"),
    ("proof-45", "2 + sd_rest", "2 / heads + sd_rest"),
    ("proof-45", ") ** 2", ")"),
    ("proof-47", "10_000", "1"),
    ("proof-47", ".max(axis=1)", ""),
    ("real-33", "+ false + load", "+ false"),
    ("real-33", "2 * recall", "recall"),
    ("real-36", "np.abs", ""),
    ("real-36", ".mean()", ".sum()"),
    ("real-39", ".max()", "[0]"),
]


@pytest.fixture
def names():
    """What the chapters have defined above their exercises, in small."""
    generator = torch.Generator().manual_seed(0)
    known = (torch.rand((2, 16, 16), generator=generator) < 0.2).long()
    torch.manual_seed(0)
    return {
        **{"np": np, "torch": torch, "checks": checks, "losses": losses, "sampling": sampling},
        **{"monte_carlo": monte_carlo, "rehearsal": rehearsal, "spread": 0.02},
        **{"model": UNet(widths=(2, 4), norm="batch"), "known": known},
        "images": torch.rand((2, 3, 16, 16), generator=generator) + known[:, None],
        "drawn": torch.randperm(512, generator=generator)[:60],
    }


@pytest.mark.parametrize("exercise", sorted({mistake[0] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(exercise, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(exercise, names, capsys)


@pytest.mark.parametrize(("exercise", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(exercise, right, wrong, names, capsys):
    answered.mistake_is_not_yet_right(exercise, right, wrong, names, capsys)
