"""Differences of chapter 09 are paired, of the seeds that both models have."""

import adaptation_rows
import numpy as np
import pytest

from rfe_book import words
from rfe_book.tables import gains
from rfe_book.tables.adaptation import CHAIN, CONTROL
from rfe_core import metrics
from rfe_study.claims.rows import NotTrained
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import LOWER_BOUND


def by_plan(plan):
    """F of 0.5 and what `plan` has for (model, target); seeds and patients differ."""
    rows = adaptation_rows.rows(
        lambda target, model, seed, domain: 0.5 + 0.02 * seed + plan.get((model, target), 0)
    )
    return rows.by_target()


def test_differences_are_paired_on_each_target_and_on_their_mean():
    f = by_plan({(PAPER, "B"): 0.1, (PAPER, "C"): -0.04})
    table = gains.differences(f, PAPER, CONTROL)
    assert list(table.index) == ["B", "C", "D", "mean"]
    assert table["mean"].tolist() == pytest.approx([0.1, -0.04, 0, 0.02])
    assert (table["high"] - table["low"]).to_numpy() == pytest.approx(0)


def test_the_mean_has_the_seeds_of_all_targets():
    f = by_plan({(PAPER, "B"): 0.1})
    f["C"] = f["C"] | {PAPER: f["C"][PAPER].loc[[1]]}
    assert list(gains.with_mean(f)["mean"][PAPER].index) == [1]
    f["B"] = f["B"] | {PAPER: f["B"][PAPER].loc[[0]]}
    assert PAPER not in gains.with_mean(f)["mean"]
    with pytest.raises(NotTrained, match=f"{PAPER!r} must have rows"):
        gains.differences(f, PAPER, CONTROL)


def test_words_of_a_difference():
    assert words.gained(0.156, 0.017, 0.294) == "+0.16 (0.02 to 0.29)"
    assert words.gained(-0.034, -0.073, 0.004) == "−0.03 (−0.07 to 0.00)"
    assert words.gained(-0.001, -0.021, 0.0) == "+0.00 (−0.02 to 0.00)"
    assert words.gained(0.1, float("nan"), float("nan")) == "+0.10 (one seed)"


def test_difference_table_names_both_models():
    table = gains.difference_table(by_plan({(PAPER, "D"): 0.1}), CHAIN)
    line = table.loc[f"the embedding loss ({PAPER} − {CONTROL})"]
    assert line["D"] == "+0.10 (0.10 to 0.10)" and line["mean"] == "+0.03 (0.03 to 0.03)"
    assert len(table) == len(CHAIN)


def test_f_is_that_of_masks():
    generator = np.random.default_rng(0)
    for _ in range(5):
        prediction, truth = generator.random((2, 200)) < 0.4
        parts = metrics.precision(prediction, truth), metrics.recall(prediction, truth)
        assert gains.f_of(*parts) == pytest.approx(metrics.f_score(prediction, truth))
    assert gains.f_of(0, 0) == 0


def test_parts_of_a_gain_sum_to_it_and_know_their_cause():
    generator = np.random.default_rng(1)
    before, after = generator.random((2, 2, 3, 5))
    by_precision, by_recall = gains.split_of_gain(before, after)
    gain = gains.f_of(*after) - gains.f_of(*before)
    np.testing.assert_allclose(by_precision + by_recall, gain)
    by_precision, by_recall = gains.split_of_gain((0.5, 0.6), (0.8, 0.6))
    assert by_recall == 0 and by_precision > 0
    swapped = gains.split_of_gain((0.6, 0.5), (0.6, 0.8))
    assert swapped[1] == pytest.approx(by_precision)


def test_gain_parts_table_sums():
    rows = adaptation_rows.rows()
    p, r = (rows.by_target(column=column) for column in ("precision", "recall"))
    table = gains.gain_parts_table(p, r, PAPER, LOWER_BOUND)
    f, by_p, by_r = (float(text.split()[0].replace("−", "-")) for text in table.loc["C"])
    names = (PAPER, LOWER_BOUND)
    after, before = (gains.f_of(p["C"][m], r["C"][m]).mean() for m in names)
    assert f == pytest.approx(after - before, abs=0.006)
    assert by_p + by_r == pytest.approx(f, abs=0.011)
