"""Adjacency by labels and by neighbourhood, and how far the two agree."""

import math

import pytest
import torch

from rfe_core.adjacency import agreement, draw_columns, label_adjacency, neighbour_adjacency
from rfe_study.measures.landscape import distances_by_angle, force_field, loss_and_force


def test_labels_as_loops():
    labels = torch.tensor([0, 1, 1, 0, 2])
    loops = [[a == b for b in labels.tolist()] for a in labels.tolist()]
    assert label_adjacency(labels).tolist() == loops


@pytest.mark.parametrize("reach", [1, 2])
def test_neighbours_as_loops(reach):
    place = torch.tensor([0, 0, 0, 1, 1, 1])
    time = torch.tensor([0, 1, 2, 0, 1, 2])
    found = neighbour_adjacency(place, time, reach=reach)
    for i in range(6):
        for j in range(6):
            assert found[i, j] == (place[i] == place[j] and abs(time[i] - time[j]) <= reach)


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
            lambda: label_adjacency(torch.zeros(2, 2)),
            r"labels must have shape \(n,\), got \(2, 2\)",
        ),
        (
            lambda: neighbour_adjacency(torch.zeros(3), torch.zeros(4)),
            r"place and time must both be \(n,\), got \(3,\) and \(4,\)",
        ),
        (
            lambda: neighbour_adjacency(torch.zeros(3), torch.zeros(3), reach=0),
            "reach must be >= 1, got 0",
        ),
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
            lambda: agreement(torch.ones(2, 2), torch.zeros(2)),
            "adjacency must be bool of shape",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_force_is_minus_the_slope_of_the_loss():
    h = [[1.0, 0.2], [0.3, 0.9], [-0.4, 0.5]]
    adjacency = [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    settings = {"distance": "angular", "margin": 0.8}
    _, force = loss_and_force(h, adjacency, **settings)
    for i in range(3):
        for c in range(2):
            ends = []
            for move in (-1e-6, 1e-6):
                moved = [list(row) for row in h]
                moved[i][c] += move
                ends.append(loss_and_force(moved, adjacency, **settings)[0])
            assert force[i, c] == pytest.approx(-(ends[1] - ends[0]) / 2e-6, abs=1e-6)


def test_field_pulls_same_and_pushes_other():
    pull, push = (
        force_field([1, 0], [[0, 2.0]], adjacent=same, distance="l2", margin=5)[0]
        for same in (True, False)
    )
    assert pull == pytest.approx([2 / 5**0.5, -4 / 5**0.5])  # both ordered pairs
    assert push == pytest.approx(-pull)


def test_curves_of_the_angle():
    curves = distances_by_angle([0, 90, 180])
    assert curves["cosine"] == pytest.approx([0, 1, 2])
    assert curves["angular"] == pytest.approx([0, 0.5, 1])
    assert curves["l2"] == pytest.approx([0, 2**0.5, 2])
    assert curves["l2_squared"] == pytest.approx([0, 2, 4])
