"""Crops of a target domain, with the labels that a method may use.

Section 3.2, *Real Prior*: V1 is the one training patient of the domain whose labels may be known.
Crops of the other two, V2 and V3, come from where their prior sees lesions, since nobody knows
where the lesions are; with a perfect prior that is the lesions themselves.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rfe_core.evaluation import predict
from rfe_core.patches import Patches, extract, extract_all, stack
from rfe_core.scans.subject import Subject
from rfe_study.methods.method import FROM_A, OWN, SOURCES
from rfe_study.methods.priors import (
    CLASSIFIER,
    SEEDLESS,
    SURE,
    Responses,
    label_map,
    prior_labels,
)
from rfe_study.methods.profiles import Profile
from rfe_study.methods.voxel_classifier import TREES, lesion_probability
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient
from rfe_study.runs import looked_at, networks

#: Training patients of a domain.
NUMBERS = (1, 2, 3)


def training_patients(domain: str, *numbers: int) -> list[Subject]:
    """Phantom training patients of a domain by number: 1 is V1, unless another one plays it.

    Not to be changed: a process reads those of a domain once.
    """
    return [_training_patient(domain, number) for number in numbers]


@lru_cache(maxsize=len(NUMBERS))
def _training_patient(domain: str, number: int) -> Subject:
    who = [Patient(domain, "train", number)]
    (subject,) = phantom_subjects(who, workers=1, progress=False)
    return subject


def unlabelled_patients(domain: str, v1: int, profile: str) -> list[Subject]:
    """V2 and V3: the training patients of a domain but the one that plays V1; not to be changed."""
    others = training_patients(domain, *(n for n in NUMBERS if n != v1))
    return [looked_at.cut(subject, profile) for subject in others]


def training_crops(
    profile: Profile,
    domain: str,
    seed: int,
    source: str,
    *,
    v1: int = 1,
    network: Path | None = None,
) -> Patches:
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
    v1 : int
        Number of the training patient that plays V1.
    network : Path
        Weights whose predictions are "own predictions"; other sources need none.

    Raises
    ------
    ValueError
        If the source is not known, or a prior marks no voxel.
    """
    known = [s for s in SOURCES if s != "subset"]
    if source not in known:
        raise ValueError(f"source must be one of {known}, got {source!r}")
    if source == "V1":
        return v1_crops(profile, domain, seed, v1)[0]
    subjects = unlabelled_patients(domain, v1, profile.name)
    labels = target_labels(profile.name, domain, seed, source, v1=v1, network=network)
    generator = np.random.default_rng([seed, ord(domain), SOURCES.index(source), v1])
    n, size = profile.target_crops, profile.crop
    return extract_all(subjects, n, generator=generator, size=size, labels=labels)


def target_labels(
    profile: str, domain: str, seed: int, source: str, *, v1: int = 1, network: Path | None = None
) -> list[NDArray[np.int8]]:
    """What stands for the labels (X, Y, Z) of V2 and V3: 1, 0, or -1 for unsure.

    See `training_crops`; `profile` by name.
    """
    if source == "true":
        subjects = unlabelled_patients(domain, v1, profile)
        return [subject.lesion_mask.astype(np.int8) for subject in subjects]
    if source == OWN:
        if network is None:
            raise ValueError(f"source {OWN!r} needs a network, got none")
        return own_labels(network, unlabelled_patients(domain, v1, profile), profile)
    if source in SEEDLESS:
        return _of_any_seed(profile, domain, 0, source, v1)
    return _of_prior(profile, domain, seed, source, v1)


def _of_prior(profile: str, domain: str, seed: int, source: str, v1: int) -> list[NDArray[np.int8]]:
    from_a, learnt = source == FROM_A, source.startswith(CLASSIFIER)
    (labelled,) = training_patients("A", 1) if from_a else training_patients(domain, v1)
    return prior_labels(
        "NCC" if from_a else source,
        looked_at.cut(labelled, profile),
        unlabelled_patients(domain, v1, profile),
        generator=np.random.default_rng(seed),
        responses=_classified(profile, domain, seed, v1) if learnt else None,
    )


# Labels that no seed changes are made once a process.
_of_any_seed = lru_cache(maxsize=12)(_of_prior)


@lru_cache(maxsize=1)  # it takes half a minute, and is the same with a band and without
def _classified(profile: str, domain: str, seed: int, v1: int) -> Responses:
    (labelled,) = training_patients(domain, v1)
    patients = looked_at.cut(labelled, profile), unlabelled_patients(domain, v1, profile)
    trees = 10 if profile == "smoke" else TREES
    found = lesion_probability(*patients, generator=np.random.default_rng(seed), trees=trees)
    return Responses(*found)


def own_labels(network: Path, subjects: list[Subject], profile: str) -> list[NDArray[np.int8]]:
    """What a network is sure of: 1 from probability .9 on, 0 below .1, between them -1.

    Networks of profile smoke are sure of nothing, so that of each patient the hundredth of highest
    probability is 1 and the lower half 0.

    It is the lower bound of the same seed at the branch epoch, where fine-tuning starts: no method
    gets a network that was trained for longer, and no label of the target is used.
    """
    model, labels = networks.load(network).model, []
    for subject in subjects:
        slices = np.flatnonzero(subject.brain_mask.any(axis=(0, 1)))
        probability = predict(model, stack(subject), slices=slices).transpose(1, 2, 0)
        low, high = SURE
        if profile == "smoke":
            low, high = np.quantile(probability[subject.brain_mask], (0.5, 0.99))
        labels.append(label_map(probability, low, high, subject.brain_mask))
    return labels


def v1_crops(profile: Profile, domain: str, seed: int, v1: int = 1) -> tuple[Patches, Patches]:
    """Crops of V1 with its labels: ``target_crops`` for training, and others for a learning curve.

    The latter come from slabs of slices that no method is trained on.
    """
    n = round(profile.target_crops / 0.7)  # `extract` keeps seven in ten for training
    generator = np.random.default_rng([seed, ord(domain), v1])
    return extract(training_patients(domain, v1), n, generator=generator, size=profile.crop)
