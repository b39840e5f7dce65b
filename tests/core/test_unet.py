"""The network: shapes, padding, what the embeddings are, the paper's architecture, bad inputs."""

import pytest
import torch
from torch import nn

from rfe_core.losses import dice_loss, label_embedding_loss, total_loss
from rfe_core.sampling import shrink_labels
from rfe_core.unet import UNet


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (8, 8), (17, 23), (40, 32)])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_any_size_in_same_size_out(size, norm):
    model = UNet(widths=(4, 5, 6, 7), norm=norm).eval()
    logits, embeddings = model(torch.rand(2, 3, *size))
    assert logits.shape == (2, 1, *size)
    assert embeddings.shape == (2, 4, *size)


def test_padding_is_zeros_at_the_bottom_and_right():
    model = UNet(widths=(4, 6, 8)).eval()
    image = torch.rand(1, 3, 9, 14)
    padded = torch.zeros(1, 3, 12, 16)
    padded[..., :9, :14] = image
    torch.testing.assert_close(model(image).logits, model(padded).logits[..., :9, :14])


def test_embeddings_are_the_heads_input():
    model = UNet(widths=(4, 6, 8), norm="batch").eval()
    logits, embeddings = model(torch.rand(2, 3, 16, 16))
    assert embeddings.min() >= 0 and embeddings.max() > 0
    by_hand = torch.einsum("nchw,oc->nohw", embeddings, model.head.weight[..., 0, 0])
    torch.testing.assert_close(logits, by_hand + model.head.bias.view(1, 1, 1, 1))


def test_linear_embeddings_become_the_others_through_a_relu():
    model = UNet(widths=(4, 6, 8), embeddings="linear").eval()
    images = torch.rand(2, 3, 16, 16)
    linear = model(images)
    model.embeddings = "relu"
    after = model(images)
    assert linear.embeddings.min() < 0
    assert torch.equal(linear.embeddings.relu(), after.embeddings)
    assert torch.equal(linear.logits, after.logits)


def test_the_default_is_the_papers_network():
    model = UNet()
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    ups = [m for m in model.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [c.out_channels for c in convolutions[:8]] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [(u.in_channels, u.out_channels) for u in ups] == [(512, 256), (256, 128), (128, 64)]
    assert all(c.kernel_size == (3, 3) and c.padding == (1, 1) for c in convolutions[:-1])
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    assert model.dropout.p == 0.5
    assert model(torch.rand(1, 3, 8, 8)).embeddings.shape[1] == 64


def test_the_receptive_field_is_limited_but_wide():
    """With three poolings, pixels 8 apart share information; those 100 apart do not."""
    model = UNet(widths=(4, 5, 6, 7)).eval()
    image = torch.rand(1, 3, 8, 208, requires_grad=True)
    model(image).logits[0, 0, 4, 104].backward()
    touched = image.grad.abs().sum(dim=(0, 1, 2)).nonzero().flatten()
    assert touched.min() < 104 - 16 and touched.max() > 104 + 16
    assert touched.min() > 0 and touched.max() < 207


def test_every_parameter_gets_a_gradient():
    model = UNet(widths=(4, 5, 6), norm="batch", dropout=0.0)
    model(torch.rand(2, 3, 16, 16)).logits.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_initial_activations_keep_their_scale():
    model = UNet(widths=(16, 32, 64, 64)).eval()
    embeddings = model(torch.randn(2, 3, 32, 32)).embeddings
    assert 0.1 < embeddings.std() < 10


def test_dropout_acts_in_training_only():
    model = UNet(widths=(4, 8))
    image = torch.rand(1, 3, 8, 8)
    assert not torch.equal(model(image).logits, model(image).logits)
    model.eval()
    assert torch.equal(model(image).logits, model(image).logits)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"in_channels": 0}, "in_channels must be an integer >= 1, got 0"),
        ({"widths": ()}, "widths must be"),
        ({"widths": (4, 0)}, "widths must be"),
        ({"norm": "layer"}, "norm must be one of .*, got 'layer'"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"embeddings": "tanh"}, "embeddings must be"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        UNet(**settings)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 2, 8, 8), (1, 3, 0, 8)])
def test_bad_images(shape):
    with pytest.raises(ValueError, match="images must have shape"):
        UNet(widths=(4, 8))(torch.zeros(shape))


@pytest.mark.parametrize("embeddings", ["relu", "linear"])
def test_levels_are_the_expanding_path_finest_first(embeddings):
    model = UNet(widths=(4, 5, 6, 7), embeddings=embeddings).eval()
    images = torch.rand(2, 3, 17, 22)
    logits, levels = model.forward_levels(images)
    assert [tuple(h.shape[1:]) for h in levels] == [(4, 17, 22), (5, 9, 11), (6, 5, 6)]
    assert torch.equal(logits, model(images).logits)
    assert torch.equal(levels[0], model(images).embeddings)
    assert all((h.min() < 0) == (embeddings == "linear") for h in levels)


def test_a_single_level_without_pooling():
    _, levels = UNet(widths=(4,)).forward_levels(torch.rand(1, 3, 5, 6))
    assert [h.shape for h in levels] == [(1, 4, 5, 6)]


def test_equation_1_with_two_layers_trains_both():
    """A term at level 1 reaches what lies under it; the term at level 0 also the last block."""
    model = UNet(widths=(4, 6, 8), dropout=0.0)
    labels = torch.zeros(2, 18, 13, dtype=torch.long)
    labels[:, 4, 7] = 1  # one lesion pixel each: it must survive at the coarser level
    logits, levels = model.forward_levels(torch.rand(2, 3, 18, 13))
    embedding = {}
    for k, level in enumerate(levels):
        of_level = shrink_labels(labels, 2**k)
        assert of_level.shape == (2, *level.shape[2:]) and of_level.sum() == 2
        h = level.movedim(1, -1).flatten(0, 2)
        embedding[f"level {k}"] = label_embedding_loss(h, of_level.flatten(), reduction="mean")
    weights = {"level 0": 0.5, "level 1": 2.0}
    loss = total_loss(dice_loss(logits, labels), embedding, weights)

    def reached(scalar):
        parts = {"level 0": model.merge[1].conv2.weight, "level 1": model.merge[0].conv2.weight}
        found = torch.autograd.grad(scalar, parts.values(), retain_graph=True, allow_unused=True)
        return {name for name, g in zip(parts, found, strict=True) if g is not None and g.any()}

    assert reached(embedding["level 1"]) == {"level 1"}
    assert reached(embedding["level 0"]) == {"level 0", "level 1"}
    expected = dice_loss(logits, labels) + 0.5 * embedding["level 0"] + 2 * embedding["level 1"]
    assert loss.item() == pytest.approx(expected.item())
    assert reached(loss) == {"level 0", "level 1"}
