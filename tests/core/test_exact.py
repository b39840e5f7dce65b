"""The exact loss: against the pairwise form, every possible draw, many random draws; refusals."""

from itertools import combinations, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import random_embeddings, random_labels, same_label, with_gradient

from rfe_core.distances import REDUCTIONS
from rfe_core.exact import exact_embedding_loss
from rfe_core.losses import embedding_loss, label_embedding_loss
from rfe_core.sampling import STRATEGIES, counts, sample_sides

TOLERANCE = {torch.float64: 1e-10, torch.float32: 2e-4}


def assert_same(got, expected, dtype):
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 20),
    classes=st.integers(1, 4),
    zeros=st.integers(0, 3),
    reduction=st.sampled_from(REDUCTIONS),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_all_pixels_equal_the_pairwise_form(seed, n, classes, zeros, reduction, dtype):
    h = random_embeddings(seed, n, signed=False, zeros=zeros, dtype=dtype)
    labels = random_labels(seed, n, classes)
    assert_same(
        with_gradient(lambda x: exact_embedding_loss(x, labels, reduction=reduction), h),
        with_gradient(lambda x: embedding_loss(x, same_label(labels), reduction=reduction), h),
        dtype,
    )


def test_the_printed_formula():
    h, labels = random_embeddings(0, 12, signed=False), random_labels(0, 12)
    z = h / h.norm(dim=1, keepdim=True)
    n = torch.bincount(labels).double()
    difference = z[labels == 1].sum(0) - z[labels == 0].sum(0)
    expected = n.square().sum() - difference.square().sum()
    torch.testing.assert_close(exact_embedding_loss(h, labels), expected)


def test_ignored_pixels_take_no_part():
    h, labels = random_embeddings(0, 12, signed=False), random_labels(0, 12)
    labels[[2, 5, 6]] = -1
    part = labels >= 0
    whole = with_gradient(lambda x: exact_embedding_loss(x, labels, reduction="mean"), h)
    alone = with_gradient(
        lambda x: exact_embedding_loss(x, labels[part], reduction="mean"), h[part]
    )
    torch.testing.assert_close(whole[0], alone[0])
    torch.testing.assert_close(whole[1][part], alone[1])
    assert (whole[1][~part] == 0).all()


def mean_of_every_draw(h, labels, strata, drawn):
    """The expectation by enumeration: each set of n_g pixels of each stratum once."""
    choices = [
        list(combinations(torch.nonzero(strata == g).flatten().tolist(), n))
        for g, n in enumerate(drawn)
    ]
    losses = []
    for draw in product(*choices):
        pixels = torch.tensor([p for part in draw for p in part])
        losses.append(embedding_loss(h[pixels], same_label(labels[pixels])))
    return torch.stack(losses).mean()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("zeros", [0, 3])
@pytest.mark.parametrize(
    "drawn",
    [
        (2, 1, 2, 1),
        (1, 1, 1, 1),  # no pair within a stratum
        (4, 3, 3, 1),  # everything: the loss itself
        (3, 0, 0, 1),  # a side without a class
        (1, 0, 0, 0),  # one pixel
        (2, 3, 1, 0),
    ],
)
def test_expectation_equals_the_mean_of_every_possible_draw(drawn, zeros, dtype):
    """Small numbers too: n_g = 1, N_g = 1 (the last stratum), n_g = N_g."""
    strata = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
    labels = torch.tensor([0, 1, 0, 1])[strata]
    order = torch.randperm(11, generator=torch.Generator().manual_seed(0))
    strata, labels = strata[order], labels[order]
    h = random_embeddings(3, 11, signed=False, zeros=zeros, dtype=dtype)
    assert_same(
        with_gradient(lambda x: exact_embedding_loss(x, labels, strata=strata, counts=drawn), h),
        with_gradient(lambda x: mean_of_every_draw(x, labels, strata, drawn), h),
        dtype,
    )


def test_drawing_everything_is_the_loss_of_all_pixels():
    h, labels = random_embeddings(0, 15, signed=False, zeros=2), random_labels(0, 15)
    strata = 2 * random_labels(1, 15) + labels
    drawn = torch.bincount(strata, minlength=4).tolist()
    for reduction in REDUCTIONS:
        torch.testing.assert_close(
            exact_embedding_loss(h, labels, strata=strata, counts=drawn, reduction=reduction),
            exact_embedding_loss(h, labels, reduction=reduction),
        )


@pytest.mark.parametrize("n_e", [20, 200])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_expectation_is_the_mean_of_many_sampled_losses(strategy, n_e):
    """Within 4 standard errors, two sides of unlike embeddings and class ratios."""
    generator = torch.Generator().manual_seed(n_e)
    n = 1200
    labelled = torch.arange(n) < 700
    lesion = torch.rand(n, generator=generator) < torch.where(labelled, 0.25, 0.4)
    labels = lesion.long()
    labels[::50] = -1
    h = torch.rand(n, 4, generator=generator, dtype=torch.float64)
    h[:, 0] += 2 * lesion + labelled.double()
    h[labels == 1] *= torch.rand(int((labels == 1).sum()), 1, generator=generator) < 0.9  # zeros

    strata = torch.where(labels >= 0, labels + 2 * ~labelled, -1)
    sides = {"labelled": labelled, "unlabelled": ~labelled}
    drawn = [n for side in sides.values() for n in counts(labels[side], n_e, strategy)]
    exact = exact_embedding_loss(h, labels, strata=strata, counts=drawn)

    losses = []
    for _ in range(250):
        picked = sample_sides(labels, labelled, n_e, strategy=strategy, generator=generator)
        pixels = torch.cat([s.indices for s in picked.values()])
        assert len(pixels) == 2 * n_e
        losses.append(label_embedding_loss(h[pixels], labels[pixels]))
    losses = torch.stack(losses)
    standard_error = losses.std() / len(losses) ** 0.5
    assert abs(losses.mean() - exact) < 4 * standard_error
    assert standard_error < 0.02 * exact  # the test can fail


