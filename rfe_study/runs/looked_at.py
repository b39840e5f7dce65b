"""Which patients a run looks at, and how much of each: of profile smoke little, else all.

Scores of profile smoke mean nothing; they show that each step runs, in minutes.
"""

from collections.abc import Sequence

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
    return subject.part(slice(None), slice(None), slice(start, start + SLICES))
