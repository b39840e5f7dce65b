"""The table of a BIDS data set that says which scanner a patient comes from."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from rfe_core.scans.errors import VolumeError


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
