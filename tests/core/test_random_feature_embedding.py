"""The embedding term of a training step: against loops, its limit, its counts and its errors."""

import math
from types import SimpleNamespace

import pytest
import torch
from pairs import loop_loss, same_label

from rfe_core.fine_tuning import drawn_numbers, embedding_terms
from rfe_core.random_feature_embedding import ALL, PixelEmbeddingLoss
from rfe_core.sampling import CLASSES, STRATEGIES, available, counts, sample_sides, shrink_labels

SIDES = ("labelled", "unlabelled")
LABELLED = torch.tensor([True, True, False, False])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(seed=0, size=7, channels=(3, 4), lesion=0.25, ignored=0.1, dtype=torch.float64):
    """Levels (4, C_k, size / 2^k, size / 2^k), non-negative, and labels of two + two images."""
    source = generator(seed)
    sizes = [-(-size // 2**k) for k in range(len(channels))]
    levels = [
        torch.rand(4, c, s, s, generator=source, dtype=dtype)
        for c, s in zip(channels, sizes, strict=True)
    ]
    draw = torch.rand(4, size, size, generator=source)
    labels = (draw < lesion).long()
    labels[draw > 1 - ignored] = -1
    return levels, labels


def terms(levels, labels, seed=0, layers=(0,), **settings):
    """Of each layer the loss, the counts of what was drawn and the lengths."""
    loss = PixelEmbeddingLoss(**{"strategy": "80/20", "n_e": 20} | settings)
    found = embedding_terms(
        levels, labels, LABELLED, dict.fromkeys(layers, loss), generator=generator(seed)
    )
    return {k: with_numbers(term) for k, term in found.items()}


def with_numbers(term):
    numbers = drawn_numbers(term)
    length = {name: x for name, x in numbers.items() if name.startswith("length_")}
    drawn = {name: x for name, x in numbers.items() if name not in length}
    return SimpleNamespace(loss=term.loss, drawn=drawn, length=length)


def term(levels, labels, seed=0, **settings):
    """The only layer's term."""
    (found,) = terms(levels, labels, seed, **settings).values()
    return found


def side_labels(labels):
    """Labels (n,) of either side alone."""
    return {"labelled": labels[LABELLED].flatten(), "unlabelled": labels[~LABELLED].flatten()}


def pixels(level):
    """Feature map (N, C, H, W) as embeddings (N H W, C), image by image, row by row."""
    rows = [level[n, :, y, x] for n in range(len(level)) for y, x in grid(level)]
    return torch.stack(rows)


def grid(level):
    return [(y, x) for y in range(level.shape[2]) for x in range(level.shape[3])]


@pytest.mark.parametrize(("distance", "margin"), [("cosine", 1.0), ("l2", 0.6), ("l2", 1000.0)])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("reduction", "layer"), [("sum", 0), ("per_embedding", 1), ("mean", 0), ("mean", 1)]
)
def test_equals_a_double_loop_over_the_drawn_pixels(strategy, distance, margin, reduction, layer):
    levels, labels = batch()
    found = term(
        levels,
        labels,
        strategy=strategy,
        distance=distance,
        margin=margin,
        reduction=reduction,
        layers=(layer,),
        n_e=7,
    )
    own = shrink_labels(labels, 2**layer).flatten()
    side = LABELLED.repeat_interleave(own.numel() // 4)
    drawn = sample_sides(
        own, side, 7, strategy=strategy, generator=generator(), shortfall="all available"
    )
    index = torch.cat([drawn[name].indices for name in SIDES])
    h, of_class = pixels(levels[layer])[index], own[index]
    n = len(index)
    total = loop_loss(h, same_label(of_class), distance, margin)
    divisor = {"sum": 1, "per_embedding": n, "mean": n**2}[reduction]
    assert found.loss.item() == pytest.approx(total.item() / divisor, rel=1e-9)
    for name in SIDES:
        for c, label in enumerate(CLASSES):
            assert found.drawn[f"drawn_{name}_{label}"] == drawn[name].drawn[c]
    for c, label in enumerate(CLASSES):
        lengths = h[of_class == c].norm(dim=1)
        assert found.length[f"length_{label}"] == pytest.approx(lengths.mean().item())


def test_n_e_is_drawn_from_either_side():
    levels, labels = batch(size=12)
    found = term(levels, labels, n_e=20)
    for name in SIDES:
        assert [found.drawn[f"drawn_{name}_{label}"] for label in CLASSES] == [16, 4]
    assert found.drawn["short"] == 0


def test_gradients_reach_only_the_drawn_pixels():
    levels, labels = batch()
    levels[0].requires_grad_()
    term(levels, labels, n_e=10).loss.backward()
    own, side = labels.flatten(), LABELLED.repeat_interleave(labels[0].numel())
    drawn = sample_sides(own, side, 10, strategy="80/20", generator=generator())
    expected = torch.cat([drawn[name].indices for name in SIDES]).sort().values
    touched = pixels(levels[0].grad).abs().sum(1).nonzero().flatten()
    assert touched.tolist() == expected.tolist()


def test_all_pixels_that_count_get_a_gradient_under_all():
    levels, labels = batch()
    levels[0].requires_grad_()
    term(levels, labels, n_e=ALL).loss.backward()
    touched = pixels(levels[0].grad).abs().sum(1) > 0
    assert torch.equal(touched, labels.flatten() >= 0)


@pytest.mark.parametrize(
    ("strategy", "reduction"),
    [
        ("50/50", "mean"),
        ("distribution-aware", "per_embedding"),
        ("80/20", "mean"),
        ("0.5x", "sum"),
    ],
)
def test_all_is_the_mean_of_sampled_losses(strategy, reduction):
    """At as many embeddings a side as the strategy allows, within four standard errors."""
    levels, labels = batch(3, size=6, lesion=0.3)
    settings = {"strategy": strategy, "reduction": reduction}
    limit = term(levels, labels, n_e=ALL, **settings)
    for name, own in side_labels(labels).items():
        n_e = sum(limit.drawn[f"drawn_{name}_{label}"] for label in CLASSES)
        wanted = counts(own, n_e, strategy)
        assert wanted == tuple(limit.drawn[f"drawn_{name}_{label}"] for label in CLASSES)
    assert limit.drawn["short"] == 0
    losses = torch.tensor(
        [term(levels, labels, seed, n_e=n_e, **settings).loss for seed in range(250)]
    )
    error = losses.std() / len(losses) ** 0.5
    assert error > 0
    assert abs(losses.mean() - limit.loss) < 4 * error
    # with a power to tell: the loss of other counts would not pass
    other = next(s for s in STRATEGIES if s != strategy)
    elsewhere = term(levels, labels, n_e=ALL, **{**settings, "strategy": other}).loss
    assert abs(losses.mean() - elsewhere) > 4 * error


@pytest.mark.parametrize("layer", [0, 1])
def test_all_is_the_double_loop_where_everything_is_drawn(layer):
    """Distribution-aware with sides of equal size and share: every pixel that counts is drawn."""
    levels, labels = batch(1, size=4)
    labels[2:] = labels[:2]
    found = term(levels, labels, n_e=ALL, strategy="distribution-aware", layers=(layer,))
    own = shrink_labels(labels, 2**layer).flatten()
    for name, half in zip(SIDES, own.chunk(2), strict=True):
        there = tuple(found.drawn[f"drawn_{name}_{label}"] for label in CLASSES)
        assert there == available(half)
    h = pixels(levels[layer])[own >= 0]
    expected = loop_loss(h, same_label(own[own >= 0]), "cosine", 1.0) / len(h) ** 2
    assert found.loss.item() == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize(
    ("strategy", "background", "lesion"),
    [("50/50", 11, 11), ("80/20", 24, 6), ("distribution-aware", 21, 4), ("1x", 21, 4)],
)
def test_where_everything_is_drawn_sampling_is_all(strategy, background, lesion):
    """Sides whose pixels have the strategy's share: the largest n_e leaves none behind."""
    levels, _ = batch(2, size=4)
    side = torch.tensor([0] * background + [1] * lesion + [-1] * (32 - background - lesion))
    orders = [torch.randperm(32, generator=generator(seed)) for seed in (0, 1)]
    labels = torch.cat([side[order] for order in orders]).view(4, 4, 4)
    limit = term(levels, labels, n_e=ALL, strategy=strategy)
    for seed in (0, 1):
        sampled = term(levels, labels, seed, n_e=background + lesion, strategy=strategy)
        assert sampled.loss.item() == pytest.approx(limit.loss.item(), rel=1e-9)
        assert sampled.drawn == limit.drawn
    assert sum(limit.drawn[f"drawn_unlabelled_{label}"] for label in CLASSES) == background + lesion


def test_several_layers_are_drawn_one_after_another():
    levels, labels = batch(size=12)
    both = terms(levels, labels, n_e=10, layers=(0, 1))
    assert list(both) == [0, 1]
    assert both[0].loss == term(levels, labels, n_e=10).loss
    assert both[1].loss != term(levels, labels, n_e=10, layers=(1,)).loss


def test_the_generator_alone_decides():
    levels, labels = batch()
    torch.manual_seed(1)
    first = term(levels, labels, 5).loss
    torch.manual_seed(2)
    assert term(levels, labels, 5).loss == first != term(levels, labels, 6).loss


@pytest.mark.parametrize("distance", ["cosine", "l2"])
def test_a_class_that_runs_short_is_taken_whole_and_recorded(distance):
    levels, labels = batch(size=12, lesion=0, ignored=0)
    labels[1, 3, 4:7] = 1  # three lesion pixels; 50/50 of 40 wants 20
    labels[3] = 1
    levels[0].requires_grad_()
    found = term(levels, labels, strategy="50/50", n_e=40, distance=distance)
    assert found.drawn == {
        "drawn_labelled_background": 20,
        "drawn_labelled_lesion": 3,
        "drawn_unlabelled_background": 20,
        "drawn_unlabelled_lesion": 20,
        "short": 1.0,
    }
    found.loss.backward()
    assert (levels[0].grad[1, :, 3, 4:7].abs().sum(0) > 0).all()
    assert math.isfinite(found.loss.item()) and found.loss.item() > 0


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("side", SIDES)
def test_a_side_without_lesion(strategy, side):
    levels, labels = batch(size=8, ignored=0)
    empty = LABELLED if side == "labelled" else ~LABELLED
    labels[empty] = 0
    found = term(levels, labels, strategy=strategy, n_e=20)
    assert found.drawn[f"drawn_{side}_lesion"] == 0
    wanted = 0 if strategy == "distribution-aware" else {"50/50": 10, "80/20": 4}[strategy]
    assert found.drawn[f"drawn_{side}_background"] == 20 - wanted
    assert found.drawn["short"] == float(wanted > 0)
    assert math.isfinite(found.loss.item())


def test_no_lesion_at_all_has_no_length_of_lesion():
    levels, labels = batch(lesion=0)
    found = term(levels, labels)
    assert set(found.length) == {"length_background"}


@pytest.mark.parametrize("n_e", [20, ALL])
@pytest.mark.parametrize("side", SIDES)
def test_a_side_that_is_ignored_is_an_error(side, n_e):
    levels, labels = batch()
    labels[LABELLED if side == "labelled" else ~LABELLED] = -1
    with pytest.raises(ValueError, match="labels must hold a pixel that is not ignored, got none"):
        term(levels, labels, n_e=n_e)


def test_a_layer_that_does_not_exist_is_an_error():
    levels, labels = batch()
    with pytest.raises(ValueError, match=r"layers must be in 0..1, .* got \(0, 2\)"):
        term(levels, labels, layers=(0, 2))
