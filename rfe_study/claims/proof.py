"""Claims 2 to 5 of the paper, and two questions of ours, as statistics of the 36 models' F-scores.

Statistics and thresholds stand here and were fixed before the first full run. Each takes F by
seed, after averaging over patients.
"""

from collections.abc import Sequence
from functools import partial
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_core.random_feature_embedding import ALL
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.resampling import DRAWS
from rfe_study.claims.rows import PATIENTS, TARGET, by_model
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import Part, Verdict, judge_parts
from rfe_study.methods.proof import MARGIN_1_N_E, N_E

#: Claim 2: F gained per tenfold n_E, so twice this from 20 to 2000. Less is called no rise.
RISE = 0.005

#: Claim 5: mean correlation of two seeds' F over the 36 models, to be called similar.
SIMILAR = 0.5

#: The last steps of the n_E grid, where l2 is said to become unstable.
LARGE_N_E = (200, 500, 1000, 2000)


def name(strategy: str, distance: str, n_e: int | str) -> str:
    """The model's name in the tables: ``"80/20 ACD 100"``."""
    return f"{strategy} {distance} {n_e}"


def names(strategy: str, distance: str, grid: Sequence[int] = N_E) -> list[str]:
    """The models of one curve of Fig. 3(a)."""
    return [name(strategy, distance, n_e) for n_e in grid]


def all_of(distance: str) -> list[str]:
    """The 18 models of one distance."""
    return [name(s, distance, n_e) for s, n_e in product(STRATEGIES, N_E)]


def slope(values: NDArray, grid: Sequence[int] = N_E) -> NDArray[np.float64]:
    """Least-squares slope over log10 n_E: (..., len(grid)) -> (...)."""
    x = np.log10(grid) - np.log10(grid).mean()
    return values @ x / (x @ x)


def _rise(strategy: str, f: Scores) -> NDArray:
    return slope(f.mean(names(strategy, "ACD")))


def _ahead_of(other: str, f: Scores) -> NDArray:
    return f.mean(names("80/20", "ACD")).mean(-1) - f.mean(names(other, "ACD")).mean(-1)


def _acd_ahead_of_l2(f: Scores) -> NDArray:
    return f.mean(all_of("ACD")).mean(-1) - f.mean(all_of("l2")).mean(-1)


def _rougher(f: Scores) -> NDArray:
    def step(distance: str) -> NDArray:
        curves = [np.diff(f.of(names(s, distance, LARGE_N_E))) for s in STRATEGIES]
        return np.abs(curves).mean(axis=(0, -1))  # (K, S)

    return ((step("l2") - step("ACD")) * f.seeds).sum(-1)


def _similarity(f: Scores) -> NDArray:
    x = f.of(all_of("ACD") + all_of("l2"))
    if x.shape[1] < 2:
        return np.full(len(x), np.nan)  # one seed agrees with no other
    x = x - x.mean(-1, keepdims=True)
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    x = np.divide(x, length, out=np.zeros_like(x), where=length > 1e-12)  # all alike: no ranking
    pairs = combinations(range(x.shape[1]), 2)
    return np.mean([(x[:, i] * x[:, k]).sum(-1) for i, k in pairs], axis=0)


def _smallest_gain(f: Scores) -> NDArray:
    return (f.of(all_of("ACD")).mean(-1) - f.of(["no embedding"])[..., 0]).min(-1)


def _all_ahead(f: Scores) -> NDArray:
    everything, *sampled = (f"80/20 ACD {n_e} margin 1" for n_e in (ALL, *MARGIN_1_N_E))
    return f.mean([everything])[:, 0] - f.mean(sampled).max(-1)


def _heavier(f: Scores) -> NDArray:
    plain = names("80/20", "ACD")
    return slope(f.mean([f"{n} sum/n" for n in plain])) - slope(f.mean(plain))


DIFFERENCE = "difference of mean F"

PER_DECADE = "F per tenfold n_E"

PARTS = (
    *(
        Part(
            claim=2,
            part=f"F rises with n_E, ACD, {s}",
            statistic=PER_DECADE,
            threshold=RISE,
            compute=partial(_rise, s),
            linear=True,
        )
        for s in STRATEGIES
    ),
    *(
        Part(
            claim=3,
            part=f"80/20 better than {s}, ACD",
            statistic=DIFFERENCE,
            threshold=0.0,
            compute=partial(_ahead_of, s),
            linear=True,
        )
        for s in STRATEGIES
        if s != "80/20"
    ),
    Part(
        claim=4,
        part="l2 worse than ACD",
        statistic=DIFFERENCE,
        threshold=0.0,
        compute=_acd_ahead_of_l2,
        linear=True,
    ),
    Part(
        claim=4,
        part=f"l2 rougher than ACD from n_E = {LARGE_N_E[0]}",
        statistic="difference of the mean step in F",
        threshold=0.0,
        compute=_rougher,
    ),
    Part(
        claim=5,
        part="the 36 models rank alike",
        statistic="correlation between seeds",
        threshold=SIMILAR,
        compute=_similarity,
        seeds_stay=True,
    ),
    Part(
        claim=5,
        part="ACD better than no embedding in each seed",
        statistic="smallest mean gain in F",
        threshold=0.0,
        compute=_smallest_gain,
        seeds_stay=True,
    ),
    Part(
        claim="ours",
        part="all pixels beat every sampled n_E, 80/20 at margin 1",
        statistic="difference to the best F",
        threshold=0.0,
        compute=_all_ahead,
    ),
    Part(
        claim="ours",
        part="sum / n rises more steeply than the mean",
        statistic=PER_DECADE,
        threshold=0.0,
        compute=_heavier,
        linear=True,
    ),
)


def judge(
    scores: pd.DataFrame,
    models: pd.DataFrame,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
    parts: Sequence[Part] = PARTS,
) -> dict[str, list[Verdict]]:
    """All parts of the claims on each set of `rfe_study.claims.rows.PATIENTS`.

    `rfe_study.claims.rows.by_model` says which rows it takes.
    """
    found = {}
    for which in PATIENTS:
        tables = {(TARGET, "f_score"): by_model(scores, models, which)}
        found[which] = judge_parts(parts, Scores.even(tables), generator=generator, draws=draws)
    return found
