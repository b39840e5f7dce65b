"""Batch norm's statistics of crops: the mean over their batches, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rfe_core.patches import Patches
from rfe_core.settings import TrainingSettings
from rfe_core.training import build
from rfe_study.methods.batch_norm import adapt_statistics

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = TrainingSettings(widths=(4, 6, 8), norm="batch", optimizer="adam", learning_rate=0.01)


def same_weights(a, b):
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def some_patches(n, size=8, seed=0):
    images = np.random.default_rng(seed).normal(2, 3, (n, 3, size, size)).astype(np.float32)
    nothing = np.zeros((n, size, size), np.uint8)
    names, slices = np.full(n, "B"), np.zeros(n, np.int64)
    return Patches(images=images, labels=nothing, valid=nothing == 0, subjects=names, slices=slices)


def norms(model):
    return [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]


def test_adapted_statistics_are_the_mean_over_batches_by_hand():
    """The first norm sees one convolution of the images: its statistics without PyTorch's norm."""
    model, patches = build(TINY, 0), some_patches(13)
    before = {k: v.clone() for k, v in model.state_dict().items() if "running" not in k}
    adapt_statistics(model, patches, batch_size=4)  # three whole batches; the 13th patch is left
    convolution = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
    means, variances = [], []
    for start in (0, 4, 8):
        with torch.no_grad():
            x = convolution(torch.from_numpy(patches.images[start : start + 4]))
        values = x.transpose(0, 1).flatten(1).double().numpy()
        means.append(values.mean(1))
        variances.append(values.var(1, ddof=1))
    first = norms(model)[0]
    np.testing.assert_allclose(first.running_mean.numpy(), np.mean(means, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(first.running_var.numpy(), np.mean(variances, 0), rtol=1e-4)
    after = model.state_dict()
    assert all(torch.equal(v, after[k]) for k, v in before.items() if "num_batches" not in k)
    assert not model.training and not any(m.training for m in model.modules())
    assert {m.momentum for m in norms(model)} == {0.1}


def test_adapting_uses_the_running_statistics_of_nothing_before():
    """Whatever was in them; and each layer's own input, as normalised by the batch."""
    model, other = build(TINY, 0), build(TINY, 0)
    for norm in norms(other):
        norm.running_mean.fill_(9.0)
        norm.running_var.fill_(4.0)
    for network in (model, other):
        adapt_statistics(network, some_patches(20, seed=1), batch_size=6)
    assert same_weights(model, other)
    few = some_patches(2)  # fewer than a batch: what there is
    adapt_statistics(model, few, batch_size=6)
    assert not same_weights(model, other)


def test_batches_of_two_sets_are_half_and_half():
    """As in training: the variance holds what lies between the sets, too."""
    a, b = some_patches(8), some_patches(3, seed=1)  # the smaller one is shown again
    b.images[:] += 5
    model, other = build(TINY, 0), build(TINY, 0)
    adapt_statistics(model, a, b, batch_size=4)
    order = [0, 1, 8, 9, 2, 3, 8, 10, 4, 5, 9, 10, 6, 7, 8, 9]
    mixed = Patches(
        **{
            name: np.concatenate([getattr(a, name), getattr(b, name)])[order]
            for name in ("images", "labels", "valid", "subjects", "slices")
        }
    )
    adapt_statistics(other, mixed, batch_size=4)
    for ours, theirs in zip(norms(model), norms(other), strict=True):
        assert torch.allclose(ours.running_mean, theirs.running_mean, atol=1e-5)
        assert torch.allclose(ours.running_var, theirs.running_var, rtol=1e-4)
    one_after_another = build(TINY, 0)
    adapt_statistics(one_after_another, a, batch_size=4)
    between = norms(model)[0].running_var / norms(one_after_another)[0].running_var
    assert between.max() > 1.2


@pytest.mark.parametrize("norm", ["none", "group"])
def test_a_network_without_batch_norm_stays_as_it_is(norm):
    settings = replace(TINY, norm=norm)
    model, other = build(settings, 0), build(settings, 0)
    adapt_statistics(model, some_patches(4))
    assert same_weights(model, other)


def test_of_no_crops_the_statistics_stay():
    model, other = build(TINY, 0), build(TINY, 0)
    adapt_statistics(model)
    assert same_weights(model, other)


def test_a_batch_must_have_room_for_each_set():
    with pytest.raises(ValueError, match=r"multiple of the number of sets \(2\), got 3"):
        adapt_statistics(build(TINY, 0), some_patches(4), some_patches(4), batch_size=3)


def test_images_must_be_finite():
    patches = some_patches(4)
    patches.images[1, 2, 3, 4] = np.nan
    with pytest.raises(ValueError, match="images of patches must be finite, got NaN or infinity"):
        adapt_statistics(build(TINY, 0), patches)
