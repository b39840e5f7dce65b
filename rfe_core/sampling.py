"""Random Feature Embedding: which pixels' embeddings are compared (Section 2.2).

A strategy is a choice of how many pixels of each class to draw; within a class all pixels are
equally likely and none is drawn twice.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

#: Lesion share of the strategies that fix it.
SHARES = {"50/50": Fraction(1, 2), "80/20": Fraction(1, 5)}

STRATEGIES = ("50/50", "distribution-aware", "80/20")

SHORTFALLS = ("error", "all available", "replace")

CLASSES = ("background", "lesion")

IGNORE = -1

Strategy = Literal["50/50", "distribution-aware", "80/20"]

Shortfall = Literal["error", "all available", "replace"]


class Sample(NamedTuple):
    """Pixels drawn, and how many of each class were wanted and drawn.

    Attributes
    ----------
    indices : Tensor, (n,) int64
        Into the labels; background first, then lesion, each in random order.
    wanted, drawn : tuple of int
        (background, lesion).
    """

    indices: Tensor
    wanted: tuple[int, int]
    drawn: tuple[int, int]


def counts(labels: Tensor, n_e: int, strategy: Strategy) -> tuple[int, int]:
    """How many background and lesion pixels a strategy draws.

    The lesion share is 1/2, 1/5, or that of lesion among the pixels not ignored; lesion gets
    ``floor(n_e * share + 1/2)`` pixels, in exact fractions, and background the rest, so that
    they add up to `n_e`.

    Deviation: the released code takes the share of distribution-aware sampling on the labelled
    side over all pixels, ignored ones included, and so draws fewer than `n_e`.

    Parameters
    ----------
    labels : Tensor, (n,)
        1 lesion, 0 background, -1 ignored.
    n_e : int
        Embeddings in all, >= 2.
    strategy : {"50/50", "distribution-aware", "80/20"}

    Raises
    ------
    ValueError
        If a parameter breaks its rule, or no pixel counts.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {STRATEGIES}, got {strategy!r}")
    if n_e != int(n_e) or n_e < 2:
        raise ValueError(f"n_e must be an integer >= 2, got {n_e}")
    background, lesion = available(labels)
    if background + lesion == 0:
        raise ValueError(
            f"labels must hold a pixel that is not ignored, got {labels.numel()} ignored"
        )
    share = SHARES.get(strategy, Fraction(lesion, background + lesion))
    n_lesion = math.floor(n_e * share + Fraction(1, 2))
    return n_e - n_lesion, n_lesion


def largest_n_e(labels: Tensor, strategy: Strategy) -> int:
    """The largest n_e for which no class runs short; a class without any pixel sets no limit.

    Parameters
    ----------
    labels : Tensor, (n,)
        1 lesion, 0 background, -1 ignored.
    strategy : {"50/50", "distribution-aware", "80/20"}

    Raises
    ------
    ValueError
        See `counts`.
    """
    counts(labels, 2, strategy)  # checks both
    background, lesion = available(labels)
    share = SHARES.get(strategy, Fraction(lesion, background + lesion))
    limits = []
    if lesion:  # floor(n share + 1/2) <= lesion
        limits.append(math.ceil((lesion + Fraction(1, 2)) / share) - 1)
    if background:  # n - floor(n share + 1/2) <= background
        limits.append(math.floor((background + Fraction(1, 2)) / (1 - share)))
    return min(limits)


def available(labels: Tensor) -> tuple[int, int]:
    """How many background and lesion pixels there are."""
    if labels.ndim != 1:
        raise ValueError(f"labels must have shape (n,), got {tuple(labels.shape)}")
    background, lesion = int((labels == 0).sum()), int((labels == 1).sum())
    ignored = int((labels == IGNORE).sum())
    if background + lesion + ignored != labels.numel():
        strange = labels[(labels != 0) & (labels != 1) & (labels != IGNORE)][0].item()
        raise ValueError(f"labels must be 0, 1 or {IGNORE} (ignored), got {strange}")
    return background, lesion


