"""Scores of a predicted lesion mask: voxel-wise, lesion-wise by size, and false alarms.

All functions take two masks of equal shape, usually whole volumes (X, Y, Z), of bool or of 0 and 1;
any other value, NaN too, is a `ValueError`. Lesions are 26-connected components (8-connected in a
single slice). `rfe_core.evaluation` makes the masks.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Lesion size classes in mm3; the real median lesion has 17 mm3, the 95th percentile 261 mm3.
SIZE_EDGES_MM3 = (0.0, 10.0, 30.0, 100.0, inf)


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How many true lesions with ``lower <= size < upper`` (mm3) exist and how many were found."""

    lower: float
    upper: float
    lesions: int
    detected: int


def _pair(prediction: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    if prediction.shape != truth.shape:
        rule = f"prediction must have the shape of truth {truth.shape}"
        raise ValueError(f"{rule}, got {prediction.shape}")
    for name, mask in (("prediction", prediction), ("truth", truth)):
        if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
            raise ValueError(f"{name} must be a binary mask, got other values than 0 and 1")
    return prediction.astype(bool), truth.astype(bool)


def _components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Label components that touch by face, edge or corner."""
    from scipy import ndimage  # only here: voxel-wise scores need NumPy alone

    labels, n = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    return labels, int(n)


def _ratio(numerator: int, denominator: int, if_undefined: float) -> float:
    return numerator / denominator if denominator else if_undefined


def precision(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Fraction of predicted voxels that are lesion: TP / (TP + FP).

    Nothing predicted (0 / 0) scores 1 if there was nothing to find and 0 otherwise, so that the
    F-score is the harmonic mean of precision and recall without exception.
    """
    prediction, truth = _pair(prediction, truth)
    return _ratio(int((prediction & truth).sum()), int(prediction.sum()), float(not truth.any()))


def recall(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Fraction of lesion voxels that are predicted: TP / (TP + FN).

    No lesion (0 / 0) scores 1 if nothing was predicted and 0 otherwise, as in `precision`.
    """
    prediction, truth = _pair(prediction, truth)
    return _ratio(int((prediction & truth).sum()), int(truth.sum()), float(not prediction.any()))


def f_score(prediction: ArrayLike, truth: ArrayLike) -> float:
    """F-score, which for two masks is the Dice coefficient: 2 TP / (2 TP + FP + FN).

    Two empty masks agree and score 1; one empty mask scores 0.

    Examples
    --------
    >>> f_score([1, 1, 0, 0], [1, 0, 0, 0])  # 2 / (2 + 1 + 0)
    0.6666666666666666
    """
    prediction, truth = _pair(prediction, truth)
    return _ratio(2 * int((prediction & truth).sum()), int(prediction.sum() + truth.sum()), 1.0)


def false_positive_components(prediction: ArrayLike, truth: ArrayLike) -> int:
    """Predicted components that touch no lesion voxel: the false alarms a reader would count."""
    prediction, truth = _pair(prediction, truth)
    labels, n = _components(prediction)
    return int(n - np.count_nonzero(np.unique(labels[truth])))


def detected_lesions(
    prediction: ArrayLike, truth: ArrayLike, *, min_overlap: float = 0.1
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which lesions are detected, and how many voxels each has: (n,) and (n,), in a fixed order.

    A lesion is detected when at least the fraction `min_overlap` of its voxels is predicted, and
    at least one (so 0 means one is enough). Ten per cent is the rule of the MSSEG 2016 challenge
    (Commowick et al., 2018); below ten voxels it means one voxel.
    """
    prediction, truth = _pair(prediction, truth)
    if not 0 <= min_overlap <= 1:
        raise ValueError(f"min_overlap must be in [0, 1], got {min_overlap}")
    labels, n = _components(truth)
    voxels = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    found = np.bincount(labels[prediction], minlength=n + 1)[1:]
    return (found > 0) & (found >= min_overlap * voxels), voxels


def lesion_detection(
    prediction: ArrayLike,
    truth: ArrayLike,
    *,
    voxel_volume_mm3: float = 1.0,
    edges_mm3: tuple[float, ...] = SIZE_EDGES_MM3,
    min_overlap: float = 0.1,
) -> list[Detection]:
    """Lesion-wise detection by lesion size, one `Detection` for each bin.

    Parameters
    ----------
    prediction, truth : array_like of bool or {0, 1}, equal shapes
    voxel_volume_mm3 : float
        Volume of one voxel; > 0.
    edges_mm3 : increasing tuple of float
        Bins [edge_k, edge_k+1), the last edge may be infinite; lesions outside all of them are not
        counted.
    min_overlap : float
        See `detected_lesions`.
    """
    prediction, truth = _pair(prediction, truth)
    if not 0 < voxel_volume_mm3 < inf:
        raise ValueError(f"voxel_volume_mm3 must be > 0 and finite, got {voxel_volume_mm3}")
    if len(edges_mm3) < 2 or not all(low < high for low, high in pairwise(edges_mm3)):
        raise ValueError(f"edges_mm3 must be two or more increasing numbers, got {edges_mm3}")
    detected, voxels = detected_lesions(prediction, truth, min_overlap=min_overlap)
    size = voxels * voxel_volume_mm3
    return [
        Detection(
            lower=lower,
            upper=upper,
            lesions=int(((size >= lower) & (size < upper)).sum()),
            detected=int(detected[(size >= lower) & (size < upper)].sum()),
        )
        for lower, upper in pairwise(edges_mm3)
    ]
