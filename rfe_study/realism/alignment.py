"""T1, T2 and masks of other grids, put onto that of the FLAIR, with a record of what was done.

``resample`` trusts the headers: a voxel lies where its affine says. ``register`` also finds the
rigid motion that fits an image to the FLAIR (`rfe_study.realism.registration`); a mask on such an
image's grid moves with it. Images are interpolated linearly, and are 0 where the file ends or its
nearest voxel is 0; a mask keeps its nearest voxel. What lies on the FLAIR's grid already is left as
it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.geometry import Grid, largest_shift, same_grid
from rfe_core.scans.header import image_shape, read_header
from rfe_core.scans.patients import SubjectFiles
from rfe_core.scans.subject import Volumes
from rfe_study.realism import registration

WAYS = ("resample", "register")

HEADERS = "the headers"

#: A file that covers less than this part of the brain is worth a warning.
LEAST_COVERED = 0.99

#: A motion of more millimetres is worth a warning, too.
LARGEST_MOTION_MM = 40.0


@dataclass(frozen=True, kw_only=True)
class Move:
    """How one file came onto the grid of the FLAIR.

    Attributes
    ----------
    path, onto
        The file, and the FLAIR's.
    by
        What says where it lies: `HEADERS`, a registration, or the motion of another file.
    transform
        Float64 (4, 4), from millimetres of the FLAIR's header to those of the file's, in RAS+.
    moved_mm
        How far it displaces a corner of the FLAIR's grid at most; 0 by the headers.
    information
        Mutual information with the FLAIR before and after; None if it was not registered.
    covered
        The part of the brain that lies in the file.
    """

    path: Path
    onto: Path
    by: str
    transform: NDArray[np.float64]
    moved_mm: float = 0.0
    information: tuple[float, float] | None = None
    covered: float = 1.0

    def said(self) -> dict[str, Any]:
        """For a sidecar."""
        about = {
            "File": self.path.name,
            "Onto": self.onto.name,
            "PlacedBy": self.by,
            "MillimetresOntoToFile": np.round(self.transform, 6).tolist(),
            "LargestMotionMillimetres": round(self.moved_mm, 3),
            "CoveredPartOfBrain": round(self.covered, 4),
        }
        if self.information is not None:
            before, after = (round(value, 4) for value in self.information)
            about["MutualInformation"] = {"Before": before, "After": after}
        return about

    def __str__(self) -> str:
        text = f"{self.path.name} put onto the grid of {self.onto.name} by {self.by}"
        if self.moved_mm:
            text += f", moved by up to {self.moved_mm:.1f} mm"
        if self.information is not None:
            text += ", mutual information {:.3f} before and {:.3f} after".format(*self.information)
        return text

    def concerns(self) -> list[str]:
        """What a person should look at before believing it."""
        found = []
        if self.covered < LEAST_COVERED:
            found.append(
                f"{self.path}: covers {self.covered:.1%} of the brain in {self.onto.name}, and is "
                "0 in the rest"
            )
        if self.moved_mm > LARGEST_MOTION_MM:
            found.append(
                f"{self.path}: was moved by up to {self.moved_mm:.0f} mm; look whether it fits "
                f"{self.onto.name}"
            )
        return found


def alignment(*, resample: bool = False, register: bool = False) -> Alignment | None:
    """What two options ask for."""
    asked = dict(zip(WAYS, (resample, register), strict=True))
    return next((Alignment(way) for way in WAYS if asked[way]), None)


class Alignment:
    """Puts a patient's volumes onto the grid of the FLAIR; `load_subject` takes it as ``align``.

    What was found for a file is kept: reading the patient again does not register again.

    Parameters
    ----------
    way
        One of `WAYS`.

    Raises
    ------
    ValueError
        Another way, or SimpleITK is not installed, which registers.
    """

    def __init__(self, way: str) -> None:
        if way not in WAYS:
            raise ValueError(f"way must be one of {', '.join(WAYS)}, got {way!r}")
        if way == "register" and not registration.available():
            raise ValueError(
                "--register needs SimpleITK, which is not installed; this installs it: "
                "python -m pip install 'SimpleITK>=2.4'"
            )
        self.way = way
        self._moves: dict[Path, Move] = {}

    def moves(self, files: SubjectFiles) -> list[Move]:
        """What was done to a patient's files when they were read."""
        return [self._moves[path] for path in files.existing.values() if path in self._moves]

    def off_grid(self, files: SubjectFiles) -> list[str]:
        """Which of a patient's files are not on the FLAIR's grid, as their headers say."""
        grids = {key: _grid(path) for key, path in files.existing.items()}
        return [key for key, grid in grids.items() if not same_grid(grid, grids["flair"])]

    def __call__(self, files: SubjectFiles, volumes: Volumes) -> Volumes:
        """The volumes, all on the grid of the FLAIR, whose own is not touched."""
        flair, affine = volumes["flair"]
        grids = {key: (array.shape, own) for key, (array, own) in volumes.items()}
        aligned, inside = dict(volumes), {}
        for key in [key for key, grid in grids.items() if not same_grid(grid, grids["flair"])]:
            path = files.existing[key]
            if path not in self._moves:
                self._moves[path] = self._found(key, files, volumes, grids)
            (array, own), move = volumes[key], self._moves[path]
            index = np.linalg.inv(own) @ move.transform @ affine
            sampled = _sampled(array, index, flair.shape)
            if array.dtype != bool:  # air stays 0, which may be all that says where brain is
                sampled[~_sampled(array != 0, index, flair.shape)] = 0
            aligned[key] = sampled, affine
            inside[path] = _sampled(np.ones(array.shape, bool), index, flair.shape)
        brain = aligned["brain_mask"][0] if "brain_mask" in aligned else flair != 0
        for path, there in inside.items():
            covered = float(there[brain].mean()) if brain.any() else 1.0
            self._moves[path] = replace(self._moves[path], covered=covered)
        return aligned

    def _found(
        self, key: str, files: SubjectFiles, volumes: Volumes, grids: dict[str, Grid]
    ) -> Move:
        """Where a file lies; images come before the masks that move with them."""
        path, onto = files.existing[key], files.images["flair"]
        by_headers = Move(path=path, onto=onto, by=HEADERS, transform=np.eye(4))
        if self.way == "resample":
            return by_headers
        if key not in files.images:
            alike = [other for other in files.images if same_grid(grids[other], grids[key])]
            if not alike:
                return by_headers
            image = self._moves[files.images[alike[0]]]
            by = f"the motion of {image.path.name}"
            return replace(image, path=path, by=by, information=None)
        try:
            motion = registration.rigid(volumes["flair"], volumes[key])
        except RuntimeError as error:
            raise VolumeError(
                f"{path}: image must overlap {onto.name} to be registered, got: {error}"
            ) from error
        shape, affine = grids["flair"]
        return replace(
            by_headers,
            by="rigid registration",
            transform=motion.transform,
            moved_mm=largest_shift(shape, motion.transform @ affine, affine),
            information=(motion.before, motion.after),
        )


def _sampled(array: NDArray[Any], index: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray:
    """An array where ``index`` (4, 4) maps the voxels of a grid: linear, of a mask the nearest."""
    mask = array.dtype == bool
    there = np.empty(shape, np.uint8 if mask else array.dtype, order="F")  # as a file is read
    ndimage.affine_transform(
        array.astype(np.uint8) if mask else array,
        index,
        output=there,
        order=0 if mask else 1,
        mode="grid-constant",  # 0 beyond the outermost voxels, not at a rounding error from them
    )
    return there > 0 if mask else there


def _grid(path: Path) -> Grid:
    """Shape and affine of a file in RAS+, from its header."""
    header = read_header(path)
    affine, shape = header.get_best_affine(), image_shape(header)
    turn = nib.io_orientation(affine)
    turned = tuple(shape[axis] for axis in np.argsort(turn[:, 0]))
    return turned, affine @ nib.orientations.inv_ornt_aff(turn, shape)
