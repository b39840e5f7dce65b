"""PixelEmbeddingLoss: against loops, its limit, half precision, labels, and what a loop needs."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import loop_loss, same_label

import rfe_core
from rfe_core.exact import exact_embedding_loss
from rfe_core.fine_tuning import embedding_terms
from rfe_core.random_feature_embedding import PixelEmbeddingLoss
from rfe_core.sampling import sample

FIVE = [0.3, 0.3, 0.2, 0.1, 0.1]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(spatial=(5, 4, 6), n_classes=5, images=3, channels=4, seed=0, dtype=torch.float64):
    """Non-negative maps (N, C, *spatial) and labels, a tenth of them -1."""
    source = generator(seed)
    maps = torch.rand(images, channels, *spatial, generator=source, dtype=dtype)
    labels = torch.randint(n_classes, (images, *spatial), generator=source)
    labels[torch.rand(labels.shape, generator=source) < 0.1] = -1
    return maps, labels


def pixels(maps):
    """Embeddings (n, C) one by one: image by image, the last axis fastest."""
    return torch.stack([maps[n, :, *at] for n in range(len(maps)) for at in places(maps)])


def places(maps):
    return list(np.ndindex(*maps.shape[2:]))


@pytest.mark.parametrize("spatial", [(40,), (9, 7), (5, 4, 6), (2, 3, 4, 3)])
@pytest.mark.parametrize(("distance", "margin"), [("cosine", 1.0), ("cosine", 0.7), ("l2", 0.6)])
def test_equals_a_double_loop_over_the_drawn_pixels_of_five_classes(spatial, distance, margin):
    maps, labels = batch(spatial)
    rfe = PixelEmbeddingLoss(20, FIVE, distance=distance, margin=margin, weight=3.0)
    flat = labels.flatten()
    drawn = sample(flat, 20, strategy=FIVE, generator=generator(), shortfall="all available")
    h, own = pixels(maps)[drawn.indices], flat[drawn.indices]
    expected = 3 * loop_loss(h, same_label(own), distance, margin) / len(own) ** 2
    assert rfe(maps, labels).item() == pytest.approx(expected.item(), rel=1e-9)


def test_sides_are_those_of_fine_tuning():
    maps, labels = batch((8, 8), n_classes=2, images=4)
    labelled = torch.arange(4) < 2
    for n_e in (12, "all"):
        rfe = PixelEmbeddingLoss(n_e, "80/20", weight=2.0)
        found = embedding_terms([maps], labels, labelled, {0: rfe}, generator=generator())
        assert rfe(maps, labels, labelled) == 2 * found[0].loss


def test_gradients_reach_only_the_drawn_pixels():
    maps, labels = batch()
    maps.requires_grad_()
    PixelEmbeddingLoss(20, FIVE)(maps, labels).backward()
    drawn = sample(labels.flatten(), 20, strategy=FIVE, generator=generator())
    touched = pixels(maps.grad).abs().sum(1).nonzero().flatten()
    assert touched.tolist() == drawn.indices.sort().values.tolist()


def test_all_is_eq_2_over_all_pixels_that_count():
    maps, labels = batch()
    maps.requires_grad_()
    rfe = PixelEmbeddingLoss("all", "distribution-aware", n_classes=5, reduction="sum")
    loss = rfe(maps, labels)
    own = labels.flatten()
    h = pixels(maps.detach())
    expected = loop_loss(h[own >= 0][:90], same_label(own[own >= 0][:90]), "cosine", 1.0)
    assert exact_embedding_loss(h[own >= 0][:90], own[own >= 0][:90]) == pytest.approx(expected)
    assert loss.item() == pytest.approx(exact_embedding_loss(h, own).item(), rel=1e-9)
    loss.backward()
    assert torch.equal(pixels(maps.grad).abs().sum(1) > 0, own >= 0)


@pytest.mark.parametrize("strategy", ["50/50", FIVE, {1: 0.5, 4: 0.5}, "0.5x"])
@pytest.mark.parametrize("two_sides", [False, True])
def test_all_is_the_mean_of_sampled_losses(strategy, two_sides):
    """Of as many embeddings as the strategy allows, within four standard errors."""
    maps, labels = batch((6, 5), images=4)
    labelled = torch.tensor([True, False, False, True]) if two_sides else None
    limit = PixelEmbeddingLoss("all", strategy, n_classes=5).compare(maps, labels, labelled)
    (n_e,) = {sum(drawn) for drawn in limit.drawn.values()}
    rfe = PixelEmbeddingLoss(n_e, strategy, n_classes=5, shortfall="error")
    losses = torch.stack([rfe(maps, labels, labelled) for _ in range(200)])
    error = losses.std() / len(losses) ** 0.5
    assert 0 < error < 0.05 * limit.loss
    assert abs(losses.mean() - limit.loss) < 4 * error
    # one more would run short, and other shares would not pass
    with pytest.raises(ValueError, match=rf"n_e = {n_e + 1} wants .* available"):
        PixelEmbeddingLoss(n_e + 1, strategy, n_classes=5, shortfall="error")(
            maps, labels, labelled
        )
    other = PixelEmbeddingLoss("all", [0.6, 0.1, 0.1, 0.1, 0.1])(maps, labels, labelled)
    assert abs(losses.mean() - other) > 4 * error


def test_once_the_natural_share_is_distribution_aware():
    """Drawn and of all pixels; and a multiple weighs the classes as shares of that size do."""
    maps, labels = batch(n_classes=2)
    for n_e in (40, "all"):
        once, aware = (
            PixelEmbeddingLoss(n_e, s)(maps, labels) for s in ("1x", "distribution-aware")
        )
        assert once == aware
    labels[labels >= 0] = 0
    labels[0].flatten()[::10] = 1
    lesion = float((labels == 1).sum() / (labels >= 0).sum())
    thrice, shares = (
        PixelEmbeddingLoss("all", s)(maps, labels) for s in ("3x", [1 - 3 * lesion, 3 * lesion])
    )
    assert thrice.item() == pytest.approx(shares.item(), rel=0.01)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.01, 100), n_e=st.sampled_from([25, "all"]))
def test_cosine_ignores_lengths_and_all_ignores_the_order_of_pixels(seed, scale, n_e):
    maps, labels = batch(seed=seed)
    rfe = PixelEmbeddingLoss(n_e, FIVE)
    loss = rfe(maps, labels, generator=generator(seed)).item()
    lengths = scale * (1 + torch.rand(labels.shape, generator=generator(seed)))
    scaled = rfe(maps * lengths[:, None], labels, generator=generator(seed)).item()
    assert scaled == pytest.approx(loss, rel=1e-9)
    if n_e == "all":
        turned = rfe(maps.flip(0).transpose(2, 4), labels.flip(0).transpose(1, 3)).item()
        assert turned == pytest.approx(loss, rel=1e-9)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_the_names_of_the_classes_do_not_matter(seed):
    """Where every pixel counts, the loss only knows which labels are equal."""
    maps, labels = batch(seed=seed)
    new = torch.randperm(5, generator=generator(seed))
    renamed = torch.where(labels < 0, labels, new[labels])
    rfe = PixelEmbeddingLoss("all", "distribution-aware", n_classes=5)
    assert rfe(maps, renamed).item() == pytest.approx(rfe(maps, labels).item(), rel=1e-9)


@pytest.mark.parametrize("n_e", [200, "all"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_half_precision_is_computed_in_float32(n_e, dtype, reduction):
    maps, labels = batch((40, 40), channels=16, dtype=torch.float32)
    half = (50 * maps).to(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    rfe = PixelEmbeddingLoss(n_e, FIVE, reduction=reduction)
    expected = rfe(full, labels, generator=generator())
    with torch.autocast("cpu", dtype=dtype):
        inside = rfe(half, labels, generator=generator())
        alike = rfe(full, labels, generator=generator())
    outside = rfe(half, labels, generator=generator())
    for loss in (inside, alike, outside):
        assert loss.dtype == torch.float32
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    inside.backward()
    expected.backward()
    assert half.grad.dtype == dtype
    torch.testing.assert_close(half.grad.float(), full.grad, rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize("n_e", [20, "all"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_labels_of_any_integer_dtype(n_e, dtype):
    maps, labels = batch()
    ignored = 255 if dtype == torch.uint8 else -100
    expected = PixelEmbeddingLoss(n_e, FIVE)(maps, labels)
    own = labels.masked_fill(labels == -1, ignored).to(dtype)
    assert PixelEmbeddingLoss(n_e, FIVE, ignore_index=ignored)(maps, own) == expected
    if ignored == 255:
        with pytest.raises(ValueError, match=r"labels must be 0, 1, 2, 3, 4 or -1 .*, got 255"):
            PixelEmbeddingLoss(n_e, FIVE)(maps, own)


@pytest.mark.parametrize("n_e", [20, "all"])
def test_masks_are_labels(n_e):
    maps, labels = batch(n_classes=2)
    mask = labels == 1
    rfe = PixelEmbeddingLoss(n_e)
    assert rfe(maps, mask, generator=generator()) == rfe(maps, mask.long(), generator=generator())


@pytest.mark.parametrize("n_e", [20, "all"])
def test_channels_last_gives_the_same(n_e):
    maps, labels = batch((6, 6))
    other = maps.contiguous(memory_format=torch.channels_last)
    rfe = PixelEmbeddingLoss(n_e, FIVE)
    assert rfe(maps, labels, generator=generator()) == rfe(other, labels, generator=generator())


def test_each_call_draws_anew_and_a_copy_goes_on_alike():
    maps, labels = batch()
    rfe = PixelEmbeddingLoss(20, FIVE, seed=7)
    assert rfe.state_dict() == {} and list(rfe.parameters()) == []
    torch.manual_seed(0)
    first = rfe(maps, labels)
    copies = [copy.deepcopy(rfe), pickle.loads(pickle.dumps(rfe))]
    torch.manual_seed(1)
    second = rfe(maps, labels)
    assert first != second
    assert all(twin(maps, labels) == second for twin in copies)
    assert PixelEmbeddingLoss(20, FIVE, seed=7)(maps, labels) == first
    assert PixelEmbeddingLoss(20, FIVE, seed=8)(maps, labels) != first
    state = rfe.generator.get_state()
    assert rfe(maps, labels, generator=generator(7)) == first
    assert torch.equal(rfe.generator.get_state(), state)


def test_it_says_what_it_is():
    assert str(PixelEmbeddingLoss(np.int64(50), FIVE, ignore_index=255)) == (
        "PixelEmbeddingLoss(n_e=50, strategy=[0.3, 0.3, 0.2, 0.1, 0.1], n_classes=5, "
        "distance='cosine', margin=1.0, weight=1.0, reduction='mean', "
        "shortfall='all available', ignore_index=255)"
    )


def test_a_class_that_runs_short():
    maps, labels = batch(n_classes=3)
    options = {"n_classes": 4}
    found = PixelEmbeddingLoss(40, "50/50", **options).compare(maps, labels)
    assert found.wanted == {"all": (10, 10, 10, 10)} and found.drawn == {"all": (10, 10, 10, 0)}
    with pytest.raises(ValueError, match="wants 10 class 3 pixels, got 0 available"):
        PixelEmbeddingLoss(40, "50/50", shortfall="error", **options)(maps, labels)
    labels[labels == 2], labels[0, 0, 0, :3] = 1, 2
    found = PixelEmbeddingLoss(40, [0.5, 0, 0.5], shortfall="replace").compare(maps, labels)
    assert found.drawn == {"all": (20, 0, 20)} and (found.labels == 2).sum() == 20
    with pytest.raises(ValueError, match=r"sampling of all pixels wants .*, got .* available"):
        PixelEmbeddingLoss("all", "50/50", shortfall="error", **options)(maps, labels)


def test_the_package_gives_it_without_loading_torch_first():
    assert rfe_core.PixelEmbeddingLoss is PixelEmbeddingLoss
    with pytest.raises(AttributeError, match="module 'rfe_core' has no attribute 'PixelLoss'"):
        rfe_core.PixelLoss  # noqa: B018
    code = "import rfe_core, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_e": 1}, 'n_e must be an integer >= 2 or "all", got 1'),
        ({"n_e": 20.0}, 'n_e must be an integer >= 2 or "all", got 20.0'),
        ({"n_e": "each"}, "n_e must be an integer >= 2 or \"all\", got 'each'"),
        ({"strategy": "60/40"}, "strategy must be one of .* or shares as .*, got '60/40'"),
        ({"strategy": [0.5, 0.6]}, "class shares must sum to 1, got"),
        ({"n_classes": 1}, "n_classes must be an integer >= 2, got 1"),
        ({"distance": "ACD"}, "distance must be one of .*, got 'ACD'"),
        ({"margin": 0}, "margin must be a finite number > 0, got 0"),
        ({"margin": math.inf}, "margin must be a finite number > 0, got inf"),
        ({"weight": -1}, "weight must be a finite number >= 0, got -1"),
        ({"margin": "1"}, "margin must be a finite number > 0, got '1'"),
        ({"weight": None}, "weight must be a finite number >= 0, got None"),
        ({"strategy": 3}, "strategy must be a name or class shares, got 3"),
        ({"ignore_index": "x"}, "ignore_index must be an integer >= .*, got 'x'"),
        ({"reduction": "max"}, "reduction must be one of .*, got 'max'"),
        ({"shortfall": "ignore"}, "shortfall must be one of .*, got 'ignore'"),
        ({"n_e": "all", "margin": 0.5}, "needs distance 'cosine' and margin 1, got 'cosine'"),
        ({"n_e": "all", "distance": "l2"}, "needs distance 'cosine' and margin 1, got 'l2'"),
        ({"n_e": "all", "shortfall": "replace"}, "draws nothing twice, got shortfall 'replace'"),
    ],
)
def test_bad_settings_one_by_one(change, message):
    with pytest.raises(ValueError, match=message):
        PixelEmbeddingLoss(**{"n_e": 20, "strategy": "50/50"} | change)


MAPS, LABELS = batch((4, 4), n_classes=2, images=2)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((MAPS[0, 0], LABELS), r"embeddings must be .* \(N, C, \*spatial\), got .* \(4, 4\)"),
        ((MAPS.long(), LABELS), "embeddings must be floating point .*, got torch.int64"),
        ((MAPS, LABELS[:1]), r"labels must be integers of shape \(2, 4, 4\), .* \(1, 4, 4\)"),
        ((MAPS, LABELS.double()), "labels must be integers .*, got torch.float64"),
        ((MAPS, LABELS + 1), r"labels must be 0, 1 or -1 \(ignored\), got 2"),
        ((MAPS, LABELS * 0 - 1), "labels must hold a pixel that is not ignored, got none"),
        ((MAPS, LABELS, torch.ones(2)), r"labelled must be bool of shape \(2,\), got torch.float"),
        ((MAPS, LABELS, torch.ones(3) > 0), r"labelled must be bool of shape \(2,\), got .*\(3,\)"),
        ((MAPS, LABELS, torch.ones(2) > 0), "labels must hold a pixel that is not ignored"),
    ],
)
@pytest.mark.parametrize("n_e", [4, "all"])
def test_bad_inputs_one_by_one(inputs, message, n_e):
    with pytest.raises(ValueError, match=message):
        PixelEmbeddingLoss(n_e, "50/50")(*inputs)


def test_all_refuses_negative_embeddings():
    with pytest.raises(ValueError, match="embeddings must be >= 0"):
        PixelEmbeddingLoss("all")(MAPS - 0.5, LABELS)


@pytest.mark.parametrize("n_e", [20, "all"])
def test_background_may_be_what_is_ignored(n_e):
    maps, labels = batch(n_classes=3)
    labels[labels == -1] = 0
    maps.requires_grad_()
    rfe = PixelEmbeddingLoss(n_e, "distribution-aware", n_classes=3, ignore_index=0)
    rfe(maps, labels).backward()
    assert (maps.grad != 0).any(1)[labels == 0].sum() == 0


@pytest.mark.parametrize("few", [0, 1])
@pytest.mark.parametrize("sides", [None, torch.tensor([True, False])])
def test_all_pixels_of_a_batch_with_one_pixel_of_a_class(few, sides):
    """The least that can be compared is two, however few pixels a class has."""
    labels = torch.ones(2, 4, 4, dtype=torch.long)
    labels[:, 0, :few] = 0
    maps = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    found = PixelEmbeddingLoss("all", "80/20").compare(maps, labels, sides)
    assert torch.isfinite(found.loss)
    for side, drawn in found.drawn.items():
        assert drawn[0] == few * (2 if sides is None else 1)
        assert all(n <= want for n, want in zip(drawn, found.wanted[side], strict=True))


def test_a_side_without_pixels_is_named():
    maps, labels = torch.rand(2, 3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.long)
    with pytest.raises(ValueError, match="side 'unlabelled': labels must hold a pixel"):
        PixelEmbeddingLoss(4, "50/50")(maps, labels, torch.tensor([True, True]))


def test_maps_without_anything_are_refused():
    for shape in ((0, 3, 4, 4), (2, 0, 4, 4), (2, 3, 0, 4)):
        maps, labels = torch.zeros(shape), torch.zeros(shape[:1] + shape[2:], dtype=torch.long)
        with pytest.raises(ValueError, match=r"not empty, of shape \(N, C, \*spatial\)"):
            PixelEmbeddingLoss(4)(maps, labels)


def test_the_loss_is_found_by_completion():
    import rfe_core

    assert "PixelEmbeddingLoss" in dir(rfe_core)
