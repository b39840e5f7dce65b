"""Tiny patients for tests: a bright ball of brain with brighter cubes of lesion."""

import numpy as np

from rfe_core.domains import MODALITIES
from rfe_core.volumes import Subject


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
