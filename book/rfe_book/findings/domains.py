"""What chapter 01 says of scanners, tissues and the phantom."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import PAIRED, Domain
from rfe_study.phantom.heads import Anatomy
from rfe_study.realism import fidelity

#: Lesions of at most so many mm3 are called small.
SMALL_MM3 = 10


def one_head(anatomy: Anatomy, scans: Mapping[str, Mapping[str, np.ndarray]]) -> Findings:
    """How bright lesions are in FLAIR, over white matter, of one head in several scanners.

    Parameters
    ----------
    anatomy : Anatomy
    scans : mapping of mappings of (X, Y, Z)
        ``scans[letter][modality]``.
    """
    maps = anatomy.wm_probability, anatomy.gm_probability, anatomy.brain_mask
    found = {
        letter: fidelity.contrasts({"flair": scan["flair"]}, anatomy.lesion_mask, *maps)
        for letter, scan in scans.items()
    }
    lesion = {letter: row["lesion / white matter, FLAIR"] for letter, row in found.items()}
    must_hold("lesions stand out most on B", max(lesion, key=lesion.get) == "B")
    must_hold("lesions are fainter on C than on A", lesion["C"] < lesion["A"])
    return Findings(
        **{letter: f"{value:.2f}" for letter, value in lesion.items()},
    )


def patients(domains: Mapping[str, Domain]) -> Findings:
    """How many patients Table 1 has, how many the first network learns from, and paired heads."""
    count = sum(d.n_train + d.n_test for d in domains.values())
    return Findings(all=count, train=domains["A"].n_train, paired=PAIRED["paired"])


def physics(domains: Mapping[str, Domain]) -> Findings:
    """FLAIR of pure tissues by the equations: the worked example, and each scanner's contrast."""
    a = domains["A"]
    tissue = scanner.RELAXATION[a.field_strength_t]
    values = {"te": f"{a.flair.echo_time_ms:g}", "ti": f"{a.flair.inversion_time_ms:g}"}
    for name in ("wm", "lesion"):
        t2 = tissue[name].t2_ms
        values |= {f"t2_{name}": f"{t2:g}", f"left_{name}": f"{_left(a, t2):.2f}"}
    times = _left(a, tissue["lesion"].t2_ms) / _left(a, tissue["wm"].t2_ms)
    for name in ("csf", "wm"):
        t1 = tissue[name].t1_ms
        null = t1 * (np.log(2) - np.log(1 + np.exp(-a.flair.repetition_time_ms / t1)))
        values |= {f"null_{name}": f"{null:.0f}", f"t1_{name}": f"{t1:g}"}
    pure = {}
    for letter, d in domains.items():
        _, _, white, lesion = scanner.tissue_signals(d.flair, d.field_strength_t)
        pure[letter] = lesion / white
        values[f"pure_{letter}"] = f"{pure[letter]:.2f}"
    must_hold("A and D have the same contrast", bool(np.isclose(pure["A"], pure["D"])))
    must_hold("B shows lesions brightest", max(pure, key=pure.get) == "B")
    must_hold("C shows lesions faintest", min(pure, key=pure.get) == "C")
    return Findings(times=f"{times:.1f}", factor=f"{pure['B'] / pure['A']:.2f}", **values)


def _left(domain: Domain, t2_ms: float) -> float:
    """Share of the signal that is left at the echo of FLAIR."""
    return float(np.exp(-domain.flair.echo_time_ms / t2_ms))


def cohort(rows: pd.DataFrame, sizes: pd.DataFrame) -> Findings:
    """How rare and how small lesions are, from `fidelity.TABLE` and `fidelity.SIZES`.

    ``small_count`` and ``small_volume`` are shares of lesions of at most `SMALL_MM3`.
    """
    share = rows["load_ml"] / rows["brain_ml"]
    small = sizes["size_mm3"] <= SMALL_MM3
    volume = sizes["size_mm3"][small].sum() / sizes["size_mm3"].sum()
    must_hold("small lesions hold little of the volume", volume < small.mean() / 5)
    return Findings(
        measured=len(rows),
        below=int((share < 0.01).sum()),
        share_median=f"{share.median():.1%}",
        share_max=f"{share.max():.1%}",
        small=SMALL_MM3,
        small_count=f"{small.mean():.0%}",
        small_volume=f"{volume:.1%}",
    )


def brains(rows: pd.DataFrame, statistics: pd.DataFrame) -> Findings:
    """How much larger the phantom's brains are on average than real ones, from `fidelity.TABLE` and
    rows of ``scan_statistics``."""
    real = statistics[(statistics["kind"] == "real") & (statistics["figure"] == "brain (ml)")]
    larger = rows["brain_ml"].mean() / real["value"].mean() - 1
    must_hold("the phantom's brains are larger", larger > 0.1)
    return Findings(larger=f"{larger:.0%}")


def realism(comparison: pd.DataFrame) -> Findings:
    """How many rules of `fidelity.table` hold, and the largest deviation of what is drawn.

    ``worst_factor`` is above 1, as that of the rule, whether the phantom is larger or smaller.
    """
    ruled = comparison["rule"] != ""
    named = comparison.set_index("figure")
    drawn = named["rule"].str.contains("factor")
    factor = (named["phantom"] / named["real"])[drawn].astype(float)
    off = np.log(factor).abs()
    worst = off.idxmax()
    return Findings(
        held=int(comparison["within"][ruled].astype(bool).sum()),
        rules=int(ruled.sum()),
        worst=worst,
        worst_side="larger" if factor[worst] > 1 else "smaller",
        worst_factor=f"{np.exp(off[worst]):.2f}",
        worst_rule=named["rule"][worst],
    )
