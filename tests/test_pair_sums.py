"""The label form equals the general form: value and gradient, in every setting."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import random_embeddings, random_labels, same_label, with_gradient

from rfe_core import pair_sums
from rfe_core.distances import DISTANCES, REDUCTIONS
from rfe_core.losses import embedding_loss, label_embedding_loss

# For each distance margins that most, some and no pairs exceed.
MARGINS = {
    "cosine": (0.3, 1.0, 1.7, 2.5),
    "angular": (0.2, 0.5, 1.2),
    "l2": (0.5, 2.0, 100.0),
    "l2_squared": (0.5, 4.0, 12.0, 1000.0),
}
SETTINGS = [(distance, margin) for distance in DISTANCES for margin in MARGINS[distance]]
TOLERANCE = {
    torch.float32: {"rtol": 2e-4, "atol": 2e-4},
    torch.float64: {"rtol": 1e-10, "atol": 1e-10},
}


def assert_same(h, labels, **options):
    chunk = {"chunk": options.pop("chunk")} if "chunk" in options else {}
    fast = with_gradient(lambda x: label_embedding_loss(x, labels, **options, **chunk), h)
    slow = with_gradient(lambda x: embedding_loss(x, same_label(labels), **options), h)
    for got, expected in zip(fast, slow, strict=True):
        torch.testing.assert_close(got, expected, **TOLERANCE[h.dtype])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("distance", "margin"), SETTINGS)
def test_equals_the_general_form(distance, margin, signed, dtype):
    h = random_embeddings(1, 23, signed=signed, dtype=dtype, zeros=2)
    h[5] = h[6]
    assert_same(h, random_labels(2, 23), distance=distance, margin=margin, chunk=7)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 14),
    classes=st.integers(1, 4),
    setting=st.sampled_from(SETTINGS),
    reduction=st.sampled_from(REDUCTIONS),
    chunk=st.integers(1, 15),
    signed=st.booleans(),
    zeros=st.integers(0, 2),
)
def test_any_number_of_classes_chunks_and_reductions(
    seed, n, classes, setting, reduction, chunk, signed, zeros
):
    distance, margin = setting
    h = random_embeddings(seed, n, signed=signed, zeros=zeros)
    labels = random_labels(seed, n, classes) * 5 - 3  # any integers
    assert_same(h, labels, distance=distance, margin=margin, reduction=reduction, chunk=chunk)


@pytest.mark.parametrize("chunk", [1, 5, 10, 11, 1000])
@pytest.mark.parametrize(("distance", "margin"), [(d, MARGINS[d][1]) for d in DISTANCES])
def test_chunk_boundaries(distance, margin, chunk):
    labels = torch.arange(20) // 10  # ten each: chunks of 5 and 10 end where the class ends
    assert_same(random_embeddings(3, 20), labels, distance=distance, margin=margin, chunk=chunk)


@pytest.mark.parametrize(("distance", "margin"), SETTINGS)
def test_gradient_is_the_derivative(distance, margin):
    h = random_embeddings(4, 9).requires_grad_()
    labels = random_labels(5, 9, 3)
    check = torch.autograd.gradcheck
    assert check(
        lambda x: label_embedding_loss(x, labels, distance=distance, margin=margin, chunk=4), h
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("chunk", [2, 100])
@pytest.mark.parametrize("labels", [[0, 1] * 4, [0] * 8, [0, 0, 1, 1, 0, 0, 1, 1]])
@pytest.mark.parametrize(("distance", "margin"), SETTINGS)
def test_gradients_are_finite_at_every_kink(distance, margin, labels, chunk, dtype):
    corner = [[0, 0], [1e-30, 0], [1, 0], [1, 0], [-1, 0], [1, 1e-7], [0, 5], [0.3, 0.4]]
    h, labels = torch.tensor(corner, dtype=dtype), torch.tensor(labels)
    value, gradient = with_gradient(
        lambda x: label_embedding_loss(x, labels, distance=distance, margin=margin, chunk=chunk), h
    )
    assert torch.isfinite(value) and torch.isfinite(gradient).all()


def test_close_vectors_keep_their_gradient_under_l2():
    """|gradient| is the number of pairs, however close; a difference of products would lose it."""
    h = torch.ones(2, 4) + torch.tensor([[0.0], [2**-20]])
    _, gradient = with_gradient(
        lambda x: label_embedding_loss(x, torch.zeros(2, dtype=torch.long), distance="l2"), h
    )
    torch.testing.assert_close(gradient.norm(dim=1), torch.tensor([2.0, 2.0]))


def test_at_its_kink_a_hinge_is_active_in_every_form():
    """Orthogonal embeddings are common after a ReLU: closed form, block and Eq. 2 agree there."""
    h, labels = torch.eye(3, dtype=torch.float64), torch.tensor([0, 1, 1])
    assert_same(h, labels)  # closed form
    assert_same(h * torch.tensor([1.0, 1.0, -1.0]), labels)  # blocks
    assert_same(h, labels, distance="l2", margin=2**0.5)


def test_closed_forms_are_taken_where_they_hold_and_only_there(monkeypatch):
    blocks = []
    for name in ("_BlockSum", "_CosineHinge", "_DistanceSum"):
        original = getattr(pair_sums, name)
        monkeypatch.setattr(
            original, "apply", lambda *a, f=original.apply, n=name: blocks.append(n) or f(*a)
        )
    labels = random_labels(0, 12)
    positive, signed = (random_embeddings(0, 12, signed=s) for s in (False, True))

    def used(h, **options):
        blocks.clear()
        label_embedding_loss(h, labels, **options)
        return list(blocks)

    assert used(positive) == used(positive, margin=1.5) == used(signed, margin=2.0) == []
    assert used(positive, margin=0.9) == used(signed) == ["_CosineHinge"]
    assert used(signed, distance="l2_squared", margin=1000.0) == []
    assert used(signed, distance="l2_squared", margin=1.0) == ["_DistanceSum"]


def test_no_matrix_of_all_pairs_is_built():
    """The largest tensor of any operation stays at chunk x n (here: 8 x 60), forward and back."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        seen = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            for tensor in out if isinstance(out, tuple | list) else (out,):
                if isinstance(tensor, torch.Tensor):
                    Largest.seen = max(Largest.seen, tensor.numel())
            return out

    labels = torch.arange(120) % 2
    for distance in DISTANCES:
        h = random_embeddings(0, 120, channels=2).requires_grad_()
        with Largest():
            label_embedding_loss(h, labels, distance=distance, margin=0.4, chunk=8).backward()
    assert 8 * 52 <= Largest.seen <= 8 * 60
