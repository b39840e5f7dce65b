"""Exercises of chapters 04, 05, 07 and 11: checks accept the solution and refuse what is wrong."""

import textwrap
from pathlib import Path

import exercises
import nbformat
import numpy as np
import pytest
import torch

from rfe_book.cells import checks
from rfe_core import losses, sampling
from rfe_study.measures import monte_carlo

BOOK = Path(__file__).parents[2] / "book"
NAMES = {"torch": torch, "checks": checks, "losses": losses, "sampling": sampling}
NAMES |= {"monte_carlo": monte_carlo, "np": np, "spread": 0.02}
CHAPTERS = {"embedding": "04-embedding", "sampling": "05-sampling", "real": "11-real"}

EQ2 = """
z = h / h.norm(dim=1, keepdim=True)
d = 1 - z @ z.T
alike = labels[:, None] == labels
return torch.where(alike, d, (margin - d).clamp_min(0)).sum()
"""
GRADIENT = """
za, zb = a / a.norm(), b / b.norm()
return -(zb - (za @ zb) * za) / a.norm()
"""
DRAW = """
n_lesion = int(n_e * lesion_share + 0.5)
parts = []
for label, n in ((0, n_e - n_lesion), (1, n_lesion)):
    pixels = torch.nonzero(labels == label).squeeze(1)
    order = torch.randperm(len(pixels), generator=generator)
    parts.append(pixels[order[:n]])
return torch.cat(parts)
"""
LOAD = "return 2 * recall * load / (recall * load + false + load)"
FAR = "return float(np.abs(np.log2(np.array(found) / np.array(real))).mean())"
BEST = "return rng.normal(0.4, 0.1, k).max()"
SEEDS = "return np.ceil((2.8 / effect) ** 2 * (sd_seed**2 + sd_rest**2 / heads))"
LUCK = "return generator.normal(size=(10_000, n_models)).max(axis=1).mean()"
WRONG = {
    "no hinge": ("embedding-07", EQ2, ".clamp_min(0)", ""),
    "each pair once": ("embedding-07", EQ2, ".sum()", ".triu().sum()"),
    "cosine for distance": ("embedding-07", EQ2, "1 - z @ z.T", "z @ z.T"),
    "lengths left in": ("embedding-07", EQ2, "h / h.norm(dim=1, keepdim=True)", "h"),
    "a sign": ("embedding-18", GRADIENT, "return -", "return "),
    "a length forgotten": ("embedding-18", GRADIENT, " / a.norm()\n", "\n"),
    "the release's": ("embedding-18", GRADIENT, "(za @ zb)", "(1 - za @ zb)"),
    "old for new": (
        "embedding-25",
        "return weight * n_e ** (POWER[new] - POWER[old])",
        "POWER[new] - POWER[old]",
        "POWER[old] - POWER[new]",
    ),
    "classes swapped": ("sampling-12", DRAW, "((0, n_e - n_lesion), (1, n_lesion))",
                        "((1, n_e - n_lesion), (0, n_lesion))"),
    "always the first": ("sampling-12", DRAW, "order[:n]", ":n"),
    "ignored ones drawn": ("sampling-12", DRAW, "labels == label", "labels != 1 - label"),
    "missed lesion forgotten": ("real-33", LOAD, "+ false + load", "+ false"),
    "no two": ("real-33", LOAD, "2 * recall", "recall"),
    "doublings cancel": ("real-36", FAR, "np.abs", ""),
    "a sum": ("real-36", FAR, ".mean()", ".sum()"),
    "the first": ("real-39", BEST, ".max()", "[0]"),
    "once is enough": (
        "sampling-27", "return 75 if size == 2 else 1", "return 75 if size == 2 else 1", "return 1"
    ),
    "weight upside down": ("def relative_weight", "return n_e / 200", "n_e / 200", "200 / n_e"),
    "the sum itself": ("def relative_weight", "return n_e / 200", "n_e / 200", "(n_e / 200) ** 2"),
    "heads replace seeds": ("def seeds_needed", SEEDS, "2 + sd_rest", "2 / heads + sd_rest"),
    "no square": ("def seeds_needed", SEEDS, ") ** 2", ")"),
    "the best once": ("def luck_of_the_best", LUCK, "10_000", "1"),
    "the mean of all": ("def luck_of_the_best", LUCK, ".max(axis=1)", ""),
}  # fmt: skip


def asked(name):
    """The cell of an exercise, by its id or by its first words."""
    if name.startswith("def "):
        cells = nbformat.read(BOOK / "07-proof-of-concept.ipynb", as_version=4).cells
        (source,) = (cell.source for cell in cells if cell.source.startswith(name))
        return source
    book = CHAPTERS[name.partition("-")[0]]
    cells = nbformat.read(BOOK / f"{book}.ipynb", as_version=4).cells
    (source,) = (cell.source for cell in cells if cell.id == name)
    return source


def answer(capsys, name, code):
    """What an exercise says to this code."""
    stub = exercises.stub(asked(name)).replace(
        exercises.STUB, textwrap.indent(code, "    ").strip()
    )
    exec(stub, dict(NAMES))
    return capsys.readouterr().out


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_not_right(capsys, what):
    name, right, old, new = WRONG[what]
    assert "Not yet" not in answer(capsys, name, right)
    assert "Not yet" in answer(capsys, name, right.replace(old, new))


@pytest.mark.parametrize("name", sorted({name for name, *_ in WRONG.values()}))
def test_the_books_own_solution_is_right_and_a_stub_is_quiet(capsys, name):
    exec(exercises.solution(asked(name)), dict(NAMES))
    assert "Not yet" not in capsys.readouterr().out
    exec(exercises.stub(asked(name)), dict(NAMES))
    assert capsys.readouterr().out == "Not yet: your code is missing\n"
