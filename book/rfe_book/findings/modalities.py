"""What it costs to do without T1 or T2: sentences of chapter 11 and of "Your own data"."""

from __future__ import annotations

import pandas as pd

from rfe_book import words
from rfe_book.findings import must_hold
from rfe_book.tables import modalities as tables
from rfe_book.tables.real import SUBJECTS
from rfe_study.claims.effects import SMALLEST_F
from rfe_study.methods.modalities import DROPOUT
from rfe_study.runs.variants import FOUR


def costs(rows: pd.DataFrame, real: pd.DataFrame) -> str:
    """A list in Markdown, a sentence a finding.

    Parameters
    ----------
    rows, real : DataFrame
        Rows of `rfe measure modalities` and of `rfe adapt`.
    """
    cost = tables.cost(rows)
    change = {name: words.change(*row) for name, row in cost.iterrows()}
    f = {
        model: {name: tables.by_head(rows, model, name).mean() for name in tables.THERE}
        for model in (FOUR, DROPOUT)
    }
    lost, alone = cost["mean"].drop("none"), "t1 t2"
    must_hold("FLAIR alone costs most", lost.idxmin() == alone)
    must_hold(
        "with nothing but zeros the ordinary network is worse",
        all(f[FOUR][name] < f[DROPOUT][name] for name in lost.index),
    )
    dice = {subject: tables.on_patient(real, subject) for subject in SUBJECTS}
    on_patients = words.listed(
        [
            f"{words.number(own['none'])} to {words.number(own[alone])} on {subject[-2:]}"
            for subject, own in dice.items()
        ]
    )
    return "\n".join(
        [
            f"- *FLAIR alone* changes F by {change[alone]}, T1 and FLAIR by {change['t2']}, T2 and "
            f"FLAIR by {change['t1']}, against {f[FOUR]['none']:.2f} of the ordinary network with "
            "all three. In brackets, 95% intervals over heads; we would care for "
            f"{SMALLEST_F:.2f} or more.",
            f"- *Having learned to do without* changes it by {change['none']} where all three are "
            "there: then take the ordinary network.",
            "- *Zeros are no cure by themselves.* The ordinary network, given zeros for what is "
            f"missing, falls to {f[FOUR]['t2']:.2f} without T2, {f[FOUR]['t1']:.2f} without T1 and "
            f"{f[FOUR][alone]:.2f} with FLAIR alone. So `--without` refuses it.",
            f"- *On the two real patients* Dice goes from {on_patients}, from all three to FLAIR "
            "alone. Two patients decide nothing.",
        ]
    )
