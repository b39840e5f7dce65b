"""What the first training decides that was added once the verdicts were seen (`DESIGN.md`)."""

from collections.abc import Sequence

import pandas as pd

from rfe_study.claims import adaptation
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.verdicts import Verdict, overall

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
    pairs = zip(*_judged(rows, lesions), strict=True)
    return [(now, then) for now, then in pairs if now.verdict != then.verdict]


def decided(rows: AdaptationRows, lesions: pd.DataFrame) -> dict[int, tuple[str, str]]:
    """The claims whose verdict that training has turned: that with it, and that without it.

    Parameters
    ----------
    rows, lesions
        What `adaptation.judge` takes.
    """
    both = _judged(rows, lesions)
    claims = sorted({part.claim for part in both[0] if isinstance(part.claim, int)})
    verdicts = {c: tuple(overall([p for p in of if p.claim == c]) for of in both) for c in claims}
    return {claim: (now, then) for claim, (now, then) in verdicts.items() if now != then}


def _judged(
    rows: AdaptationRows, lesions: pd.DataFrame
) -> tuple[Sequence[Verdict], Sequence[Verdict]]:
    """All parts by all rows, and by those without that training."""
    before = AdaptationRows(
        scores=without_late(rows.scores),
        models=without_late(rows.models),
        baselines=rows.baselines,
    )
    with_it, without = (rows, lesions), (before, without_late(lesions))
    return adaptation.judge(*with_it)[VERDICT], adaptation.judge(*without)[VERDICT]
