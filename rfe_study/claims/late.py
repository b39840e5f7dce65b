"""What the first training decides that was added once the verdicts were seen (`DESIGN.md`)."""

from collections.abc import Sequence

import pandas as pd

from rfe_study.claims import adaptation
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.verdicts import Verdict

#: Model, target and seed of that training.
LATE = {"model": adaptation.PAPER, "target": "D", "seed": 3}


def without_late(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows but those of that training.

    Raises
    ------
    ValueError
        If it has none.
    """
    late = (rows[list(LATE)] == pd.Series(LATE)).all(axis=1)
    if not late.any():
        raise ValueError(f"rows must hold the training {LATE}, got none")
    return rows[~late]


def turned(rows: AdaptationRows, lesions: pd.DataFrame) -> list[tuple[Verdict, Verdict]]:
    """The parts whose verdict that training has turned: each with it, and without it.

    Parameters
    ----------
    rows, lesions
        What `adaptation.judge` takes.
    """
    before = AdaptationRows(
        scores=without_late(rows.scores),
        models=without_late(rows.models),
        baselines=rows.baselines,
    )
    with_it = _judged(rows, lesions)
    without = _judged(before, without_late(lesions))
    pairs = zip(with_it, without, strict=True)
    return [(now, then) for now, then in pairs if now.verdict != then.verdict]


def _judged(rows: AdaptationRows, lesions: pd.DataFrame) -> Sequence[Verdict]:
    return adaptation.judge(rows, lesions)[VERDICT]
