"""Random Feature Embedding: which pixels' embeddings are compared (Section 2.2).

A strategy says how many pixels of each class to draw (`rfe_core.strategies`); within a class all
pixels are equally likely and none is drawn twice. Classes are 0 ... K-1, for the paper's two
0 background and 1 lesion; pixels with the label `ignore_index` take no part.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rfe_core import strategies
from rfe_core.checks import integer, integer_labels, one_of, tensors
from rfe_core.strategies import CLASSES, STRATEGIES, Strategy, number_of_classes

__all__ = ["CLASSES", "IGNORE", "SHORTFALLS", "STRATEGIES", "Sample", "Shortfall", "Strategy"]
__all__ += ["available", "counts", "sample", "sample_sides", "shrink_labels", "sides"]

SHORTFALLS = ("error", "all available", "replace")
IGNORE = -1

Shortfall = Literal["error", "all available", "replace"]


class Sample(NamedTuple):
    """Pixels drawn: indices (n,) int64 into the labels, class by class, each in random order.

    `wanted` and `drawn` count the pixels of each class: (background, lesion), or K numbers.
    """

    indices: Tensor
    wanted: tuple[int, ...]
    drawn: tuple[int, ...]


def counts(
    labels: Tensor,
    n_e: int,
    strategy: Strategy,
    *,
    n_classes: int | None = None,
    ignore_index: int = IGNORE,
) -> tuple[int, ...]:
    """How many pixels of each class a strategy draws, adding up to `n_e`.

    Deviation: the released code takes the share of distribution-aware sampling on the labelled
    side over all pixels, ignored ones included, and so draws fewer than `n_e`.

    Parameters
    ----------
    labels : Tensor, (n,) of integers or bool
        Classes 0 ... K-1 (0 background, 1 lesion), or `ignore_index`: the pixel takes no part.
    n_e : int
        Embeddings in all, >= 2.
    strategy : {"50/50", "distribution-aware", "80/20"}, "2x" or the like, sequence or mapping
        By name, or class shares: see `rfe_core.strategies`, `class_shares` and `apportion`.
    n_classes : int, optional
        K >= 2. By default as many as there are class shares, or 2 for a strategy by name.

    Examples
    --------
    >>> labels = torch.tensor([0] * 900 + [1] * 100)
    >>> counts(labels, 20, "80/20"), counts(labels, 20, [0.75, 0.25])
    ((16, 4), (15, 5))
    >>> counts(labels, 20, "50/50", n_classes=4)  # two of them not in this batch
    (5, 5, 5, 5)
    """
    k = number_of_classes(strategy, n_classes)
    have = available(labels, n_classes=k, ignore_index=ignore_index)
    return strategies.apportion(n_e, strategies.class_shares(strategy, have))


def available(labels: Tensor, *, n_classes: int = 2, ignore_index: int = IGNORE) -> tuple[int, ...]:
    """How many pixels there are of each class 0 ... K-1."""
    k, labels = integer(n_classes, "n_classes", least=2), integer_labels(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels must have shape (n,), got {tuple(labels.shape)}")
    kinds = list(dict.fromkeys([*range(k), ignore_index]))
    found = torch.stack([torch.count_nonzero(labels == kind) for kind in kinds]).tolist()
    if sum(found) < labels.numel():
        rule = f"{', '.join(map(str, range(k)))} or {ignore_index} (ignored)"
        first = next(label for label in torch.unique(labels).tolist() if label not in kinds)
        raise ValueError(f"labels must be {rule}, got {first}; see n_classes, ignore_index")
    return tuple(0 if c == ignore_index else n for c, n in enumerate(found[:k]))


def sample(
    labels: Tensor,
    n_e: int,
    *,
    strategy: Strategy,
    generator: torch.Generator,
    shortfall: Shortfall = "error",
    n_classes: int | None = None,
    ignore_index: int = IGNORE,
) -> Sample:
    """Draw `n_e` pixels.

    Parameters
    ----------
    labels, n_e, strategy, n_classes, ignore_index
        See `counts`; on unlabelled images the labels are a prior's.
    generator : torch.Generator
        On the CPU; its state alone decides the draw.
    shortfall : {"error", "all available", "replace"}
        If a class has fewer pixels than wanted: raise; take all it has (as the released code does,
        silently); or draw that class with replacement.

    Raises
    ------
    ValueError
        See `counts`; a shortfall under "error", naming class, wanted and available; "replace" from
        a class without any pixel; "all available" where that is none at all.

    Examples
    --------
    >>> labels = torch.tensor([0, 0, 255, 1, 0, 1], dtype=torch.uint8)
    >>> seed = torch.Generator().manual_seed(0)
    >>> found = sample(labels, 4, strategy="50/50", generator=seed, ignore_index=255)
    >>> labels[found.indices].tolist()
    [0, 0, 1, 1]
    """
    one_of(shortfall, SHORTFALLS, "shortfall")
    k = number_of_classes(strategy, n_classes)
    have = available(labels, n_classes=k, ignore_index=ignore_index)
    wanted = strategies.apportion(n_e, strategies.class_shares(strategy, have))
    labels, names, parts = integer_labels(labels), strategies.class_names(k), []
    for label, (there, want) in enumerate(zip(have, wanted, strict=True)):
        if want > there and (shortfall == "error" or (shortfall == "replace" and there == 0)):
            raise ValueError(
                f"{strategy} sampling of n_e = {n_e} wants {want} {names[label]} pixels, "
                f'got {there} available; lower n_e or choose shortfall="all available" or "replace"'
            )
        if want > there and shortfall == "replace":
            chosen = torch.randint(there, (want,), generator=generator)
        else:
            chosen = torch.randperm(there, generator=generator)[:want]
        ranks = 1 + chosen.to(labels.device, non_blocking=True)
        parts.append(torch.searchsorted((labels == label).cumsum(0), ranks))
    drawn = tuple(map(len, parts))
    if sum(drawn) == 0:
        of = ", ".join(names)
        raise ValueError(f"{strategy} sampling of n_e = {n_e} wants ({of}) = {wanted}, got none")
    return Sample(torch.cat(parts), wanted, drawn)


def sides(
    labels: Tensor, labelled: Tensor | None, *, ignore_index: int = IGNORE
) -> dict[str, Tensor]:
    """Labels (n,) of the labelled and of the unlabelled side, each ignoring the other's pixels.

    Without `labelled` (n,) there is one side, "all".
    """
    labels = integer_labels(labels)
    if labelled is None:
        return {"all": labels}
    tensors(labelled=labelled)
    if labelled.shape != labels.shape or labelled.dtype != torch.bool:
        found = f"{labelled.dtype} of shape {tuple(labelled.shape)}"
        raise ValueError(f"labelled must be bool of shape {tuple(labels.shape)}, got {found}")
    parts = {"labelled": labelled, "unlabelled": ~labelled}
    return {side: labels.where(part, ignore_index) for side, part in parts.items()}


def sample_sides(
    labels: Tensor,
    labelled: Tensor | None,
    n_e: int,
    *,
    strategy: Strategy,
    generator: torch.Generator,
    shortfall: Shortfall = "error",
    n_classes: int | None = None,
    ignore_index: int = IGNORE,
) -> dict[str, Sample]:
    """Draw `n_e` labelled and `n_e` unlabelled pixels of a batch, as the released code does.

    Parameters
    ----------
    labels, n_e, strategy, generator, shortfall, n_classes, ignore_index
        See `sample`.
    labelled : Tensor, (n,) bool, or None
        True for pixels of labelled images. None: there is one side.

    Returns
    -------
    dict
        ``{"labelled": Sample, "unlabelled": Sample}``, or "all" alone; indices into all `labels`.
    """
    draw = partial(sample, strategy=strategy, generator=generator, shortfall=shortfall)
    draw = partial(draw, n_classes=n_classes, ignore_index=ignore_index)
    samples = {}
    for side, own in sides(labels, labelled, ignore_index=ignore_index).items():
        try:
            samples[side] = draw(own, n_e)
        except ValueError as error:
            raise ValueError(f"side {side!r}: {error}") from error
    return samples


def shrink_labels(labels: Tensor, factor: int, *, ignore_index: int = IGNORE) -> Tensor:
    """Labels for a coarser layer: ``(N, *spatial)`` to int64, each axis / factor, rounded up.

    A block gets its largest label, so that no lesion is lost however small, and is ignored if all
    of it is. Blocks at the far borders may be smaller, as in
    `rfe_core.unet.UNet.forward_levels`, whose level k takes ``factor = 2**k``. One or more spatial
    axes; factor >= 1.
    """
    factor = integer(factor, "factor", least=1)
    blocks = integer_labels(labels)
    if labels.ndim < 3:
        raise ValueError(f"labels must be (N, H, W) or (N, D, H, W), got {tuple(labels.shape)}")
    unseen = torch.iinfo(torch.int64).min  # below any label, a wrong one too
    blocks = blocks.masked_fill(blocks == ignore_index, unseen)
    for axis in range(1, labels.ndim):
        blocks = blocks.movedim(axis, -1)
        blocks = F.pad(blocks, (0, -blocks.shape[-1] % factor), value=unseen)
        blocks = blocks.reshape(*blocks.shape[:-1], -1, factor).amax(-1).movedim(-1, axis)
    return blocks.masked_fill(blocks == unseen, ignore_index)
