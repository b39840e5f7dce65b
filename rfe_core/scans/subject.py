"""One patient: its arrays (`Subject`), and the checks its files must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.geometry import check_grid
from rfe_core.scans.nifti import read_image, read_mask
from rfe_core.scans.patients import SubjectFiles

#: What is read of a patient: for each of `SubjectFiles.existing` an array (X, Y, Z) and its affine.
Volumes = dict[str, tuple[NDArray[Any], NDArray[np.float64]]]

#: Puts a patient's volumes onto the grid of the FLAIR, whose own it leaves as they are.
Align = Callable[[SubjectFiles, Volumes], Volumes]

#: Adult brains with their CSF hold 1200-1900 ml; more is a head or a whole field of view.
LARGEST_BRAIN_ML = 2500.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """One patient: co-registered images of one head with its masks, all on one grid in RAS+.

    Attributes
    ----------
    name
        Label without the ``sub-`` prefix, e.g. ``"Atrain1"``.
    images
        Modality (``"t1"``, ``"t2"``, ``"flair"``) to float32 array (X, Y, Z), in the file's units.
    lesion_mask
        Bool (X, Y, Z), or None for a patient nobody has labelled.
    brain_mask
        Bool (X, Y, Z).
    affine
        Float64 (4, 4), voxel index to millimetres.
    domain
        Scanner domain letter (Table 1 of the paper), or None if unknown.

    Raises
    ------
    VolumeError
        Arrays differ in shape, an image is not float32, a mask is not bool, or the affine is
        not (4, 4).
    """

    name: str
    images: dict[str, NDArray[np.float32]]
    lesion_mask: NDArray[np.bool_] | None
    brain_mask: NDArray[np.bool_]
    affine: NDArray[np.float64]
    domain: str | None = None

    def __post_init__(self) -> None:
        masks = {"brain_mask": self.brain_mask, "lesion_mask": self.lesion_mask}
        for key, array in (masks | self.images).items():
            if array is None:  # nobody has labelled the patient
                continue
            dtype = np.bool_ if key in masks else np.float32
            if array.dtype != dtype:
                raise VolumeError(f"{self.name}: {key} must be {dtype.__name__}, got {array.dtype}")
            if array.ndim != 3 or array.shape != self.shape:
                raise VolumeError(
                    f"{self.name}: {key} must have the brain mask's 3-D shape {self.shape}, "
                    f"got {array.shape}"
                )
        if self.affine.shape != (4, 4):
            raise VolumeError(
                f"{self.name}: affine must have shape (4, 4), got {self.affine.shape}"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Grid size (X, Y, Z) in voxels."""
        return self.brain_mask.shape

    @property
    def voxel_size_mm(self) -> NDArray[np.float64]:
        """Edge lengths (3,) of a voxel in millimetres."""
        size: NDArray[np.float64] = np.linalg.norm(self.affine[:3, :3], axis=0)
        return size


def load_subject(
    files: SubjectFiles, *, allow_empty_lesions: bool = False, align: Align | None = None
) -> Subject:
    """Read one patient and check every file, then each against the others, then their content.

    Before the second step ``align`` puts volumes of other grids onto the FLAIR's.

    Raises
    ------
    VolumeError
        A file is missing or cannot be read (`nifti.read_image`, `nifti.read_mask`); grids differ
        (`geometry.check_grid`); the brain mask is empty or implausibly large; an image is constant
        inside it; the lesion mask is empty and ``allow_empty_lesions`` is False. Its message has a
        line for each problem of the first of the three steps that finds one.
    """
    problems: list[str] = []
    if files.missing:
        optional = not {"flair", *files.doubtful} & {*files.missing}
        problems.append(files.lack() + "; the option --without leaves out T1 or T2" * optional)
    if files.rater and not files.lesion_mask and (masks := files.doubtful.get("lesion_mask")):
        problems.append(
            f"{files.folder}: rater {files.rater} must have one lesion mask of the patient, got "
            f"{', '.join(path.name for path in masks)}"
        )
    volumes: Volumes = {}
    for key, path in files.existing.items():
        with _collected(problems):
            if key in files.images:
                volumes[key] = read_image(path)
            else:
                volumes[key] = read_mask(path, files.labels if key == "lesion_mask" else ())
    _raise_any(problems)
    if align is not None:
        volumes = align(files, volumes)

    grids = {key: (array.shape, affine) for key, (array, affine) in volumes.items()}
    for key, path in files.existing.items():
        with _collected(problems):
            check_grid(path, grids[key], files.images["flair"], grids["flair"])
    _raise_any(problems)

    arrays, affine = {key: array for key, (array, _) in volumes.items()}, volumes["flair"][1]
    images, lesion = {key: arrays[key] for key in files.images}, arrays.get("lesion_mask")
    if lesion is not None and not lesion.any() and not allow_empty_lesions:
        problems.append(
            f"{files.lesion_mask}: lesion mask must hold a lesion, got none; if nobody labelled "
            "the patient remove the file (allow_empty_lesions=True reads one without lesions)"
        )
    if files.brain_mask:
        brain, source = arrays["brain_mask"], str(files.brain_mask)
    else:
        brain = np.logical_or.reduce([image != 0 for image in images.values()])
        source = f"{files.folder} (no brain mask, so the voxels where any image is not 0)"
    with _collected(problems):
        check_brain(source, brain, affine)
        for modality, path in files.images.items():
            inside = images[modality].T[brain.T]  # .T: in the order of memory, four times faster
            if inside.min() == inside.max():
                problems.append(
                    f"{path}: image must vary inside the brain mask, got {inside[0]} everywhere"
                )
    _raise_any(problems)
    return Subject(
        name=files.name,
        images=images,
        lesion_mask=lesion,
        brain_mask=brain,
        affine=affine,
        domain=files.domain,
    )


def check_brain(source: str, brain: NDArray[np.bool_], affine: NDArray[np.float64]) -> None:
    """Raise `VolumeError` if a brain mask, named ``source``, is empty or cannot be a brain's."""
    if not brain.any():
        raise VolumeError(f"{source}: brain mask must not be empty, got 0 of {brain.size} voxels")
    volume_ml = np.count_nonzero(brain) * abs(np.linalg.det(affine[:3, :3])) / 1000
    if volume_ml > LARGEST_BRAIN_ML:
        raise VolumeError(
            f"{source}: brain must hold at most {LARGEST_BRAIN_ML:.0f} ml, got {volume_ml:.0f} ml; "
            "strip the skull from the images, or add the data set's brain mask"
        )


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    """Note a `VolumeError` instead of raising it, so that one look finds every problem."""
    try:
        yield
    except VolumeError as error:
        problems.append(str(error))


def _raise_any(problems: list[str]) -> None:
    if problems:
        raise VolumeError("\n".join(problems))
