"""The real prior of a whole patient: templates and threshold from a labelled one (Section 3.2)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfe_core import ncc
from rfe_core.prior import best_threshold, extract_templates, prior_mask
from rfe_core.scans.subject import Subject


def threshold_in_brain(values: NDArray[Any], subject: Subject) -> float:
    """`best_threshold` among the voxels of a labelled patient's brain.

    Raises
    ------
    ValueError
        If the patient has no labels, and as `dice_curve`.
    """
    if subject.lesion_mask is None:
        raise ValueError(f"a threshold needs a labelled patient, got {subject.name} without labels")
    return best_threshold(values[subject.brain_mask], subject.lesion_mask[subject.brain_mask])


def ncc_responses(
    source: Subject, targets: Sequence[Subject], *, generator: np.random.Generator
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Responses (X, Y, Z) to templates of a labelled patient: its own, and those of each target.

    Parameters
    ----------
    source : Subject
        V1. If it has fewer lesions than the paper's 30 templates, all of them are taken.
    targets : sequence of Subject
        Their own labels are not looked at.
    generator : numpy.random.Generator
        Draws the templates.

    Raises
    ------
    ValueError
        If `source` has no labels, or none with room for a template.
    """
    if source.lesion_mask is None:
        raise ValueError(f"templates need a labelled patient, got {source.name} without labels")
    templates = extract_templates(
        source.images["flair"],
        source.lesion_mask,
        generator=generator,
        shortfall="all available",
    )

    def respond(subject: Subject) -> NDArray[np.float32]:
        return ncc.response(subject.images["flair"], templates, subject.brain_mask)

    return respond(source), [respond(target) for target in targets]


def ncc_labels(
    source: Subject, targets: Sequence[Subject], *, generator: np.random.Generator
) -> list[NDArray[np.bool_]]:
    """The NCC prior of each target (X, Y, Z), templates and threshold from a labelled patient.

    See `ncc_responses`.
    """
    own, others = ncc_responses(source, targets, generator=generator)
    threshold = threshold_in_brain(own, source)
    return [prior_mask(response, threshold) for response in others]
