"""Scores of a predicted lesion mask: voxel-wise, lesion-wise by size, and false alarms.

All functions take two masks of equal shape, usually whole volumes (X, Y, Z), of bool or of 0 and 1;
any other value, NaN too, is a `ValueError`. Lesions are 26-connected components (8-connected in a
single slice). `average_precision` alone needs no mask, and so no threshold. `rfe_core.evaluation`
makes masks and probabilities.
"""

from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Lesion size classes in mm3; the real median lesion has 17 mm3, the 95th percentile 261 mm3.
SIZE_EDGES_MM3 = (0.0, 10.0, 30.0, 100.0, inf)


def _pair(prediction: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    if prediction.shape != truth.shape:
        rule = f"prediction must have the shape of truth {truth.shape}"
        raise ValueError(f"{rule}, got {prediction.shape}")
    for name, mask in (("prediction", prediction), ("truth", truth)):
        if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
            raise ValueError(f"{name} must be a binary mask, got other values than 0 and 1")
    return prediction.astype(bool, copy=False), truth.astype(bool, copy=False)


def _components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Label components that touch by face, edge or corner."""
    from scipy import ndimage  # only here: voxel-wise scores need NumPy alone

    # Numbered by their first voxels in C order, however the mask lies in memory.
    labels, n = ndimage.label(np.ascontiguousarray(mask), np.ones((3,) * mask.ndim))
    return labels, int(n)


def _ratio(numerator: Any, denominator: Any, if_undefined: float) -> float:
    return float(numerator / denominator) if denominator else if_undefined


def precision(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Fraction of predicted voxels that are lesion: TP / (TP + FP).

    Nothing predicted (0 / 0) scores 1 if there was nothing to find and 0 otherwise, so that the
    F-score is the harmonic mean of precision and recall without exception.
    """
    prediction, truth = _pair(prediction, truth)
    hits = np.count_nonzero(prediction & truth)
    return _ratio(hits, np.count_nonzero(prediction), float(not truth.any()))


def recall(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Fraction of lesion voxels that are predicted: TP / (TP + FN).

    No lesion (0 / 0) scores 1 if nothing was predicted and 0 otherwise, as in `precision`.
    """
    prediction, truth = _pair(prediction, truth)
    hits = np.count_nonzero(prediction & truth)
    return _ratio(hits, np.count_nonzero(truth), float(not prediction.any()))


def f_score(prediction: ArrayLike, truth: ArrayLike) -> float:
    """F-score, which for two masks is the Dice coefficient: 2 TP / (2 TP + FP + FN).

    Two empty masks agree and score 1; one empty mask scores 0.

    Examples
    --------
    >>> f_score([1, 1, 0, 0], [1, 0, 0, 0])  # 2 / (2 + 1 + 0)
    0.6666666666666666
    """
    prediction, truth = _pair(prediction, truth)
    hits, marked = np.count_nonzero(prediction & truth), np.count_nonzero(prediction)
    return _ratio(2 * hits, marked + np.count_nonzero(truth), 1.0)


def average_precision(score: ArrayLike, truth: ArrayLike) -> float:
    r"""Area under the curve of precision over recall, whatever the threshold.

    .. math:: \sum_k (R_k - R_{k-1}) P_k

    over all thresholds, the largest first: exact, without interpolation. A score that knows nothing
    has the share of lesion; NaN where there is no lesion, so nothing to recall.

    Parameters
    ----------
    score : array_like, finite
        Larger where lesion is likelier, such as a probability; of the voxels that count, those of
        the brain.
    truth : array_like of bool or {0, 1}, same shape

    Examples
    --------
    >>> average_precision([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0])  # 1/2 * 1 + 1/2 * 2/3
    0.8333333333333333
    """
    score = np.asarray(score)
    _, truth = _pair(np.zeros(score.shape, bool), truth)
    if not np.isfinite(score).all():
        raise ValueError("score must be finite, got NaN or infinity")
    of_lesion = np.sort(score[truth])
    if not len(of_lesion):
        return float("nan")
    of_all = np.sort(score[score >= of_lesion[0]])  # the rest comes after all lesion
    # only where lesion is passed does recall change; `first` of equal ones
    value, first = np.unique(of_lesion, return_index=True)
    hits, marked = len(of_lesion) - first, len(of_all) - np.searchsorted(of_all, value)
    steps = np.diff(first, append=len(of_lesion)) / len(of_lesion)
    return float((steps * hits / marked).sum())


def false_positive_components(prediction: ArrayLike, truth: ArrayLike) -> int:
    """Predicted components that touch no lesion voxel: the false alarms a reader would count."""
    prediction, truth = _pair(prediction, truth)
    labels, n = _components(prediction)
    return n - len(np.unique(labels[prediction & truth]))


def detected_lesions(
    prediction: ArrayLike, truth: ArrayLike, *, min_overlap: float = 0.1
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which lesions are detected, and how many voxels each has: (n,) and (n,), in C order.

    A lesion is detected when at least the fraction `min_overlap` of its voxels is predicted, and
    at least one (so 0 means one is enough). Ten per cent is the rule of the MSSEG 2016 challenge
    (Commowick et al., 2018); below ten voxels it means one voxel.
    """
    prediction, truth = _pair(prediction, truth)
    if not 0 <= min_overlap <= 1:
        raise ValueError(f"min_overlap must be in [0, 1], got {min_overlap}")
    labels, n = _components(truth)
    voxels = np.bincount(labels[truth], minlength=n + 1)[1:]
    found = np.bincount(labels[prediction & truth], minlength=n + 1)[1:]
    return (found > 0) & (found >= min_overlap * voxels), voxels
