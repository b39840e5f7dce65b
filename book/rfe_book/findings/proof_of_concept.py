"""What chapter 07 says of the 36 models, from rows of `rfe sweep` and verdicts of the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_book.findings import Findings, must_hold
from rfe_book.tables import proof_of_concept as tables
from rfe_book.tables.claims import overall_table
from rfe_book.words import listed, origin, signed, span
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import proof_of_concept as claim
from rfe_study.claims import verdicts
from rfe_study.claims.contrasts import minus, shared
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.proof_of_concept import ENDS, all_of, name, names
from rfe_study.claims.repetition import agreement, repeat
from rfe_study.claims.rows import ByModel, of_first_seed
from rfe_study.methods import proof_of_concept
from rfe_study.methods.method import COMPARED, HEADLINE, SHOWN_ONCE, Method
from rfe_study.methods.proof_of_concept import DISTANCES

#: Short names of strategies in findings.
SHORT = dict(zip(STRATEGIES, ("half", "aware", "fifth"), strict=True))

#: Draws the fewest lesion pixels of all.
FEWEST = ("distribution-aware", ENDS[0])


def experiment(methods: Sequence[Method], models: pd.DataFrame, scores: pd.DataFrame) -> Findings:
    """How many models there are, of how many seeds, on how many heads.

    ``many``, ``few`` and ``one``: seeds of the models that deserve `HEADLINE`, `COMPARED` and
    `SHOWN_ONCE` of them, as planned.
    """
    counts = tables.groups(methods)
    must_hold("36 models", counts["rfe"] == 36)
    made = models.groupby("model")["seed"].nunique()
    planned = {m.name: m.seeds for m in methods}
    must_hold("all models are trained", set(planned) <= set(made.index))
    seeds = {n: span(made[[m for m in planned if planned[m] == n]]) for n in planned.values()}
    must_hold("as many seeds as planned", all(str(n) == some for n, some in seeds.items()))
    must_hold("no training diverged", bool((models["status"] == "finished").all()))
    heads = scores.groupby("role")["subject"].nunique()
    return Findings(
        models=int(counts.sum()),
        beside=int(counts.sum() - counts["rfe"]),
        trainings=len(models),
        many=seeds[HEADLINE],
        few=seeds[COMPARED],
        one=seeds[SHOWN_ONCE],
        heads=int(heads["paired"]),
        papers=int(heads["test"]),
        origin=origin(scores),
    )


def gains(values: ByModel) -> Findings:
    """F of control and bound, how much of the gap is closed, and what needs no loss for it.

    ``f_*`` are means over the `seeds` that the three models have, as the share ``closed`` is;
    ``both_*`` over the ``seeds_both`` that these and statistics of B alone have, ``left`` what the
    loss adds to the latter; ``best`` and ``second`` (of the 36) of `seeds_36`.
    """
    none, labels, fifth = tables.CONTROL, tables.BOUND, name("80/20", "ACD", ENDS[-1])
    every = [m for d in DISTANCES for m in all_of(d)]
    below = [m for m in every if minus(values[m], values[none]).to_numpy().mean() < 0]
    must_hold("it does not always help", bool(below))
    must_hold("where it does not, few lesion pixels are drawn", set(below) <= set(_fewest()))
    share = tables.closed(values, fifth)
    must_hold("80/20 closes most of the gap", share.low > 0.5)
    shown = (none, tables.STATISTICS, fifth, labels)
    of_all = shared(*(values[m] for m in shown))
    both = {m: table.to_numpy().mean() for m, table in zip(shown, of_all, strict=True)}
    gap = both[labels] - both[none]
    without = (both[tables.STATISTICS] - both[none]) / gap
    must_hold("statistics alone close more than half", without > 0.5)
    must_hold("and less than the loss", both[fifth] > both[tables.STATISTICS])
    same = shared(values[none], values[labels], values[fifth])
    f_none, f_labels, f_fifth = (f"{table.to_numpy().mean():.3f}" for table in same)
    together = means(every, values)
    ranked = sorted(zip(together.mean(axis=0), every, strict=True), reverse=True)
    (best_f, best), (second_f, second) = ranked[:2]
    return Findings(
        f_none=f_none,
        f_labels=f_labels,
        f_fifth=f_fifth,
        seeds=len(same[0]),
        closed=share.text,
        closed_alone=f"{share.share:.0%}",
        best=best,
        best_f=f"{best_f:.3f}",
        second=second,
        second_f=f"{second_f:.3f}",
        seeds_36=len(together),
        above=len(every) - len(below),
        below=listed([f"“{m}”" for m in below]),
        both_none=f"{both[none]:.3f}",
        both_statistics=f"{both[tables.STATISTICS]:.3f}",
        both_fifth=f"{both[fifth]:.3f}",
        both_labels=f"{both[labels]:.3f}",
        seeds_both=len(of_all[0]),
        seeds_statistics=len(values[tables.STATISTICS]),
        without=f"{without:.0%}",
        left=signed(both[fifth] - both[tables.STATISTICS], 3),
    )


def _fewest() -> list[str]:
    return [name(FEWEST[0], d, FEWEST[1]) for d in DISTANCES]


def pair(values: ByModel) -> Findings:
    """An example of pairing: how F of the control and its gain by one model scatter over heads."""
    both = (of_first_seed(values, m) for m in (tables.CONTROL, "80/20 ACD 2000"))
    control, other = (f.to_numpy().round(2) for f in both)
    gained = other - control
    must_hold("differences vary less than F", np.std(gained) < np.std(control))
    return Findings(
        sd_control=f"{np.std(control, ddof=1):.2f}",
        sd_gain=f"{np.std(gained, ddof=1):.2f}",
    )


def n_e(parts: Sequence[verdicts.Verdict], values: ByModel) -> Findings:
    """Claim 2, in all and by strategy, and what the weight does of it.

    ``sum_ACD`` and the like: how far F rises from n_E = 20 to 2000 with sum / n, ``mean_ACD`` with
    the mean over pairs, of the seeds that have both.
    """
    part = {p.part: p for p in parts if p.claim == 2}
    (whole,) = (p for p in part.values() if p.main)
    must_hold("F rises with n_E", whole.verdict == verdicts.REPRODUCED)
    rise = {s: part[f"{whole.part}, {s}"] for s in STRATEGIES}
    steepest = max(rise, key=lambda s: rise[s].estimate)
    must_hold("most where few lesion pixels are drawn", steepest == FEWEST[0])
    said = {f"rise_{SHORT[s]}": p.effect for s, p in rise.items()}
    rises = {d: _rises(values, d) for d in DISTANCES}
    must_hold("F rises at one weight too", min(mean for mean, _ in rises.values()) > 0.02)
    must_hold("a growing weight adds little", max(b - a for a, b in rises.values()) < 0.03)
    to_1000 = {s: means(names(s, "ACD")[:-1], values).mean(axis=0) for s in STRATEGIES}
    steady = [s for s, f in to_1000.items() if (np.diff(f) > 0).all()]
    must_hold("80/20 alone rises steadily to 1000", steady == ["80/20"])
    for d, (mean, per_embedding) in rises.items():
        said |= {f"mean_{d}": signed(mean, 3), f"sum_{d}": signed(per_embedding, 3)}
    seeds = len(values[name("80/20", "ACD", f"{ENDS[0]} sum/n")])
    must_hold("it is one training", seeds == 1)
    return Findings(
        rise=whole.effect,
        equal_at=proof_of_concept.EQUAL_WEIGHT_N_E,
        seeds=seeds,
        **said,
    )


def _rises(values: ByModel, distance: str) -> list[float]:
    """F at the larger end of n_E less that at the smaller: mean over pairs, and sum / n."""
    ends = []
    for n in ENDS:
        model = name("80/20", distance, n)
        both = shared(values[model], values[f"{model} sum/n"])
        ends.append([table.to_numpy().mean() for table in both])
    return np.subtract(ends[1], ends[0]).tolist()


def again(parts: Sequence[verdicts.Verdict], values: ByModel) -> Findings:
    """Claim 5: how alike seeds rank the models, how far two trainings of one lie apart.

    ``rest`` is the latter without the models that draw the fewest lesion pixels, ``spread`` the
    standard deviation from training to training among those.
    """
    alike, differ = (p for p in parts if p.claim == 5)
    every = [m for d in DISTANCES for m in all_of(d)]
    ends = [m for d in DISTANCES for m in all_of(d, ENDS)]
    steady = repeat(means([m for m in ends if m not in _fewest()], values))
    within = [
        agreement(means([m for d in DISTANCES for m in names(s, d)], values)).estimate
        for s in STRATEGIES
    ]
    must_hold("seeds rank alike", alike.verdict == verdicts.REPRODUCED)
    must_hold("F itself differs", differ.estimate < differ.threshold)
    must_hold("within a strategy less so", 0 < min(within) < alike.estimate)
    must_hold("much of it is few lesion pixels", steady.estimate > differ.estimate + 0.02)
    low, high = steady.interval()
    return Findings(
        alike=alike.effect.removeprefix("+"),
        seeds=len(means(every, values)),
        seeds_ends=len(means(ends, values)),
        within=listed([f"{r:.2f}" for r in within]),
        ranked=alike.verdict,
        differ=f"{-differ.estimate:.3f} ({-differ.high:.3f} to {-differ.low:.3f})",
        same=differ.verdict,
        bound=f"{claim.SAME:g}",
        rest=f"{-steady.estimate:.3f} ({-high:.3f} to {-low:.3f})",
        spread=f"{-steady.estimate / 2**0.5:.3f}",
    )


def without_corner(found: Sequence[verdicts.Verdict]) -> Findings:
    """Verdicts on claims 2 to 5 by `rfe_study.claims.corner.judge`: ``all_2`` and so on."""
    return Findings(
        **{f"all_{c}": verdicts.overall(p for p in found if p.claim == c) for c in (2, 3, 4, 5)}
    )


def means(models: Sequence[str], values: ByModel) -> NDArray[np.float64]:
    """Mean F over heads, (seeds, models), for the seeds that all models have."""
    found = {m: values[m].mean(axis=1) for m in models}
    return pd.concat(found, axis=1, join="inner").to_numpy()


def claims(judged: Mapping[str, Sequence[verdicts.Verdict]]) -> Findings:
    """The verdicts on claims 2 to 5: ``all_2`` on paired heads, ``two_2`` on the paper's two."""
    words = overall_table(judged)
    return Findings(
        **{f"all_{c}": verdict for c, verdict in words[VERDICT].items()},
        **{f"two_{c}": verdict for c, verdict in words["paper's"].items()},
    )
