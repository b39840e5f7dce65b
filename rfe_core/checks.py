"""Checks of arguments that several modules share."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import SupportsFloat, SupportsIndex

from torch import Tensor


def check_embeddings(embeddings: Tensor) -> int:
    """Number of embeddings (n, C); ValueError unless floating point and n, C >= 1."""
    if embeddings.ndim != 2 or embeddings.numel() == 0 or not embeddings.is_floating_point():
        what = f"{embeddings.dtype} of shape {tuple(embeddings.shape)}"
        raise ValueError(f"embeddings must be floating point of shape (n >= 1, C >= 1), got {what}")
    return len(embeddings)


def integer_labels(labels: Tensor, shape: Sequence[int], *, name: str = "labels") -> Tensor:
    """Labels as int64: bool (False 0, True 1) and integers of any width, uint8's 255 too, as is."""
    if labels.shape != tuple(shape) or labels.is_floating_point() or labels.is_complex():
        found = f"{labels.dtype} of shape {tuple(labels.shape)}"
        raise ValueError(f"{name} must be integers of shape {tuple(shape)}, got {found}")
    return labels.long()


def one_of(value: str, known: Sequence[str], name: str) -> None:
    """Raise ValueError unless `value` is known."""
    if value not in known:
        raise ValueError(f"{name} must be one of {known}, got {value!r}")


def integer(value: object, name: str, *, least: int, otherwise: str = "") -> int:
    """`value` as an int, NumPy's integers included; ValueError unless it is one >= `least`."""
    whole = operator.index(value) if isinstance(value, SupportsIndex) else least - 1
    if whole < least:
        raise ValueError(f"{name} must be an integer >= {least}{otherwise}, got {value!r}")
    return whole


def positive(value: object, name: str, *, or_zero: bool = False) -> None:
    """Raise ValueError unless `value` is a finite number > 0, or 0 where that is allowed."""
    number = float(value) if isinstance(value, SupportsFloat) else math.nan
    if not (0 < number < math.inf or (or_zero and number == 0)):
        raise ValueError(f"{name} must be a finite number >{'=' * or_zero} 0, got {value!r}")
