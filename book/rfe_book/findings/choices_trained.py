"""What chapter 12 says of trained choices: those of the search and those of its own experiment."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from rfe_book import words
from rfe_book.findings import Findings, must_hold
from rfe_book.findings.choices import signed
from rfe_study.methods.proof import choices

#: Models of the search (chapter 7) that switch a choice, by what chapter 12 calls them.
SEARCHED = {
    "margin 1": "ACD weight 10 margin 1",
    "λ 1 and margin 1, a mean": "ACD weight 1 margin 1",
    "ℓ2": "l2 weight 0.1 margin 20",
    "ℓ2, λ 0.01, margin 1000, a mean": "l2 weight 0.01 margin 1000",
}

OURS = "ACD weight 10 margin 0.5"

#: What no choice should be confused with.
REFERENCES = {"no embedding": "no embedding rate 0.3", "labels of B": "labels of B rate 0.3"}

#: Trained for chapter 12 alone, by the experiment's names: the first is ours once more.
AGAIN, *SWITCHED = [method.name for method in choices()]

AGAIN_NAME = f"{AGAIN}, trained again"

L2_PRINTED = "ℓ2 as printed"

SCORES = ["f_score", "average_precision"]


def trained(scores: pd.DataFrame) -> pd.DataFrame:
    """Trained choices less ours, mean over the development heads that both are scored on.

    The new ones are held against ours of the same machine, if that was trained again.

    Parameters
    ----------
    scores : DataFrame
        Rows of the experiments "search" and "choices"; of each the seed 0 counts.

    Returns
    -------
    DataFrame
        By name: differences in `SCORES`, ``heads``, their number, and ``kind``: "stored" (of the
        search), "again" (ours), "new" (of the experiment "choices", as far as it was run) or
        "reference".
    """
    own = scores[scores["seed"] == 0].set_index(["experiment", "model"]).sort_index()
    stored = own.loc[[("search", OURS)]].set_index("subject")[SCORES]
    once_more = ("choices", AGAIN) in own.index
    again = own.loc[[("choices", AGAIN)]].set_index("subject")[SCORES] if once_more else stored
    wanted = {name: ("search", model, "stored") for name, model in SEARCHED.items()}
    wanted |= {AGAIN_NAME: ("choices", AGAIN, "again")}
    wanted |= {name.replace("l2", "ℓ2"): ("choices", name, "new") for name in SWITCHED}
    wanted |= {name: ("search", model, "reference") for name, model in REFERENCES.items()}
    found = {}
    for name, (experiment, model, kind) in wanted.items():
        if (experiment, model) in own.index:
            rows = own.loc[[(experiment, model)]].set_index("subject")[SCORES]
            unlike = (rows - (again if kind == "new" else stored)).dropna()
            found[name] = unlike.mean().to_dict() | {"heads": len(unlike), "kind": kind}
    return pd.DataFrame.from_dict(found, orient="index")


def runs(table: pd.DataFrame, limit: float) -> Findings:
    """What the trained choices did, and which of the experiment were not run.

    Parameters
    ----------
    table : DataFrame
        See `trained`.
    limit : float
        How far apart two trainings of one model may lie.
    """
    f, precision = table["f_score"], table["average_precision"]
    text, margin = "λ 1 and margin 1, a mean", "margin 1"
    must_hold("margin 1 costs F", f[margin] < -limit)
    must_hold("with the weight of the text it costs less than a seed may", -limit < f[text] < 0)
    must_hold("ℓ2 in place of ACD does not, beyond seeds", abs(f["ℓ2"]) < limit)
    halved = all(abs(precision[name]) < abs(f[name]) / 2 for name in (text, margin))
    must_hold("without a threshold they cost less than half", halved)
    must_hold("for ℓ2 it is the other way round", precision["ℓ2"] < 2 * min(f["ℓ2"], -0.02))
    new = table[table["kind"] == "new"]
    names = [name.replace("l2", "ℓ2") for name in SWITCHED]
    return Findings(
        text=signed(f[text]),
        margin=signed(f[margin]),
        l2=signed(f["ℓ2"]),
        text_precision=signed(precision[text]),
        margin_precision=signed(precision[margin]),
        without=signed(f["no embedding"]),
        labels=signed(f["labels of B"]),
        l2_precision=signed(precision["ℓ2"]),
        heads=int(table["heads"].max()),
        as_printed=signed(f["as printed"]) if "as printed" in f else "not trained",
        again=signed(f[AGAIN_NAME]) if AGAIN_NAME in f else "not trained",
        new=_new(new, limit),
        lesson=_lesson(new, limit),
        missing=_missing([name for name in names if name not in f]),
    )


def _missing(names: Sequence[str]) -> str:
    """A sentence about the trainings of the experiment that have no rows, before its command."""
    if not names:
        return "All trainings of this chapter are made by:"
    return (
        f"Not trained when this page was built: {words.listed(names)}. Single switches "
        "among them are measured above, on one batch; this command makes the trainings:"
    )


def _new(new: pd.DataFrame, limit: float) -> str:
    """Which new trainings differ from ours by more than a seed may; nothing if there are none."""
    if new.empty:
        return ""
    f = new["f_score"]
    far = f.abs() > limit
    more, less = f[far], f[~far]
    many = f"F changes by more than another seed may with {_each(more)}"
    few = (
        f"{'it changes by less' if len(more) else 'F changes by less than another seed may'} with "
    )
    said = [many] * bool(len(more)) + [few + _each(less)] * bool(len(less))
    return f"Held against that one, {'; '.join(said)}."


def _each(f: pd.Series) -> str:
    return words.listed([f"{name} ({signed(value)})" for name, value in f.items()])


def _lesson(new: pd.DataFrame, limit: float) -> str:
    """What ℓ2 teaches, in sentences; nothing if it was not trained as printed."""
    needed = [L2_PRINTED, "squared ℓ2", "as printed"]
    if not set(needed) <= set(new.index):
        return ""
    f, precision = new["f_score"], new["average_precision"]
    failed = max(f[L2_PRINTED], precision[L2_PRINTED]) < -0.3
    must_hold("ℓ2 as printed fails, at any threshold", failed)
    tuned = max(abs(f["squared ℓ2"]), abs(f["as printed"]))
    must_hold("squared ℓ2 with our weight does not, nor does ACD as printed", tuned < limit)
    return (
        "So what fails is ℓ2 as printed: a sum over pairs with λ = 0.01 and m = 1000. The same "
        "distance as a mean, with a weight and a margin found on development patients, does not, "
        'and neither does the sum of ACD. That ℓ2 "performs poorly" may tell of a weight and a '
        "margin, not of a distance."
    )
