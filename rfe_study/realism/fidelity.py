"""How close the phantom is to real scans: the same figures, measured the same way on both."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage
from tqdm.auto import tqdm

from rfe_study import provenance, results
from rfe_study.phantom.domains import DOMAINS, Patient, patients
from rfe_study.realism.statistics import connected

TABLE, SIZES = "fidelity", "lesion_sizes"  # data/results/<name>.csv

SIZE_PERCENTILES = (5, 25, 50, 75, 95)

FACTOR = 1.25  # lesion figures must agree within this factor

CONTRAST_TOLERANCE = 0.10  # contrasts of the 3 T domains within this share of the real ones

#: Measured on the open MS database (Lesjak et al. 2018): lesion figures on 30 masks, intensities
#: on patient 07 (others within about 10%).
REAL = {
    "lesion count, median": 79.0,
    "lesion load, median (ml)": 13.9,
    "lesion size, 5th percentile (mm3)": 1.0,
    "lesion size, 25th percentile (mm3)": 6.0,
    "lesion size, 50th percentile (mm3)": 17.0,
    "lesion size, 75th percentile (mm3)": 46.0,
    "lesion size, 95th percentile (mm3)": 261.0,
    "white-matter probability at lesions, mean": 0.72,
    "lesion / white matter, T1": 0.84,
    "lesion / white matter, T2": 1.46,
    "lesion / white matter, FLAIR": 1.34,
    "gray / white matter, T1": 0.83,
    "gray / white matter, T2": 1.10,
    "gray / white matter, FLAIR": 1.04,
}


def contrasts(images, lesion_mask, wm_probability, gm_probability, brain_mask) -> dict[str, float]:
    """Median lesion and gray matter over median white matter, for each image.

    White and gray matter are the voxels whose map exceeds 0.9 and that lie at least 3 voxels from
    any lesion. All arrays (X, Y, Z) on one grid; `images` by modality.
    """
    away = brain_mask & ~ndimage.binary_dilation(lesion_mask, iterations=2)
    white, gray = away & (wm_probability > 0.9), away & (gm_probability > 0.9)
    row = {}
    for modality, image in images.items():
        reference = np.median(image[white])
        row[f"lesion / white matter, {modality.upper()}"] = float(
            np.median(image[lesion_mask]) / reference
        )
        row[f"gray / white matter, {modality.upper()}"] = float(np.median(image[gray]) / reference)
    return row


def measure(patient: Patient, seed: int = 0) -> tuple[dict, list[int]]:
    """Figures of one phantom patient as a row, and the sizes of its lesions in mm3."""
    from rfe_study.phantom import heads  # here: reading the stored table needs no brain atlas

    anatomy = heads.make_anatomy(patient, seed)
    made = heads.scan_patient(anatomy, patient, seed)
    lesion = anatomy.lesion_mask
    _, sizes = connected(lesion)
    row = {
        "patient": patient.name,
        "domain": patient.domain,
        "lesions": len(sizes),
        "load_ml": sizes.sum() / 1000,
        "wm_probability_at_lesions": float(anatomy.wm_probability[lesion].mean()),
        "ventricle_distance_mm": float(np.median(anatomy.ventricle_distance_mm[lesion])),
        "brain_ml": anatomy.brain_mask.sum() / 1000,
    }
    maps = anatomy.wm_probability, anatomy.gm_probability
    row |= contrasts(made.images, lesion, *maps, anatomy.brain_mask)
    return row, sizes.tolist()


def measure_all(
    who: Iterable[Patient] | None = None, *, workers: int = 2, folder: Path | None = None
) -> None:
    """Measure patients (default: the 28 of Table 1) and write both tables anew."""
    who = list(patients() if who is None else who)
    born = {k: v for k, v in provenance.certificate(__name__).items() if k != "torch"}
    rows, sizes = [], []
    with ProcessPoolExecutor(workers) as pool:
        measured = tqdm(pool.map(measure, who), total=len(who), desc="fidelity")
        for patient, (row, its_sizes) in zip(who, measured, strict=True):
            rows.append({**row, **born})
            sizes += [{"patient": patient.name, "size_mm3": s} for s in sorted(its_sizes)]
    for name, table in ((TABLE, rows), (SIZES, sizes)):
        results.write(name, table, folder=folder)


def pooled(rows: pd.DataFrame, sizes: pd.DataFrame) -> dict[str, float]:
    """The phantom's value of each lesion figure in :data:`REAL`."""
    voxels = rows["load_ml"]
    figures = {
        "lesion count, median": rows["lesions"].median(),
        "lesion load, median (ml)": rows["load_ml"].median(),
        "white-matter probability at lesions, mean": float(
            np.average(rows["wm_probability_at_lesions"], weights=voxels)
        ),
    }
    for q in SIZE_PERCENTILES:
        figures[f"lesion size, {q}th percentile (mm3)"] = float(np.percentile(sizes["size_mm3"], q))
    return figures


def table(folder: Path | None = None) -> pd.DataFrame:
    """Real and phantom figures side by side, from the stored rows.

    Returns
    -------
    DataFrame
        ``figure``, ``real``, ``phantom`` (pooled; for contrasts the mean over the patients of the
        3 T domains), ``A`` ... ``D`` (contrasts by domain), ``rule`` (what must hold, or "") and
        ``within`` (whether it does).
    """
    rows, sizes = results.read(TABLE, folder), results.read(SIZES, folder)
    lesion_figures = pooled(rows, sizes)
    at_3t = [d.letter for d in DOMAINS.values() if d.field_strength_t == 3.0]
    lines = []
    for figure, real in REAL.items():
        line = {"figure": figure, "real": real}
        if figure in lesion_figures:
            value = line["phantom"] = lesion_figures[figure]
            ruled = "probability" not in figure
            line["rule"] = f"within a factor {FACTOR}" if ruled else ""
            line["within"] = not ruled or 1 / FACTOR <= value / real <= FACTOR
        else:
            by_domain = rows.groupby("domain")[figure].mean()
            line["phantom"] = rows[rows["domain"].isin(at_3t)][figure].mean()
            line |= by_domain.to_dict()
            line["rule"] = f"each 3 T domain within {CONTRAST_TOLERANCE:.0%}"
            line["within"] = bool(((by_domain[at_3t] / real - 1).abs() <= CONTRAST_TOLERANCE).all())
        lines.append(line)
    order = ["figure", "real", "phantom", *DOMAINS, "rule", "within"]
    return pd.DataFrame(lines)[order]
