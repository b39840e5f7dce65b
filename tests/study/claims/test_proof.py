"""Each statistic against a recomputation in plain Python; thresholds as they were fixed."""

import math
from itertools import combinations, product

import numpy as np
import pytest

from rfe_study.claims import proof
from rfe_study.claims.proof import PARTS, slope
from rfe_study.claims.rows import TARGET
from rfe_study.claims.scores import Scores
from rfe_study.methods.proof import proof_of_concept

MODELS = [method.name for method in proof_of_concept()]
STRATEGIES = ("50/50", "distribution-aware", "80/20")
GRID = (20, 100, 200, 500, 1000, 2000)


def part(text):
    """The only part whose name holds the text."""
    (found,) = [p for p in PARTS if text in p.part]
    return found


def table(seed, n_seeds=3):
    """F by seed and model, as dictionaries: what the plain recomputations read."""
    values = np.random.default_rng(seed).random((n_seeds, len(MODELS)))
    return values, [dict(zip(MODELS, map(float, row), strict=True)) for row in values]


def scores_of(values, weights):
    """K tables (K, S, M) with weights (K, S): as many patients, each counted alone once."""
    tables = {model: values[..., at].T for at, model in enumerate(MODELS)}
    once = Scores.even({(TARGET, "f_score"): tables})
    return once.weighed(seeds=weights, patients={TARGET: np.eye(len(values))})


def computed(which, values, weights=None):
    """A statistic of one table (S, M); seeds count equally unless they have weights."""
    weights = np.full(len(values), 1 / len(values)) if weights is None else np.asarray(weights)
    (found,) = which.compute(scores_of(values[None], weights[None]))
    return float(found)


def mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / len(numbers)


def plain_slope(curve):
    """Least squares by its textbook formula, over log10 n_E."""
    x = [math.log10(n) for n in GRID]
    n, sx, sy = len(x), sum(x), sum(curve)
    sxy, sxx = sum(a * b for a, b in zip(x, curve, strict=True)), sum(a * a for a in x)
    return (n * sxy - sx * sy) / (n * sxx - sx * sx)


def plain_rise(rows, strategy, end=""):
    curve = [mean(row[f"{strategy} ACD {n}{end}"] for row in rows) for n in GRID]
    return plain_slope(curve)


def plain_level(rows, strategy):
    return mean(row[f"{strategy} ACD {n}"] for row in rows for n in GRID)


def plain_distance(row, distance):
    return mean(row[f"{s} {distance} {n}"] for s in STRATEGIES for n in GRID)


def plain_roughness(row, distance):
    steps = [
        abs(row[f"{s} {distance} {b}"] - row[f"{s} {distance} {a}"])
        for s in STRATEGIES
        for a, b in ((200, 500), (500, 1000), (1000, 2000))
    ]
    return mean(steps)


def plain_correlation(x, y):
    mx, my = mean(x), mean(y)
    top = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return top / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


def plain_similarity(rows):
    names = [f"{s} {d} {n}" for d in ("ACD", "l2") for s in STRATEGIES for n in GRID]
    lists = [[row[name] for name in names] for row in rows]
    return mean(plain_correlation(x, y) for x, y in combinations(lists, 2))


def plain_all_ahead(rows):
    best = max(mean(row[f"80/20 ACD {n} margin 1"] for row in rows) for n in (20, 200, 2000))
    return mean(row["80/20 ACD all margin 1"] for row in rows) - best


PLAIN = {
    **{f"F rises with n_E, ACD, {s}": (lambda rows, s=s: plain_rise(rows, s)) for s in STRATEGIES},
    **{
        f"80/20 better than {s}, ACD": (
            lambda rows, s=s: plain_level(rows, "80/20") - plain_level(rows, s)
        )
        for s in STRATEGIES[:2]
    },
    "l2 worse than ACD": lambda rows: mean(
        plain_distance(row, "ACD") - plain_distance(row, "l2") for row in rows
    ),
    "l2 rougher than ACD from n_E = 200": lambda rows: mean(
        plain_roughness(row, "l2") - plain_roughness(row, "ACD") for row in rows
    ),
    "the 36 models rank alike": plain_similarity,
    "ACD better than no embedding in each seed": lambda rows: min(
        plain_distance(row, "ACD") - row["no embedding"] for row in rows
    ),
    "all pixels beat every sampled n_E, 80/20 at margin 1": plain_all_ahead,
    "sum / n rises more steeply than the mean": lambda rows: (
        plain_rise(rows, "80/20", " sum/n") - plain_rise(rows, "80/20")
    ),
}


def test_every_part_has_its_recomputation():
    assert [p.part for p in PARTS] == list(PLAIN)
    assert [p.claim for p in PARTS] == [2, 2, 2, 3, 3, 4, 4, 5, 5, "ours", "ours"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", PLAIN)
def test_equals_the_plain_recomputation(name, seed):
    values, rows = table(seed)
    assert computed(part(name), values) == pytest.approx(PLAIN[name](rows), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in PLAIN if not part(name).seeds_stay])
def test_a_seed_drawn_twice_counts_twice(name):
    values, rows = table(7)
    weighted = computed(part(name), values, weights=(2 / 3, 0, 1 / 3))
    assert weighted == pytest.approx(PLAIN[name]([rows[0], rows[0], rows[2]]), abs=1e-12)


def test_many_resamples_are_computed_at_once():
    """(K, S, M) values and (K, S) weights: as each of the K alone."""
    random = np.random.default_rng(0)
    values, weights = random.random((4, 3, len(MODELS))), random.dirichlet(np.ones(3), 4)
    for p in PARTS:
        together = p.compute(scores_of(values, weights))
        alone = [computed(p, v, w) for v, w in zip(values, weights, strict=True)]
        np.testing.assert_allclose(together, alone, atol=1e-12)


@pytest.mark.parametrize("name", [p.part for p in PARTS if p.linear])
def test_linear_parts_are_linear(name):
    """What `detectable` relies on."""
    (x, _), (y, _) = table(0), table(1)
    both = computed(part(name), 2 * x - 3 * y)
    expected = 2 * computed(part(name), x) - 3 * computed(part(name), y)
    assert both == pytest.approx(expected, abs=1e-12)


def test_slope_of_a_line_over_tenfold_n_e():
    x = np.log10(GRID)
    np.testing.assert_allclose(slope(np.array([0.3 + 0.02 * x, 0.5 - 0.1 * x])), [0.02, -0.1])


def test_thresholds_as_fixed_before_the_first_full_run():
    thresholds = {p.part: p.threshold for p in PARTS}
    assert proof.RISE == 0.005 and proof.SIMILAR == 0.5
    assert {thresholds[f"F rises with n_E, ACD, {s}"] for s in STRATEGIES} == {0.005}
    assert thresholds.pop("the 36 models rank alike") == 0.5
    assert {v for k, v in thresholds.items() if "rises with" not in k} == {0.0}


def test_names_are_those_of_the_models():
    for strategy, distance in product(STRATEGIES, ("ACD", "l2")):
        assert set(proof.names(strategy, distance)) < set(MODELS)
    assert len(set(proof.all_of("ACD") + proof.all_of("l2")) & set(MODELS)) == 36
