"""Losses and forces over a landscape of embeddings."""

import pytest

from rfe_study.measures.landscape import (
    distances_by_angle,
    force_field,
    force_fields,
    loss_and_force,
)


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


def test_fields_of_several_distances():
    fields = force_fields([1, 0], [[0, 2.0]], {"l2": 5, "cosine": 1})
    assert set(fields) == {(name, same) for name in ("l2", "cosine") for same in (True, False)}
    assert fields["l2", True][0] == pytest.approx([2 / 5**0.5, -4 / 5**0.5])


def test_curves_of_the_angle():
    curves = distances_by_angle([0, 90, 180])
    assert curves["cosine"] == pytest.approx([0, 1, 2])
    assert curves["angular"] == pytest.approx([0, 0.5, 1])
    assert curves["l2"] == pytest.approx([0, 2**0.5, 2])
    assert curves["l2_squared"] == pytest.approx([0, 2, 4])
