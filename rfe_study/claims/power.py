"""What the design can find: expected before the runs from assumed spreads, then from the rows.

The spreads are those of paired differences in rows of phantom 1.0 and in trials on development
patients; none comes from a paired test head.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from scipy import optimize, stats

from rfe_study.claims import adaptation, headline, proof_of_concept, repetition
from rfe_study.claims.crossed import CrossedMean, Spread
from rfe_study.claims.effects import (
    DIFFERENCE,
    FALSE_RATIO,
    GAINS,
    GAP_SHARE,
    LESION_SHARE,
    PRECISION_DIFFERENCE,
    STEP,
)
from rfe_study.claims.rows import NotTrained
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import EQUIVALENCE, ERROR, Part
from rfe_study.phantom.domains import PAIRED, TARGETS

#: A contrast of two models on one domain, by statistic.
SPREADS = {
    DIFFERENCE: Spread(sd_seed=0.02, sd_head=0.065, sd_rest=0.05),
    PRECISION_DIFFERENCE: Spread(sd_seed=0.02, sd_head=0.065, sd_rest=0.05),
    GAINS: Spread(sd_seed=0.12, sd_head=0.08, sd_rest=0.08),
    STEP: Spread(sd_seed=0.004, sd_head=0.006, sd_rest=0.008),
    LESION_SHARE: Spread(sd_seed=0.02, sd_head=0.03, sd_rest=0.04),
    FALSE_RATIO: Spread(sd_seed=0.45, sd_head=0.3, sd_rest=0.5),
    GAP_SHARE: Spread(sd_seed=0.12, sd_head=0.5, sd_rest=0.35),
}

#: Contrasts of means over several of the 36 models vary less; by claim, of its main parts.
OF_SEVERAL = {
    2: Spread(sd_seed=0.012, sd_head=0.03, sd_rest=0.03),
    3: Spread(sd_seed=0.02, sd_head=0.05, sd_rest=0.03),
    4: Spread(sd_seed=0.006, sd_head=0.01, sd_rest=0.015),
}

#: Correlation of a head's effects on two scanners, so that a mean over the targets varies less.
BETWEEN_DOMAINS = 0.5

#: How far beyond its bound the truth is taken to lie where there is no smallest effect of interest.
BEYOND = {DIFFERENCE: 0.03, PRECISION_DIFFERENCE: 0.03, LESION_SHARE: 0.05, GAP_SHARE: 0.15}

#: Seeds of models that a verdict rests on, the least of them, and of the others.
SEEDS = (10, 8, 3)

#: Claim 5: standard deviations of mean F over seeds, models and trainings.
TRAININGS = {"seed": 0.01, "model": 0.05, "rest": 0.022}


def to_show(effect: float, error: float, freedom: float, *, tests: int = 1) -> float:
    """Chance that a number so far above its threshold is shown to be above.

    Noncentral t; the first of `tests` Holm-corrected ones, so a little less than the true chance.
    """
    limit = stats.t.ppf(1 - ERROR / tests, freedom)
    return float(stats.nct.sf(limit, freedom, effect / error))


def to_exclude(smallest: float, error: float, freedom: float) -> float:
    """Chance of "no relevant effect" if there is none at all."""
    reach = smallest / error - stats.t.ppf((1 + EQUIVALENCE) / 2, freedom)
    return float(max(0.0, 2 * stats.t.cdf(reach, freedom) - 1))


def found_from(error: float, freedom: float, *, tests: int = 1) -> float:
    """How far beyond its threshold a number must lie to be shown in four of five repetitions."""
    reach = 20 * error
    shown = partial(to_show, error=error, freedom=freedom, tests=tests)
    return float(optimize.brentq(lambda effect: shown(effect) - 0.8, 0, reach))


def all_parts() -> list[Part]:
    """All parts that rest on seeds and heads."""
    return [*proof_of_concept.PARTS, *adaptation.PARTS, *headline.ON_PROOF, *headline.ON_ADAPTATION]


def expected() -> pd.DataFrame:
    """The power of each part, by the assumed spreads.

    Returns
    -------
    DataFrame
        Indexed by ``claim`` and ``part``: ``above`` (threshold), ``truth`` (the value that power
        is computed for: the smallest effect of interest beyond the threshold, or `BEYOND` it where
        a bound is asked for), ``shown, 10 seeds`` and so on, ``none, 10 seeds`` and so on (chance
        of "no relevant effect" if there is none), ``found from`` (see `found_from`; most seeds).
    """
    parts, heads = all_parts(), PAIRED["paired"]
    families = Counter((p.claim, p.main, p.family) for p in parts)
    lines = {}
    for part in (p for p in parts if p.statistic in SPREADS):
        spread = SPREADS[part.statistic]
        if part.main and part.statistic == DIFFERENCE:
            spread = OF_SEVERAL.get(part.claim, spread)
        if "mean of" in part.part:
            spread = spread.times(np.sqrt((1 + 2 * BETWEEN_DOMAINS) / len(TARGETS)))
        effect = part.smallest or BEYOND[part.statistic]
        line = {"above": part.threshold, "truth": part.threshold + effect}
        tests = families[part.claim, part.main, part.family]
        for n in SEEDS:
            error, freedom = spread.error(seeds=n, heads=heads)
            line[f"shown, {n} seeds"] = to_show(effect, error, freedom, tests=tests)
            if part.smallest:
                line[f"none, {n} seeds"] = to_exclude(effect, error, freedom)
        error, freedom = spread.error(seeds=max(SEEDS), heads=heads)
        line["found from"] = found_from(error, freedom, tests=tests)
        lines[part.claim, part.part] = line
    table = pd.DataFrame.from_dict(lines, orient="index").rename_axis(["claim", "part"])
    kinds = [f"{kind}, {n} seeds" for kind, n in product(("shown", "none"), SEEDS)]
    return table[["above", "truth", *kinds, "found from"]]


def expected_agreement(*, repetitions: int = 400, seed: int = 0) -> pd.Series:
    """The power of claim 5's two parts, by simulation of its trainings with `TRAININGS`."""
    generator = np.random.default_rng(seed)
    cases = {
        "the 36 models rank alike": (3, 36, repetition.agreement, proof_of_concept.SIMILAR),
        "two trainings differ": (SEEDS[0], 12, repetition.repeat, -proof_of_concept.SAME),
    }
    found = {}
    for name, (seeds, models, statistic, threshold) in cases.items():
        shape = (seeds, models)
        shown = 0
        for _ in range(repetitions):
            means = TRAININGS["seed"] * generator.standard_normal((seeds, 1))
            means = means + TRAININGS["model"] * generator.standard_normal(models)
            means = means + TRAININGS["rest"] * generator.standard_normal(shape)
            shown += statistic(means).p_above(threshold) < ERROR / len(cases)
        found[name] = shown / repetitions
    return pd.Series(found)


