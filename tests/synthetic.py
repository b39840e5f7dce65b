"""Tiny patients for tests: a bright ball of brain with brighter cubes of lesion."""

from collections.abc import Iterable

import numpy as np

from rfe_core.domains import MODALITIES, Patient
from rfe_core.volumes import Subject, phantom_folder, save_subject


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


def fill_phantom_cache(patients: Iterable[Patient]) -> None:
    """Put tiny patients where $RFE_DATA keeps phantoms, under the right names."""
    for k, patient in enumerate(patients):
        subject = tiny_subject(patient.name, seed=k, domain=patient.domain, shape=(20, 20, 60))
        save_subject(subject, phantom_folder())
