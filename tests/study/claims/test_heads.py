"""Which heads enter, and the loads that they were dealt."""

import numpy as np
import pytest

from rfe_study.claims.heads import PATIENTS, VERDICT, head, log_load
from rfe_study.phantom.domains import LEAST_LOAD_ML, PAIRED


def test_a_paired_head_is_one_whatever_scans_it():
    assert {head(f"{d}paired07") for d in "ABCD"} == {"paired07"}
    assert head("Btest1") == "Btest1" and head("Cextra12") == "Cextra12"


def test_verdicts_rest_on_paired_heads():
    assert PATIENTS[VERDICT] == ("paired",) and PATIENTS["paper's"] == ("test",)


def test_loads_are_those_of_the_design():
    names = [f"paired{k:02d}" for k in range(1, PAIRED["paired"] + 1)]
    loads = np.exp(log_load(names))
    assert (loads >= LEAST_LOAD_ML - 1e-9).all() and loads.max() < 52
    assert 8 < np.median(loads) < 22  # the database: 13.9, with its smallest loads left out
    assert np.unique(loads).size == len(names)
    assert log_load(["paired01", "Btest1"]) is None


def test_a_set_has_a_name():
    with pytest.raises(KeyError):
        PATIENTS["all 8"]
