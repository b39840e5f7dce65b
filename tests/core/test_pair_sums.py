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


@settings(max_examples=60)
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
    for name in ("_cosine_sweep", "_hinge_sweep", "_distance_sweep"):
        real = getattr(pair_sums, name)
        watched = lambda *a, f=real, n=name: blocks.append(n) or f(*a)  # noqa: E731
        monkeypatch.setattr(pair_sums, name, watched)
    labels = random_labels(0, 12)
    positive, signed = (random_embeddings(0, 12, signed=s) for s in (False, True))

    def used(h, **options):
        blocks.clear()
        label_embedding_loss(h, labels, **options)
        return list(blocks)

    assert used(positive) == used(positive, margin=1.5) == used(signed, margin=2.0) == []
    assert used(positive, margin=0.9) == used(signed) == ["_hinge_sweep"]
    assert used(signed, distance="l2_squared", margin=1000.0) == []
    assert used(signed, distance="l2_squared", margin=1.0) == ["_distance_sweep"]


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


# Distances in one pass over the pairs

EVERY_KERNEL = [("l2", 1000.0), ("l2", 2.0), ("l2_squared", 4.0)]  # plain, hinge, squared hinge


def reference(h, labels, distance, margin):
    """Value and gradient from differences of vectors, in float64."""
    adjacency = same_label(labels)
    wide = h.double()
    return with_gradient(
        lambda x: embedding_loss(x, adjacency, distance=distance, margin=margin), wide
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_duplicates_of_one_class_have_no_distance_and_no_pull(dtype, scale):
    """Exactly: a matrix product would leave rounding, whose root is large and whose pull is 1."""
    one = scale * random_embeddings(0, 1, channels=64, dtype=dtype)
    h, labels = one.expand(50, -1), torch.zeros(50, dtype=torch.long)
    for chunk in (7, 256):
        value, gradient = with_gradient(
            lambda x, c=chunk: label_embedding_loss(x, labels, distance="l2", chunk=c), h
        )
        assert value == 0 and (gradient == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_duplicates_of_two_classes_are_the_whole_margin_apart_and_do_not_pull(dtype):
    one = 3 * random_embeddings(0, 1, channels=64, dtype=dtype)
    h, labels = one.expand(40, -1), torch.arange(40) % 2
    value, gradient = with_gradient(
        lambda x: label_embedding_loss(x, labels, distance="l2", margin=0.5, chunk=7), h
    )
    assert value.item() == 2 * 20 * 20 * 0.5 and (gradient == 0).all()


@pytest.mark.parametrize("chunk", [7, 256])
@pytest.mark.parametrize(("distance", "margin"), EVERY_KERNEL)
def test_duplicates_among_others(distance, margin, chunk):
    h = random_embeddings(1, 30, channels=8, dtype=torch.float32)
    h[10:20] = h[0]
    labels = random_labels(2, 30)
    fast = with_gradient(
        lambda x: label_embedding_loss(x, labels, distance=distance, margin=margin, chunk=chunk), h
    )
    for got, expected in zip(fast, reference(h, labels, distance, margin), strict=True):
        torch.testing.assert_close(got.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("chunk", [7, 256])
@pytest.mark.parametrize(("distance", "margin"), EVERY_KERNEL)
def test_a_large_common_offset_in_float32(distance, margin, chunk):
    """Vectors around 1000 that differ by 1: products alone would have lost the difference."""
    h = (1e3 + random_embeddings(3, 60, channels=16)).float()
    labels = random_labels(4, 60)
    value, gradient = with_gradient(
        lambda x: label_embedding_loss(x, labels, distance=distance, margin=margin, chunk=chunk), h
    )
    expected, expected_gradient = reference(h, labels, distance, margin)
    torch.testing.assert_close(value.double(), expected, rtol=1e-4, atol=1e-3)
    error = (gradient.double() - expected_gradient).norm() / expected_gradient.norm()
    assert error < 1e-3


@pytest.mark.parametrize("distance", ["l2", "l2_squared"])
@pytest.mark.parametrize("where", ["below all", "between", "above all", "far above"])
@pytest.mark.parametrize("chunk", [4, 100])
def test_margins_below_between_and_above_the_distances(distance, where, chunk):
    h, labels = random_embeddings(5, 24, channels=5), torch.arange(24) // 12
    apart = torch.cdist(h[:12], h[12:]).flatten().sort().values
    apart = apart if distance == "l2" else apart**2
    margin = {
        "below all": 0.9 * apart[0],
        "between": (apart[70] + apart[71]) / 2,
        "above all": 1.01 * apart[-1],
        "far above": 1e4 * apart[-1],
    }[where].item()
    assert_same(h, labels, distance=distance, margin=margin, chunk=chunk)
    hinge = 2 * (margin - apart).clamp_min(0).sum()
    within = sum(label_embedding_loss(x, labels[:12], distance=distance) for x in (h[:12], h[12:]))
    total = label_embedding_loss(h, labels, distance=distance, margin=margin, chunk=chunk)
    torch.testing.assert_close(total, within + hinge)


@pytest.mark.parametrize("n", [5, 6, 7, 12, 13])
@pytest.mark.parametrize(("distance", "margin"), EVERY_KERNEL)
def test_blocks_end_anywhere(distance, margin, n):
    """Classes of n and 13 - n embeddings in blocks of 6: whole, one over, one short."""
    h, labels = random_embeddings(n, 13), (torch.arange(13) >= n).long()
    assert_same(h, labels, distance=distance, margin=margin, chunk=6)
