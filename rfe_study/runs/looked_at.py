"""Which patients a run looks at, and how much of each: of profile smoke little, else all.

Scores of profile smoke mean nothing; they show that each step runs, in minutes.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rfe_core.scans.subject import Subject
from rfe_study.phantom.domains import DOMAINS, ROLES, Patient, patients

#: Sides (X, Y, Z), in voxels, of the box of a patient that profile smoke looks at.
BOX = (64, 64, 16)


#: Roles that profile smoke leaves out: "pairdev" and "test" serve the same purpose.
LEFT_OUT = ("dev", "extra")


def some(who: Sequence[Patient], profile: str) -> list[Patient]:
    """All patients; of profile smoke the first of each domain and role that is not `LEFT_OUT`."""
    if profile != "smoke":
        return list(who)
    first = {(p.domain, p.role): p for p in reversed(who) if p.role not in LEFT_OUT}
    return list(first.values())


def everyone(profile: str) -> list[Patient]:
    """All patients that `make reproduce` looks at: those trained on, and `some` of the others."""
    others = [role for role in ROLES if role != "train"]
    return patients(DOMAINS, ["train"]) + some(patients(DOMAINS, others), profile)


def cut(subject: Subject, profile: str) -> Subject:
    """The patient; of profile smoke a `BOX` of it.

    That of the axial slices with most lesion, of these the columns with most, of these the rows.
    """
    whole = all(n <= side for n, side in zip(subject.shape, BOX, strict=True))
    if profile != "smoke" or whole:
        return subject
    box = [slice(None)] * 3
    for axis in (2, 0, 1):
        others = tuple(other for other in range(3) if other != axis)
        box[axis] = _most(subject.lesion_mask[tuple(box)].sum(axis=others), BOX[axis])
    return part(subject, tuple(box))


def _most(amounts: NDArray[np.int_], n: int) -> slice:
    """Where `n` neighbours have the largest sum; of equal places the one in the middle."""
    sums = np.convolve(amounts, np.ones(min(n, len(amounts)), int), "valid")
    best = np.flatnonzero(sums == sums.max())
    start = int(best[len(best) // 2])
    return slice(start, start + n)


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
