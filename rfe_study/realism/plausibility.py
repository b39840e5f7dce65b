"""What is odd about a patient whose files are all readable: each doubt a line that names a file.

None of it is an error. The bounds are wide: the phantoms of four scanners and real patients pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rfe_core.scans import geometry
from rfe_core.scans.header import read_header
from rfe_core.scans.patients import SubjectFiles
from rfe_core.scans.subject import Subject

#: Edges of a voxel and volumes of a brain that are plausible, in millimetres and millilitres.
EDGES_MM, LEAST_BRAIN_ML = (0.1, 10.0), 600.0

#: Of the lesions this part may lie outside the brain, and of the brain this part may be lesion.
MOST_OUTSIDE, MOST_LESION = 0.2, 0.15

#: Two contrasts of one head correlate less than this in the brain (phantoms .83, real ones .60).
MOST_CORRELATED = 0.98

#: Air may differ from the darkest brain by this part of the brain's range, its percentiles 1 to 99.
AIR = 0.1

#: The brightest voxel may be this many times further from the median than the 99.9th percentile.
BRIGHTEST = 50

#: Correlations are taken of at most so many voxels.
SAMPLE = 200_000


def concerns(files: SubjectFiles, subject: Subject) -> list[str]:
    """What a person should look at before believing anything of this patient."""
    found = [
        concern
        for path in files.existing.values()
        for concern in geometry.concerns(path, read_header(path))
    ]
    found += _sizes(files, subject)
    for modality, path in files.images.items():
        image = subject.images[modality]
        found += [f"{path}: {doubt}" for doubt in _intensities(image, subject, files.brain_mask)]
    return [*found, *_contrasts(files, subject)]


def _sizes(files: SubjectFiles, subject: Subject) -> Iterator[str]:
    """Voxels, brain and lesions too small, too large, or not where they should be."""
    flair, lesion, brain = files.images["flair"], subject.lesion_mask, subject.brain_mask
    edges, (least, largest) = subject.voxel_size_mm, EDGES_MM
    if edges.min() < least or edges.max() > largest:
        size = " x ".join(f"{edge:.3g}" for edge in edges)
        metres = "; is the affine in metres?" if edges.max() < least else ""
        yield f"{flair}: voxels are expected from {least:g} to {largest:g} mm, got {size}{metres}"
    volume = np.count_nonzero(brain) * abs(np.linalg.det(subject.affine[:3, :3])) / 1000
    source = files.brain_mask or f"{files.folder} (no brain mask)"
    if volume < LEAST_BRAIN_ML:
        yield f"{source}: a brain has {LEAST_BRAIN_ML:.0f} ml or more, got {volume:.0f} ml"
    if lesion is None or not lesion.any():
        return
    lesions, outside = np.count_nonzero(lesion), np.count_nonzero(lesion & ~brain)
    if lesions > np.count_nonzero(brain):
        yield (
            f"{files.lesion_mask}: lesions are larger than the brain, {lesions} and "
            f"{np.count_nonzero(brain)} voxels; are the two masks swapped?"
        )
    elif lesions > MOST_LESION * np.count_nonzero(brain):
        yield (
            f"{files.lesion_mask}: lesions fill {lesions / np.count_nonzero(brain):.0%} of the "
            "brain; is it the mask of a tissue?"
        )
    if outside > MOST_OUTSIDE * lesions:
        yield (
            f"{files.lesion_mask}: {outside / lesions:.0%} of the lesion voxels lie outside the "
            "brain; is it another patient's mask, or flipped?"
        )
    rest = brain & ~lesion
    inside = lesion & brain
    if rest.any() and inside.any():
        image = subject.images["flair"]
        ratio = np.median(image[inside]), np.median(image[rest])
        if ratio[0] <= ratio[1]:
            yield (
                f"{flair}: lesions are bright in FLAIR, got a median of {ratio[0]:.4g} in them and "
                f"{ratio[1]:.4g} in the rest of the brain; is it FLAIR, and is the mask its own?"
            )


def _intensities(image: NDArray[np.float32], subject: Subject, brain_mask: object) -> Iterator[str]:
    """Air that is not dark, and single voxels that are far too bright."""
    faces = np.concatenate([image[index].ravel() for index in _faces()])
    inside = image.T[subject.brain_mask.T]
    low, middle, high, top = np.percentile(inside, (1, 50, 99, 99.9))
    air, spread = float(np.median(faces)), AIR * (high - low)
    if air < min(-spread, low - spread):
        yield (
            f"air is expected to be 0, got {air:g} at the edges of the image, the brain from "
            f"{low:.4g} to {high:.4g}; set it to 0 outside the head"
        )
    elif air > low + spread:
        yield (
            f"air is expected to be dark, got {air:g} at the edges of the image, the brain from "
            f"{low:.4g} to {high:.4g}; was it z-scored or inverted? give the scanner's values"
        )
    if brain_mask is None and air != 0:
        yield f"air is {air:g}, not 0, and there is no brain mask: air counts as brain; add a mask"
    if np.abs(inside - middle).max() > BRIGHTEST * (max(top - middle, high - low) or 1):
        extreme = inside[np.abs(inside - middle).argmax()]
        yield (
            f"single voxels of {extreme:.4g} stand out, the 99.9th percentile in the brain is "
            f"{top:.4g}; cut them off"
        )


def _faces() -> list[tuple[slice | int, ...]]:
    """Indices of the six faces of a volume."""
    rest = slice(None)
    return [
        tuple(end if axis == other else rest for other in range(3))
        for axis in range(3)
        for end in (0, -1)
    ]


def _contrasts(files: SubjectFiles, subject: Subject) -> Iterator[str]:
    """Modalities that are one image, or that look like each other's names."""
    step = max(1, np.count_nonzero(subject.brain_mask) // SAMPLE)
    names = list(files.images)
    values = np.stack([subject.images[m].T[subject.brain_mask.T][::step] for m in names])
    values = values.astype(np.float64)
    if values.shape[1] < 3 or (values.min(axis=1) == values.max(axis=1)).any():
        return
    whole = _correlations(names, values)
    same = [pair for pair, value in whole.items() if value > MOST_CORRELATED]
    for one, other in same:
        yield (
            f"{files.images[one]}: looks like the same image as {files.images[other].name}, "
            f"correlation {whole[one, other]:.3f} in the brain"
        )
    if same or len(names) < 3:
        return
    # CSF is dark in T1 and FLAIR and bright in T2
    alike = max(whole, key=whole.__getitem__)
    (looks_t2,) = set(names) - set(alike)
    if looks_t2 != "t2":
        yield (
            f"{files.images['t2']}: looks swapped with {looks_t2}: CSF is bright in T2 alone, so "
            f"T1 and FLAIR are most alike, but {' and '.join(alike)} are ({whole[alike]:.2f})"
        )
        return
    # gray matter is darker than white in T1, brighter in T2 and FLAIR
    t2 = values[names.index("t2")]
    low, high = np.percentile(t2, (5, 75))
    tissue = _correlations(names, values[:, (t2 > low) & (t2 < high)])
    t1, flair = tissue["t1", "t2"], tissue["t2", "flair"]
    if t1 > flair + 0.1:
        yield (
            f"{files.images['t1']}: looks swapped with flair: tissue that is bright in T2 is dark "
            f"in T1, got correlations with T2 of {t1:.2f} for t1 and {flair:.2f} for flair"
        )


def _correlations(names: list[str], values: NDArray[np.float64]) -> dict[tuple[str, str], float]:
    """Pairs of modalities, in their order, to the correlation of their values (M, N)."""
    if values.shape[1] < 3:
        return {(a, b): 0.0 for i, a in enumerate(names) for b in names[i + 1 :]}
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant one correlates with nothing
        matrix = np.nan_to_num(np.corrcoef(values))
    return {(a, b): matrix[i, j] for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