def reached(parts: Sequence[Part], scores: Scores) -> pd.DataFrame:
    """The power that the rows themselves give each part whose number is a mean over both.

    Returns
    -------
    DataFrame
        Indexed by ``claim`` and ``part``: ``seed ±``, ``head ±``, ``rest ±`` (standard deviations),
        ``error`` (of the mean), ``shown`` and ``none``, as in `expected`.
    """
    families = Counter((p.claim, p.main, p.family) for p in parts)
    lines = {}
    for part in parts:
        try:
            found = part.compute(scores)
        except NotTrained:
            continue
        if not isinstance(found, CrossedMean) or not found.standard_error > 0:
            continue
        effect = part.smallest or BEYOND[part.statistic]
        error, freedom = float(found.standard_error), float(found.degrees_of_freedom)
        tests = families[part.claim, part.main, part.family]
        line = {"seed ±": found.sd_seed, "head ±": found.sd_head, "rest ±": found.sd_rest}
        line |= {"error": error, "shown": to_show(effect, error, freedom, tests=tests)}
        if part.smallest:
            line["none"] = to_exclude(effect, error, freedom)
        lines[part.claim, part.part] = {k: float(v) for k, v in line.items()}
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(["claim", "part"])


def as_markdown(table: pd.DataFrame) -> str:
    """The main parts of `expected` as a table of ``DESIGN.md``, chances in per cent."""
    main = {(p.claim, p.part) for p in all_parts() if p.main}
    kinds = [column for column in table if column.startswith(("shown", "none"))]
    head = ["Claim", "Part", "Above", "If it is", *kinds, "found from"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for (claim, part), row in table.iterrows():
        if (claim, part) in main:
            chances = ["" if np.isnan(row[kind]) else f"{100 * row[kind]:.0f}" for kind in kinds]
            cells = [str(claim), part, f"{row['above']:g}", f"{row['truth']:g}", *chances]
            cells.append(f"+{row['found from']:.3f}")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
