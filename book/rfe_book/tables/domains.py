"""Scanners, protocols and tissues of the phantom, and the phantom beside real scans: chapter 01."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import SOURCES, Domain

_SEQUENCE_NAMES = {
    "spin-echo": "SE",
    "inversion-recovery": "IR",
    "mprage": "MPRAGE",
    "spoiled-gradient-echo": "GRE",
}
_TISSUE_NAMES = {"csf": "CSF", "gm": "gray matter", "wm": "white matter", "lesion": "lesion tissue"}


def scanners(domains: Mapping[str, Domain]) -> pd.DataFrame:
    """What differs between the scanners, a row each."""
    return pd.DataFrame(
        {
            "domain": d.letter,
            "scanner": d.scanner,
            "field (T)": d.field_strength_t,
            "TE of FLAIR (ms)": d.flair.echo_time_ms,
            "slices of T2 (mm)": d.t2.voxel_size_mm[2],
            "noise (%)": 100 * d.noise,
            "unevenness (%)": 100 * d.bias,
            "moving fluid (%)": 100 * d.csf_flow,
        }
        for d in domains.values()
    ).set_index("domain")


def protocols(domains: Mapping[str, Domain]) -> pd.DataFrame:
    """All settings of all sequences, and where each number comes from (keys of `SOURCES`)."""
    names = {
        "kind": "sequence",
        "repetition_time_ms": "TR (ms)",
        "echo_time_ms": "TE (ms)",
        "inversion_time_ms": "TI (ms)",
        "flip_angle_deg": "flip (°)",
        "voxel_size_mm": "voxel (mm)",
        "source": "source",
    }
    rows = pd.DataFrame(
        {"scanner": letter, "image": modality.upper(), **asdict(d.sequence(modality))}
        for letter, d in domains.items()
        for modality in MODALITIES
    )
    rows["kind"] = rows["kind"].map(_SEQUENCE_NAMES)
    return rows.set_index(["scanner", "image"])[list(names)].rename(columns=names)


def sources() -> pd.DataFrame:
    """What the sources that `protocols` names are."""
    return pd.Series(SOURCES, name="meaning").rename_axis("source").to_frame()


def tissues() -> pd.DataFrame:
    """T1, T2 and proton density of each tissue, at each field."""
    names = {"t1_ms": "T1 (ms)", "t2_ms": "T2 (ms)", "proton_density": "proton density"}
    rows = pd.DataFrame(
        {"field (T)": field, "tissue": _TISSUE_NAMES[tissue], **asdict(values)}
        for field, values_of in scanner.RELAXATION.items()
        for tissue, values in values_of.items()
    )
    return rows.rename(columns=names).set_index(["field (T)", "tissue"])


def beside_real(comparison: pd.DataFrame) -> pd.DataFrame:
    """`rfe_study.realism.fidelity.table` in words, a row a figure."""
    verdict = comparison["within"].map({True: "yes", False: "no"})
    verdict = verdict.where(comparison["rule"] != "", "")
    return comparison.assign(within=verdict).set_index("figure")
