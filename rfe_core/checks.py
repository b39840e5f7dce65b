"""Checks of arguments that several modules share."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsFloat

if TYPE_CHECKING:  # who checks numbers alone need not wait for PyTorch
    from torch import Tensor


def tensors(**named: object) -> None:
    """Raise ValueError unless all are tensors."""
    for name, value in named.items():
        if not hasattr(value, "is_floating_point"):
            raise ValueError(f"{name} must be a tensor of PyTorch, got {type(value).__name__}")


def check_embeddings(embeddings: Tensor) -> int:
    """Number of embeddings (n, C); ValueError unless floating point and n, C >= 1."""
    tensors(embeddings=embeddings)
    if embeddings.ndim != 2 or embeddings.numel() == 0 or not embeddings.is_floating_point():
        what = f"{embeddings.dtype} of shape {tuple(embeddings.shape)}"
        raise ValueError(f"embeddings must be floating point of shape (n >= 1, C >= 1), got {what}")
    return len(embeddings)


def integer_labels(
    labels: Tensor, shape: Sequence[int] | None = None, *, name: str = "labels"
) -> Tensor:
    """Labels as int64: bool (False 0, True 1) and integers of any width, uint8's 255 too, as is."""
    tensors(**{name: labels})
    shape = labels.shape if shape is None else shape
    if labels.shape != tuple(shape) or labels.is_floating_point() or labels.is_complex():
        found = f"{labels.dtype} of shape {tuple(labels.shape)}"
        raise ValueError(f"{name} must be integers of shape {tuple(shape)}, got {found}")
    return labels.long()


def one_of(value: str, known: Sequence[str], name: str) -> None:
    """Raise ValueError unless `value` is known."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {known}, got {value!r}")


def integer(value: object, name: str, *, least: int, otherwise: str = "") -> int:
    """`value` as an int, NumPy's included but no bool; ValueError unless it is one >= `least`."""
    try:
        whole = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        whole = least - 1
    if whole < least or isinstance(value, bool):
        raise ValueError(f"{name} must be an integer >= {least}{otherwise}, got {value!r}")
    return whole


def positive(value: object, name: str, *, or_zero: bool = False) -> None:
    """Raise ValueError unless `value` is a finite number > 0, or 0 where that is allowed."""
    single = isinstance(value, SupportsFloat) and getattr(value, "ndim", 0) == 0
    number = float(value) if single else math.nan  # type: ignore[arg-type]
    if not (0 < number < math.inf or (or_zero and number == 0)):
        raise ValueError(f"{name} must be a finite number >{'=' * or_zero} 0, got {value!r}")
