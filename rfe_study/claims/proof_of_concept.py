"""Claims 2 to 5 of the paper, and a question of ours, as statistics of the 36 models' scores.

Statistics, thresholds and smallest effects stand here and were fixed before the first full run on
phantom 2.0. `parts` asks the same of any column of scores: F at 0.5 (the paper's), F at a threshold
calibrated on A alone, and average precision, which needs no threshold.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_core.random_feature_embedding import ALL
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.contrasts import average, minus
from rfe_study.claims.effects import (
    DIFFERENCE,
    IN_COLUMN,
    SLIGHTLY,
    SMALLEST_F,
    SMALLEST_STEP,
    STEP,
)
from rfe_study.claims.evidence import Evidence, Least, of_table
from rfe_study.claims.heads import PATIENTS
from rfe_study.claims.repetition import agreement, repeat
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import Part, Verdict, judge_parts
from rfe_study.methods.proof_of_concept import ENDS, MARGIN_1_N_E, N_E

#: Claim 5: correlation of two seeds' F over the 36 models, to be called similar; and how far apart
#: F of one model may be after two trainings (root of the mean square): what claim 10 calls slight.
SIMILAR, SAME = 0.5, SLIGHTLY

#: What the parts say that `rfe_study.claims.corner` looks at again.
RISES = f"higher at n_E = {ENDS[1]} than at {ENDS[0]}, ACD"
WORSE = "l2 worse than ACD"
ALIKE = "the 36 models rank alike"
AGAIN = f"two trainings differ by less than {SAME:g}"

#: The last steps of the n_E grid, where l2 is said to become unstable.
LARGE_N_E = (200, 500, 1000, 2000)


def ahead_of(strategy: str) -> str:
    """What the part of claim 3 says that compares 80/20 with another strategy."""
    return f"80/20 better than {strategy}, ACD"


def name(strategy: str, distance: str, n_e: int | str) -> str:
    """The model's name in the tables: ``"80/20 ACD 100"``."""
    return f"{strategy} {distance} {n_e}"


def at_margin_1(strategy: str, n_e: int | str = ALL) -> str:
    """The model with the margin that the exact loss needs: ``"80/20 ACD all margin 1"``."""
    return name(strategy, "ACD", f"{n_e} margin 1")


def names(strategy: str, distance: str, grid: Sequence[int] = N_E) -> list[str]:
    """The models of one curve of Fig. 3(a)."""
    return [name(strategy, distance, n_e) for n_e in grid]


def all_of(distance: str, grid: Sequence[int] = N_E) -> list[str]:
    """The 18 models of one distance, or those at some n_E."""
    return [name(s, distance, n_e) for s, n_e in product(STRATEGIES, grid)]


def _risen(strategies: Sequence[str], column: str, s: Scores) -> Evidence:
    first, last = (
        s.mean([name(strategy, "ACD", n_e) for strategy in strategies], column=column)
        for n_e in ENDS
    )
    return of_table(minus(last, first))


def _ahead_of(other: str, column: str, s: Scores) -> Evidence:
    ours, theirs = (s.mean(names(st, "ACD", ENDS), column=column) for st in ("80/20", other))
    return of_table(minus(ours, theirs))


def _acd_ahead_of_l2(column: str, s: Scores) -> Evidence:
    return of_table(minus(*(s.mean(all_of(d, ENDS), column=column) for d in ("ACD", "l2"))))


def _rougher(column: str, s: Scores) -> Evidence:
    """Steps in a seed's curve of mean F, whatever their sign; linearised by that sign."""

    def steps(distance: str) -> pd.DataFrame:
        found = []
        for strategy in STRATEGIES:
            curve = [s.of(n, column=column) for n in names(strategy, distance, LARGE_N_E)]
            for before, after in pairwise(curve):
                step = minus(after, before)
                found.append(step.mul(np.sign(step.mean(axis=1)), axis=0))
        return average(found)

    return of_table(minus(steps("l2"), steps("ACD")))


def means(models: Sequence[str], s: Scores) -> NDArray[np.float64]:
    """Mean F over heads, (seeds, models), for the seeds that all have."""
    every = pd.concat({m: s.of(m).mean(axis=1) for m in models}, axis=1, join="inner")
    return every.to_numpy()


def _alike(s: Scores) -> Evidence:
    return agreement(means(all_of("ACD") + all_of("l2"), s))


def _again(s: Scores) -> Evidence:
    return repeat(means(all_of("ACD", ENDS) + all_of("l2", ENDS), s))


def _all_ahead(s: Scores) -> Evidence:
    everything, *sampled = (at_margin_1("80/20", n_e) for n_e in (ALL, *MARGIN_1_N_E))
    return Least([of_table(minus(s.of(everything), s.of(other))) for other in sampled])


def parts(column: str = "f_score") -> list[Part]:
    """Claims 2, 3 and 4 by a column of scores."""
    gained = {"statistic": IN_COLUMN[column], "threshold": 0.0, "smallest": SMALLEST_F}
    return [
        Part(claim=2, part=RISES, compute=partial(_risen, STRATEGIES, column), **gained),
        *(
            Part(
                claim=2,
                part=f"{RISES}, {s}",
                main=False,
                compute=partial(_risen, [s], column),
                **gained,
            )
            for s in STRATEGIES
        ),
        *(
            Part(
                claim=3,
                part=ahead_of(s),
                compute=partial(_ahead_of, s, column),
                **gained,
            )
            for s in STRATEGIES
            if s != "80/20"
        ),
        Part(claim=4, part=WORSE, compute=partial(_acd_ahead_of_l2, column), **gained),
        Part(
            claim=4,
            part=f"l2 rougher than ACD from n_E = {LARGE_N_E[0]}",
            statistic=STEP,
            threshold=0.0,
            smallest=SMALLEST_STEP,
            compute=partial(_rougher, column),
        ),
    ]


PARTS = (
    *parts(),
    Part(
        claim=5,
        part=ALIKE,
        statistic="correlation between seeds",
        threshold=SIMILAR,
        compute=_alike,
    ),
    Part(
        claim=5,
        part=AGAIN,
        statistic="minus their difference in F",
        threshold=-SAME,
        compute=_again,
    ),
    Part(
        claim="ours",
        part="all pixels beat every sampled n_E, 80/20 at margin 1",
        statistic=DIFFERENCE,
        threshold=0.0,
        smallest=SMALLEST_F,
        compute=_all_ahead,
    ),
)


def judge(scores: pd.DataFrame, models: pd.DataFrame) -> dict[str, list[Verdict]]:
    """All parts of the claims on each set of `rfe_study.claims.heads.PATIENTS`.

    Parameters
    ----------
    scores, models : DataFrame
        Rows of one profile and experiment, see `rfe_study.runs.sweep`.
    """
    return {which: judge_parts(PARTS, on_targets(scores, models, which)) for which in PATIENTS}


def on_targets(
    scores: pd.DataFrame,
    models: pd.DataFrame,
    patients: str,
    columns: Sequence[str] = ("f_score",),
) -> Scores:
    """Scores of fine-tuned models on their own target's patients of a set."""
    own = scores[scores["domain"] == scores["target"]]
    return Scores.of_rows(own, models.assign(domain=models["target"]), patients, columns)
