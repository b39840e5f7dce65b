"""Masks of one's own scans on disk: BIDS derivatives, each beside what it comes from.

A patient's files lie in ``sub-LABEL/anat/``: ``sub-LABEL_label-lesion_desc-HOW_mask.nii.gz`` on the
grid of the FLAIR's file, a probability map (``_probseg``) if wanted, and for the mask a JSON
sidecar that names the network, the threshold, and the digests of weights, of all files that were
read, and of mask and map. It is written last: these are whole and of that origin, or made again.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfe_core.evaluation import THRESHOLD
from rfe_core.files import replacing
from rfe_core.scans.errors import VolumeError
from rfe_core.scans.patients import SubjectFiles
from rfe_study.methods.modalities import left_out
from rfe_study.phantom.bids import BIDS_VERSION
from rfe_study.realism.alignment import Alignment
from rfe_study.runs.on_grid import write_on_grid

#: Stands for the digest of files that there are none of.
NO_FILES = "none"

#: What BIDS asks of a folder.
DESCRIPTION = "dataset_description.json"

#: The columns of a row, and what a sidecar calls them, that must agree for a mask to be kept.
DIGESTS = ("images", "labels", "source", "weights")


def label(name: str) -> str:
    """A name as a BIDS label, which has letters and digits alone; other names, other labels.

    Examples
    --------
    >>> label("patient07"), label("P 1"), label("P-1")
    ('patient07', 'P1x6b9061', 'P1x829887')
    """
    if re.fullmatch("[0-9A-Za-z]+", name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{re.sub('[^0-9A-Za-z]', '', name)}x{digest}"


def entities(name: str) -> str:
    """How the names of a patient's files begin.

    Examples
    --------
    >>> entities("01"), entities("01_ses-m12")
    ('sub-01', 'sub-01_ses-m12')
    """
    if re.fullmatch("[0-9A-Za-z]+_ses-[0-9A-Za-z]+", name):
        return f"sub-{name}"
    return f"sub-{label(name)}"


def patient_folder(folder: Path, name: str) -> Path:
    """Where a patient's files lie, ``sub-01`` or ``sub-01/ses-m12``."""
    return folder / entities(name).replace("_", "/")


def picture(folder: Path, name: str) -> Path:
    """Where a patient's picture lies (`rfe_study.runs.overlay`)."""
    patient = f"{entities(name)}_desc-lesions_overlay.png"
    return patient_folder(folder, name) / "figures" / patient


def files_digest(paths: Iterable[Path | None], *choices: str) -> str:
    """First 12 hex digits of the SHA-256 over the bytes of files in order; `NO_FILES` of none.

    Choices are how they are read, where that is not the plain way.

    Raises
    ------
    VolumeError
        A file cannot be read.
    """
    digest, paths = hashlib.sha256(), list(paths)
    for path in paths:
        try:
            content = b"" if path is None else hashlib.sha256(path.read_bytes()).digest()
        except OSError as error:
            raise VolumeError(f"{path}: file must be readable, got {error}") from error
        digest.update(content or bytes(1))  # which one is missing counts as well
    digest.update("".join(choices).encode())
    return digest.hexdigest()[:12] if any(paths) else NO_FILES


def digests(
    files: SubjectFiles, source: SubjectFiles | None = None, align: Alignment | None = None
) -> dict[str, str]:
    """What a patient's mask is made of, as columns ``images``, ``labels`` and ``source``.

    The images with the brain mask, the lesion mask, and all files of the patient of the priors;
    with the labels that were chosen, and the way in which files of other grids were aligned.
    """
    images, labels = _choices(files, align)
    read = [] if source is None else [*_images(source), source.lesion_mask]
    of_source = [] if source is None else [*map("".join, _choices(source, align))]
    return {
        "images": files_digest(_images(files), *images),
        "labels": files_digest([files.lesion_mask], *labels),
        "source": files_digest(read, *of_source),
    }


def _choices(files: SubjectFiles, align: Alignment | None) -> tuple[list[str], list[str]]:
    """How images and labels are read, in words; nothing for the plain way."""
    off_grid = [] if align is None else align.off_grid(files)
    images = [align.way] if set(off_grid) - {"lesion_mask"} else []
    labels = [align.way] if "lesion_mask" in off_grid else []
    if files.labels:
        labels.append(f"labels {sorted(files.labels)}")
    return images, labels


def _images(files: SubjectFiles) -> list[Path | None]:
    return [*(files.images[modality] for modality in sorted(files.images)), files.brain_mask]


