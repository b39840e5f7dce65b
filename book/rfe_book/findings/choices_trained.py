"""What chapter 12 says of trained choices: those of the search and those of its own experiment."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rfe_book import words
from rfe_book.findings import Findings, must_hold
from rfe_book.findings.choices import signed
from rfe_study.methods.proof_of_concept import choices

#: Weight and margin of the text for ℓ2, with a mean over pairs.
L2_MEAN = "ℓ2, λ 0.01, margin 1000, a mean"

#: Models of the search (chapter 7) that switch a choice, by what chapter 12 calls them.
SEARCHED = {
    "margin 1": "ACD weight 10 margin 1",
    "λ 1 and margin 1, a mean": "ACD weight 1 margin 1",
    "ℓ2": "l2 weight 0.1 margin 20",
    L2_MEAN: "l2 weight 0.01 margin 1000",
}

OURS = "ACD weight 10 margin 0.5"

#: What no choice should be confused with.
REFERENCES = {"no embedding": "no embedding rate 0.3", "labels of B": "labels of B rate 0.3"}

#: Trained for chapter 12 alone, by the experiment's names: the first is ours once more.
AGAIN, *SWITCHED = [method.name for method in choices()]

AGAIN_NAME = f"{AGAIN}, trained again"

L2_PRINTED = "ℓ2 as printed"

#: F of a training that failed is below.
FAILED = 0.01

SCORES = ["f_score", "average_precision"]


def trained(scores: pd.DataFrame) -> pd.DataFrame:
    """Trained choices less ours, mean over seeds and development heads that both are scored on.

    Those of chapter 12 are held against ours of the same seed and machine.

    Parameters
    ----------
    scores : DataFrame
        Rows of the experiments "search", of which the seed 0 counts, and "choices".

    Returns
    -------
    DataFrame
        By name: differences in `SCORES`; ``worst`` and ``best``, that in F by seed; ``f``, F by
        seed; ``seeds`` and ``heads``, their number; and ``kind``: "stored" (of the search),
        "again" (ours), "new" (of the experiment "choices") or "reference".
    """
    counted = (scores["experiment"] == "choices") | (scores["seed"] == 0)
    own = scores[counted].set_index(["experiment", "model", "seed", "subject"])[SCORES].sort_index()
    reference = {"search": own.loc[("search", OURS)], "choices": own.loc[("choices", AGAIN)]}
    wanted = {name: ("search", model, "stored") for name, model in SEARCHED.items()}
    wanted |= {name.replace("l2", "ℓ2"): ("choices", name, "new") for name in SWITCHED}
    wanted |= {name: ("search", model, "reference") for name, model in REFERENCES.items()}
    found = {}
    for name, (experiment, model, kind) in wanted.items():
        rows = own.loc[(experiment, model)]
        found[name] = _unlike(rows, reference[experiment]) | {"kind": kind}
    first = own.loc[("choices", AGAIN)].loc[[0]]
    found[AGAIN_NAME] = _unlike(first, reference["search"]) | {"kind": "again"}
    order = [*SEARCHED, AGAIN_NAME, *(n for n in found if n not in {*SEARCHED, AGAIN_NAME})]
    return pd.DataFrame.from_dict(found, orient="index").loc[order]


def _unlike(rows: pd.DataFrame, ours: pd.DataFrame) -> dict[str, Any]:
    """What `trained` tells of a model, from scores by seed and head."""
    unlike = (rows - ours).dropna()
    by_seed = unlike.groupby("seed").mean()
    return {
        **by_seed.mean(),
        "worst": by_seed["f_score"].min(),
        "best": by_seed["f_score"].max(),
        "f": tuple(rows["f_score"].groupby("seed").mean()),
        "seeds": len(by_seed),
        "heads": len(unlike) // len(by_seed),
    }


def runs(table: pd.DataFrame, limit: float) -> Findings:
    """What the trained choices did.

    ``failed``: in how many trainings ℓ2 as printed has an F below `FAILED`, ``survived``: the best.

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
    (seeds,) = set(new["seeds"])
    at_half = ["as printed", "as released", "angular"]
    cost = bool((f[at_half] < -limit / seeds**0.5).all())
    must_hold("both sums and the angle cost F", cost)
    must_hold("and leave the ranking as it is", bool((precision[at_half].abs() < 0.01).all()))
    failed = [value < FAILED for value in new.loc[L2_PRINTED, "f"]]
    must_hold("ℓ2 as printed fails in some trainings and not in all", any(failed) > all(failed))
    must_hold("as a mean it does not", f[L2_MEAN] > -0.15)
    return Findings(
        text=signed(f[text]),
        margin=signed(f[margin]),
        l2=signed(f["ℓ2"]),
        text_precision=signed(precision[text]),
        margin_precision=signed(precision[margin]),
        l2_precision=signed(precision["ℓ2"]),
        heads=int(table["heads"].max()),
        seeds=seeds,
        as_printed=signed(f["as printed"]),
        again=signed(f[AGAIN_NAME]),
        failed=f"{sum(failed)} of {seeds}",
        survived=f"{max(new.loc[L2_PRINTED, 'f']):.2f}",
        below=f"{FAILED:g}",
        as_mean=signed(f[L2_MEAN]),
        squared=signed(f["squared ℓ2"]),
        new=_new(new, limit / seeds**0.5, seeds),
    )


def _new(new: pd.DataFrame, limit: float, seeds: int) -> str:
    """Which new trainings differ from ours by more than other seeds may change their mean."""
    f = new["f_score"]
    far = f.abs() > limit
    must_hold("some choices change F and some do not", 0 < far.sum() < len(far))
    must_hold("those lower it", bool((f[far] < 0).all()))
    apart, alike = (words.listed([f"“{name}”" for name in f[some].index]) for some in (far, ~far))
    return (
        f"{apart} lower F by more than other seeds may change a mean of {seeds} ({limit:.2f}); "
        f"{alike} change it by less."
    )
