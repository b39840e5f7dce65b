"""What the rows of `rfe measure modalities` and `rfe adapt` say of scans without T1 or T2."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from rfe_book import words
from rfe_book.tables.real import SUBJECTS
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


def by_head(rows: pd.DataFrame, model: str, without: str) -> pd.Series:
    """F of a network on each head, the mean over seeds."""
    some = rows[(rows["model"] == model) & (rows["without"] == without)]
    return some.groupby(some["subject"].map(head))["f_score"].mean()


def cost(rows: pd.DataFrame) -> pd.DataFrame:
    """What a row of `THERE` costs: ``mean``, and the ends ``low`` and ``high`` of its interval.

    F of the network with modality dropout less that of the ordinary one with all modalities, mean
    over heads, with the 95% interval of a t test. It holds for other heads, not for another
    training.
    """
    ordinary, found = by_head(rows, FOUR, "none"), {}
    for name in WITHOUT:
        change = by_head(rows, DROPOUT, name) - ordinary
        ends = stats.t.interval(0.95, len(change) - 1, change.mean(), change.sem())
        found[name] = (change.mean(), *ends)
    return pd.DataFrame(found, index=["mean", "low", "high"]).T


def on_patient(real: pd.DataFrame, subject: str) -> pd.Series:
    """Dice of the network with modality dropout on a real patient, by what is left out.

    Parameters
    ----------
    real : DataFrame
        Rows of `rfe adapt`.

    Raises
    ------
    ValueError
        If a way to leave something out has no row, or several.
    """
    own = real[(real["subject"] == subject) & (real["model"] == DROPOUT)]
    names = {AS_READ: "none"}
    names |= {f"{AS_READ}, without {name}": name for name in WITHOUT if name != "none"}
    own = own[own["experiment"].isin(names)].set_index("experiment")["f_score"].rename(names)
    if sorted(own.index) != sorted(WITHOUT):
        raise ValueError(f"{subject} must be scored once in each of {[*names]}, got {[*own.index]}")
    return own[[*WITHOUT]]


def cost_table(rows: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """A row for what there is: F of both networks on phantoms, what it costs, Dice on patients.

    Parameters
    ----------
    rows, real : DataFrame
        Of `rfe measure modalities`, and of `rfe adapt`.
    """
    table = pd.DataFrame(
        {
            "F, zeros alone": {n: by_head(rows, FOUR, n).mean() for n in WITHOUT},
            "F, modality dropout": {n: by_head(rows, DROPOUT, n).mean() for n in WITHOUT},
            "its difference": {n: words.change(*row) for n, row in cost(rows).iterrows()},
        }
    )
    for subject in SUBJECTS:
        table[subject.replace("patient", "Dice, patient ")] = on_patient(real, subject)
    return table.rename(index=THERE).rename_axis("What there is")
