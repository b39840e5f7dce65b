"""Looking inside a network: shapes, receptive field, skip connections, embeddings, gradients.

Nothing here changes a network; what is switched off for an experiment is switched on again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rfe_core.unet import UNet


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of the network as it was seen running.

    Attributes
    ----------
    name : str
        "down", "bottom", "up" or "head".
    level : int
        Poolings between the image and this resolution; 0 is the finest.
    channels, height, width : int
        Shape of what it puts out.
    parameters : int
        Numbers it learns; those of "up" include its transposed convolution.
    """

    name: str
    level: int
    channels: int
    height: int
    width: int
    parameters: int


def _count(*modules: torch.nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def stages(model: UNet, height: int = 128, width: int = 128) -> list[Stage]:
    """Run the network on a black image and note what each block puts out, in order.

    Parameters
    ----------
    height, width : int
        Size of the image; both >= 1.
    """
    bottom = len(model.up)
    plan = [("bottom" if n == bottom else "down", n, [b]) for n, b in enumerate(model.down)]
    for n, pair in enumerate(zip(model.merge, model.up, strict=True)):
        plan.append(("up", bottom - 1 - n, list(pair)))
    plan.append(("head", 0, [model.head]))

    seen: list[Stage] = []

    def note(_, __, output: Tensor, *, name: str, level: int, parts: list) -> None:
        shape = dict(zip(("channels", "height", "width"), output.shape[1:], strict=True))
        seen.append(Stage(name=name, level=level, parameters=_count(*parts), **shape))

    hooks, training = [], model.training
    for name, level, parts in plan:
        # The last layer of a block: the block itself is entered through `before_relu`.
        last = getattr(parts[0], "norm2", parts[0])
        hooks.append(last.register_forward_hook(partial(note, name=name, level=level, parts=parts)))
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, model.in_channels, height, width))
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    return seen


def receptive_field(poolings: int, position: int) -> tuple[int, int]:
    """First and last input pixel that output pixel `position` can depend on, along one axis.

    The way back from the output to the image, along the deepest path, with intervals of whole
    pixels. Positions may be negative: the arithmetic knows no border.

    Parameters
    ----------
    poolings : int
        Of the network, ``len(widths) - 1``.
    position : int
        Coordinate of the output pixel. The result shifts along with it only in steps of
        ``2 ** poolings``, the size of a bottleneck pixel.
    """
    first = last = position
    for _ in range(poolings):
        first, last = first - 2, last + 2  # two 3 x 3 convolutions
        first, last = first // 2, last // 2  # transposed: from one pixel
    first, last = first - 2, last + 2
    for _ in range(poolings):
        first, last = 2 * first, 2 * last + 1  # pooling: from two pixels
        first, last = first - 2, last + 2
    return first, last


def input_gradients(model: UNet, images: Tensor, pixels: NDArray) -> NDArray[np.float32]:
    """How strongly single logits depend on every input pixel.

    Parameters
    ----------
    images : Tensor, (N, 3, H, W)
    pixels : int array, (N, 2)
        Output pixel (row, column) of each image.

    Returns
    -------
    float32, (N, H, W)
        Absolute gradient of the logit at that pixel, summed over the input channels.
    """
    images = images.clone().requires_grad_()
    logits = model(images).logits[:, 0]
    rows, columns = torch.as_tensor(np.asarray(pixels)).unbind(1)
    # Images of a batch do not mix in evaluation mode, so one backward pass serves all.
    (gradient,) = torch.autograd.grad(
        logits[torch.arange(len(images)), rows, columns].sum(), images
    )
    return gradient.abs().sum(1).numpy()


def centred(maps: NDArray, pixels: NDArray, radius: int) -> NDArray:
    """Cut each map around its pixel: (N, H, W) -> (N, 2 radius + 1, 2 radius + 1), 0 outside."""
    padded = np.pad(maps, [(0, 0), (radius, radius), (radius, radius)])
    side = 2 * radius + 1
    return np.stack(
        [m[r : r + side, c : c + side] for m, (r, c) in zip(padded, pixels, strict=True)]
    )


def share_within(map_: NDArray) -> NDArray[np.float64]:
    """Share of a square map's sum within each centred square of side 1, 3, 5, ...: (radius + 1,)"""
    radius = len(map_) // 2
    distance = np.abs(np.arange(len(map_)) - radius)
    ring = np.maximum(distance[:, None], distance[None])
    return np.cumsum(np.bincount(ring.ravel(), map_.ravel())) / map_.sum()


@contextmanager
def zeroed(model: UNet, *, skips: Sequence[int] = (), coarse: Sequence[int] = ()) -> Iterator[UNet]:
    """Run the network with some connections cut: what they carry becomes zero.

    Parameters
    ----------
    skips : sequence of int
        Levels (0 = finest) whose skip connection is cut.
    coarse : sequence of int
        Levels that get nothing from the coarser level below them.

    Raises
    ------
    ValueError
        If the network has no such level.
    """
    levels = len(model.merge)
    for level in (*skips, *coarse):
        if not 0 <= level < levels:
            raise ValueError(f"levels must lie in 0 ... {levels - 1}, got {level}")

    def cut(x: Tensor, *, level: int, before: Callable[[Tensor], Tensor]) -> Tensor:
        skip, up = x.chunk(2, dim=1)
        return before(torch.cat([skip * (level not in skips), up * (level not in coarse)], dim=1))

    # The expanding path calls `before_relu`, which hooks do not see: shadow it on the instance.
    for n, block in enumerate(model.merge):
        block.before_relu = partial(cut, level=levels - 1 - n, before=block.before_relu)
    try:
        yield model
    finally:
        for block in model.merge:
            del block.before_relu


def features(model: UNet, images: NDArray, *, before_relu: bool = False) -> NDArray[np.float32]:
    """Embeddings h(x_i) of all pixels, (N, C, H, W), after the last ReLU or before it.

    `images` is float32 (N, 3, H, W).
    """
    taken, training = model.embeddings, model.training
    model.embeddings = "linear" if before_relu else "relu"
    try:
        with torch.inference_mode():
            return model.eval()(torch.from_numpy(images)).embeddings.numpy()
    finally:
        model.embeddings = taken
        model.train(training)


def cosines(embeddings: NDArray, others: NDArray) -> NDArray[np.float64]:
    """Cosine of the angle between embeddings (n, C) and others (m, C): (n, m) in [-1, 1].

    An embedding of zeros has no direction; its cosine is 0 here.
    """
    unit = [
        rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        for rows in (np.asarray(embeddings, float), np.asarray(others, float))
    ]
    return np.clip(unit[0] @ unit[1].T, -1, 1)


def pulls(loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor):
    """How hard a loss pulls at the logits of lesion pixels and at those of all others.

    Returns
    -------
    value, lesion, background : float
        The loss, and its absolute gradients summed over either class.
    """
    logits = logits.detach().requires_grad_()
    value = loss(logits, target)
    (gradient,) = torch.autograd.grad(value, logits)
    strength, lesion = gradient.abs(), target > 0
    return value.item(), strength[lesion].sum().item(), strength[~lesion].sum().item()


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross entropy of logits and labels 0 or 1 of the same shape: what Dice is not."""
    return binary_cross_entropy_with_logits(logits, target.to(logits.dtype))
