r"""How far the gradient of a sampled embedding loss is from the exact one, where it counts.

The gradient by an embedding is zero wherever a pixel was not drawn, so compared there any sample
looks hopeless. What training uses is the gradient by the network's *weights*, to which all pixels
add. The closest ones are those of the layer that makes the embeddings,
:math:`h_i = \mathrm{ReLU}(s \odot (W p_i + b))` with :math:`p_i` the 3 x 3 neighbourhood that pixel
i sees and s the scale of batch normalisation (1 without):

.. math:: \frac{\partial L}{\partial W}
          = \sum_i \Bigl(\frac{\partial L}{\partial h_i} \odot [h_i > 0] \odot s\Bigr) p_i^\top .

No pass through the network is needed, so hundreds of samples take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from rfe_core.exact import exact_embedding_loss
from rfe_core.sampling import STRATEGIES, available
from rfe_core.sampling import counts as wanted_counts
from rfe_core.unet import UNet
from rfe_study.measures import monte_carlo


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingLayer:
    """The layer that makes the embeddings, at n pixels of a batch.

    Attributes
    ----------
    embeddings : Tensor, (n, C)
        After the ReLU.
    labels : Tensor, (n,) int64
        1 lesion, 0 background; pixels to be ignored are left out.
    inputs : Tensor, (n, 9 K)
        Neighbourhoods that the layer's K input channels show each pixel.
    scale : Tensor, (C,)
        What batch normalisation multiplies by.
    """

    embeddings: Tensor
    labels: Tensor
    inputs: Tensor
    scale: Tensor

    def weight_gradient(self, gradient: Tensor, pixels: Tensor | None = None) -> Tensor:
        """From a gradient by embeddings (m, C) to that by W, (C, 9 K).

        `pixels` (m,) are the rows that the gradient belongs to, by default all.
        """
        h, p = self.embeddings, self.inputs
        if pixels is not None:
            h, p = h[pixels], p[pixels]
        return (gradient.to(p.dtype) * (h > 0) * self.scale).T @ p


def embedding_layer(model: UNet, images: Tensor, labels: Tensor) -> EmbeddingLayer:
    """Run a batch through the network (evaluation mode) and keep its last 3 x 3 layer.

    Parameters
    ----------
    model : UNet
    images : Tensor, (N, 3, H, W)
        H and W multiples of ``model.multiple``.
    labels : Tensor, (N H W,) int64
        1 lesion, 0 background, -1 ignored.

    Raises
    ------
    ValueError
        If the number of labels is not that of pixels, or the images' sides do not divide.
    """
    n, _, height, width = images.shape
    if labels.shape != (n * height * width,):
        raise ValueError(
            f"labels must have shape ({n * height * width},), got {tuple(labels.shape)}"
        )
    if height % model.multiple or width % model.multiple:
        raise ValueError(
            f"sides of images must be multiples of {model.multiple}, got {height} x {width}"
        )
    block = (model.merge or model.down)[-1]
    seen: list[Tensor] = []
    hook = block.conv2.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(images)
            h = F.relu(block.norm2(block.conv2(seen[0])))
    finally:
        hook.remove()
        model.train(training)
    part = labels >= 0
    inputs = F.unfold(seen[0], 3, padding=1).transpose(1, 2).flatten(0, 1)[part]
    scale = torch.ones(h.shape[1])
    if isinstance(block.norm2, torch.nn.BatchNorm2d):
        norm = block.norm2
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
    rows = h.permute(0, 2, 3, 1).flatten(0, 2)[part]
    return EmbeddingLayer(embeddings=rows, labels=labels[part], inputs=inputs, scale=scale)


def _with_gradient(h: Tensor, labels: Tensor, **options) -> tuple[float, Tensor]:
    """Mean over pairs in float64, and its gradient by `h`."""
    leaf = h.detach().double().requires_grad_()
    value = exact_embedding_loss(leaf, labels, reduction="mean", **options)
    return value.item(), torch.autograd.grad(value, leaf)[0]


def exact_gradient(layer: EmbeddingLayer, counts: tuple[int, int]) -> tuple[float, Tensor]:
    """Expectation of the sampled loss (mean over pairs), and its gradient by W.

    `counts` are (background, lesion); with all pixels there are, it is Eq. 2 over all of them.
    """
    kept = counts[: int(layer.labels.max()) + 1]  # no lesion there: background is all
    value, gradient = _with_gradient(
        layer.embeddings, layer.labels, strata=layer.labels, counts=kept
    )
    return value, layer.weight_gradient(gradient)


def sampled_gradients(
    layer: EmbeddingLayer, counts: Sequence[tuple[int, int]], *, draws: int, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    r"""Loss of each sample, and the relative error of its gradient by W.

    The error is :math:`|G - \mathbb{E} G| / |\mathbb{E} G|`, with :math:`\mathbb{E} G` from
    `exact_gradient`. A sample's loss takes the form over all its own pairs, which is Eq. 2.

    Parameters
    ----------
    layer : EmbeddingLayer
    counts : sequence of (background, lesion)
        Sizes of the samples, none larger than its class.
    draws : int
        Samples of each size; those of one row are nested, see `monte_carlo.sampled_losses`.
    seed : int

    Returns
    -------
    exact : array, (len(counts),)
        Expectation of the loss.
    losses, errors : arrays, (draws, len(counts))

    Raises
    ------
    ValueError
        If a count does not fit, or `draws` < 1.
    """
    have = available(layer.labels)
    if draws < 1:
        raise ValueError(f"draws must be >= 1, got {draws}")
    if any(min(c) < 0 or c[0] > have[0] or c[1] > have[1] or sum(c) == 0 for c in counts):
        raise ValueError(f"counts must be pairs up to {have} and not all 0, got {counts}")
    truth = [exact_gradient(layer, c) for c in counts]
    losses, errors = np.zeros((2, draws, len(counts)))
    for k in range(draws):
        shuffled = monte_carlo.draw(layer.labels, sum(have), "distribution-aware", seed=seed + k)
        of_class = shuffled.indices.split(have)
        for at, (n, (value, exact)) in enumerate(zip(counts, truth, strict=True)):
            if tuple(n) == have:  # a sample of everything: no error
                losses[k, at] = value
                continue
            pixels = torch.cat([rows[:m] for rows, m in zip(of_class, n, strict=True)])
            loss, gradient = _with_gradient(layer.embeddings[pixels], layer.labels[pixels])
            losses[k, at] = loss
            wrong = layer.weight_gradient(gradient, pixels) - exact
            errors[k, at] = float(wrong.norm() / exact.norm())
    return np.array([value for value, _ in truth]), losses, errors


class Comparison(NamedTuple):
    """Samples of one strategy beside what they estimate, at N values of n_E.

    Attributes
    ----------
    wanted, drawn : list of N (background, lesion)
        Where a class has too few pixels, all it has are drawn.
    exact : array, (N,)
        Expectation of the loss (mean over pairs).
    losses, errors : array, (draws, N)
        See `sampled_gradients`.
    """

    wanted: list[tuple[int, int]]
    drawn: list[tuple[int, int]]
    exact: NDArray[np.float64]
    losses: NDArray[np.float64]
    errors: NDArray[np.float64]


def compare(layer: EmbeddingLayer, n_e: Sequence[int], *, draws: int) -> dict[str, Comparison]:
    """Each strategy at each `n_e`; if that is the number of all pixels, all of them are taken."""
    have = available(layer.labels)
    found = {}
    for strategy in STRATEGIES:
        wanted = [have if n == sum(have) else wanted_counts(layer.labels, n, strategy) for n in n_e]
        drawn = [(min(w[0], have[0]), min(w[1], have[1])) for w in wanted]
        found[strategy] = Comparison(wanted, drawn, *sampled_gradients(layer, drawn, draws=draws))
    return found
