"""Names and scanners of MSSEG's patients, by the folders that they lie in."""

from __future__ import annotations

import re
from pathlib import Path

CENTRE = r"[Cc]ent(?:er|re)_(\d\d)"

MSSEG_PARTS = ("Training", "Testing")

MSSEG_SCANNERS = {"01": "C", "07": "B", "08": "A"}  # centre to domain, see `msseg_domain`


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
