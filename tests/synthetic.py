"""Tiny patients for tests: a bright ball of brain with brighter cubes of lesion."""

from collections.abc import Iterable

import numpy as np

from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.subject import Subject
from rfe_study.phantom.bids import save_subject
from rfe_study.phantom.cache import phantom_folder
from rfe_study.phantom.domains import ROLES, Patient, patients


def tiny_subject(name="Atrain1", *, seed=0, shape=(40, 36, 60), domain="A", lesions=25) -> Subject:
    """Lesions of 2 x 2 x 2 voxels at random places; FLAIR and T2 bright, T1 dark there."""
    generator = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
    radius2 = (grid**2).sum(axis=0)
    lesion_mask = np.zeros(shape, bool)
    for x, y, z in generator.choice(np.argwhere(radius2 < 0.6), lesions):
        lesion_mask[x : x + 2, y : y + 2, z : z + 2] = True
    brain_mask = radius2 < 0.9
    lesion_mask &= brain_mask
    images = {}
    for modality in MODALITIES:
        contrast = -0.5 if modality == "t1" else 0.8
        signal = brain_mask * (100 * (1 + contrast * lesion_mask))
        images[modality] = (signal + 5 * generator.random(shape)).astype(np.float32)
    return Subject(
        name=name,
        images=images,
        lesion_mask=lesion_mask,
        brain_mask=brain_mask,
        affine=np.eye(4),
        domain=domain,
    )


HEAD_SHAPE = (48, 48, 48)
GRAY, CSF, LESION = {"t1": 0.7, "t2": 1.4, "flair": 1.2}, {"t1": 0.2, "t2": 2.5, "flair": 0.3}, 1.5


def layered_head(noise=0.0, *, lesion=True, seed=0) -> Subject:
    """A ball of white matter in shells of gray matter and CSF; one lesion of 3 x 3 x 3 voxels."""
    rng = np.random.default_rng(seed)
    radius = np.sqrt(((np.indices(HEAD_SHAPE) - 23.5) ** 2).sum(axis=0))
    brain = radius < 23
    white, gray = radius < 12, (radius >= 12) & (radius < 17)
    truth = (abs(np.indices(HEAD_SHAPE) - 22) < 2).all(axis=0)  # 3 x 3 x 3
    images = {}
    for m in ("t1", "t2", "flair"):
        image = 100 * (white + GRAY[m] * gray + CSF[m] * (brain & ~white & ~gray))
        image = np.where(truth & lesion, 100 * LESION, image)
        image = image + 100 * noise * rng.standard_normal(HEAD_SHAPE)
        images[m] = (image * brain).astype(np.float32)
    return Subject(
        name="x",
        images=images,
        lesion_mask=truth if lesion else None,
        brain_mask=brain,
        affine=np.diag([1.0, 1.0, 2.0, 1.0]),
    )


def some_patients(domains: str) -> list[Patient]:
    """The first three of each role: all that profile smoke looks at, and more."""
    return [patient for patient in patients(domains, ROLES) if patient.number <= 3]


def fill_phantom_cache(patients: Iterable[Patient]) -> None:
    """Put tiny patients where $RFE_DATA keeps phantoms, under the right names."""
    for k, patient in enumerate(patients):
        subject = tiny_subject(patient.name, seed=k, domain=patient.domain, shape=(20, 20, 60))
        save_subject(subject, phantom_folder())
