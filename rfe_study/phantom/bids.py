"""A patient written into a BIDS-like tree, which `rfe_core.scans.load.load_subjects` reads back."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np

from rfe_core.files import replacing
from rfe_core.scans.discovery import normal_path
from rfe_core.scans.errors import VolumeError
from rfe_core.scans.layouts import LAYOUTS, MODALITIES
from rfe_core.scans.patients import read_participants
from rfe_core.scans.subject import Subject
from rfe_study.phantom.volumes import write_image, write_mask

BIDS_VERSION = "1.10.0"


def save_subject(subject: Subject, root: str | Path, *, register: bool = True) -> Path:
    """Write a patient into a BIDS-like tree that `load_subjects` reads.

    Images become scaled int16 (an error of at most max(abs(image)) / 65534 a voxel), masks
    uint8, the affine float32. Every file appears complete or not at all. Files of an earlier
    patient of that name are replaced.

    Parameters
    ----------
    subject
        Its name must be a BIDS label.
    root
        Folder of the tree; made if needed, with the two ``dataset_description.json`` that BIDS
        asks for.
    register
        Also write the patient's row of ``participants.tsv``. That file is read, changed and
        renamed, so processes that save side by side pass False and their parent calls
        `register_participants` once.

    Returns
    -------
    Path
        The patient's folder, ``root/sub-NAME``.

    Raises
    ------
    VolumeError
        The name has other characters than letters and digits, a modality is missing, or an image
        is not finite.
    """
    root = Path(root)
    if not re.fullmatch("[0-9A-Za-z]+", subject.name):
        raise VolumeError(
            f"name must hold only letters and digits (a BIDS label), got {subject.name!r}"
        )
    paths = bids_paths(root, subject.name)
    for modality in MODALITIES:
        if modality not in subject.images:
            raise VolumeError(
                f"{subject.name}: images must hold {modality}, got {', '.join(subject.images)}"
            )
        if not np.isfinite(subject.images[modality]).all():
            raise VolumeError(f"{subject.name}: {modality} must be finite, got NaN or infinity")
    for folder, kind in ((root, "raw"), (root / "derivatives" / "masks", "derivative")):
        _describe_dataset(folder, kind)
    for modality in MODALITIES:
        write_image(paths[modality], subject.images[modality], subject.affine)
    write_mask(paths["brain_mask"], subject.brain_mask, subject.affine)
    if subject.lesion_mask is None:
        paths["lesion_mask"].unlink(missing_ok=True)
    else:
        write_mask(paths["lesion_mask"], subject.lesion_mask, subject.affine)
    if register:
        register_participants(root, {subject.name: subject.domain})
    return root / f"sub-{subject.name}"


def bids_paths(root: Path, name: str) -> dict[str, Path]:
    """Where the BIDS-like tree keeps a patient's files: t1, t2, flair, lesion_mask, brain_mask."""
    rules, label = LAYOUTS["bids"], f"sub-{name}"
    places = rules.images[0] | {"lesion_mask": rules.lesion_mask, "brain_mask": rules.brain_mask}
    return {
        key: normal_path(root / label / place.format(name=label))
        for key, place in places.items()
        if place is not None
    }


def register_participants(root: Path, domains: dict[str, str | None]) -> None:
    """Add or replace rows of ``participants.tsv``, sorted by name."""
    rows = read_participants(root) | domains
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(["participant_id", "domain"])
    writer.writerows([f"sub-{name}", rows[name] or "n/a"] for name in sorted(rows))
    with replacing(root / "participants.tsv") as partial:
        partial.write_text(text.getvalue(), encoding="utf-8", newline="")


def _describe_dataset(folder: Path, kind: str) -> None:
    if (folder / "dataset_description.json").exists():
        return
    description = {
        "Name": f"Patients written by rfe_core ({kind})",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": kind,
        "GeneratedBy": [{"Name": "rfe_core"}],
    }
    with replacing(folder / "dataset_description.json") as partial:
        partial.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8", newline="")
