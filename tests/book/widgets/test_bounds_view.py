"""The lower bound beside an upper bound, on patients made for the test."""

import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_book.widgets.bounds_view import bounds_cases, bounds_view
from rfe_core import evaluation, patches
from rfe_core.unet import UNet
from rfe_study.methods.bounds import BOUNDS


@pytest.fixture(scope="module")
def models():
    return {name: UNet(widths=(2, 4), norm="none").eval() for name in BOUNDS}


@pytest.fixture(scope="module")
def subjects():
    return [tiny_subject(f"{d}test1", seed=n, domain=d) for n, d in enumerate("ABCD")]


def test_each_domain_has_its_upper_bound_and_a_that_of_b(models, subjects):
    cases = bounds_cases(models, subjects, count=4)
    assert list(cases) == list("ABCD")
    names = {d: list(made.predictions) for d, made in cases.items()}
    assert names["A"] == ["lower bound", "upper bound B"]
    assert names["D"] == ["lower bound", "upper bound D"]


def test_marks_are_those_of_the_network_inside_the_brain(models, subjects):
    made = bounds_cases(models, subjects[:1], count=4)["A"]
    z = [int(caption.rsplit(" ", 1)[1]) for caption in made.captions]
    assert made.captions[0] == f"patient Atest1, slice z = {z[0]}"
    found = evaluation.predict(models["upper-B"], patches.stack(subjects[0]), slices=z)[z]
    inside = subjects[0].brain_mask.transpose(2, 0, 1)[z]
    expected = (found > evaluation.THRESHOLD) & inside
    turned = np.stack([np.swapaxes(mask, 0, 1)[::-1] for mask in expected])
    np.testing.assert_array_equal(made.predictions["upper bound B"], turned)


def test_view_holds_all_domains(models, subjects):
    view = bounds_view(models, subjects)
    assert len(view.stacks) == 4 and len(view.captions[0]) == 8
