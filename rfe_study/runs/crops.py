"""Crops of a target domain, with the labels that a method may use.

Section 3.2, *Real Prior*: V1 is the first training patient of the domain, the only one whose labels
may be known. Crops of V2 and V3 come from where their prior sees lesions, since nobody knows where
the lesions are; with a perfect prior that is the lesions themselves.
"""

from dataclasses import replace

import numpy as np

from rfe_core.patches import Patches, extract, extract_all
from rfe_core.scans.subject import Subject
from rfe_study.methods.method import SOURCES
from rfe_study.methods.ncc_prior import ncc_labels
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient
from rfe_study.runs import looked_at


def training_patients(domain: str, *numbers: int) -> list[Subject]:
    """Phantom training patients of a domain by number: 1 is V1."""
    who = [Patient(domain, "train", number) for number in numbers]
    return phantom_subjects(who, workers=1, progress=False)


def training_crops(profile: Profile, domain: str, seed: int, source: str) -> Patches:
    """The crops of a target domain that a method of this source is trained on.

    Parameters
    ----------
    profile : Profile
        ``target_crops`` of them.
    domain : str
        Letter of the target.
    seed : int
        Decides crops and templates.
    source : str
        One of `rfe_study.methods.method.SOURCES` but "subset", whose crops are those of
        `rfe_study.runs.baselines.domain_patches`.

    Raises
    ------
    ValueError
        If the source is not known, or a prior marks no voxel.
    """
    known = [s for s in SOURCES if s != "subset"]
    if source not in known:
        raise ValueError(f"source must be one of {known}, got {source!r}")
    if source == "V1":
        return v1_crops(profile, domain, seed)[0]
    subjects = [looked_at.cut(s, profile.name) for s in training_patients(domain, 2, 3)]
    if source != "true":
        (labelled,) = training_patients("A" if source == "NCC from A" else domain, 1)
        labelled = looked_at.cut(labelled, profile.name)
        masks = ncc_labels(labelled, subjects, generator=np.random.default_rng(seed))
        subjects = [replace(s, lesion_mask=m) for s, m in zip(subjects, masks, strict=True)]
    generator = np.random.default_rng([seed, ord(domain), SOURCES.index(source)])
    return extract_all(subjects, profile.target_crops, generator=generator, size=profile.crop)


def v1_crops(profile: Profile, domain: str, seed: int) -> tuple[Patches, Patches]:
    """Crops of V1 with its labels: ``target_crops`` for training, and others for a learning curve.

    The latter come from slabs of slices that no method is trained on.
    """
    n = round(profile.target_crops / 0.7)  # `extract` keeps seven in ten for training
    generator = np.random.default_rng([seed, ord(domain)])
    return extract(training_patients(domain, 1), n, generator=generator, size=profile.crop)
