"""Claims 1 and 13 on made-up rows whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims import sampling, verdicts
from rfe_study.measures.representativeness import N_E

STRATEGIES = ("50/50", "distribution-aware", "80/20")


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def rows(curve, null, *, noise=0.001, batches=8, seeds=(0, 1)):
    """Rows whose mean divergence and null follow two functions of n_E."""
    generator = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "seed": seed,
            "batch": batch,
            "strategy": strategy,
            "n_e": n,
            "shared_channel": curve(n) + noise * generator.normal(),
            "null_channel": null(n) + noise * generator.normal(),
        }
        for seed in seeds
        for batch in range(batches)
        for strategy in STRATEGIES
        for n in N_E
    )


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (lambda n: 1 / n, verdicts.REPRODUCED),
        (lambda n: 1 - 1 / n, verdicts.CONTRADICTED),
        (lambda n: 0.5, verdicts.CONTRADICTED),
    ],
)
def test_a_falling_curve_and_others(curve, expected, generator):
    parts = sampling.falls(
        rows(curve, curve, noise=1e-5), "shared_channel", generator=generator, draws=300
    )
    assert len(parts) == 6  # three strategies, two networks
    assert verdicts.overall(parts) == expected


def test_a_fall_that_is_only_the_null_s_is_contradicted(generator):
    parts = sampling.falls_beyond_null(
        rows(lambda n: 2 / n, lambda n: 2 / n), "channel", generator=generator, draws=300
    )
    assert verdicts.overall(parts) == verdicts.CONTRADICTED


def test_a_fall_beyond_the_null_is_reproduced(generator):
    parts = sampling.falls_beyond_null(
        rows(lambda n: 3 / n, lambda n: 2 / n), "channel", generator=generator, draws=300
    )
    assert verdicts.overall(parts) == verdicts.REPRODUCED
    assert parts[0].estimate == pytest.approx(1 / 3, abs=0.02)


def test_noise_leaves_it_undecided(generator):
    parts = sampling.falls_beyond_null(
        rows(lambda n: 2.2 / n, lambda n: 2 / n, noise=0.05),
        "channel",
        generator=generator,
        draws=300,
    )
    assert verdicts.UNDECIDED in {part.verdict for part in parts}


@pytest.mark.parametrize(
    ("small", "large", "expected"),
    [
        (0, 40, ["reproduced"] * 3),
        (2, 40, ["reproduced", "contradicted", "reproduced"]),
        (0, 0, ["reproduced", "reproduced", "contradicted"]),
    ],
)
def test_class_balance(small, large, expected, generator):
    drawn = {
        ("50/50", 20): 10,
        ("50/50", 2000): 1000,
        ("distribution-aware", 20): small,
        ("distribution-aware", 2000): large,
    }
    table = pd.DataFrame(
        {
            "seed": 0,
            "batch": batch,
            "strategy": strategy,
            "n_e": n,
            "pixels": 100_000,
            "lesion_pixels": 2000,
            "drawn_lesion": lesion,
            "drawn_background": n - lesion,
        }
        for batch in range(5)
        for (strategy, n), lesion in drawn.items()
    )
    parts = sampling.class_balance(table, generator=generator, draws=300)
    assert [part.verdict for part in parts] == expected
    assert parts[0].estimate == pytest.approx(25)


def test_missing_rows_are_refused(generator):
    table = rows(lambda n: 1 / n, lambda n: 0).iloc[1:]
    with pytest.raises(ValueError, match=r"must be there for each batch .* with 1 missing"):
        sampling.falls(table, "shared_channel", generator=generator, draws=5)
