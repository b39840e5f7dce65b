"""The plane and the cosines of embeddings, against plain formulas."""

import numpy as np
import pytest

from rfe_study.measures.directions import by_class, directions, mean_cosines, principal_plane


@pytest.fixture
def points():
    generator = np.random.default_rng(0)
    spread = np.array([5.0, 3.0, 0.1, 0.1])
    turned, _ = np.linalg.qr(generator.normal(size=(4, 4)))
    return generator.normal(size=(300, 4)) * spread @ turned.T + 2.0


def test_plane_is_that_of_the_covariance(points):
    mean, axes, share = principal_plane(points)
    values, vectors = np.linalg.eigh(np.cov(points.T))
    np.testing.assert_allclose(mean, points.mean(0))
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-12)
    overlap = np.abs(np.einsum("kc,ck->k", axes, vectors[:, [-1, -2]]))
    np.testing.assert_allclose(overlap, 1)
    assert share == pytest.approx(values[-2:].sum() / values.sum())


@pytest.mark.parametrize("shape", [(2, 4), (5, 1), (5,)])
def test_plane_refuses_too_little(shape):
    with pytest.raises(ValueError, match="points must be"):
        principal_plane(np.zeros(shape))


def test_directions_have_length_one_and_leave_out_zeros():
    z = directions(np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]]))
    np.testing.assert_allclose(z, [[0.6, 0.8], [0.0, 1.0]])


def test_classes_without_ignored_pixels():
    found = by_class(np.array([[2.0, 0], [0, 3.0], [1.0, 1.0]]), np.array([1, 0, -1]))
    np.testing.assert_allclose(found["lesion"], [[1, 0]])
    np.testing.assert_allclose(found["background"], [[0, 1]])


def test_cosines_are_means_over_pairs():
    generator = np.random.default_rng(1)
    groups = {"a": directions(generator.random((5, 3))), "b": directions(generator.random((4, 3)))}
    table = mean_cosines(groups)
    between = np.mean([x @ y for x in groups["a"] for y in groups["b"]])
    within = np.mean([
        x @ y for i, x in enumerate(groups["a"]) for j, y in enumerate(groups["a"]) if i != j
    ])  # fmt: skip
    assert table.loc["a", "b"] == pytest.approx(between) == table.loc["b", "a"]
    assert table.loc["a", "a"] == pytest.approx(within)
