"""What chapter 07 says of operating points: strategies, thresholds, and the two distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd

from rfe_book.figures.operating import BY_SHARE
from rfe_book.findings import Findings, must_hold
from rfe_book.findings.claims import part_of
from rfe_book.findings.proof_of_concept import FEWEST, SHORT
from rfe_book.tables import proof_of_concept as tables
from rfe_book.tables import proof_of_concept_search
from rfe_book.words import change, signed
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import verdicts
from rfe_study.claims.comparisons import gain, mean_interval
from rfe_study.claims.contrasts import average, minus
from rfe_study.claims.operating_points import POINTS
from rfe_study.claims.proof_of_concept import ENDS, all_of, at_margin_1, name, names
from rfe_study.claims.rows import ByModel, of_first_seed
from rfe_study.methods.proof_of_concept import CHOSEN, DISTANCES, MARGIN_1_N_E

#: The names of `POINTS` in their order.
AT_HALF, AT_A, THRESHOLD_FREE = POINTS

#: Outcomes of "X is better than Y", as the middle of a sentence.
AGAINST = {
    verdicts.REPRODUCED: "ahead of",
    verdicts.CONTRADICTED: "behind",
    verdicts.NO_EFFECT: "without a relevant difference from",
    verdicts.UNDECIDED: "not told apart from",
}


def strategies(parts: pd.DataFrame) -> Findings:
    """How far each strategy moves recall and precision of the control, means over its 12 models.

    Parameters
    ----------
    parts : DataFrame
        `rfe_book.tables.proof_of_concept.summary`: indexed by ``model``.
    """
    none, said, mean = parts.loc[tables.CONTROL], {}, {}
    for strategy, key in SHORT.items():
        own = [m for d in DISTANCES for m in names(strategy, d)]
        mean[strategy] = parts.loc[own, ["recall", "precision"]].mean()
        for column, value in mean[strategy].items():
            said[f"{column}_{key}"] = signed(value - none[column])
    order = pd.DataFrame(mean).T
    recall = order["recall"].sort_values(ascending=False).index
    precision = order["precision"].sort_values(ascending=False).index
    drawn = ["50/50", "80/20", "distribution-aware"]  # from most lesion to least
    must_hold("the more lesion is drawn, the more is found", list(recall) == drawn)
    must_hold("and the more is invented", list(precision) == drawn[::-1])
    must_hold("all raise precision", bool((order["precision"] > none["precision"]).all()))
    return Findings(**said)


def points(judged: Mapping[str, Sequence[verdicts.Verdict]]) -> Findings:
    """Claim 3 at each operating point: ``half_AP`` is 80/20 beside 50/50 by average precision."""
    lead = {p: part_of(judged[p], "80/20 better than 50/50, ACD") for p in judged}
    must_hold("80/20 leads 50/50 at 0.5", lead[AT_HALF].verdict == verdicts.REPRODUCED)
    shrinks = lead[AT_HALF].estimate > lead[AT_A].estimate > lead[THRESHOLD_FREE].estimate
    must_hold("the less a threshold matters, the smaller that lead", shrinks)
    return Findings(half_AP=AGAINST[lead[THRESHOLD_FREE].verdict])


def lead(values: ByModel) -> Findings:
    """The two parts of claim 3's means: how far 80/20 is ahead at either end of n_E, with ACD.

    ``half_20``, ``aware_2000`` and so on: 80/20 minus another strategy, with the interval.
    """
    others = [s for s in STRATEGIES if s != "80/20"]
    found = {
        (SHORT[s], n): gain(values, name("80/20", "ACD", n), name(s, "ACD", n))
        for s in others
        for n in ENDS
    }
    few, many = (found["aware", n][0] for n in ENDS)
    must_hold("most of the lead over distribution-aware is at n_E = 20", few > 2 * max(many, 0))
    return Findings(**{f"{s}_{n}": change(*value) for (s, n), value in found.items()})


def shares(scores: Mapping[str, ByModel]) -> Findings:
    """The exact loss by its share of lesion: which share is best at each operating point.

    ``f_50`` and ``ap_50`` are of 50/50; ``margin`` is that of the exact losses, ``margin_36`` that
    of the models with ACD among the 36.
    """
    f = pd.DataFrame({
        point: {
            share: values[at_margin_1(share)].to_numpy().mean() for share in BY_SHARE
        }
        for point, values in scores.items()
    })  # fmt: skip
    best = f.idxmax()
    between = ["2x", "4x"]
    must_hold("at 0.5 the best lies between", best[AT_HALF] in between)
    alike = f.loc[between, AT_HALF]
    must_hold("2 and 4 times are alike at 0.5", alike.max() - alike.min() < 0.02)
    must_hold("a threshold on A asks for less lesion", best[AT_A] in ("distribution-aware", "2x"))
    must_hold("without a threshold more lesion is better", best[THRESHOLD_FREE] == "80/20")
    worst = f.loc["50/50"]
    must_hold("A's threshold does not repair that", worst[AT_A] < worst[AT_HALF] + 0.03)
    must_hold("the natural share orders worst", f[THRESHOLD_FREE].idxmin() == "distribution-aware")
    must_hold("50/50 is the worst at 0.5", f[AT_HALF].idxmin() == "50/50")
    free = f[THRESHOLD_FREE]
    must_hold("and near the best without", free["80/20"] - free["50/50"] < 0.03)
    return Findings(
        margin=at_margin_1("4x").split()[-1],
        margin_36=f"{CHOSEN['cosine'][1]:g}",
        f_50=f"{f.loc['50/50', AT_HALF]:.2f}",
        ap_50=f"{free['50/50']:.2f}",
    )


def margin_1(values: ByModel, searched: pd.DataFrame) -> Findings:
    """How much lower F of 80/20 is with the paper's margin; it may be no lower at the chosen one.

    Parameters
    ----------
    values
        F on B.
    searched : DataFrame
        Rows of the search.
    """
    grid = proof_of_concept_search.grid(searched, "ACD").rename(columns=float)
    must_hold(
        "the smallest margin is best at every weight", (grid.idxmax(axis=1) == min(grid)).all()
    )
    said, alone = {}, of_first_seed(values, tables.STATISTICS).mean()
    for n in MARGIN_1_N_E[:2]:
        theirs = at_margin_1("80/20", n)
        by = -gain(values, theirs, name("80/20", "ACD", n))[0]
        must_hold("with the paper's margin F is lower", by > 0)
        first = of_first_seed(values, theirs).mean()
        must_hold("and below statistics of B alone", first < alone)
        said[f"by_{n}"] = f"{by:.2f}"
    return Findings(**said)


def distance(
    judged: Sequence[verdicts.Verdict], scores: Mapping[str, ByModel], curves: pd.DataFrame
) -> Findings:
    """Claim 4 in words, by the corners of the grid, and how long lesion embeddings become.

    ``corner``: ACD minus l2 where the fewest lesion pixels are drawn; ``rest``: over the other five
    corners; ``rest_AP`` by average precision. ``lesion_*``: final lengths of 80/20's lesion
    embeddings over the control's, mean over n_E; ``of_all_*``: least and most of all 18.
    """
    worse = part_of(judged, "l2 worse than ACD")
    rough = part_of(judged, "l2 rougher than ACD from n_E = 200")
    must_hold("l2 segmenting worse is undecided", worse.verdict == verdicts.UNDECIDED)
    corners = list(product(STRATEGIES, ENDS))
    others = [corner for corner in corners if corner != FEWEST]
    gains = {
        point: {c: gain(v, name(c[0], "ACD", c[1]), name(c[0], "l2", c[1])) for c in corners}
        for point, v in scores.items()
    }
    free = gains[THRESHOLD_FREE]
    leads = all(free[corner][1] > 0 for corner in others)
    must_hold("without a threshold ACD leads where lesions are drawn", leads)
    smallest = min(gains[AT_HALF], key=lambda corner: gains[AT_HALF][corner][0])
    must_hold("l2 is ahead where few lesion pixels are drawn", smallest == FEWEST)
    rest = {}
    for point in (AT_HALF, THRESHOLD_FREE):
        both = (average([scores[point][name(s, d, n)] for s, n in others]) for d in DISTANCES)
        rest[point] = mean_interval(minus(*both))
    long = proof_of_concept_search.lengths(curves, [tables.CONTROL, *all_of("ACD"), *all_of("l2")])
    times = long["lesion"] / long.loc[tables.CONTROL, "lesion"]
    fifth = {d: times[names("80/20", d)].mean() for d in DISTANCES}
    must_hold("l2 acts on lengths", fifth["l2"] > 1.5 * fifth["ACD"])
    ends = {d: (times[all_of(d)].min(), times[all_of(d)].max()) for d in DISTANCES}
    rougher_seeds = len(average([scores[AT_HALF][m] for d in DISTANCES for m in all_of(d)]))
    return Findings(
        effect=worse.effect,
        rough=rough.verdict,
        rougher=rough.effect,
        rougher_seeds=rougher_seeds,
        corner=change(*gains[AT_HALF][FEWEST]),
        rest=change(*rest[AT_HALF]),
        rest_AP=change(*rest[THRESHOLD_FREE]),
        **{f"lesion_{d}": f"{value:.1f}" for d, value in fifth.items()},
        **{f"of_all_{d}": f"{low:.1f} to {high:.1f}" for d, (low, high) in ends.items()},
    )
