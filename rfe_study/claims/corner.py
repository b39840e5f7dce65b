"""Claims 2 to 5 without one corner of the 36 models, looked at afterwards: what leans on it.

Distribution-aware sampling at the smaller end of n_E draws hardly a lesion pixel, and its models
fail. Statistics, thresholds and corrections are those of `rfe_study.claims.proof_of_concept`; the
verdicts stay those on all models.
"""

from dataclasses import replace
from itertools import product

import pandas as pd

from rfe_core.sampling import STRATEGIES
from rfe_study.claims import proof_of_concept
from rfe_study.claims.contrasts import minus
from rfe_study.claims.evidence import Evidence, of_table
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.repetition import agreement, repeat
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import Part, Verdict, judge_parts
from rfe_study.methods.proof_of_concept import DISTANCES, ENDS

#: Strategy and n_E of the corner.
CORNER = "distribution-aware", ENDS[0]

_REST = [s for s in STRATEGIES if s != CORNER[0]]


def rest(distance: str) -> list[str]:
    """The models of a distance at both ends of n_E, without that of the corner."""
    ends = product(STRATEGIES, ENDS)
    return [proof_of_concept.name(s, distance, n_e) for s, n_e in ends if (s, n_e) != CORNER]


def _risen(s: Scores) -> Evidence:
    first, last = (s.mean([proof_of_concept.name(st, "ACD", n_e) for st in _REST]) for n_e in ENDS)
    return of_table(minus(last, first))


def _ahead(s: Scores) -> Evidence:
    ours, theirs = (s.of(proof_of_concept.name(st, "ACD", ENDS[1])) for st in ("80/20", CORNER[0]))
    return of_table(minus(ours, theirs))


def _acd_ahead_of_l2(s: Scores) -> Evidence:
    return of_table(minus(*(s.mean(rest(d)) for d in ("ACD", "l2"))))


def _alike(s: Scores) -> Evidence:
    corner = {proof_of_concept.name(CORNER[0], d, CORNER[1]) for d in DISTANCES}
    every = [m for d in DISTANCES for m in proof_of_concept.all_of(d) if m not in corner]
    return agreement(proof_of_concept.means(every, s))


def _again(s: Scores) -> Evidence:
    return repeat(proof_of_concept.means([m for d in DISTANCES for m in rest(d)], s))


#: How the parts that the corner enters are computed without it.
WITHOUT = {
    proof_of_concept.RISES: _risen,
    proof_of_concept.ahead_of(CORNER[0]): _ahead,
    proof_of_concept.WORSE: _acd_ahead_of_l2,
    proof_of_concept.ALIKE: _alike,
    proof_of_concept.AGAIN: _again,
}


def parts() -> list[Part]:
    """The main parts of claims 2 to 5, without the corner."""
    main = [p for p in proof_of_concept.PARTS if p.main and p.claim != "ours"]
    return [replace(p, compute=WITHOUT.get(p.part, p.compute)) for p in main]


def judge(scores: pd.DataFrame, models: pd.DataFrame) -> list[Verdict]:
    """The verdicts on `parts`, on paired heads.

    Parameters
    ----------
    scores, models : DataFrame
        As `rfe_study.claims.proof_of_concept.judge` takes them.
    """
    return judge_parts(parts(), proof_of_concept.on_targets(scores, models, VERDICT))
