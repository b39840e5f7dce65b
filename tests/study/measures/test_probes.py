"""Looking inside a network: against runs, arithmetic and gradients done another way."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rfe_core.losses import dice_loss
from rfe_core.unet import UNet
from rfe_study.measures import probes

WIDTHS = (4, 6, 8, 10)


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def model():
    return UNet(widths=WIDTHS, norm="batch").eval()


def test_stages_are_the_docstrings_shapes_and_hold_every_parameter(model):
    seen = probes.stages(model, 24, 40)
    shapes = [(s.channels, s.height, s.width) for s in seen]
    down = [(4, 24, 40), (6, 12, 20), (8, 6, 10), (10, 3, 5)]
    assert shapes == [*down, *down[2::-1], (1, 24, 40)]
    assert [s.level for s in seen] == [0, 1, 2, 3, 2, 1, 0, 0]
    assert [s.name for s in seen] == ["down"] * 3 + ["bottom"] + ["up"] * 3 + ["head"]
    assert sum(s.parameters for s in seen) == sum(p.numel() for p in model.parameters())
    assert not model.down[0].norm2._forward_hooks  # none is left behind


def test_stages_put_the_networks_mode_back(model):
    model.train()
    probes.stages(model)
    assert model.training


@pytest.mark.parametrize("widths", [(3,), (3, 3), (3, 3, 3), (2, 2, 2, 2)])
def test_receptive_field_is_where_gradients_arrive(widths):
    model = UNet(widths=widths).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):  # positive weights: no ReLU shuts, no two paths cancel
            parameter.data.abs_()
    size = 128 if len(widths) == 4 else 64
    for position in range(size // 2, size // 2 + 2 ** (len(widths) - 1)):
        # Each pooling passes the gradient to one pixel of four, so many images are needed.
        images = torch.rand(24, 3, size, size)
        reached = probes.input_gradients(model, images, np.full((24, 2), position)).any(0)
        rows = np.flatnonzero(reached.any(1))
        assert (rows[0], rows[-1]) == probes.receptive_field(len(widths) - 1, position)


def test_receptive_field_moves_in_steps_of_a_bottleneck_pixel():
    first, last = probes.receptive_field(3, 5)
    assert probes.receptive_field(3, 5 - 8) == (first - 8, last - 8)
    widths = [last - first + 1 for first, last in (probes.receptive_field(3, p) for p in range(8))]
    assert min(widths) == 92 and max(widths) == 100
    assert probes.receptive_field(0, 7) == (5, 9)


def test_input_gradient_is_a_finite_difference(model):
    images = torch.rand(2, 3, 16, 16)
    pixels = np.array([[4, 5], [9, 3]])
    model, images = model.double(), images.double()
    maps = probes.input_gradients(model, images, pixels)
    nudged, step = images.clone(), 1e-6
    slopes = []
    for channel in range(3):
        nudged = images.clone()
        nudged[1, channel, 8, 4] += step
        change = model(nudged).logits - model(images).logits
        slopes.append(abs(change[1, 0, 9, 3].item()) / step)
    assert maps[1, 8, 4] == pytest.approx(sum(slopes), rel=1e-4)
    assert maps.shape == (2, 16, 16)


def test_centred_maps_and_their_shares():
    maps = np.zeros((2, 6, 6))
    maps[0, 1, 1], maps[1, 5, 4] = 3, 1
    maps[1, 5, 5] = 1
    cut = probes.centred(maps, np.array([[1, 1], [5, 4]]), 2)
    assert cut.shape == (2, 5, 5)
    np.testing.assert_allclose(probes.share_within(cut[0]), [1, 1, 1])
    np.testing.assert_allclose(probes.share_within(cut[1]), [0.5, 1, 1])


def by_hand(model, images, skips, coarse):
    """The forward pass written out once more, with connections cut."""
    x, kept = images, []
    for block in model.down[:-1]:
        x = block(x)
        kept.append(x)
        x = F.max_pool2d(x, 2)
    x = model.down[-1](x)
    for level in (2, 1, 0):
        up = model.up[2 - level](x)
        parts = [kept[level] * (level not in skips), up * (level not in coarse)]
        x = model.merge[2 - level](torch.cat(parts, 1))
    return model.head(x)


@pytest.mark.parametrize(
    ("skips", "coarse"), [((), ()), ((0,), ()), ((2,), ()), ((0, 1, 2), ()), ((), (1,))]
)
def test_connections_are_cut_and_mended(model, skips, coarse):
    images = torch.rand(2, 3, 16, 24)
    whole = model(images).logits
    with probes.zeroed(model, skips=skips, coarse=coarse):
        torch.testing.assert_close(model(images).logits, by_hand(model, images, skips, coarse))
        assert torch.equal(model(images).logits, whole) == (not skips and not coarse)
    assert torch.equal(model(images).logits, whole)


def test_cutting_refuses_a_level_that_is_not_there(model):
    with pytest.raises(ValueError, match=r"levels must lie in 0 \.\.\. 2, got 3"):
        with probes.zeroed(model, skips=(3,)):
            pass


def test_features_before_and_after_the_relu(model):
    images = np.random.default_rng(1).random((2, 3, 8, 8), np.float32)
    after = probes.features(model, images)
    before = probes.features(model, images, before_relu=True)
    assert before.min() < 0
    np.testing.assert_array_equal(np.maximum(before, 0), after)
    assert model.embeddings == "relu"


def test_cosines_are_those_of_a_loop():
    generator = np.random.default_rng(2)
    a, b = generator.normal(size=(5, 3)), generator.normal(size=(4, 3))
    b[2] = 0
    found = probes.cosines(a, b)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            norm = np.linalg.norm(x) * np.linalg.norm(y)
            assert found[i, j] == pytest.approx(x @ y / norm if norm else 0)


def test_pulls_are_the_gradients_of_either_class():
    target = torch.zeros(1, 4, 5, dtype=torch.long)
    target[0, 1, 2:4] = 1
    logits = torch.randn(1, 4, 5)
    value, lesion, background = probes.pulls(dice_loss, logits, target)
    assert value == pytest.approx(dice_loss(logits, target).item())
    step, total = 1e-3, {0.0: 0.0, 1.0: 0.0}
    for index in np.ndindex(4, 5):
        nudge = torch.zeros_like(logits).double()
        nudge[0][index] = step
        change = dice_loss(logits.double() + nudge, target) - dice_loss(
            logits.double() - nudge, target
        )
        total[target[0][index].item()] += abs(change.item()) / (2 * step)
    assert [background, lesion] == pytest.approx([total[0.0], total[1.0]], rel=1e-3)
