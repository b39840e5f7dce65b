"""How far the phantom is from real scans: the same figures, and a distance.

``rfe data statistics PATH`` measures patients of a folder and phantom patients, and keeps numbers
only: ``data/results/scan_statistics.csv`` and ``scan_histograms.csv``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rfe_core.scans.subject import Subject
from rfe_study import provenance, results
from rfe_study.phantom.domains import DOMAINS, Patient
from rfe_study.phantom.protocols import draw_domain
from rfe_study.realism.statistics import EDGES, image_statistics, lesion_statistics

STATISTICS, HISTOGRAMS = "scan_statistics", "scan_histograms"

REAL, DRAWN = "real", "drawn protocol"

#: Kinds of scan, in the order of tables: real, the four scanners, and protocols drawn at random.
KINDS = (REAL, *(f"scanner {letter}" for letter in DOMAINS), DRAWN)

#: Groups of figures whose distance is measured. Number and size of lesions vary between patients.
GROUPS = ("contrast", "texture", "edges", "range", "shape", "spots")

#: A figure this small, of white matter, is as good as nothing: ratios of such are no distance.
SMALLEST = 0.02


def phantom_scans(letter: str) -> Iterator[tuple[str, Subject]]:
    """The first training patient's head as its own scanner and a drawn protocol scan it.

    Yields
    ------
    kind, subject
        One of `KINDS`, and the patient.
    """
    from rfe_study.phantom import heads  # here: reading tables needs no brain atlas

    patient = Patient(letter, "train", 1)
    anatomy = heads.make_anatomy(patient)
    rng = np.random.default_rng([0, patient.head])
    for kind, domain in ((f"scanner {letter}", DOMAINS[letter]), (DRAWN, draw_domain(rng))):
        yield (
            kind,
            Subject(
                name=patient.name,
                images=heads.scan(anatomy, domain, rng),
                lesion_mask=anatomy.lesion_mask,
                brain_mask=anatomy.brain_mask,
                affine=heads.AFFINE.copy(),
            ),
        )


def rows_of(kind: str, subject: Subject) -> tuple[list[dict], list[dict]]:
    """All figures of a patient, and its histograms, as rows of the two tables."""
    about = {"kind": kind, "subject": subject.name}
    figures, histograms = image_statistics(subject)
    if subject.lesion_mask is not None and subject.lesion_mask.any():
        figures += lesion_statistics(subject)
    bins = [
        {**about, "modality": modality, "bin": k, "low": float(EDGES[k]), "share": float(share)}
        for modality, shares in histograms.items()
        for k, share in enumerate(shares)
    ]
    return [about | row for row in figures], bins


def measure_all(
    real: Sequence[Subject], *, letters: Iterable[str] = tuple(DOMAINS), folder: Path | None = None
) -> None:
    """Measure real patients and one phantom head a scanner; write both tables anew."""
    letters = list(letters)
    born = {k: v for k, v in provenance.certificate(__name__).items() if k != "torch"}
    versions = {k: born[k] for k in ("code_version", "phantom_version")}
    figures, bins = [], []
    with tqdm(total=len(real) + 2 * len(letters), desc="scan statistics") as bar:

        def keep(kind: str, subject: Subject) -> None:
            rows, histogram = rows_of(kind, subject)
            figures.extend(row | born for row in rows)
            bins.extend(row | versions for row in histogram)
            bar.update()

        for subject in real:
            keep(REAL, subject)
        for letter in letters:
            for kind, subject in phantom_scans(letter):
                keep(kind, subject)
    results.write(STATISTICS, figures, folder=folder)
    results.write(HISTOGRAMS, bins, folder=folder)


def by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over patients: a row a figure (group, modality, figure), a column a kind."""
    keys = ["group", "modality", "figure"]
    wide = rows.pivot_table(index=keys, columns="kind", values="value", sort=False)
    return wide[[kind for kind in KINDS if kind in wide]]


def distances(rows: pd.DataFrame) -> pd.DataFrame:
    """How far each phantom patient is from the real one: a row a kind, a column a group.

    The mean over a group's figures of ``|log2(phantom / real)|``: 1 is a factor of two, either way.
    Figures below `SMALLEST` in the real scan are left out; phantom figures are held at it.
    ``all`` is the mean over groups, so that no group counts for having many figures.

    Raises
    ------
    ValueError
        If there is no real patient among the rows.
    """
    rows = rows[rows["group"].isin(GROUPS)]
    keys = ["group", "modality", "figure"]
    real = rows[rows["kind"] == REAL].groupby(keys)["value"].mean()
    if real.empty:
        raise ValueError("distances need a real patient among the rows, got none")
    real = real[real >= SMALLEST].rename("real")
    phantom = rows[rows["kind"] != REAL].merge(real, left_on=keys, right_index=True)
    ratio = phantom["value"].clip(lower=SMALLEST) / phantom["real"]
    phantom = phantom.assign(far=np.abs(np.log2(ratio)))
    table = phantom.pivot_table(index="kind", columns="group", values="far")
    table = table.reindex(index=[k for k in KINDS if k in table.index], columns=list(GROUPS))
    return table.assign(all=table.mean(axis=1))
