"""Distances: against scipy, what they do not depend on, and gradients at their kinks."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from rfe_core.distances import (
    DISTANCES,
    REDUCTIONS,
    SHORTEST,
    divisor,
    lengths,
    pairwise,
    unit,
)

DTYPES = (torch.float32, torch.float64)
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-13}


def vectors(seed, n, dtype=torch.float64, channels=4):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, channels, generator=generator, dtype=torch.float64).to(dtype)


ORACLES = {
    "cosine": lambda a, b: cdist(a, b, "cosine"),
    "angular": lambda a, b: np.arccos(1 - cdist(a, b, "cosine")) / np.pi,
    "l2": lambda a, b: cdist(a, b, "euclidean"),
    "l2_squared": lambda a, b: cdist(a, b, "sqeuclidean"),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("distance", DISTANCES)
def test_equals_scipy(distance, dtype):
    a, b = vectors(0, 5, dtype), vectors(1, 7, dtype)
    expected = ORACLES[distance](a.double().numpy(), b.double().numpy())
    got = pairwise(a, b, distance)
    assert got.dtype == dtype and got.shape == (5, 7)
    np.testing.assert_allclose(got.double().numpy(), expected, atol=10 * TOLERANCE[dtype])


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    scale=st.floats(1e-3, 1e4),
    distance=st.sampled_from(("cosine", "angular")),
)
def test_direction_alone_counts(seed, scale, distance):
    a, b = vectors(seed, 3), vectors(seed + 1, 4)
    torch.testing.assert_close(pairwise(scale * a, b, distance), pairwise(a, b, distance))


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), distance=st.sampled_from(DISTANCES))
def test_symmetric_and_in_range(seed, distance):
    a, b = vectors(seed, 4), vectors(seed + 1, 3)
    d = pairwise(a, b, distance)
    torch.testing.assert_close(d, pairwise(b, a, distance).T)
    highest = {"cosine": 2, "angular": 1}.get(distance, math.inf)
    assert (d >= -1e-12).all() and (d <= highest + 1e-12).all()
    bounded = pairwise(a.abs(), b.abs(), distance)
    assert (bounded <= highest / 2 + 1e-12).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), distance=st.sampled_from(("angular", "l2")))
def test_metrics_obey_the_triangle_inequality(seed, distance):
    a, b, c = (vectors(seed + k, 1) for k in range(3))
    direct = pairwise(a, c, distance)
    assert direct <= pairwise(a, b, distance) + pairwise(b, c, distance) + 1e-9


def test_cosine_is_no_metric():
    a, b, c = torch.tensor([[1.0, 0]]), torch.tensor([[1.0, 1]]), torch.tensor([[0.0, 1]])
    assert pairwise(a, c, "cosine") > pairwise(a, b, "cosine") + pairwise(b, c, "cosine")


@pytest.mark.parametrize("dtype", DTYPES)
def test_angles_at_the_ends_are_exact(dtype):
    a = torch.tensor([[3.0, 4.0]], dtype=dtype)
    others = torch.tensor([[6.0, 8.0], [-3.0, -4.0], [-4.0, 3.0]], dtype=dtype)
    assert pairwise(a, others, "angular")[0].tolist() == pytest.approx([0, 1, 0.5], abs=1e-7)
    assert pairwise(a, others, "angular")[0, :2].tolist() == [0, 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_vector_without_length_has_no_direction(dtype):
    a = torch.tensor([[0.0, 0.0], [SHORTEST / 2, 0.0], [2.0, 0.0]], dtype=dtype)
    assert unit(a).tolist() == [[0, 0], [0, 0], [1, 0]]
    assert pairwise(a, a, "cosine")[:2].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert pairwise(a, a, "angular")[0].tolist() == pytest.approx([0.5] * 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("distance", DISTANCES)
def test_gradients_are_finite_at_every_kink(distance, dtype):
    """Zero, nearly zero, identical, opposite, almost parallel and orthogonal vectors."""
    corner = [[0, 0], [1e-30, 0], [1, 0], [1, 0], [-1, 0], [1, 1e-7], [0, 5], [0.3, 0.4]]
    a = torch.tensor(corner, dtype=dtype, requires_grad=True)
    d = pairwise(a, a, distance)
    d.sum().backward()
    assert torch.isfinite(d).all() and torch.isfinite(a.grad).all()


@pytest.mark.parametrize("distance", ["cosine", "angular"])
def test_a_vector_without_length_gets_no_gradient(distance):
    a = torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, -1.0]], requires_grad=True)
    pairwise(a, a, distance)[0].sum().backward()
    assert (a.grad[0] == 0).all()


@pytest.mark.parametrize("distance", DISTANCES)
def test_gradient_is_the_derivative(distance):
    a, b = vectors(2, 3).requires_grad_(), vectors(3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, y: pairwise(x, y, distance), (a, b))


@pytest.mark.parametrize("distance", ["l2", "l2_squared"])
def test_close_vectors_keep_their_digits(distance):
    a = torch.full((1, 4), 1000.0)
    b = a + 2**-10
    expected = {"l2": 2**-9, "l2_squared": 2**-18}[distance]
    assert pairwise(a, b, distance).item() == pytest.approx(expected, rel=1e-5)


def test_divisors():
    assert [divisor(7, reduction) for reduction in REDUCTIONS] == [1, 7, 49]
    with pytest.raises(ValueError, match=r"reduction must be one of .*'mean'\), got 'average'"):
        divisor(7, "average")


@pytest.mark.parametrize("shapes", [((3, 2), (3, 4)), ((3,), (3, 3)), ((1, 3, 2), (3, 2))])
def test_bad_shapes(shapes):
    with pytest.raises(ValueError, match=r"embeddings must be \(n, C\) and \(m, C\), got \("):
        pairwise(*map(torch.zeros, shapes), "l2")


def test_unknown_distance():
    with pytest.raises(ValueError, match=r"distance must be one of .*'l2_squared'\), got 'L2'"):
        pairwise(torch.zeros(1, 2), torch.zeros(1, 2), "L2")


def test_what_is_not_finite_has_no_length():
    """NaN, infinity, and a length whose square is too large: NaN, not a vector without length."""
    for strange in (math.nan, math.inf, 1e30):
        h = torch.tensor([[strange, 1.0], [3.0, 4.0]])
        assert lengths(h)[0].isnan() and lengths(h)[1] == 5
        assert unit(h)[0].isnan().all() and unit(h)[1].tolist() == pytest.approx([0.6, 0.8])
        for distance in ("cosine", "angular"):
            assert pairwise(h, h, distance).isnan().tolist() == [[True, True], [True, False]]
