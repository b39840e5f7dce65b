"""The Dice loss: the primary objective, L_P of Eq. 1."""

from __future__ import annotations

import torch
from torch import Tensor

from rfe_core.distances import full_precision, integer_labels


@full_precision
def dice_loss(
    logits: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    smooth: float = 1.0,
    ignore_index: int = -1,
) -> Tensor:
    r"""Soft Dice loss over all valid pixels of a batch (L_P in Eq. 1; Milletari et al., 2016).

    .. math:: 1 - \frac{2 \sum_i p_i t_i + s}{\sum_i p_i^2 + \sum_i t_i^2 + s},
              \qquad p_i = \sigma(\mathrm{logit}_i)

    Parameters
    ----------
    logits : Tensor, (N, 1, H, W) or (N, H, W)
        Any real values; other numbers of dimensions as well.
    target : Tensor of integers or bool, same shape, or (N, H, W) for logits (N, 1, H, W)
        1 for lesion, 0 for background, `ignore_index` for pixels that take no part.
    mask : Tensor of bool, like `target`, optional
        False for further pixels that take no part, whatever their target.
    smooth : float
        The term s, in pixels; > 0. It defines the loss where there is no lesion: s / (sum p^2 + s)
        short of 1, so predicting nothing there costs 0 and predicting anything costs something.

    Returns
    -------
    Tensor, scalar
        In [0, 1]; 0 for a perfect prediction. An empty target, an empty mask and an empty
        prediction all give a finite value (both empty: 0).

    Raises
    ------
    ValueError
        If shapes differ, ``smooth <= 0``, or a target that takes part is neither 0 nor 1. Soft
        targets are refused.

    Notes
    -----
    Deviation: sums run over the whole batch, not over one image at a time; a crop with three
    lesion pixels then does not weigh as much as one with three hundred. The released code uses an
    F-beta loss with a learnable beta, which the paper does not mention.

    Examples
    --------
    >>> logits = torch.tensor([[[9.0, -9.0, 9.0]]])
    >>> round(dice_loss(logits, torch.tensor([[[1, 0, 0]]])).item(), 3)
    0.25
    >>> round(dice_loss(logits, torch.tensor([[[1, 0, -1]]])).item(), 3)
    0.0
    """
    if smooth <= 0:
        raise ValueError(f"smooth must be > 0, got {smooth}")
    if logits.ndim == 4 and logits.shape[1] == 1 and target.ndim == 3:
        logits = logits[:, 0]
    lesion, part = _lesion_and_part(target, logits, mask, ignore_index)

    p = logits.where(part, -torch.inf).sigmoid()  # 0, without gradient, where nothing counts
    t = lesion.to(p.dtype)
    overlap = 2 * (p * t).sum() + smooth
    total = p.square().sum() + t.square().sum() + smooth
    return 1 - overlap / total


def _lesion_and_part(
    target: Tensor, logits: Tensor, mask: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor]:
    """Which pixels are lesion and which take part; ValueError unless these are all 0 or 1."""
    if logits.shape != target.shape:
        raise ValueError(
            f"target must have the shape of logits, got {tuple(target.shape)} "
            f"for logits {tuple(logits.shape)}"
        )
    labels = integer_labels(target, target.shape, name="target")
    part = labels != ignore_index
    if mask is not None:
        if mask.shape != target.shape or mask.dtype != torch.bool:
            raise ValueError(
                "mask must have the shape of target and be bool, "
                f"got {mask.dtype} {tuple(mask.shape)} for target {tuple(target.shape)}"
            )
        part = part & mask
    lesion = part & (labels == 1)
    if target.dtype != torch.bool and not torch.compiler.is_compiling():
        strange = (part & (labels != 0)) ^ lesion
        if bool(strange.any()):
            raise ValueError(
                f"target must be 0, 1 or {ignore_index} (ignored), got {int(labels[strange][0])}"
            )
    return lesion, part