def sample(
    labels: Tensor,
    n_e: int,
    *,
    strategy: Strategy,
    generator: torch.Generator,
    shortfall: Shortfall = "error",
) -> Sample:
    """Draw `n_e` pixels.

    Parameters
    ----------
    labels : Tensor, (n,)
        1 lesion, 0 background, -1 ignored: known labels, or a prior's for unlabelled images.
    n_e, strategy
        See `counts`.
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
    """
    if shortfall not in SHORTFALLS:
        raise ValueError(f"shortfall must be one of {SHORTFALLS}, got {shortfall!r}")
    wanted = counts(labels, n_e, strategy)
    parts = []
    for label, (name, want) in enumerate(zip(CLASSES, wanted, strict=True)):
        pixels = torch.nonzero(labels == label).squeeze(1)
        have = len(pixels)
        if want > have and (shortfall == "error" or (shortfall == "replace" and have == 0)):
            raise ValueError(
                f"{strategy} sampling of n_e = {n_e} wants {want} {name} pixels, got {have} "
                f'available; lower n_e or choose shortfall="all available" or "replace"'
            )
        if want > have and shortfall == "replace":
            chosen = torch.randint(have, (want,), generator=generator)
        else:
            chosen = torch.randperm(have, generator=generator)[:want]
        parts.append(pixels[chosen.to(pixels.device)])
    drawn = tuple(len(part) for part in parts)
    if sum(drawn) == 0:
        raise ValueError(
            f"{strategy} sampling of n_e = {n_e} wants (background, lesion) = {wanted}, got none"
        )
    return Sample(torch.cat(parts), wanted, drawn)


def sample_sides(
    labels: Tensor,
    labelled: Tensor,
    n_e: int,
    *,
    strategy: Strategy,
    generator: torch.Generator,
    per: Literal["side", "total"] = "side",
    shortfall: Shortfall = "error",
) -> dict[str, Sample]:
    """Draw from a batch of labelled and unlabelled images.

    Parameters
    ----------
    labels : Tensor, (n,)
        Labels, and the prior's labels on the unlabelled side.
    labelled : Tensor, (n,) bool
        True for pixels of labelled images.
    per : {"side", "total"}
        "side": `n_e` from either side, 2 `n_e` in all, as the released code does. "total": `n_e`
        in all, >= 4, half from either side (the labelled one gets the odd pixel).
    n_e, strategy, generator, shortfall
        See `sample`.

    Returns
    -------
    dict
        ``{"labelled": Sample, "unlabelled": Sample}``, indices into the whole of `labels`.
    """
    if labelled.shape != labels.shape or labelled.dtype != torch.bool:
        raise ValueError(
            f"labelled must be bool of shape {tuple(labels.shape)}, "
            f"got {labelled.dtype} of shape {tuple(labelled.shape)}"
        )
    if per not in ("side", "total"):
        raise ValueError(f'per must be "side" or "total", got {per!r}')
    share = {"labelled": n_e, "unlabelled": n_e}
    if per == "total":
        if n_e < 4:
            raise ValueError(f'n_e must be >= 4 for per="total", got {n_e}')
        share = {"labelled": n_e - n_e // 2, "unlabelled": n_e // 2}
    drawn = {}
    for side, is_side in (("labelled", labelled), ("unlabelled", ~labelled)):
        own = torch.where(is_side, labels, IGNORE)
        drawn[side] = sample(
            own, share[side], strategy=strategy, generator=generator, shortfall=shortfall
        )
    return drawn


def shrink_labels(labels: Tensor, factor: int) -> Tensor:
    """Labels for a coarser layer: (N, H, W) -> int64 (N, H/factor, W/factor), rounded up.

    A block is lesion if any of its pixels is, else background if any is, else ignored: the maximum,
    so that no lesion is lost however small. Blocks at the lower and right border may be smaller, as
    in `rfe_core.unet.UNet.forward_levels`, whose level k takes ``factor = 2**k``.

    Parameters
    ----------
    labels : Tensor, (N, H, W) of integers or bool
        1 lesion, 0 background, -1 ignored.
    factor : int, >= 1

    Raises
    ------
    ValueError
        If `labels` or `factor` breaks its rule.
    """
    if labels.ndim != 3 or labels.is_floating_point() or factor < 1:
        raise ValueError(
            f"labels must be integers (N, H, W) and factor >= 1, "
            f"got {labels.dtype} {tuple(labels.shape)} and {factor}"
        )
    h, w = labels.shape[1:]
    full = F.pad(labels.long(), (0, -w % factor, 0, -h % factor), value=IGNORE)
    return full.unflatten(2, (-1, factor)).unflatten(1, (-1, factor)).amax(dim=(2, 4))
