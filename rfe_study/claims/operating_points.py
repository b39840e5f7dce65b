"""Claims 2, 3 and 4 at three operating points: what a threshold does, and what a method does.

F at 0.5 mixes both. F at a threshold calibrated on domain A alone lets every model mark as much as
suits it; average precision needs no threshold at all. Verdicts on the claims are those at 0.5, as
in the paper.
"""

import pandas as pd

from rfe_study.claims.heads import VERDICT
from rfe_study.claims.proof_of_concept import on_targets, parts
from rfe_study.claims.verdicts import Verdict, judge_parts

#: Columns of scores, by what the book calls them.
POINTS = {
    "at 0.5": "f_score",
    "at A's threshold": "f_score_a",
    "threshold-free": "average_precision",
}


def judge(
    scores: pd.DataFrame, models: pd.DataFrame, patients: str = VERDICT
) -> dict[str, list[Verdict]]:
    """The parts of claims 2, 3 and 4 at each of `POINTS`; rows of the proof of concept."""
    found = on_targets(scores, models, patients, tuple(POINTS.values()))
    return {point: judge_parts(parts(column), found) for point, column in POINTS.items()}


def table(judged: dict[str, list[Verdict]]) -> pd.DataFrame:
    """Outcome and effect of each main part as text, a column a point.

    Returns
    -------
    DataFrame
        Indexed by ``claim`` and ``part``.
    """
    columns = {
        point: {(v.claim, v.part): f"{v.verdict}: {v.effect}" for v in verdicts if v.main}
        for point, verdicts in judged.items()
    }
    return pd.DataFrame(columns).rename_axis(["claim", "part"])
