"""What chapter 09 says of its own settings: what true labels are worth with them, and its steps."""

from __future__ import annotations

import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.findings.adaptation import ByTarget
from rfe_book.tables import adaptation as tables
from rfe_book.tables import proof_of_concept as of_proof
from rfe_book.tables.gains import differences
from rfe_book.words import gained
from rfe_study.claims.comparisons import gain
from rfe_study.claims.effects import SMALLEST_F
from rfe_study.claims.effort import PROOF, REAL
from rfe_study.claims.headline import NONE_AT_LESIONS
from rfe_study.claims.rows import ByModel
from rfe_study.methods.adaptation import PERFECT, SEARCH_WEIGHTS, WEIGHTS
from rfe_study.methods.profiles import PROFILES, SHOWN


def true_labels(f: ByTarget, precision: ByTarget, proof: ByModel) -> Findings:
    """What true labels are worth as a prior, here and with the settings of chapter 07.

    ``same``: against no embedding on crops at the same places, mean over the domains;
    ``statistics`` and ``statistics_ap``: against new statistics alone. ``here_B`` and ``proof_B``:
    gains over the control on B, with settings of this chapter and of chapter 07.

    Parameters
    ----------
    f, precision
        F and average precision of this chapter.
    proof
        F of chapter 07.
    """
    same = differences(f, PERFECT, NONE_AT_LESIONS).loc["mean"]
    alone = differences(f, PERFECT, tables.STATISTICS).loc["mean"]
    ranked = differences(precision, PERFECT, tables.STATISTICS).loc["mean"]
    here = differences(f, PERFECT, tables.CONTROL).loc["B"]
    there = gain(proof, of_proof.SHOWN[0], of_proof.CONTROL)
    must_hold("in F not even true labels help", same["low"] < 0 and same["mean"] < SMALLEST_F)
    must_hold("they are below statistics alone", alone["high"] < 0)
    must_hold("average precision shows the prior", ranked["low"] > 0)
    must_hold("with chapter 7's settings they gain more", there[0] > 2 * here["mean"])
    must_hold("the weight is the smallest tried", min(SEARCH_WEIGHTS["RFE"]) == WEIGHTS["RFE"])
    return Findings(
        same=gained(*same),
        statistics=gained(*alone),
        statistics_ap=gained(*ranked),
        here_B=gained(*here),
        proof_B=gained(*there),
        weight=f"{WEIGHTS['RFE']:g}",
    )


def effort(steps: pd.DataFrame) -> Findings:
    """How many steps a fine-tuning takes in the paper, and what claim 14 saves.

    ``paper``: the paper's steps if each crop is seen once an epoch; ``more``: how many times as
    many steps an epoch has as that of the proof of concept, ``dearer``: how many times as long it
    takes, even if the loss on few embeddings took no time.

    Parameters
    ----------
    steps : DataFrame
        Rows of ``tuning_cost``, the first without an embedding loss.
    """
    profile = PROFILES[SHOWN]
    half, epochs = profile.batch_size // 2, profile.epochs - profile.branch_epoch
    many, few = (-(-images // half) for _, images in (REAL, PROOF))
    seconds = steps.set_index("variant")["seconds"]
    with_loss = seconds[f"ACD, n_E = {PROOF[0]}, margin 0.5"]
    dearer = many * seconds.iloc[0] / (few * with_loss)
    must_hold("it takes longer, not less", dearer > 2)
    return Findings(
        paper=f"{round(many * epochs, -3):,}",
        more=f"{many / few:.0f}",
        dearer=f"{dearer:.0f}",
    )
