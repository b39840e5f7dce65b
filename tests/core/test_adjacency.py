"""Adjacency by labels and by neighbourhood."""

import numpy as np
import pytest
import torch

from rfe_core.adjacency import label_adjacency, neighbour_adjacency


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


def test_places_and_times_of_uint8_do_not_wrap():
    place, time = torch.zeros(2, dtype=torch.uint8), torch.tensor([0, 1], dtype=torch.uint8)
    assert neighbour_adjacency(place, time, reach=np.int64(1)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: label_adjacency(torch.zeros(2, 2, dtype=torch.long)),
            r"labels must be integers of shape \(4,\), got torch.int64 of shape \(2, 2\)",
        ),
        (
            lambda: label_adjacency(torch.tensor([0, -1])),
            "labels must not be -1 .ignored. here, leave such pixels out",
        ),
        (
            lambda: neighbour_adjacency(torch.arange(3), torch.arange(4)),
            r"place and time must both be \(n,\), got \(3,\) and \(4,\)",
        ),
        (
            lambda: neighbour_adjacency(torch.arange(3), torch.arange(3), reach=0),
            "reach must be an integer >= 1, got 0",
        ),
        (
            lambda: neighbour_adjacency(torch.arange(3), torch.arange(3), reach=1.5),
            "reach must be an integer >= 1, got 1.5",
        ),
        (
            lambda: neighbour_adjacency(torch.arange(3), torch.ones(3)),
            "place and time must be integers of shape",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
