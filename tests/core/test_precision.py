"""Half precision, labels of every kind, and values that are not finite: one rule for all losses."""

import math

import numpy as np
import pytest
import torch
from pairs import random_embeddings, random_labels, same_label, with_gradient

from rfe_core.distances import DISTANCES, pairwise
from rfe_core.losses import (
    dice_loss,
    embedding_loss,
    exact_embedding_loss,
    label_embedding_loss,
)

HALF = (torch.bfloat16, torch.float16)


def pair_loss(embeddings, labels, **options):
    return embedding_loss(embeddings, same_label(labels), **options)


PAIRS = [
    (form, {"distance": distance, "margin": margin})
    for form in (pair_loss, label_embedding_loss)
    for distance in DISTANCES
    for margin in (0.7, 2.5)
]
EVERY = [*PAIRS, (exact_embedding_loss, {})]
LABELLED = [pair for pair in EVERY if pair[0] is not pair_loss]


def named(pairs):
    names = [f"{f.__name__} {' '.join(map(str, options.values()))}" for f, options in pairs]
    return pytest.mark.parametrize(("loss", "options"), pairs, ids=names)


def same(got, expected, rtol=1e-5, atol=1e-4):
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", HALF)
@named(EVERY)
def test_autocast_changes_nothing(loss, options, dtype):
    h, labels = random_embeddings(0, 12, signed=False, dtype=torch.float32), random_labels(1, 12)
    expected = with_gradient(lambda x: loss(x, labels, **options), h)

    def under_autocast(x):
        with torch.autocast("cpu", dtype=dtype):
            return loss(x, labels, **options)

    same(with_gradient(under_autocast, h), expected, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", HALF)
@named(LABELLED)
def test_backward_under_autocast_too(loss, options, dtype):
    h, labels = random_embeddings(0, 12, signed=False, dtype=torch.float32), random_labels(1, 12)
    expected = with_gradient(lambda x: loss(x, labels, **options), h)
    with torch.autocast("cpu", dtype=dtype):
        same(with_gradient(lambda x: loss(x, labels, **options), h), expected)


@pytest.mark.parametrize("dtype", HALF)
@named(EVERY)
def test_half_embeddings_are_taken_as_float32(loss, options, dtype):
    h, labels = random_embeddings(2, 12, signed=False, dtype=dtype), random_labels(3, 12)
    value, gradient = with_gradient(lambda x: loss(x, labels, **options), h)
    expected, its_gradient = with_gradient(lambda x: loss(x, labels, **options), h.float())
    assert value == expected and value.dtype == torch.float32
    assert gradient.dtype == dtype and gradient.equal(its_gradient.to(dtype))


@named(EVERY)
def test_float64_stays(loss, options):
    h, labels = random_embeddings(2, 12, signed=False), random_labels(3, 12)
    value, gradient = with_gradient(lambda x: loss(x, labels, **options), h)
    assert value.dtype == gradient.dtype == torch.float64


@pytest.mark.parametrize("dtype", [*HALF, torch.float32])
def test_a_small_angle_is_seen(dtype):
    """20 degrees are 1/9 of a straight angle, in either order of the two."""
    at = math.radians(20)
    h = torch.tensor([[1.0, 0.0], [math.cos(at), math.sin(at)]]).to(dtype)
    for value in (
        label_embedding_loss(h, torch.zeros(2, dtype=torch.long), distance="angular"),
        embedding_loss(h, torch.ones(2, 2, dtype=torch.bool), distance="angular"),
        2 * pairwise(h, h, "angular")[0, 1],
    ):
        assert value.item() == pytest.approx(2 / 9, rel=2e-2)


@pytest.mark.parametrize("dtype", HALF)
def test_large_sums_do_not_overflow(dtype):
    logits = torch.full((1, 300, 300), 20.0, dtype=dtype)
    assert dice_loss(logits, logits > 0).item() == pytest.approx(0, abs=1e-5)
    with torch.autocast("cpu", dtype=dtype):
        assert dice_loss(logits, logits > 0).item() == pytest.approx(0, abs=1e-5)
    h = torch.eye(2, dtype=dtype).repeat(300, 1)
    labels = torch.zeros(600, dtype=torch.long)
    for loss in (pair_loss, label_embedding_loss, exact_embedding_loss):
        assert loss(h, labels).item() == 2 * 300 * 300  # beyond float16


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("dtype", HALF)
@named(EVERY)
def test_the_gradient_of_short_embeddings_is_finite(loss, options, dtype, reduction):
    """What is beyond float16, as one over a length of 1e-6 may be, ends at its limit."""
    h = (1e-6 * random_embeddings(6, 12, signed=False)).to(dtype)
    labels = random_labels(7, 12)
    value, gradient = with_gradient(lambda x: loss(x, labels, reduction=reduction, **options), h)
    _, full = with_gradient(lambda x: loss(x, labels, reduction=reduction, **options), h.float())
    most = torch.finfo(dtype).max
    assert value.isfinite() and gradient.isfinite().all()
    assert gradient.equal(full.clamp(-most, most).to(dtype))
    if dtype == torch.float16 and reduction == "sum" and "l2" not in str(options):
        assert (full.abs() > most).any()


@pytest.mark.parametrize("dtype", HALF)
def test_a_gradient_that_is_not_a_number_stays_so(dtype):
    h = torch.tensor([[1.0, math.nan], [0.5, 1.0]], dtype=dtype)
    assert (
        with_gradient(lambda x: label_embedding_loss(x, torch.tensor([0, 1])), h)[1].isnan().any()
    )


# Labels


@pytest.mark.parametrize(
    "dtype", [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
)
@pytest.mark.parametrize("loss", [label_embedding_loss, exact_embedding_loss])
def test_labels_of_every_integer_type(loss, dtype):
    h, labels = random_embeddings(0, 12, signed=False), random_labels(1, 12)
    same([loss(h, labels.to(dtype))], [loss(h, labels)], 0, 0)


@named(LABELLED)
@pytest.mark.parametrize(
    ("ignored", "strange"), [(-1, math.nan), (0, math.inf), (255, -1e30), (np.int64(7), 0.0)]
)
def test_ignored_embeddings_have_no_influence_and_no_gradient(loss, options, ignored, strange):
    h = random_embeddings(4, 14, signed=False)
    labels = random_labels(5, 14, 3) + 1
    out = torch.tensor([0, 5, 13])
    labels[out] = int(ignored)
    h[out] = strange
    rest = [i for i in range(14) if i not in out]
    value, gradient = with_gradient(
        lambda x: loss(x, labels, ignore_index=ignored, reduction="mean", **options), h
    )
    expected = with_gradient(
        lambda x: loss(x, labels[rest], ignore_index=-9, reduction="mean", **options), h[rest]
    )
    same((value, gradient[rest]), expected, 1e-12, 1e-12)
    assert (gradient[out] == 0).all()


def test_255_of_uint8_is_a_class_of_its_own():
    h = torch.eye(2)
    labels = torch.tensor([255, 1], dtype=torch.uint8)
    for loss in (label_embedding_loss, exact_embedding_loss):
        assert loss(h, labels, reduction="mean").item() == 0
        assert loss(h[[0, 0]], labels).item() == 2


@named(LABELLED)
def test_only_equality_of_labels_counts(loss, options):
    """Far apart, negative, or many: the value is that of 0, 1, 2."""
    h, labels = random_embeddings(6, 9, signed=False), random_labels(7, 9, 3)
    expected = with_gradient(lambda x: loss(x, labels, **options), h)
    names = torch.tensor([2**62, -(2**61), 12])
    got = with_gradient(lambda x: loss(x, names[labels], **options), h)
    same(got, expected, 1e-10, 1e-10)


def test_far_labels_take_no_room():
    h = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    labels = torch.tensor([100000, 0, 100000])
    value, _ = with_gradient(lambda x: exact_embedding_loss(x, labels), h)
    assert value.item() == label_embedding_loss(h, labels).item() == 4  # (1, 0) and (0, 1) alike,
    one = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])  # and different where they are equal
    expected = embedding_loss(one, same_label(labels))
    torch.testing.assert_close(exact_embedding_loss(one, labels), expected)
    huge = torch.tensor([2**62, 0, 2**62])  # would not fit any memory
    torch.testing.assert_close(exact_embedding_loss(one, huge), expected)


# What is not finite


@named(EVERY)
@pytest.mark.parametrize("strange", [math.nan, math.inf, 1e200])
def test_what_is_not_finite_makes_the_loss_nan(loss, options, strange):
    h, labels = random_embeddings(8, 9, signed=False), random_labels(9, 9)
    h[4, 1] = strange
    value = loss(h, labels, **options)
    if strange == 1e200 and options.get("distance", "cosine").startswith("l2"):
        assert not value.isfinite()  # the distance itself overflows
    else:
        assert value.isnan()


def test_nan_logits_make_the_dice_loss_nan():
    assert dice_loss(torch.tensor([[[math.nan, 1.0]]]), torch.tensor([[[0, 1]]])).isnan()
