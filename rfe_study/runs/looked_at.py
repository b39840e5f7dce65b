"""Which patients a run looks at, and how much of each: of profile smoke little, else all.

Scores of profile smoke mean nothing; they show that each step runs, in minutes.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rfe_core.scans.subject import Subject
from rfe_study.phantom.domains import Patient

#: Axial slices of a patient that profile smoke looks at.
SLICES = 16


def some(who: Sequence[Patient], profile: str) -> list[Patient]:
    """All patients; of profile smoke the first of each domain and role."""
    if profile != "smoke":
        return list(who)
    return list({(patient.domain, patient.role): patient for patient in reversed(who)}.values())


def cut(subject: Subject, profile: str) -> Subject:
    """The patient; of profile smoke the `SLICES` axial slices around the one with most lesion."""
    depth = subject.brain_mask.shape[2]
    if profile != "smoke" or depth <= SLICES:
        return subject
    middle = int(np.argmax(subject.lesion_mask.sum(axis=(0, 1))))
    start = min(max(middle - SLICES // 2, 0), depth - SLICES)
    return part(subject, np.s_[:, :, start : start + SLICES])


def part(subject: Subject, box: tuple[slice, slice, slice]) -> Subject:
    """A box (X, Y, Z) of the patient's voxels, where it was in space; slices without steps."""
    start = [side.indices(n)[0] for side, n in zip(box, subject.shape, strict=True)]
    affine = subject.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ start
    return replace(
        subject,
        images={key: np.copy(image[box]) for key, image in subject.images.items()},
        lesion_mask=None if subject.lesion_mask is None else np.copy(subject.lesion_mask[box]),
        brain_mask=np.copy(subject.brain_mask[box]),
        affine=affine,
    )
