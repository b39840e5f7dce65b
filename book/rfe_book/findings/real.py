"""What chapter 11 says, from rows of `rfe adapt` and figures of scans."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.tables import real as tables
from rfe_core.metrics import SIZE_EDGES_MM3
from rfe_study.realism import distance
from rfe_study.runs.real import AS_READ, AS_TRAINED, PRIOR, SOURCE_LABELS

#: How the chapter's sentences call a set of training patients, and how findings are named.
SETS = {
    "lower": ("lower", "scanner A"),
    "four-scanners": ("four", "all four scanners"),
    "random-protocols": ("drawn", "drawn protocols"),
    "fitted": ("fitted", "the fit"),
}

_WAYS = {"RFE, NCC": "rfe", "no embedding": "control", "Dice on NCC": "dice"}


def distances(figures: pd.DataFrame) -> Findings:
    """How far phantoms are from the real scan, and in what.

    ``far_A``, ``far_drawn``, ``far_fitted``: mean distance; ``nearest``, ``farthest`` with
    ``nearest_by``, ``farthest_by``: groups of figures of scanner A; ``edge_t1`` ...: gradients of
    the real scan over those of A; ``spots_*`` and ``length_*``: bright spots a litre, and length
    over thickness of lesions.

    Parameters
    ----------
    figures : DataFrame
        Rows of `rfe_study.realism.distance.STATISTICS`.
    """
    far, seen = distance.distances(figures), distance.by_kind(figures)
    by_group = far.loc["scanner A", list(distance.GROUPS)]
    names = {kind: kind.split()[-1] for kind in seen.columns}  # "A", "protocol", "fitted", "real"
    spots = seen.loc[("spots", "flair", "spots")].rename(names)
    length = seen.loc[("shape", "mask", "length")].rename(names)
    phantoms = [name for kind, name in names.items() if kind.startswith("scanner")]
    must_hold("a real brain tempts more than any phantom", spots["real"] > spots[phantoms].max())
    must_hold("the fit is nearest", far["all"].idxmin() == distance.FITTED)
    values = {}
    for modality in ("t1", "t2", "flair"):
        edges = seen.loc[("edges", modality, "gradient")]
        values[f"edge_{modality}"] = f"{edges['real'] / edges['scanner A']:.1f}"
    values |= {f"spots_{name}": f"{value:.0f}" for name, value in spots.items()}
    values |= {f"length_{name}": f"{value:.1f}" for name, value in length.items()}
    return Findings(
        far_A=f"{far.loc['scanner A', 'all']:.2f}",
        far_drawn=f"{far.loc[distance.DRAWN, 'all']:.2f}",
        far_fitted=f"{far.loc[distance.FITTED, 'all']:.2f}",
        nearest=by_group.idxmin(),
        nearest_by=f"{by_group.min():.2f}",
        farthest=by_group.idxmax(),
        farthest_by=f"{by_group.max():.1f}",
        **values,
    )


def preparations(rows: pd.DataFrame) -> Findings:
    """Mean Dice with scans as read and cleaned, on the development and on the test patient."""
    ways = {s: tables.preparations(rows, s).loc["mean"] for s in (tables.DEVELOPMENT, tables.TEST)}
    chosen = ways[tables.DEVELOPMENT].idxmax()
    must_hold("scans go in as read, which was better on the development patient", chosen == AS_READ)
    values = {}
    for name, subject in (("dev", tables.DEVELOPMENT), ("test", tables.TEST)):
        for way, dice in zip(("read", "cleaned"), ways[subject][list(AS_TRAINED)], strict=True):
            values[f"{way}_{name}"] = f"{dice:.3f}"
    return Findings(**values)


def networks(rows: pd.DataFrame, subject: str) -> Findings:
    """What the networks are worth on one patient, without adaptation.

    ``lower`` is ``"0.08 (0.07 to 0.10)"``, mean Dice and its ends over seeds; ``four``, ``drawn``
    and ``fitted`` likewise. ``best``: the set with the highest mean; ``best_is`` says whether its
    worst network beats the best of all others, ``lesson`` whether likeness (the fit) beats variety
    (drawn protocols) so. ``finds_most``, ``false_fewest``: the set, with its share of lesions and
    false positives a slice. ``load``: ml of lesion; ``small``: most that lesions below the last
    size class can have.
    """
    own = tables.of_patient(rows, subject)
    own = own[own["experiment"] == AS_READ]
    dice = own.groupby("model")["f_score"].agg(["mean", "min", "max"])
    missing = [model for model in SETS if model not in dice.index]
    if missing:
        raise ValueError(f"rows must score {subject} with all sets, got none of {missing}")
    best = dice["mean"].idxmax()
    worst_of_best, others = dice.loc[best, "min"], dice["max"].drop(best).max()
    ends = f"({worst_of_best:.2f}) {{}} the best of all other sets ({others:.2f})"
    if worst_of_best > others:
        best_is = f"Even its worst network {ends.format('beats')}"
    else:
        best_is = f"But its worst network {ends.format('does not beat')}: the seed decides"
    score = own.groupby("model")[["found", "fp_per_slice", "precision", "recall"]].mean()
    most, fewest = score["found"].idxmax(), score["fp_per_slice"].idxmin()
    spread = (dice["max"] - dice["min"]).max()
    return Findings(
        **{SETS[model][0]: _with_ends(*dice.loc[model]) for model in SETS},
        best=SETS[best][1],
        best_is=best_is,
        lesson=_lesson(dice.loc["fitted"], dice.loc["random-protocols"]),
        spread=f"{spread:.2f}",
        finds_most=f"{SETS[most][1]} ({score['found'][most]:.0f}%)",
        false_fewest=f"{SETS[fewest][1]} ({score['fp_per_slice'][fewest]:.1f} a slice)",
        fitted_finds=f"{score['found']['fitted']:.0f}",
        precision_lower=f"{100 * score['precision']['lower']:.0f}",
        recall_lower=f"{100 * score['recall']['lower']:.0f}",
        seeds=int(own["seed"].nunique()),
        lesions=int(own["lesions"].iloc[0]),
        load=_millilitres(float(own["lesion_ml"].iloc[0])),
        small=f"{_small_ml(own.iloc[0]):.1f}",
    )


def _lesson(fitted: pd.Series, drawn: pd.Series) -> str:
    if fitted["min"] > drawn["max"]:
        return "Here likeness beat variety with every seed"
    if drawn["min"] > fitted["max"]:
        return "Here variety beat likeness with every seed"
    return "Here neither likeness nor variety is ahead with every seed"


def _small_ml(row: pd.Series) -> float:
    """What lesions of all size classes but the last can have at most."""
    return sum(
        high * int(row[f"lesions_{low:g}_{high:g}"]) / 1000
        for low, high in pairwise(SIZE_EDGES_MM3)
        if np.isfinite(high)
    )


def adapted(rows: pd.DataFrame, subject: str) -> Findings:
    """What fine-tuning towards one unlabelled scan does to the lower bound and to the fit.

    For each (``lower``, ``fitted``), mean Dice over the seeds adapted: ``lower_before``, and after
    ``lower_rfe``, ``lower_control`` (same steps, weight 0), ``lower_dice`` (the prior taken for the
    truth) and ``lower_labels`` (the source's labels). ``lower_moves`` says what the control and the
    embedding loss did; ``lower_own`` what the loss adds to its control, with its ends over seeds,
    and ``lower_own_says`` what that means. ``precision`` and ``recall`` of the prior (%).
    ``worth_most``: the best use of the one labelled patient.
    """
    own = tables.of_patient(rows, subject)
    dice = own.pivot_table(index=["model", "seed"], columns="experiment", values="f_score")
    dice = dice.rename(columns={AS_READ: "before", **_WAYS, SOURCE_LABELS: "labels"})
    dice = dice.dropna(subset=["before", *_WAYS.values(), "labels"])
    values, means = {}, {}
    for model in ("lower", "fitted"):
        each = dice.loc[model]
        mean = means[model] = each.mean()
        names = ("before", *_WAYS.values(), "labels")
        values |= {f"{model}_{name}": f"{mean[name]:.2f}" for name in names}
        added = each["rfe"] - each["control"]
        ends = [f"{v:+.2f}".replace("-", "−") for v in (added.mean(), added.min(), added.max())]
        values[f"{model}_own"] = f"{ends[0]} ({ends[1]} to {ends[2]} over seeds)"
        values[f"{model}_own_says"] = _sign(added)
        values[f"{model}_moves"] = _moves(mean)
    prior = own[own["experiment"] == PRIOR][["precision", "recall"]].mean()
    must_hold("the prior is precise and nearly blind", prior["precision"] > 10 * prior["recall"])
    learned = max(mean["dice"] for mean in means.values())
    must_hold("taken for the truth it teaches to mark almost nothing", learned < 0.05)
    uses = {
        "adapting the lower bound with its prior": means["lower"]["rfe"],
        "training the lower bound on its labels": means["lower"]["labels"],
        "fitting the phantom to its figures": means["fitted"]["before"],
    }
    return Findings(
        **values,
        precision=f"{100 * prior['precision']:.0f}",
        recall=f"{100 * prior['recall']:.1f}",
        dice_most=f"{learned:.3f}",
        worth_most=max(uses, key=uses.__getitem__),
        seeds=len(dice.loc["lower"]),
    )


def _sign(added: pd.Series) -> str:
    if added.min() > 0:
        return "it helps with every seed"
    return "it harms with every seed" if added.max() < 0 else "its sign depends on the seed"


def _moves(mean: pd.Series) -> str:
    """Whether adapted networks are better, by both ways to take these steps."""
    up = [bool(mean[way] > mean["before"]) for way in ("control", "rfe")]
    if all(up):
        return "gains, with the embedding loss or without"
    if not any(up):
        return "loses, with the embedding loss or without"
    return "gains only with the embedding loss" if up[1] else "gains only without the loss"


def origin(rows: pd.DataFrame) -> str:
    """Where rows come from; differing values are all named."""
    columns = ("hardware", "code_version", "phantom_version", "date")
    hardware, code, phantom, date = (" and ".join(sorted(rows[c].unique())) for c in columns)
    return f"{hardware}; code {code}; phantom {phantom}; {date}"


def _with_ends(mean: float, low: float, high: float) -> str:
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"


def _millilitres(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
