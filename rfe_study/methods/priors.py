"""Priors: labels for unlabelled patients, from what one labelled patient V1 shows (Section 3.2).

Each says of a voxel how much it looks like a lesion, and V1's labels decide from where on it counts
as one. In a *band* between two thresholds a prior is unsure: its label is -1, and such a pixel
takes no part in any loss.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rfe_core.patches import normalise
from rfe_core.sampling import IGNORE
from rfe_core.scans.subject import Subject
from rfe_study.methods.ncc_prior import ncc_responses, threshold_in_brain
from rfe_study.methods.voxel_classifier import lesion_probability

#: Ends the name of a prior that is unsure between two thresholds.
BAND = " band"

#: How much the upper threshold of a band cares for precision, and the lower one for recall: the
#: lesions that are sure have the best F_1/2 on V1, those that are not sure to be none the best F_2.
#: The plain threshold, of the best F_1 = Dice, lies between them.
UPPER_BETA, LOWER_BETA = 0.5, 2.0

#: Probabilities from which on, and below which, a network's own prediction is sure.
SURE = (0.1, 0.9)


class Responses(NamedTuple):
    """How much voxels look like lesions, (X, Y, Z) float32: of V1, and of the other patients.

    Those of V1 are what a threshold may be chosen on.
    """

    source: NDArray[np.float32]
    targets: list[NDArray[np.float32]]


Respond = Callable[[Subject, Sequence[Subject], np.random.Generator], Responses]


def brightness(subject: Subject) -> NDArray[np.float32]:
    """Normalised FLAIR inside the brain, 0 outside: the simplest thing one could threshold."""
    flair = normalise(subject.images["flair"], subject.brain_mask)
    return np.where(subject.brain_mask, flair, np.float32(0))


def _by_ncc(source: Subject, targets: Sequence[Subject], rng: np.random.Generator) -> Responses:
    return Responses(*ncc_responses(source, targets, generator=rng))


def _by_brightness(
    source: Subject, targets: Sequence[Subject], rng: np.random.Generator
) -> Responses:
    return Responses(brightness(source), [brightness(target) for target in targets])


def _by_classifier(
    source: Subject, targets: Sequence[Subject], rng: np.random.Generator
) -> Responses:
    return Responses(*lesion_probability(source, targets, generator=rng))


CLASSIFIER = "classifier"

#: What each prior looks at.
RESPONSES: dict[str, Respond] = {
    "NCC": _by_ncc,
    "brightness": _by_brightness,
    CLASSIFIER: _by_classifier,
}

#: All priors that know the labels of one patient.
PRIORS = tuple(name + end for name in RESPONSES for end in ("", BAND))

#: Those whose labels no seed changes: NCC draws its templates.
SEEDLESS = tuple(prior for prior in PRIORS if not prior.startswith("NCC"))


def prior_labels(
    prior: str,
    source: Subject,
    targets: Sequence[Subject],
    *,
    generator: np.random.Generator,
    responses: Responses | None = None,
) -> list[NDArray[np.int8]]:
    """The labels (X, Y, Z) that a prior gives each target: 1 lesion, 0 background, -1 unsure.

    Parameters
    ----------
    prior : str
        One of `PRIORS`.
    source : Subject
        V1, with labels.
    targets : sequence of Subject
        Their own labels are not looked at.
    generator : numpy.random.Generator
        Draws templates or training voxels.
    responses : Responses, optional
        Made before, where several priors look at the same; else they are made here.

    Raises
    ------
    ValueError
        If the prior is not known, or `source` has no labels or no lesion.
    """
    if prior not in PRIORS:
        raise ValueError(f"prior must be one of {PRIORS}, got {prior!r}")
    if source.lesion_mask is None:
        raise ValueError(f"a prior needs a labelled patient, got {source.name} without labels")
    if responses is None:
        responses = RESPONSES[prior.removesuffix(BAND)](source, targets, generator)
    low, high = thresholds(responses.source, source, band=prior.endswith(BAND))
    pairs = zip(responses.targets, targets, strict=True)
    return [label_map(values, low, high, target.brain_mask) for values, target in pairs]


def thresholds(values: NDArray[np.float32], source: Subject, *, band: bool) -> tuple[float, float]:
    """From where on a voxel is not surely background, and from where on it is lesion.

    Without a band both are the threshold of the best Dice inside the brain of `source`; with one,
    those of the best F-scores that weigh recall `LOWER_BETA` and `UPPER_BETA` times as much as
    precision. A larger beta never asks for a higher threshold, so low <= high.

    Raises
    ------
    ValueError
        If `source` has no labels or no lesion.
    """
    best = threshold_in_brain(values, source)
    if not band:
        return best, best
    from sklearn.metrics import precision_recall_curve  # only here: lists need names alone

    truth, values = source.lesion_mask[source.brain_mask], values[source.brain_mask]
    precision, recall, at = precision_recall_curve(truth, values)
    precision, recall = precision[:-1], recall[:-1]  # the last point has no threshold

    def best_for(beta: float) -> float:
        weighed = beta**2 * precision + recall
        both = (1 + beta**2) * precision * recall
        f_beta = np.divide(both, weighed, out=np.zeros_like(both), where=weighed > 0)
        return float(at[len(at) - 1 - np.argmax(f_beta[::-1])])  # of equal ones the highest

    return best_for(LOWER_BETA), best_for(UPPER_BETA)


def label_map(
    values: NDArray[np.float32], low: float, high: float, brain_mask: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """1 where values >= high, 0 where values < low and outside the brain, -1 between."""
    if not low <= high:
        raise ValueError(f"low must be <= high = {high}, got {low}")
    labels = np.where(values >= high, 1, np.where(values < low, 0, IGNORE))
    return np.where(brain_mask, labels, 0).astype(np.int8)
