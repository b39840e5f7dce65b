"""The figure of paired heads shows each head on each scanner, and each seed."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import baselines

matplotlib.use("Agg")

SEEDS, HEADS = {"lower": 3, "upper-B": 2, "upper-C": 2, "upper-D": 2}, 5


@pytest.fixture
def figure():
    generator = np.random.default_rng(0)
    rows = [
        {"model": model, "domain": d, "seed": seed, "subject": f"{d}paired{head:02d}"}
        | {"f_score": generator.random()}
        for model, seeds in SEEDS.items()
        for d in ("ABCD" if model == "lower" else model[-1])
        for seed in range(seeds)
        for head in range(1, HEADS + 1)
    ]
    yield pd.DataFrame(rows), baselines.same_heads(pd.DataFrame(rows))
    matplotlib.pyplot.close("all")


def test_a_line_is_a_head_and_a_mark_a_seed(figure):
    rows, drawn = figure
    left, right = drawn.axes
    first = rows[(rows["model"] == "lower") & rows["subject"].str.endswith("01")]
    expected = first.groupby("domain")["f_score"].mean()
    np.testing.assert_allclose(left.lines[0].get_ydata(), expected)
    assert [len(line.get_ydata()) for line in left.lines[:HEADS]] == [4] * HEADS
    marks = [len(line.get_ydata()) for line in right.lines]
    assert marks == [SEEDS["lower"]] * 4 + [2] * 3
