"""What chapter 11 says, from rows of `rfe adapt` and figures of scans."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from rfe_book import words
from rfe_book.findings import Findings, must_hold
from rfe_book.tables import real as tables
from rfe_core.metrics import SIZE_EDGES_MM3
from rfe_study.realism import distance
from rfe_study.runs.real import AS_READ, NO_NEGATIVES
from rfe_study.runs.variants import FOUR, RANDOM

#: Whose white matter the chapter compares, and what is full brightness: as `normalise` has it.
HOME, FULL = "scanner A", 0.999

#: How findings name a set of training patients and a way for a scan to go in.
_SETS = {"lower": "lower", FOUR: "four", RANDOM: "drawn"}
_WAYS = {AS_READ: "read", NO_NEGATIVES: "cleaned"}


def distances(figures: pd.DataFrame) -> Findings:
    """How far phantoms are from the real scans, and in what.

    ``far_A``, ``times_A``: mean distance, and the factor it means; ``nearest``, ``farthest`` with
    ``nearest_by``, ``farthest_by``: groups of figures of scanner A; ``most``: the phantom that is
    farthest, with ``most_by`` and ``most_in``, its farthest group; ``spots_*``: bright spots a
    litre.

    Parameters
    ----------
    figures : DataFrame
        Rows of `rfe_study.realism.distance.STATISTICS`.
    """
    far, seen = distance.distances(figures), distance.by_kind(figures)
    by_group = far.loc[HOME, list(distance.GROUPS)]
    scanners = far.loc[[kind for kind in far.index if kind.startswith("scanner")]]
    most = scanners["all"].idxmax()
    spots = seen.loc[("spots", "flair", "spots")]
    spots = spots.rename({kind: kind.split()[-1] for kind in spots.index})
    most_in = far.loc[most, list(distance.GROUPS)].idxmax()
    must_hold("scanner A is nearest", far["all"].idxmin() == HOME)
    ends = by_group.idxmin(), by_group.idxmax()
    must_hold("in shape most of all, in range least", ends == ("shape", "range"))
    must_hold("B is farthest, in spots", (most, most_in) == ("scanner B", "spots"))
    must_hold("in the mean no more than a factor of 1.5 off", far["all"].max() < np.log2(1.5))
    return Findings(
        far_A=f"{far.loc[HOME, 'all']:.2f}",
        times_A=f"{2 ** far.loc[HOME, 'all']:.2f}",
        nearest=by_group.idxmin(),
        nearest_by=f"{by_group.min():.2f}",
        farthest=by_group.idxmax(),
        farthest_by=f"{by_group.max():.2f}",
        most=most,
        most_by=f"{scanners.loc[most, 'all']:.2f}",
        most_in=most_in,
        **{f"spots_{name}": f"{value:.0f}" for name, value in spots.items() if " " not in name},
    )


def full_brightness(bins: pd.DataFrame) -> pd.Series:
    """By kind, the FLAIR over white matter that 99.9% of the brain's voxels stay below."""
    own = bins[bins["modality"] == "flair"]
    wide = own.pivot_table(index="low", columns="kind", values="share").sort_index().cumsum()
    edges = np.append(wide.index[1:], 2 * wide.index[-1] - wide.index[-2])
    reached = wide >= FULL
    if not reached.any().all():
        raise ValueError(f"histograms of FLAIR must reach {FULL:.1%} of the brain")
    return pd.Series(edges[reached.to_numpy().argmax(axis=0)], wide.columns)


def brightness(bins: pd.DataFrame) -> Findings:
    """What our normalisation makes of white matter in FLAIR, at home and in the patients.

    ``full_A``, ``full_real``: brightest per mille over white matter; ``white_A``, ``white_real``:
    white matter after it; ``brighter``: their ratio; ``scanners``: range over the four.
    """
    full = full_brightness(bins)
    white = 1 / full
    must_hold("patients' white matter is brighter", white[distance.REAL] > white[HOME])
    scanners = white[[kind for kind in white.index if kind.startswith("scanner")]]
    must_hold("no scanner has it so bright", white[distance.REAL] > scanners.max())
    return Findings(
        full_A=f"{full[HOME]:.1f}",
        full_real=f"{full[distance.REAL]:.1f}",
        white_A=f"{white[HOME]:.2f}",
        white_real=f"{white[distance.REAL]:.2f}",
        brighter=f"{white[distance.REAL] / white[HOME]:.1f}",
        scanners=f"{scanners.min():.2f} to {scanners.max():.2f}",
    )


