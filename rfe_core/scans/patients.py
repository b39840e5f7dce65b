"""Files of a patient, name and scanner: MSSEG's by their folders, those of BIDS by a table."""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from rfe_core.scans.errors import VolumeError

CENTRE = r"[Cc]ent(?:er|re)_(\d\d)"
MSSEG_PARTS = ("Training", "Testing")
MSSEG_SCANNERS = {"01": "C", "07": "B", "08": "A"}  # centre to domain, see `msseg_domain`


@dataclass(frozen=True, kw_only=True)
class SubjectFiles:
    """Files of one patient: a path per modality, existing or not; a mask that is absent is None.

    ``doubtful`` has the files that could be one that is absent, where several could; ``labels`` the
    values of the lesion mask that count, if not 1 alone; ``rater`` whose it is, if it is one
    rater's; ``session`` the folder's name if each session is a patient of its own.
    """

    name: str
    folder: Path
    images: dict[str, Path]
    lesion_mask: Path | None
    brain_mask: Path | None
    domain: str | None = None
    doubtful: dict[str, list[Path]] = field(default_factory=dict)
    labels: tuple[int, ...] = ()
    rater: str | None = None
    session: str | None = None

    @property
    def missing(self) -> list[str]:
        """Modalities whose file does not exist."""
        return [modality for modality, path in self.images.items() if not path.is_file()]

    @property
    def existing(self) -> dict[str, Path]:
        """Files there are, by modality, ``"lesion_mask"`` and ``"brain_mask"``."""
        masks = {"lesion_mask": self.lesion_mask, "brain_mask": self.brain_mask}
        files = {key: path for key, path in self.images.items() if key not in self.missing}
        return files | {key: path for key, path in masks.items() if path}

    def lack(self) -> str:
        """Which modalities are missing, where they should be and what could be them, in words."""
        places = []
        for key in self.missing:
            paths = [self.images[key], *self.doubtful.get(key, ())]
            place, *several = (os.path.relpath(path, self.folder) for path in paths)
            doubt = f"; one alone may stay of {', '.join(several)}" if several else ""
            places.append(f"{key} ({place}{doubt})")
        rule = f"{self.folder}: modalities {', '.join(self.images)} must all be there"
        return f"{rule}, missing {', '.join(places)}"


def msseg_name(folder: Path) -> str:
    """The folder's name; of Patient_01, which each centre has, with part and centre in front."""
    centre, part = folder.parent.name, folder.parent.parent.name
    if not re.fullmatch(r"[Pp]atient_\d+", folder.name):
        return folder.name
    parts = [part] * (part in MSSEG_PARTS) + [centre] * bool(re.fullmatch(CENTRE, centre))
    return "_".join([*parts, folder.name])


def msseg_domain(folder: Path) -> str | None:
    """Domain letter of an MSSEG patient by its centre, or None for a scanner outside Table 1.

    The centre is ``Center_XX`` among the parent folders, else the patient's first two digits.

    Deviation: letters follow the scanner, as the challenge documents it (01 Verio, 07 Aera, 08
    Ingenia) and Table 1 names it; the authors' code has centres 01 and 08 the other way round.
    """
    centres = [match[1] for part in folder.parts[:-1] if (match := re.fullmatch(CENTRE, part))]
    number = re.match(r"\d\d", folder.name)
    centre = centres[-1] if centres else number[0] if number else ""
    return MSSEG_SCANNERS.get(centre)


def read_participants(root: Path) -> dict[str, str | None]:
    """Name to domain letter (None for ``n/a``) from ``participants.tsv``; empty without one."""
    table = root / "participants.tsv"
    if not table.exists():
        return {}
    try:
        text = table.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
        columns, rows = reader.fieldnames or [], list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VolumeError(
            f"{table}: must be a table in UTF-8, columns between tabs, got: {error}"
        ) from error
    if "participant_id" not in columns:
        raise VolumeError(
            f"{table}: must have a column participant_id, got {', '.join(columns) or '-'}"
        )
    domains: dict[str, str | None] = {}
    for number, row in enumerate(rows, 2):
        name = (row["participant_id"] or "").removeprefix("sub-")
        if not name or name in domains:
            raise VolumeError(
                f"{table}: participant_id must name each patient once, got "
                f"{row['participant_id']!r} in row {number}"
            )
        domains[name] = None if row.get("domain") in (None, "", "n/a") else row["domain"]
    return domains
