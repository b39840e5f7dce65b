"""Each statistic of claims 2 to 5 against a recomputation in plain Python; values as fixed."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims import proof_of_concept as claims
from rfe_study.claims.proof_of_concept import PARTS
from rfe_study.claims.rows import NotTrained
from rfe_study.claims.scores import Scores
from rfe_study.methods.proof_of_concept import proof_of_concept

MODELS = [method.name for method in proof_of_concept()]
STRATEGIES = ("50/50", "distribution-aware", "80/20")
HEADS = [f"paired{k:02d}" for k in range(1, 5)]


def part(text):
    """The only part of this name."""
    (found,) = [p for p in PARTS if p.part == text]
    return found


def table(seed, n_seeds=3):
    """F by seed and model, averaged over heads; and the scores that have these means."""
    random = np.random.default_rng(seed)
    values = random.random((n_seeds, len(HEADS), len(MODELS)))
    tables = {
        ("B", model, "f_score"): pd.DataFrame(values[..., at], columns=HEADS)
        for at, model in enumerate(MODELS)
    }
    rows = [dict(zip(MODELS, map(float, row), strict=True)) for row in values.mean(1)]
    return Scores(tables=tables), rows


def mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / len(numbers)


def plain_rise(rows, strategies):
    return mean(row[f"{s} ACD 2000"] - row[f"{s} ACD 20"] for row in rows for s in strategies)


def plain_level(rows, strategies, distance):
    ends = product(strategies, (20, 2000))
    return mean(row[f"{s} {distance} {n}"] for s, n in ends for row in rows)


def plain_roughness(rows, distance):
    return mean(
        abs(row[f"{s} {distance} {b}"] - row[f"{s} {distance} {a}"])
        for row in rows
        for s in STRATEGIES
        for a, b in ((200, 500), (500, 1000), (1000, 2000))
    )


def plain_all_ahead(rows):
    best = max(mean(row[f"80/20 ACD {n} margin 1"] for row in rows) for n in (20, 200, 2000))
    return mean(row["80/20 ACD all margin 1"] for row in rows) - best


def plain_difference(rows):
    """The root mean square over all pairs of seeds and all models at the ends."""
    models = [f"{s} {d} {n}" for s in STRATEGIES for d in ("ACD", "l2") for n in (20, 2000)]
    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[:i]]
    return -math.sqrt(mean((a[m] - b[m]) ** 2 for a, b in pairs for m in models))


RISES = "higher at n_E = 2000 than at 20, ACD"

PLAIN = {
    RISES: lambda rows: plain_rise(rows, STRATEGIES),
    **{f"{RISES}, {s}": (lambda rows, s=s: plain_rise(rows, [s])) for s in STRATEGIES},
    **{
        f"80/20 better than {s}, ACD": (
            lambda rows, s=s: plain_level(rows, ["80/20"], "ACD") - plain_level(rows, [s], "ACD")
        )
        for s in STRATEGIES[:2]
    },
    "l2 worse than ACD": lambda rows: (
        plain_level(rows, STRATEGIES, "ACD") - plain_level(rows, STRATEGIES, "l2")
    ),
    "l2 rougher than ACD from n_E = 200": lambda rows: (
        plain_roughness(rows, "l2") - plain_roughness(rows, "ACD")
    ),
    "two trainings differ by less than 0.05": plain_difference,
    "all pixels beat every sampled n_E, 80/20 at margin 1": plain_all_ahead,
}


def test_every_part_has_its_recomputation():
    names = [p.part for p in PARTS]
    assert sorted(names) == sorted([*PLAIN, "the 36 models rank alike"])  # test_repetition has that
    assert [p.claim for p in PARTS] == [2, 2, 2, 2, 3, 3, 4, 4, 5, 5, "ours"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", PLAIN)
def test_equals_the_plain_recomputation(name, seed):
    scores, rows = table(seed)
    found = part(name).compute(scores).estimate
    assert found == pytest.approx(PLAIN[name](rows), rel=1e-9, abs=1e-12)


def test_a_contrast_has_the_seeds_that_all_its_models_have():
    """Ten seeds for the ends, three for the rest of the curve."""
    scores, rows = table(3, n_seeds=10)
    short = {
        key: t.iloc[:3] if key[1].endswith((" 100", " 200", " 500", " 1000")) else t
        for key, t in scores.tables.items()
    }
    scores = Scores(tables=short)
    assert part(RISES).compute(scores).estimate == pytest.approx(PLAIN[RISES](rows))
    rough = "l2 rougher than ACD from n_E = 200"
    assert part(rough).compute(scores).estimate == pytest.approx(PLAIN[rough](rows[:3]))


def test_the_same_parts_of_another_column():
    scores, rows = table(4)
    other = {(d, m, "average_precision"): t for (d, m, _), t in scores.tables.items()}
    found = claims.parts("average_precision")
    assert [p.part for p in found] == [p.part for p in PARTS[:8]]
    assert {p.statistic for p in found[:7]} == {"difference of mean average precision"}
    rise = found[0].compute(Scores(tables=other))
    assert rise.estimate == pytest.approx(PLAIN[RISES](rows))
    with pytest.raises(NotTrained, match="has no average_precision on B"):
        found[0].compute(scores)


def test_thresholds_and_smallest_effects_as_fixed_before_the_first_full_run():
    assert (claims.SIMILAR, claims.SAME, claims.ENDS) == (0.5, 0.05, (20, 2000))
    asked = {p.part: (p.threshold, p.smallest) for p in PARTS}
    assert asked.pop("the 36 models rank alike") == (0.5, None)
    assert asked.pop("two trainings differ by less than 0.05") == (-0.05, None)
    assert asked.pop("l2 rougher than ACD from n_E = 200") == (0.0, 0.015)
    assert set(asked.values()) == {(0.0, 0.03)}
    assert [p.part for p in PARTS if not p.main] == [f"{RISES}, {s}" for s in STRATEGIES]


def test_names_are_those_of_the_models():
    for strategy, distance in product(STRATEGIES, ("ACD", "l2")):
        assert set(claims.names(strategy, distance)) < set(MODELS)
    assert len(set(claims.all_of("ACD") + claims.all_of("l2")) & set(MODELS)) == 36