def networks(rows: pd.DataFrame, subject: str) -> Findings:
    """What the networks are worth on one patient.

    For each set (``lower``, ``four``, ``drawn``) and way (``read``, ``cleaned``), for example
    ``lower_read="0.47 (0.36 to 0.59)"``: mean Dice and its ends over seeds; ``_ap``, ``_f1``,
    ``_volume``, ``_precision``, ``_recall`` behind that: means. ``seeds``: of each set.
    ``lesions``, ``load`` (ml), ``small``: most that lesions below the last size class can have.
    """
    own = tables.of_patient(rows, subject)
    seeds = own.groupby("model")["seed"].nunique()
    must_hold("all sets have as many seeds", seeds.nunique() == 1 and seeds.min() > 1)
    values: dict[str, str] = {}
    for model, name in _SETS.items():
        for way, word in _WAYS.items():
            some = own[(own["model"] == model) & (own["experiment"] == way)]
            if some.empty:
                raise ValueError(f"rows must score {subject} {way!r} with {model}, got none")
            key = f"{name}_{word}"
            values[key] = _with_ends(some["f_score"])
            values[f"{key}_ap"] = f"{some['average_precision'].mean():.2f}"
            values[f"{key}_f1"] = f"{some['lesion_f1'].mean():.2f}"
            values[f"{key}_volume"] = _times(some["volume"].mean())
            for score in ("precision", "recall"):
                values[f"{key}_{score}"] = f"{100 * some[score].mean():.0f}"
    return Findings(
        **values,
        seeds=int(seeds.min()),
        lesions=int(own["lesions"].iloc[0]),
        load=_millilitres(float(own["lesion_ml"].iloc[0])),
        small=f"{_small_ml(own.iloc[0]):.1f}",
    )


def together(rows: pd.DataFrame, baselines: pd.DataFrame) -> Findings:
    """What holds on both patients, of the networks of scanner A and of those with more variety.

    ``spread``: most that Dice differs between seeds of one set, same patient and same way;
    ``home``: mean F of all lower bounds on paired heads of scanner A.

    Parameters
    ----------
    rows, baselines : DataFrame
        Rows of `rfe adapt` and of ``rfe train --evaluate test``.
    """
    at_home = (baselines["role"] == "paired") & (baselines["domain"] == "A")
    home = baselines.loc[at_home & (baselines["model"] == "lower"), "f_score"].mean()
    means, spread = {}, 0.0
    for subject in tables.SUBJECTS:
        own = tables.of_patient(rows, subject)
        dice = own.groupby(["model", "experiment"])["f_score"]
        spread = max(spread, float((dice.max() - dice.min()).max()))
        each = own[own["model"] == "lower"].groupby("experiment")
        means[subject] = each[["f_score", "precision", "recall"]].mean()
    for subject, mean in means.items():
        change = mean.loc[NO_NEGATIVES] - mean.loc[AS_READ]
        fewer = change["precision"] > 0 > change["recall"]
        must_hold(f"darker means fewer voxels on {subject}", fewer)
    first, second = (means[subject].loc[AS_READ, "f_score"] for subject in tables.SUBJECTS)
    must_hold("patient 07 is lost, 19 is not", first < 0.1 < 0.35 < second < 0.65)
    must_hold("at home it is more", home > max(first, second))
    _hold_variety(rows)
    return Findings(spread=f"{spread:.2f}", home=f"{home:.2f}")


def _hold_variety(rows: pd.DataFrame) -> None:
    """With variety less is marked: better by lesions, by voxels on the first patient at most."""
    dice, ranked, variety = "f_score", "average_precision", [FOUR, RANDOM]
    for subject in tables.SUBJECTS:
        own = tables.of_patient(rows, subject)
        groups = own[own["experiment"] == AS_READ].groupby("model")
        groups = groups[[dice, ranked, "recall", "lesion_f1", "volume"]]
        mean, least, most = groups.mean(), groups.min(), groups.max()
        less = most.loc[variety, "volume"].max() < least.loc["lower", "volume"]
        must_hold(f"each with variety marks less on {subject}", less)
        better = least.loc[variety, "lesion_f1"].min() > most.loc["lower", "lesion_f1"]
        must_hold(f"each with variety is better by lesions on {subject}", better)
        above = mean.loc[variety] > mean.loc["lower"]
        if subject == tables.SUBJECTS[0]:
            must_hold(f"variety has more Dice on {subject}", above[dice].all())
            ranks = above.loc[RANDOM, ranked] and not above.loc[FOUR, ranked]
            must_hold(f"only drawn protocols rank better on {subject}", ranks)
        else:
            must_hold(f"variety is worse on {subject}", not above[[dice, ranked]].any(axis=None))
            misses = most.loc[variety, "recall"].max() < 0.5
            must_hold(f"each with variety misses most on {subject}", misses)


def _small_ml(row: pd.Series) -> float:
    """What lesions of all size classes but the last can have at most."""
    return sum(
        high * int(row[f"lesions_{low:g}_{high:g}"]) / 1000
        for low, high in pairwise(SIZE_EDGES_MM3)
        if np.isfinite(high)
    )


def origin(rows: pd.DataFrame) -> str:
    """Where rows come from; differing values are all named."""
    return words.origin(rows, ("hardware", "code_version", "phantom_version", "date"))


def _with_ends(dice: pd.Series) -> str:
    """``"0.47 (0.36 to 0.59)"``."""
    return f"{dice.mean():.2f} ({dice.min():.2f} to {dice.max():.2f})"


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def _millilitres(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
