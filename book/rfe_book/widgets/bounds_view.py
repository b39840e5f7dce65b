"""What the bounds find and miss on one patient of each domain."""

from collections.abc import Iterable, Mapping

from rfe_book.tables.baselines import MODELS
from rfe_book.widgets.segmentation_view import (
    Case,
    SegmentationView,
    case,
    lesion_slices,
    segmentation_view,
)
from rfe_core import evaluation, patches
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study.methods.bounds import LOWER, UPPER


def bounds_cases(
    models: Mapping[str, UNet], subjects: Iterable[Subject], count: int = 8
) -> dict[str, Case]:
    """Some slices of each patient as the lower and an upper bound see them, by domain.

    Domain A has no upper bound: there it is that of B.

    Parameters
    ----------
    models : mapping of UNet
        By the names of `rfe_study.methods.bounds`.
    subjects : iterable of Subject
        One a domain.
    count : int
        Slices, spread evenly over those with lesion.
    """
    cases = {}
    for subject in subjects:
        z = lesion_slices(subject.lesion_mask, count)
        images, inside = patches.stack(subject), subject.brain_mask.transpose(2, 0, 1)[z]
        masks = {}
        for name in (LOWER, UPPER.get(subject.domain, UPPER["B"])):
            probability = evaluation.predict(models[name], images, slices=z)[z]
            masks[MODELS[name]] = (probability > evaluation.THRESHOLD) & inside
        truth = subject.lesion_mask.transpose(2, 0, 1)[z]
        captions = [f"patient {subject.name}, slice z = {k}" for k in z]
        cases[subject.domain] = case(images[z], truth, masks, captions)
    return cases


def bounds_view(models: Mapping[str, UNet], subjects: Iterable[Subject]) -> SegmentationView:
    """The segmentation view of `bounds_cases`."""
    return segmentation_view(bounds_cases(models, subjects), label="Lesions found and missed")
