"""What chapter 08 says of the prior."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import ndimage

from rfe_book.findings import Findings, must_hold
from rfe_book.tables import prior as tables
from rfe_book.words import listed, made_by
from rfe_core.scans.subject import Subject
from rfe_study.claims import adaptation
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.rows import of_first_seed
from rfe_study.claims.verdicts import judge_parts
from rfe_study.measures import prior_quality
from rfe_study.methods.adaptation import AT_BEST
from rfe_study.methods.method import FROM_A, OWN
from rfe_study.methods.priors import BAND

#: The method that Chapter 9 trains with each V1.
BEST = f"RFE, classifier band{AT_BEST}"

SMALL_VOXELS, DEEP_VOXELS = 30, 3


def templates(cubes: np.ndarray) -> Findings:
    """How alike two templates are: mean correlation, and the share of negative ones in per cent."""
    pairs = np.corrcoef(cubes.reshape(len(cubes), -1))[np.triu_indices(len(cubes), 1)]
    return Findings(alike=f"{pairs.mean():.2f}", opposite=f"{100 * (pairs < 0).mean():.0f}")


def patients(
    maps: Mapping[str, np.ndarray], threshold: float, subjects: Mapping[str, Subject]
) -> Findings:
    """Dice of V1, V2 and V3 with V1's threshold and with each one's best; where responses are low.

    Parameters
    ----------
    maps : mapping of (X, Y, Z)
        Responses by name, "V1" among them.
    threshold : float
        Chosen on V1.
    subjects : mapping of Subject
        By the same names.
    """
    values = {"threshold": f"{threshold:.2f}"}
    for name, subject in subjects.items():
        scored = prior_quality.score(maps[name], threshold, subject)
        values[f"dice_{name}"] = f"{scored['f_score']:.2f}"
        values[f"best_{name}"] = f"{scored['best_f_score']:.2f}"
    truth = subjects["V1"].lesion_mask
    labels, _ = ndimage.label(truth, np.ones((3, 3, 3)))
    small = (np.bincount(labels.ravel()) <= SMALL_VOXELS)[labels]  # the background is larger
    deep = ndimage.distance_transform_edt(truth) >= DEEP_VOXELS
    places = {"deep": deep, "small": small, "whole_brain": subjects["V1"].brain_mask}
    for name, where in places.items():
        values[name] = f"{maps['V1'][where].mean():.2f}"
    return Findings(**values)


def noise(rows: pd.DataFrame) -> Findings:
    """How noisy the prior is on V2 and V3 of all targets, in the paper's setting.

    ``*_low``, ``*_high`` are over patients and ``*_mean`` the mean of them; precision, recall and
    auc in per cent. ``all_mean`` is the Dice of the whole brain marked. ``bright_wins`` of the
    ``cases`` patients have a better Dice by brightness.
    """
    rows = tables.paper_setting(rows)
    ncc = tables.by_patient(tables.select(rows, "NCC", own=True, unseen=True))
    of_a = tables.by_patient(tables.select(rows, "NCC", own=False, unseen=True))
    bright = tables.by_patient(tables.select(rows, "brightness", own=True, unseen=True))
    best, dice = ncc["best_f_score"], ncc["f_score"]
    must_hold("brightness beats the templates on average", bright["f_score"].mean() > dice.mean())
    must_hold("most of what it marks is no lesion", ncc["precision"].max() < 0.5)
    share = ncc["lesion"] / ncc["brain"]
    everything = (2 * share / (1 + share)).mean()
    must_hold("it is hardly better than marking everything", dice.mean() < 3 * everything)
    values = {"cases": len(ncc), "bright_wins": int((bright["f_score"] > dice).sum())}
    for name in ("precision", "recall", "auc"):
        values[f"{name}_low"] = f"{100 * ncc[name].min():.0f}"
        values[f"{name}_high"] = f"{100 * ncc[name].max():.0f}"
    return Findings(
        dice_low=f"{dice.min():.2f}",
        dice_high=f"{dice.max():.2f}",
        dice_mean=f"{dice.mean():.2f}",
        all_mean=f"{everything:.2f}",
        best_mean=f"{best.mean():.2f}",
        transfer_loss=f"{best.mean() - dice.mean():.2f}",
        other_mean=f"{of_a['f_score'].mean():.2f}",
        bright_mean=f"{bright['f_score'].mean():.2f}",
        **values,
    )


def better(labels: pd.DataFrame) -> Findings:
    """Which priors label better than NCC, V1 as in the paper; means over the domains.

    ``wrong_NCC`` (per cent of pairs within the target, 80/20) and so on by prior, spaces as ``_``.
    ``with_a_NCC``: of all pairs, A's included; ``pushed_NCC``: of those of them pushed apart.
    ``best`` has the highest Dice; ``least`` the fewest wrong pairs, of those that know V1.
    """
    table = tables.compared(labels)
    dice, wrong = table["Dice"], table["wrong pairs, 80/20 (%)"]
    rivals = ["brightness", "classifier", OWN]
    must_hold("all others beat NCC", dice[rivals].min() > dice["NCC"])
    must_hold("they make fewer wrong pairs", wrong[rivals].max() < wrong["NCC"])
    must_hold("own predictions are best on average", dice.idxmax() == wrong.idxmin() == OWN)
    by_domain = tables.of_both(labels)["f_score"].xs(1, level="v1").unstack("target")
    ahead = by_domain.loc[OWN] - by_domain.loc["classifier band"]
    must_hold("on B the classifier is better, elsewhere worse", [*ahead[ahead < 0].index] == ["B"])
    banded = [s for s in table.index if s.endswith(BAND)]
    plain = [s.removesuffix(BAND) for s in banded]
    must_hold("a band spares wrong pairs", (wrong[banded].to_numpy() < wrong[plain]).all())
    values = {}
    for source in table.index:
        key = source.replace(" ", "_")
        values[f"wrong_{key}"] = f"{wrong[source]:.0f}"
        values[f"unsure_{key}"] = f"{table.loc[source, 'unsure lesion (%)']:.0f}"
    with_a = tables.with_a(labels).loc["NCC"]
    must_hold("with A's pairs just under half of those pushed apart", 0.4 < with_a["pushed"] < 0.5)
    v1_alone = table.drop(index=[FROM_A, OWN])
    return Findings(
        **{f"own_{d}": f"{f:.2f}" for d, f in by_domain.loc[OWN].items()},
        **{f"band_{d}": f"{f:.2f}" for d, f in by_domain.loc["classifier band"].items()},
        with_a_NCC=f"{100 * with_a['all']:.0f}",
        pushed_NCC=f"{100 * with_a['pushed']:.0f}",
        best=v1_alone["Dice"].idxmax(),
        least=v1_alone["wrong pairs, 80/20 (%)"].idxmin(),
        **values,
    )


def luck(labels: pd.DataFrame, source: str) -> Findings:
    """How much Dice on the same patient changes with V1: mean, and where most.

    ``patient`` has ``high`` with the V1 that suits it and ``low`` with another.
    """
    by_v1 = tables.by_v1(labels, source)
    apart = by_v1.max(axis=1) - by_v1.min(axis=1)
    target, patient = apart.idxmax()
    most = by_v1.loc[target, patient]
    must_hold("V1 matters", apart.mean() > 0.03)
    return Findings(
        mean=f"{apart.mean():.2f}",
        patient=patient,
        high=f"{most.max():.2f}",
        low=f"{most.min():.2f}",
    )


def trained(adapted: AdaptationRows, target: str = "B") -> Findings:
    """F that networks reach on a target with a prior of each V1, and NCC beside a perfect prior.

    The three V1s have one training each, of the first seed.
    """
    (part,) = (p for p in adaptation.PARTS if p.part.startswith("a perfect prior is better"))
    (perfect,) = judge_parts([part], adapted.on_targets())
    values = adapted.values(target)
    names = [BEST, *(f"{BEST}, V1 is patient {number}" for number in (2, 3))]
    f = [of_first_seed(values, name).mean() for name in names]
    must_hold("what V1 it is decides much", max(f) - min(f) > 0.1)
    return Findings(
        perfect=perfect.verdict,
        perfect_by=perfect.effect,
        f_by_v1=listed([f"{value:.2f}" for value in f]),
        on=target,
    )


def span(values: pd.DataFrame | pd.Series, digits: int) -> Findings:
    """The smallest and the largest of a table's numbers."""
    numbers = values.to_numpy()
    return Findings(low=f"{numbers.min():.{digits}f}", high=f"{numbers.max():.{digits}f}")


def cost(rows: pd.DataFrame) -> Findings:
    """How many times ours is faster and smaller than `match_template`, with 30 templates."""
    two = rows[rows["templates"] == 30].set_index("variant")[["seconds", "mb"]]
    ratio = two.loc["match_template"] / two.loc["ours"]
    return Findings(faster=f"{ratio['seconds']:.0f}", smaller=f"{ratio['mb']:.0f}")


def origin(rows: pd.DataFrame) -> Findings:
    """Where rows come from, by the first of them."""
    return Findings(made=made_by(rows), phantom=rows["phantom_version"].iloc[0])


def draws(rows: pd.DataFrame) -> str:
    """Which draws of templates rows have: ``"0, 1 and 2"``."""
    return listed([str(seed) for seed in sorted(rows["seed"].unique())])
