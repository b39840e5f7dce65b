"""Exercises of chapters 01 and 08: a solution passes its checks, a plausible mistake does not."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import answered
import numpy as np
import pytest

from rfe_book.cells import checks
from rfe_core import prior
from rfe_study.phantom.domains import DOMAINS

BOOK = Path(__file__).parents[2] / "book"
HYBRID = 'return replace(DOMAINS["A"], field_strength_t=1.5)'
GRID = "np.linspace(0, 1, 11)"

#: By chapter and what its exercise defines: in the solution, what a student may write instead.
MISTAKES = [
    ("01-domains", "hybrid", HYBRID, 'return replace(DOMAINS["B"], flair=DOMAINS["A"].flair)'),
    ("01-domains", "hybrid", "field_strength_t=1.5", "field_strength_t=3.0"),
    ("08-prior", "ncc", "if length else 0.0", "if a.any() else 0.0"),
    ("08-prior", "ncc", "window - window.mean(), template", "window, template"),
    ("08-prior", "random_dice", "2 * a * b", "a * b"),
    ("08-prior", "grid_dice", GRID, "values"),
    ("08-prior", "grid_dice", GRID, "np.linspace(0, 1, 101)"),
]


def source_of(chapter, defined):
    notebook = json.loads((BOOK / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    cells = ("".join(c["source"]) for c in notebook["cells"] if "exercise" in str(c["metadata"]))
    (found,) = (source for source in cells if f"def {defined}(" in source)
    return found


@pytest.fixture
def names():
    """What the chapters have defined above their exercises, in small."""
    rng = np.random.default_rng(0)
    response, lesion = rng.random((6, 6, 6)), rng.random((6, 6, 6)) > 0.7
    subject = SimpleNamespace(lesion_mask=lesion, brain_mask=np.ones(lesion.shape, bool))
    return {
        **{"np": np, "checks": checks, "replace": replace, "DOMAINS": DOMAINS},
        "anatomy": SimpleNamespace(tissues=None, flow=None),
        "scanner": SimpleNamespace(acquire=lambda _tissues, _flow, domain, *_: domain),
        "contrast_figures": lambda image, _anatomy: {
            "flair": {"lesion / white matter": image["flair"].field_strength_t}
        },
        "templates": rng.random((2, 5, 5, 5)).astype(np.float32),
        **{"subjects": {"V1": subject}, "v1": subject, "brain": subject.brain_mask},
        "maps": {"V1": response},
        "curves": {"V1": prior.dice_curve(response.ravel(), lesion.ravel())},
    }


@pytest.mark.parametrize(("chapter", "defined"), sorted({mistake[:2] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(chapter, defined, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(source_of(chapter, defined), names, capsys)


@pytest.mark.parametrize(("chapter", "defined", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(chapter, defined, right, wrong, names, capsys):
    source = source_of(chapter, defined)
    answered.mistake_is_not_yet_right(source, right, wrong, names, capsys)
