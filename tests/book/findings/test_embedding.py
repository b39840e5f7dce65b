"""What chapter 04 says, of distances, neighbours and sums whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import embedding as findings
from rfe_study.measures.neighbourhood import Agreement


def test_pairs_inside_the_margin():
    found = findings.margin(np.array([1.0, 5, 900, 2000]), 1000)
    assert (found.pairs, found.inside, found.farthest) == ("4", "75", "2,000")
    assert found.median == "452"


def test_neighbours_in_per_cent():
    found = findings.neighbours(Agreement(10, 20, 0.9, 0.4))
    assert (found.pulled_same, found.pushed_same) == ("90", "60")
    with pytest.raises(ValueError, match="most are of one class"):
        findings.neighbours(Agreement(10, 20, 0.4, 0.4))


def test_growth_from_the_first_to_the_last():
    rows = {"sum": [4.0, 50, 8000], "per_embedding": [2.0, 5, 80]}
    found = findings.growth(pd.DataFrame(rows, index=[2, 10, 100]))
    assert (found.sum, found.per_embedding) == ("2,000", "40")
    rows["per_embedding"][-1] = 2.0
    with pytest.raises(ValueError, match="the sum grows"):
        findings.growth(pd.DataFrame(rows, index=[2, 10, 100]))
