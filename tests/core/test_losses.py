"""Dice loss, Eq. 1 and Eq. 2: against loops and an independent library, edge cases, gradients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import (
    loop_loss,
    random_embeddings,
    random_labels,
    same_label,
    with_gradient,
)

from rfe_core.adjacency import label_adjacency, neighbour_adjacency
from rfe_core.distances import DISTANCES, REDUCTIONS, pairwise
from rfe_core.exact import exact_embedding_loss
from rfe_core.losses import dice_loss, embedding_loss, label_embedding_loss, total_loss
from rfe_core.random_feature_embedding import PixelEmbeddingLoss
from rfe_core.sampling import available, shrink_labels, sides


def naive_dice_loss(logits, target, mask, smooth):
    overlap = square_p = square_t = 0.0
    for z, t, m in zip(logits.flatten(), target.flatten(), mask.flatten(), strict=True):
        if m:
            p = 1 / (1 + math.exp(-z))
            overlap, square_p, square_t = overlap + p * t, square_p + p * p, square_t + t * t
    return 1 - (2 * overlap + smooth) / (square_p + square_t + smooth)


def example(seed=0, shape=(2, 1, 4, 5)):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    target = torch.rand(shape, generator=generator) < 0.3
    mask = torch.rand(shape, generator=generator) < 0.8
    return logits, target, mask


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), smooth=st.sampled_from([1e-3, 1.0, 10.0]))
def test_equals_the_loops(seed, smooth):
    logits, target, mask = example(seed)
    expected = naive_dice_loss(logits, target, mask, smooth)
    assert dice_loss(logits, target, mask, smooth=smooth).item() == pytest.approx(expected)
    assert 0 <= expected <= 1


def test_gradient_is_the_derivative():
    logits, target, mask = example()
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: dice_loss(z, target, mask), logits)


def test_masked_pixels_have_no_influence_and_no_gradient():
    logits, target, mask = example()
    logits.requires_grad_()
    dice_loss(logits, target, mask).backward()
    assert (logits.grad[~mask] == 0).all() and (logits.grad[mask] != 0).any()
    for strange in (99.0, math.nan, -math.inf):
        other = torch.where(mask, logits.detach(), strange).requires_grad_()
        loss = dice_loss(other, target, mask)
        loss.backward()
        assert loss == dice_loss(logits.detach(), target, mask)
        assert other.grad.equal(logits.grad)


def test_ignored_targets_are_masked_targets():
    logits, target, mask = example()
    labels = torch.where(mask, target.to(torch.uint8), 255)
    expected = dice_loss(logits, target, mask)
    assert dice_loss(logits, labels, ignore_index=255) == expected
    assert dice_loss(logits, torch.where(mask, target.long(), -1)) == expected
    half = torch.arange(mask.numel()).view(mask.shape) % 2 == 0
    both = dice_loss(logits, labels, half, ignore_index=255)
    assert both == dice_loss(logits, target, mask & half)
    assert dice_loss(logits, labels, mask) == expected  # what is masked out may be anything


def test_perfect_prediction_costs_nothing():
    target = torch.eye(6).long()[None]
    assert dice_loss(100.0 * (2 * target - 1), target).item() == pytest.approx(0, abs=1e-6)


def test_wrong_prediction_costs_nearly_one():
    target = torch.zeros(1, 20, 20, dtype=torch.long)
    target[:, :10] = 1
    assert dice_loss(100.0 * (1 - 2 * target), target).item() > 0.99


def test_empty_target_rewards_silence_and_stays_finite():
    empty = torch.zeros(1, 8, 8, dtype=torch.long)
    silent, loud = (dice_loss(torch.full((1, 1, 8, 8), z), empty) for z in (-50.0, 50.0))
    assert silent.item() == pytest.approx(0, abs=1e-6)
    assert 0.9 < loud.item() < 1


def test_empty_mask_gives_zero_and_finite_gradient():
    logits, target, mask = example()
    logits.requires_grad_()
    loss = dice_loss(logits, target, torch.zeros_like(mask))
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()


def test_huge_logits_stay_finite():
    logits = torch.tensor([[[1e30, -1e30]]], requires_grad=True)
    loss = dice_loss(logits, torch.tensor([[[0, 1]]]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_the_sums_run_over_the_batch():
    logits, target, _ = example()
    swapped = dice_loss(logits.flip(0), target.flip(0))
    assert dice_loss(logits, target).item() == pytest.approx(swapped.item())
    mean_of_images = sum(dice_loss(logits[i], target[i]).item() for i in range(2)) / 2
    assert dice_loss(logits, target).item() != pytest.approx(mean_of_images)


def test_bad_inputs():
    logits, target, mask = example()
    with pytest.raises(ValueError, match="smooth must be a finite number > 0, got 0"):
        dice_loss(logits, target, smooth=0)
    with pytest.raises(ValueError, match="target must have the shape of logits"):
        dice_loss(logits, target[..., 1:])
    with pytest.raises(ValueError, match="mask must have the shape of target"):
        dice_loss(logits, target, mask[0])
    with pytest.raises(ValueError, match="mask must have the shape of target and be bool, got to"):
        dice_loss(logits, target, mask.long())
    with pytest.raises(ValueError, match=r"target must be integers .* got torch.float64"):
        dice_loss(logits, target.double())
    with pytest.raises(ValueError, match=r"target must be 0, 1 or -1 \(ignored\), got 255"):
        dice_loss(logits, torch.full_like(target, 255, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"target must be 0, 1 or 7 \(ignored\), got -1"):
        dice_loss(logits, -target.long(), ignore_index=7)


# Eq. 2


def random_adjacency(seed, n):
    """Any relation: neither symmetric nor reflexive nor transitive."""
    return torch.rand(n, n, generator=torch.Generator().manual_seed(seed)) < 0.4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("margin", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("distance", DISTANCES)
def test_equation_2_equals_the_double_loop(distance, margin, dtype):
    h = random_embeddings(0, 9, dtype=dtype, zeros=1)
    h[3] = h[4]
    adjacency = random_adjacency(1, 9)
    got = with_gradient(lambda x: embedding_loss(x, adjacency, distance=distance, margin=margin), h)
    expected = with_gradient(lambda x: loop_loss(x, adjacency, distance, margin), h)
    tolerance = 1e-10 if dtype == torch.float64 else 2e-5
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 8), distance=st.sampled_from(DISTANCES))
def test_the_order_of_embeddings_does_not_matter(seed, n, distance):
    h, adjacency = random_embeddings(seed, n), random_adjacency(seed, n)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    loss = embedding_loss(h, adjacency, distance=distance)
    shuffled = embedding_loss(h[order], adjacency[order][:, order], distance=distance)
    torch.testing.assert_close(shuffled, loss)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    scale=st.floats(1e-3, 1e3),
    distance=st.sampled_from(("cosine", "angular")),
)
def test_the_length_of_embeddings_does_not_matter_to_angles(seed, scale, distance):
    h, labels = random_embeddings(seed, 7), random_labels(seed, 7)
    for loss, prior in ((label_embedding_loss, labels), (embedding_loss, same_label(labels))):
        torch.testing.assert_close(
            loss(scale * h, prior, distance=distance), loss(h, prior, distance=distance)
        )


def test_reductions_divide_by_1_n_and_n_squared():
    h, labels = random_embeddings(0, 6, signed=False), random_labels(0, 6)
    for loss, prior in (
        (embedding_loss, same_label(labels)),
        (label_embedding_loss, labels),
        (exact_embedding_loss, labels),
    ):
        total, per_embedding, mean = (loss(h, prior, reduction=r).item() for r in REDUCTIONS)
        assert total == pytest.approx(6 * per_embedding) == pytest.approx(36 * mean)


def test_a_pair_by_hand():
    h = torch.tensor([[3.0, 4.0], [4.0, 3.0]])  # cosine 24/25
    apart, together = (torch.tensor([[True, a], [a, True]]) for a in (False, True))
    assert embedding_loss(h, together).item() == pytest.approx(2 / 25)
    assert embedding_loss(h, apart).item() == pytest.approx(48 / 25)
    assert embedding_loss(h, apart, distance="l2_squared", margin=5.0).item() == pytest.approx(6)
    assert embedding_loss(h, apart, distance="l2_squared", margin=1.0).item() == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("signed", [True, False])
def test_equals_pytorch_metric_learning_without_the_diagonal(signed):
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.losses import ContrastiveLoss
    from pytorch_metric_learning.reducers import SumReducer

    oracle = ContrastiveLoss(
        pos_margin=1, neg_margin=0, distance=CosineSimilarity(), reducer=SumReducer()
    )
    h, labels = random_embeddings(0, 30, channels=8, signed=signed), random_labels(1, 30)
    value, gradient = with_gradient(lambda x: oracle(x, labels), h)
    for loss, prior in ((embedding_loss, same_label(labels)), (label_embedding_loss, labels)):
        ours, our_gradient = with_gradient(lambda x, f=loss, p=prior: f(x, p), h)
        torch.testing.assert_close(ours, value, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(our_gradient, gradient, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("distance", DISTANCES)
def test_gradients_reach_only_the_sampled_pixels(distance):
    """Through the indexing of a feature map (N, C, H, W), as in Section 2.2."""
    features = torch.rand(2, 3, 4, 5, requires_grad=True)
    pixels = torch.tensor([3, 17, 22, 39])
    h = features.movedim(1, -1).reshape(-1, 3)[pixels]
    label_embedding_loss(h, torch.tensor([0, 0, 1, 1]), distance=distance, margin=2.0).backward()
    touched = features.grad.abs().sum(1).flatten().nonzero().flatten()
    assert touched.tolist() == pixels.tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", DISTANCES)
def test_one_embedding_alone(distance, dtype):
    h = torch.tensor([[1.0, 2.0]], dtype=dtype, requires_grad=True)
    for loss in (
        embedding_loss(h, torch.tensor([[True]]), distance=distance),
        label_embedding_loss(h, torch.tensor([4]), distance=distance),
    ):
        loss.backward()
        assert loss.dtype == dtype and loss.item() == pytest.approx(0, abs=1e-6)
        assert torch.isfinite(h.grad).all()


# Eq. 1


def test_total_loss_weighs_each_layer():
    parts = {"fine": torch.tensor(3.0), "coarse": torch.tensor(5.0)}
    loss = total_loss(torch.tensor(2.0), parts, {"coarse": 0.1, "fine": 10.0})
    assert loss.item() == pytest.approx(2 + 30 + 0.5)
    assert total_loss(torch.tensor(2.0), {}, {}).item() == 2


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"x": 1.0}, r"weights must name the layers \['a'\], got \['x'\]"),
        ({}, r"weights must name the layers \['a'\], got \[\]"),
        ({"a": -0.5}, "weight of layer 'a' must be a finite number >= 0, got -0.5"),
        ({"a": math.nan}, "weight of layer 'a' must be a finite number >= 0, got nan"),
        ({"a": math.inf}, "weight of layer 'a' must be a finite number >= 0, got inf"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        total_loss(torch.tensor(1.0), {"a": torch.tensor(1.0)}, weights)


H, EVERY, LABELS = torch.ones(3, 2), torch.ones(3, 3, dtype=torch.bool), torch.tensor([0, 1, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0.0}, "margin must be a finite number > 0, got 0.0"),
        ({"margin": math.nan}, "margin must be a finite number > 0, got nan"),
        ({"distance": "manhattan"}, "distance must be one of .*, got 'manhattan'"),
        ({"reduction": "max"}, "reduction must be one of .*, got 'max'"),
    ],
)
def test_bad_options(options, message):
    for loss, prior in ((embedding_loss, EVERY), (label_embedding_loss, LABELS)):
        with pytest.raises(ValueError, match=message):
            loss(H, prior, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: embedding_loss(torch.ones(0, 2), EVERY), "embeddings must be floating point"),
        (lambda: embedding_loss(H, EVERY[:2]), r"adjacency must be bool of shape \(3, 3\), got"),
        (lambda: embedding_loss(H, EVERY.int()), "adjacency must be bool .* got torch.int32"),
        (lambda: label_embedding_loss(H[0], LABELS), "embeddings must be floating point"),
        (lambda: label_embedding_loss(H, LABELS[:2]), r"labels must be integers of shape \(3,\)"),
        (lambda: label_embedding_loss(H, LABELS.float()), "labels must be .* got torch.float32"),
        (lambda: label_embedding_loss(H, LABELS, chunk=0), "chunk must be an integer >= 1, got 0"),
        (lambda: label_embedding_loss(H, LABELS, chunk=1.5), "chunk must be an integer .* 1.5"),
        (
            lambda: (
                label_embedding_loss(H, LABELS, ignore_index=1)
                + label_embedding_loss(H, 0 * LABELS, ignore_index=0)
            ),
            "labels must hold an embedding that takes part, got only ignored ones",
        ),
    ],
)
def test_bad_pairs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: label_embedding_loss(H.numpy(), LABELS), "embeddings"),
        (lambda: label_embedding_loss(H, LABELS.tolist()), "labels"),
        (lambda: exact_embedding_loss(H.tolist(), LABELS), "embeddings"),
        (lambda: exact_embedding_loss(H, LABELS.numpy()), "labels"),
        (lambda: exact_embedding_loss(H, LABELS, strata=[0, 1, 1], counts=[1, 1]), "strata"),
        (lambda: embedding_loss(H.numpy(), EVERY), "embeddings"),
        (lambda: embedding_loss(H, EVERY.numpy()), "adjacency"),
        (lambda: dice_loss([0.0], LABELS), "logits"),
        (lambda: dice_loss(H, H.int().numpy()), "target"),
        (lambda: dice_loss(H, H.int(), [True]), "mask"),
        (lambda: pairwise(H, [[0, 0]], "l2"), "b"),
        (lambda: label_adjacency([0, 1]), "labels"),
        (lambda: neighbour_adjacency(LABELS, [0, 1, 1]), "place and time"),
        (lambda: available([0, 1]), "labels"),
        (lambda: sides(LABELS, [True, True, False]), "labelled"),
        (lambda: shrink_labels([[[0]]], 2), "labels"),
        (lambda: PixelEmbeddingLoss()(H[None].numpy(), LABELS[None]), "embeddings"),
        (lambda: PixelEmbeddingLoss()(H.T[None], [LABELS.tolist()]), "labels"),
    ],
)
def test_what_is_no_tensor_is_named(call, name):
    with pytest.raises(
        ValueError, match=f"^{name} must be a tensor of PyTorch, got (list|ndarray)"
    ):
        call()


def test_arguments_may_be_given_by_name():
    by_name = label_embedding_loss(labels=LABELS, embeddings=H, margin=0.5)
    assert by_name == label_embedding_loss(H, LABELS, margin=0.5)
