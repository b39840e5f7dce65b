"""Columns of pixels through a stack, and how far two adjacencies agree."""

import math

import pytest
import torch

from rfe_core.adjacency import label_adjacency
from rfe_study.measures.neighbourhood import agreement, draw_columns


def test_columns_hold_every_slice_of_valid_places_half_of_them_with_lesion():
    generator = torch.Generator().manual_seed(0)
    valid = torch.rand(4, 9, 9, generator=generator) < 0.9
    lesion = torch.rand(4, 9, 9, generator=generator) < 0.1
    index, place, time = draw_columns(valid, lesion, 10, generator=generator)
    assert valid.flatten()[index].all()
    columns = index.reshape(10, 4)
    assert (columns % 81 == columns[:, :1] % 81).all()
    assert len(set((columns[:, 0] % 81).tolist())) == 10
    assert columns.equal(time.reshape(10, 4) * 81 + columns[:, :1] % 81)
    assert place.reshape(10, 4).equal(torch.arange(10)[:, None].expand(10, 4))
    assert lesion.flatten()[columns].any(1).tolist() == [True] * 5 + [False] * 5


def test_agreement_counts_pairs():
    labels = torch.tensor([0, 0, 1])
    adjacency = torch.tensor([[1, 0, 1], [0, 1, 0], [1, 0, 1]], dtype=torch.bool)
    assert agreement(adjacency, labels) == (2, 4, 0.0, 0.5)
    assert agreement(label_adjacency(labels), labels) == (2, 4, 1.0, 1.0)
    everyone = torch.ones(3, 3, dtype=torch.bool)
    assert math.isnan(agreement(everyone, labels).pushed_other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: draw_columns(
                torch.ones(1, 2, 2) > 0,
                torch.zeros(1, 2, 2) > 0,
                2,
                generator=torch.Generator(),
            ),
            "places with lesion must be >= 1, got 0",
        ),
        (
            lambda: draw_columns(
                torch.ones(1, 2, 2) > 0, torch.ones(1, 2, 2) > 0, 3, generator=torch.Generator()
            ),
            "n must be even and >= 2, got 3",
        ),
        (
            lambda: agreement(torch.ones(2, 2), torch.tensor([0, 1])),
            "adjacency must be bool of shape",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
