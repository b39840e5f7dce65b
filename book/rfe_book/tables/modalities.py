"""What the rows of `rfe measure modalities` and `rfe adapt` say of scans without T1 or T2."""

from __future__ import annotations

import pandas as pd

from rfe_book import words
from rfe_book.tables.real import SUBJECTS
from rfe_study.claims import contrasts
from rfe_study.claims.crossed import crossed_mean
from rfe_study.claims.heads import head
from rfe_study.measures.modalities import WITHOUT
from rfe_study.methods.modalities import DROPOUT
from rfe_study.runs.real import AS_READ
from rfe_study.runs.variants import FOUR

#: What there is, as readers know it, by what is left out.
THERE = {
    "none": "T1, T2 and FLAIR",
    "t2": "T1 and FLAIR",
    "t1": "T2 and FLAIR",
    "t1 t2": "FLAIR alone",
}


def scores(rows: pd.DataFrame, model: str, without: str) -> pd.DataFrame:
    """F of a network, a row a seed and a column a head."""
    some = rows[(rows["model"] == model) & (rows["without"] == without)]
    some = some.assign(head=some["subject"].map(head))
    return some.pivot(index="seed", columns="head", values="f_score")


def mean(rows: pd.DataFrame, model: str, without: str) -> float:
    """Mean F of a network over seeds and heads."""
    return float(scores(rows, model, without).to_numpy().mean())


def cost(rows: pd.DataFrame) -> pd.DataFrame:
    """What a row of `THERE` costs: ``mean``, and the ends ``low`` and ``high`` of its interval.

    F of the network with modality dropout less that of the ordinary one with all modalities, which
    it goes on from, paired by seed and head; 95% intervals for other seeds and heads
    (`rfe_study.claims.crossed`).
    """
    ordinary, found = scores(rows, FOUR, "none"), {}
    for name in WITHOUT:
        change = crossed_mean(contrasts.minus(scores(rows, DROPOUT, name), ordinary))
        found[name] = (change.mean, *change.interval())
    return pd.DataFrame(found, index=["mean", "low", "high"]).T.astype(float)


def on_patient(real: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Dice of networks with modality dropout on a real patient: ``mean``, ``min`` and ``max``.

    Over seeds, a row for what is left out.

    Parameters
    ----------
    real : DataFrame
        Rows of `rfe adapt`.

    Raises
    ------
    ValueError
        If a seed lacks a way to leave something out.
    """
    own = real[(real["subject"] == subject) & (real["model"] == DROPOUT)]
    names = {AS_READ: "none"}
    names |= {f"{AS_READ}, without {name}": name for name in WITHOUT if name != "none"}
    dice = own[own["experiment"].isin(names)]
    dice = dice.pivot(index="seed", columns="experiment", values="f_score").rename(columns=names)
    dice = dice.reindex(columns=[*WITHOUT])
    if dice.empty or dice.isna().any(axis=None):
        raise ValueError(
            f"{subject} must be scored by each seed in each of {[*names]}, of {len(dice)} seed(s) "
            f"got {[*dice.notna().sum()]}"
        )
    return dice.agg(["mean", "min", "max"]).T


def cost_table(rows: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """A row for what there is: F of both networks on phantoms, what it costs, Dice on patients.

    Dice as mean over seeds, with its ends.

    Parameters
    ----------
    rows, real : DataFrame
        Of `rfe measure modalities`, and of `rfe adapt`.
    """
    table = pd.DataFrame(
        {
            "F, zeros alone": {n: mean(rows, FOUR, n) for n in WITHOUT},
            "F, modality dropout": {n: mean(rows, DROPOUT, n) for n in WITHOUT},
            "its difference": {n: words.change(*row) for n, row in cost(rows).iterrows()},
        }
    )
    for subject in SUBJECTS:
        dice = on_patient(real, subject)
        table[subject.replace("patient", "Dice, patient ")] = [
            words.with_interval(*row, digits=3) for row in dice.itertuples(index=False)
        ]
    return table.rename(index=THERE).rename_axis("What there is")
