"""Variants of the phantom's training patients, and networks trained on them from scratch.

A *variant* is another choice of training patients than one scanner's three: the twelve heads (three
of each scanner), each by its own scanner or by protocols drawn at random. Networks learn from as
many crops in as many steps as the lower bound of chapter 03; ``rfe variants`` trains them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from rfe_core import checkpoints
from rfe_core.patches import Patches, extract
from rfe_core.scans.subject import Subject
from rfe_core.training import build
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import DOMAINS, Patient, patients
from rfe_study.phantom.protocols import draw_domain
from rfe_study.runs import baselines
from rfe_study.versions import code_version

FOUR, RANDOM = "four-scanners", "random-protocols"

VARIANTS = {
    FOUR: "the training patients of all four scanners",
    RANDOM: "their heads, each scanned three times with protocols drawn at random",
}

SCANS = 3  # of each head, where it is scanned again

#: The modules that make a variant's patients, beside those of the phantom.
MODULES = {
    FOUR: (),
    RANDOM: ("rfe_study.phantom.protocols",),
}


def scanned_again(patient: Patient, rng: np.random.Generator) -> Iterator[Subject]:
    """A training patient's head, scanned `SCANS` times with protocols drawn at random."""
    from rfe_study.phantom import heads  # here: naming a network needs no brain atlas

    anatomy = heads.make_anatomy(patient)
    for scan in range(1, SCANS + 1):
        yield Subject(
            name=f"{patient.name}V{scan}",
            images=heads.scan(anatomy, draw_domain(rng), rng),
            lesion_mask=anatomy.lesion_mask,
            brain_mask=anatomy.brain_mask,
            affine=heads.AFFINE.copy(),
        )


def groups(variant: str, rng: np.random.Generator) -> Iterator[list[Subject]]:
    """Training patients of a variant, a few at a time.

    A head has the same place in each group, so the slices it holds out for validation stay the same
    however often it is scanned.

    Raises
    ------
    ValueError
        Unknown variant.
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {tuple(VARIANTS)}, got {variant!r}")
    for domain in DOMAINS:
        who = patients([domain], ["train"])
        if variant == FOUR:
            yield phantom_subjects(who, workers=1, progress=False)
        else:
            yield from map(list, zip(*(scanned_again(p, rng) for p in who), strict=True))


def variant_patches(profile: Profile, variant: str, seed: int) -> tuple[Patches, Patches]:
    """Training and validation crops of a variant: as many in all as one domain has.

    Equally many from each group.
    """
    n_groups = len(DOMAINS) * (1 if variant == FOUR else SCANS)
    rng = np.random.default_rng([seed, *variant.encode()])
    parts = [
        extract(subjects, profile.patches_per_domain // n_groups, generator=rng, size=profile.crop)
        for subjects in groups(variant, rng)
    ]
    return tuple(concatenate([part[side] for part in parts]) for side in (0, 1))


def concatenate(parts: Sequence[Patches]) -> Patches:
    """All patches of several sets, in order."""
    joined = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Patches)}
    return Patches(**joined)


class Job(baselines.Job):
    """One network to train on a variant: `model` is its name."""

    models = tuple(VARIANTS)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the weights; an unfinished run goes on only from equal ones."""
        return super().settings | {
            "variant": self.model,
            "variant_version": code_version(*MODULES[self.model]),
        }


def train(job: Job, *, progress: bool = True) -> list[dict[str, Any]]:
    """Train a network on a variant, or go on where it was stopped; returns its learning curve.

    Finished weights that come from other settings are taken all the same: their settings stand in
    the file, and rows name the file's digest.
    """
    if job.path().exists():
        return checkpoints.read_about(job.path())["history"]
    training, validation = variant_patches(job.profile, job.model, job.seed)
    model = build(job.profile, job.seed)
    return baselines.fit(job, model, training, validation={"own": validation}, progress=progress)
