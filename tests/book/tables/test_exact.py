"""Tables of chapter 10 hold what made-up rows say."""

from dataclasses import replace

import pandas as pd
import pytest
import sweep_rows

from rfe_book.tables import exact
from rfe_study.claims.verdicts import Verdict


def test_by_ratio_averages_seeds_and_heads():
    scores = sweep_rows.scores(lambda m, seed: 0.5 + 0.1 * m.name.startswith("4x"))
    scores = scores.assign(average_precision=scores["f_score"] / 2)
    table = exact.by_ratio(scores, sweep_rows.models(), sweep_rows.curves())
    assert list(table.index) == ["no embedding", *exact.RATIOS, "labels of B"]
    gained = table.loc["4x"] - table.loc["2x"]
    assert gained[["F", "average precision"]].tolist() == pytest.approx([0.1, 0.05])
    assert table.loc["4x", "lesion (%)"] == pytest.approx(20)  # as `sweep_rows` draws
    assert (table["seeds"] == 3).all() and pd.isna(table.loc["no embedding", "lesion (%)"])


def test_headline_shows_main_parts():
    about = {"claim": "V1 alone", "statistic": "share", "threshold": 0.4, "verdict": "undecided"}
    numbers = {"estimate": 0.5, "low": 0.3, "high": 0.7, "p_above": 0.2, "p_below": 0.8}
    parts = [Verdict(part=p, main=p == "mean", **about, **numbers) for p in ("mean", "B")]
    (row,) = exact.headline({"V1 alone": parts}).itertuples()
    assert row.Index == "40% with a prior that knows V1 alone"
    assert (row.above, row.found, row.verdict) == ("0.4", "+0.500 (0.300 to 0.700)", "undecided")
    parts[1] = replace(parts[1], part="B: share", verdict="contradicted")
    (row,) = exact.headline({"V1 alone": parts}).itertuples()
    assert row.verdict == "mean: undecided; sentence: contradicted by B"