def test_gradient_is_the_derivative():
    h = (random_embeddings(0, 9, signed=False) + 0.1).requires_grad_()
    labels, strata = torch.arange(9) % 2, torch.arange(9) % 4
    assert torch.autograd.gradcheck(lambda x: exact_embedding_loss(x, labels), h)
    assert torch.autograd.gradcheck(
        lambda x: exact_embedding_loss(x, labels, strata=strata, counts=[2, 1, 2, 0]), h
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_at_every_kink(dtype):
    corner = [[0, 0], [1e-30, 0], [1, 0], [1, 0], [1, 1e-7], [0, 5], [0.3, 0.4]]
    h, labels = torch.tensor(corner, dtype=dtype), torch.tensor([0, 1, 0, 1, 0, 1, -1])
    value, gradient = with_gradient(lambda x: exact_embedding_loss(x, labels), h)
    assert torch.isfinite(value) and torch.isfinite(gradient).all()
    assert (gradient[:2] == 0).all()


def test_many_pixels_keep_their_digits_in_float32():
    """n^2 - |S|^2 is a small difference of large numbers if all embeddings are nearly alike."""
    h = 1 + 3e-2 * random_embeddings(0, 20000, channels=8)
    labels = torch.zeros(20000, dtype=torch.long)
    value, gradient = with_gradient(lambda x: exact_embedding_loss(x, labels), h)
    single, its_gradient = with_gradient(lambda x: exact_embedding_loss(x, labels), h.float())
    assert single.item() / 20000**2 == pytest.approx(value.item() / 20000**2, abs=2e-6)
    error = (its_gradient - gradient).norm() / gradient.norm()
    assert error < 1e-4


def test_other_distances_and_margins_cannot_be_asked_for():
    with pytest.raises(TypeError, match="distance"):
        exact_embedding_loss(torch.ones(2, 2), torch.tensor([0, 1]), distance="l2")
    with pytest.raises(TypeError, match="margin"):
        exact_embedding_loss(torch.ones(2, 2), torch.tensor([0, 1]), margin=0.5)


def test_negative_embeddings_are_refused_because_the_value_would_be_wrong():
    h, labels = torch.tensor([[1.0, 0.0], [-0.5, 0.5]]), torch.tensor([0, 1])
    message = r"embeddings must be >= 0 .* by label_embedding_loss\), got -0.5"
    with pytest.raises(ValueError, match=message):
        exact_embedding_loss(h, labels)


H, LABELS = torch.ones(4, 2), torch.tensor([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("h", "labels", "options", "message"),
    [
        (torch.ones(0, 2), LABELS[:0], {}, "embeddings must be floating point of shape"),
        (H, LABELS[:3], {}, r"labels must be integers of shape \(4,\)"),
        (H, LABELS.float(), {}, r"labels must be integers .* got torch.float32"),
        (H, 0 * LABELS - 1, {}, "labels must hold a pixel that takes part, got only ignored"),
        (
            H,
            LABELS,
            {"strata": LABELS, "counts": [1, 1], "ignore_index": 1} | {"strata": 0 * LABELS + 5},
            "counts must hold one number per stratum, got 2 and stratum 5",
        ),
        (H, LABELS, {"reduction": "max"}, "reduction must be one of .* got 'max'"),
        (H, LABELS, {"strata": LABELS}, "strata and counts go together, got only one"),
        (H, LABELS, {"counts": [1, 1]}, "strata and counts go together, got only one"),
        (
            H,
            LABELS,
            {"strata": LABELS[:3], "counts": [1, 1]},
            r"strata must be integers of shape \(4,\)",
        ),
        (
            H,
            LABELS,
            {"strata": torch.tensor([0, 1, 1, 1]), "counts": [1, 1]},
            "a stratum must lie within one class, got several in stratum 1",
        ),
        (
            H,
            LABELS,
            {"strata": torch.tensor([0, 0, 1, -1]), "counts": [1, 1]},
            "counts must hold one number .* got 2 and stratum -1",
        ),
        (
            H,
            LABELS,
            {"strata": LABELS, "counts": [1]},
            "counts must hold one .* got 1 and stratum 1",
        ),
        (
            H,
            LABELS,
            {"strata": LABELS, "counts": [1, 3]},
            r"count of stratum 1 must be an integer in 0\.\.2, got 3",
        ),
        (
            H,
            LABELS,
            {"strata": LABELS, "counts": [-1, 2]},
            r"count of stratum 0 must be an integer in 0\.\.2, got -1",
        ),
        (
            H,
            LABELS,
            {"strata": LABELS, "counts": [1.5, 2]},
            r"count of stratum 0 must be an integer in 0\.\.2, got 1.5",
        ),
        (H, LABELS, {"strata": LABELS, "counts": [0, 0]}, "counts must draw something, got"),
    ],
)
def test_refusals(h, labels, options, message):
    with pytest.raises(ValueError, match=message):
        exact_embedding_loss(h, labels, **options)
