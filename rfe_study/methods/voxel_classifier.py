"""A classifier of single voxels, trained on one labelled patient: a prior that sees all contrasts.

Gradient-boosted trees look at T1, T2 and FLAIR of a voxel, and at smoothed copies that tell its
surroundings. No shape, no place: what a radiologist's hour with one patient teaches a standard
method in seconds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from threadpoolctl import threadpool_limits

from rfe_core.patches import GAP, SLAB, normalise
from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.subject import Subject

#: Standard deviations, in voxels, of the Gaussians that make the smoothed copies.
SIGMAS = (1.0, 3.0)

#: Background voxels that it learns from at most, drawn at random; of lesions it takes all.
BACKGROUND = 200_000

#: Trees, one after another correcting those before.
TREES = 100

#: Parts in which V1 is held out, one after another.
FOLDS = 5


def features(subject: Subject) -> NDArray[np.float32]:
    """What is looked at, of each voxel of the brain in the mask's order: (n, 9).

    Smoothing leaves out what lies outside the brain.
    """
    brain = subject.brain_mask
    inside = {s: ndimage.gaussian_filter(brain.astype(np.float32), s)[brain] for s in SIGMAS}
    columns = []
    for modality in MODALITIES:
        image = np.where(brain, normalise(subject.images[modality], brain), np.float32(0))
        columns.append(image[brain])
        columns += [ndimage.gaussian_filter(image, s)[brain] / inside[s] for s in SIGMAS]
    return np.stack(columns, axis=1)


def lesion_probability(
    source: Subject,
    targets: Sequence[Subject],
    *,
    generator: np.random.Generator,
    trees: int = TREES,
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Lesion probability of V1's voxels, each by what other slices taught, and of the targets'.

    V1 is held out slab by slab (`rfe_core.patches.SLAB` slices, with `GAP` unused ones beside
    them), so that a threshold is not chosen on what was learnt by heart. The targets are judged by
    a classifier that learnt from all of V1. Background is drawn at random, so these are no
    calibrated probabilities, but thresholds from V1 suit them.

    Parameters
    ----------
    source : Subject
        V1, with labels.
    targets : sequence of Subject
        Their labels are not looked at.
    generator : numpy.random.Generator
        Draws the background to learn from.
    trees : int
        Fewer are quicker and worse.

    Returns
    -------
    source, targets : (X, Y, Z) float32, and one for each target
        In [0, 1], 0 outside the brain; 0 throughout a slab whose other slices hold no lesion.
    """
    truth, seen = source.lesion_mask[source.brain_mask], features(source)
    z = np.nonzero(source.brain_mask)[2]
    folds = z // SLAB % FOLDS
    probability = np.empty(len(z), np.float32)
    with threadpool_limits(1):  # sums in one order, whoever runs it
        for fold in np.unique(folds):
            held = folds == fold
            slices = np.isin(np.arange(z.max() + 1), z[held])
            near = ndimage.binary_dilation(slices, iterations=GAP)[z]
            probability[held] = _learnt(seen, truth, ~near, generator, seen[held], trees)
        whole = np.ones(len(z), bool)
        found = [_learnt(seen, truth, whole, generator, features(t), trees) for t in targets]
    return _volume(probability, source), [
        _volume(p, target) for p, target in zip(found, targets, strict=True)
    ]


def _learnt(
    seen: NDArray[np.float32],
    truth: NDArray[np.bool_],
    part: NDArray[np.bool_],
    generator: np.random.Generator,
    asked: NDArray[np.float32],
    trees: int,
) -> NDArray[np.float32]:
    """Probabilities of the voxels asked for, by a classifier trained on a part of those seen."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # only here: it takes a second

    lesion, background = np.flatnonzero(part & truth), np.flatnonzero(part & ~truth)
    if len(lesion) == 0:
        return np.zeros(len(asked), np.float32)
    background = generator.permutation(background)[:BACKGROUND]
    index = np.concatenate([lesion, background])
    forest = HistGradientBoostingClassifier(max_iter=trees, early_stopping=False, random_state=0)
    return forest.fit(seen[index], truth[index]).predict_proba(asked)[:, 1].astype(np.float32)


def _volume(values: NDArray[np.float32], subject: Subject) -> NDArray[np.float32]:
    volume = np.zeros(subject.brain_mask.shape, np.float32)
    volume[subject.brain_mask] = values
    return volume
