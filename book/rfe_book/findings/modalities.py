"""What it costs to do without T1 or T2: sentences of chapter 11 and of "Your own data"."""

from __future__ import annotations

import pandas as pd

from rfe_book import words
from rfe_book.findings import must_hold
from rfe_book.tables import modalities as tables
from rfe_book.tables.real import SUBJECTS
from rfe_study.claims.effects import SMALLEST_F
from rfe_study.methods.modalities import DROPOUT
from rfe_study.runs.real import AS_READ
from rfe_study.runs.variants import FOUR

#: A Dice as low as this is a patient lost.
LOST = 0.01


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
        model: {name: tables.mean(rows, model, name) for name in tables.THERE}
        for model in (FOUR, DROPOUT)
    }
    lost, alone = cost["mean"].drop("none"), "t1 t2"
    must_hold("FLAIR alone costs most", lost.idxmin() == alone)
    must_hold(
        "with nothing but zeros the ordinary network is worse",
        all(f[FOUR][name] < f[DROPOUT][name] for name in lost.index),
    )
    must_hold("FLAIR alone is clearly a loss", cost.loc[alone, "high"] < 0)
    others = cost.drop(alone)
    must_hold("all else is open", ((others["low"] < 0) & (others["high"] > 0)).all())
    little, much = (tables.on_patient(real, subject) for subject in SUBJECTS)
    must_hold("patient 07 is lost whatever there is", little["max"].max() < LOST)
    most, least = (words.with_interval(*much.loc[name]) for name in ("none", alone))
    ordinary = real[(real["model"] == FOUR) & (real["experiment"] == AS_READ)]
    ordinary = ordinary.groupby("subject")["f_score"].mean()
    ordinary_on = words.listed([words.number(ordinary[subject]) for subject in SUBJECTS])
    seeds, heads = tables.scores(rows, DROPOUT, alone).shape
    return "\n".join(
        [
            f"- *FLAIR alone* changes F by {change[alone]}, T1 and FLAIR by {change['t2']}, T2 and "
            f"FLAIR by {change['t1']}, against {f[FOUR]['none']:.2f} of the ordinary networks with "
            f"all three. In brackets, 95% intervals over {seeds} seeds and {heads} heads; we would "
            f"care for {SMALLEST_F:.2f} or more. Only FLAIR alone is clearly a loss.",
            f"- *Where all three are there*, having learned to do without changes it by "
            f"{change['none']}: whether that costs anything stays open.",
            "- *Zeros are no cure by themselves.* The ordinary networks, given zeros for what is "
            f"missing, fall to {f[FOUR]['t2']:.2f} without T2, {f[FOUR]['t1']:.2f} without T1 and "
            f"{f[FOUR][alone]:.2f} with FLAIR alone. So `--without` refuses them.",
            f"- *On the two real patients* Dice after modality dropout is below {LOST} on 07, "
            f"whatever there is. On 19 it goes from {most} with all three to {least} with FLAIR "
            f"alone; in brackets, the worst and the best seed. The ordinary networks have "
            f"{ordinary_on} with all three. Two patients decide nothing.",
        ]
    )