@dataclass(frozen=True, kw_only=True)
class Derivative:
    """The files of one mask below a folder; `identity` are the key columns of its row."""

    folder: Path
    identity: Mapping[str, Any]

    @property
    def _stem(self) -> Path:
        row = self.identity
        words = (row["profile"], row["model"], f"seed{row['seed']}", row["experiment"])
        how = "".join(re.sub("[^0-9A-Za-z]", "", str(word).title()) for word in words)
        if row["prior_from"] != NO_FILES:
            how += f"From{label(row['prior_from'])}"
        folder, patient = patient_folder(self.folder, row["subject"]), entities(row["subject"])
        return folder / "anat" / f"{patient}_label-lesion_desc-{how[0].lower()}{how[1:]}"

    @property
    def mask(self) -> Path:
        """The mask's file."""
        return self._stem.with_name(f"{self._stem.name}_mask.nii.gz")

    @property
    def sidecar(self) -> Path:
        """What is said of mask and map, as JSON."""
        return self._stem.with_name(f"{self._stem.name}_mask.json")

    @property
    def probabilities(self) -> Path:
        """The probability map's file."""
        return self._stem.with_name(f"{self._stem.name}_probseg.nii.gz")

    def check_owner(self) -> None:
        """Refuse a file that holds another mask, of a network or patient with a name much like it.

        Raises
        ------
        ValueError
            Naming the file and both.
        """
        said = self._said()
        if said is not None and said.get("identity") != dict(self.identity):
            raise ValueError(
                f"{self.mask} must hold one mask alone, that of {dict(self.identity)}, but "
                f"{self.sidecar.name} names {said.get('identity')}; choose another --out"
            )

    def is_of(self, made_of: Mapping[str, str], *, probabilities: bool = False) -> bool:
        """Whether the files are as they were written, and made of what has these `DIGESTS`."""
        said, now = self._said() or {}, {name: made_of[name] for name in DIGESTS} | self._written()
        there = "mask" in now and ("map" in now or not probabilities)
        return there and all(said.get(name) == digest for name, digest in now.items())

    def _written(self) -> dict[str, str]:
        """The digests of mask and map, of those that are there."""
        files = {"mask": self.mask, "map": self.probabilities}
        return {name: files_digest([path]) for name, path in files.items() if path.exists()}

    def _said(self) -> dict[str, Any] | None:
        if not self.sidecar.exists():
            return None
        try:
            said = json.loads(self.sidecar.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or too deep
            said = error
        if not isinstance(said, dict):
            raise ValueError(
                f"{self.sidecar}: sidecar must be a JSON object, as `rfe adapt` writes it, got: "
                f"{said}; delete it, and its mask is made again"
            )
        return said

    def write(
        self,
        files: SubjectFiles,
        mask: NDArray[np.bool_],
        row: Mapping[str, Any],
        probability: NDArray[np.float32] | None = None,
        align: Alignment | None = None,
    ) -> None:
        """Write mask (X, Y, Z), map if there is one, and sidecar, on the grid of the FLAIR's file.

        `row` is what stands in the table; it has the digests. `align` read the files.
        """
        _describe(self.folder)
        for path in (self.sidecar, self.probabilities):
            path.unlink(missing_ok=True)  # of an older mask
        write_on_grid(self.mask, mask, files.images["flair"])
        if probability is not None:
            write_on_grid(self.probabilities, probability, files.images["flair"])
        about = {
            "Type": "Lesion",
            "Sources": sorted(path.name for path in files.images.values()),
            "GeneratedBy": [{"Name": "rfe adapt", "Version": row["code_version"]}],
            "Absent": left_out(files.images),
            "Threshold": None if row["weights"] == NO_FILES else THRESHOLD,
            "VolumeMillilitres": float(row["marked_ml"]),
            "Lesions": int(row["marked_lesions"]),
            "identity": dict(self.identity),
            **{name: row[name] for name in DIGESTS},
            **self._written(),
        }
        if files.lesion_mask is not None:
            about["Labels"] = {"File": files.lesion_mask.name, "Values": list(files.labels) or [1]}
        if align is not None:
            about["Aligned"] = [move.said() for move in align.moves(files)]
        _write_json(self.sidecar, about)


def _describe(folder: Path) -> None:
    """What BIDS asks of a folder of derivatives."""
    path = folder / DESCRIPTION
    if not path.exists():
        about = {"Name": "Lesion masks of rfe adapt", "BIDSVersion": BIDS_VERSION}
        _write_json(path, about | {"DatasetType": "derivative", "GeneratedBy": [{"Name": "rfe"}]})


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    with replacing(path) as partial:
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        partial.write_text(text, encoding="utf-8", newline="")
