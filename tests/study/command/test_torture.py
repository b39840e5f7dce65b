"""Ten kills at random moments; ``make torture-runs`` does a hundred."""

import os

import pytest
import torture_runs

from rfe_study import results


@pytest.mark.slow
def test_ten_kills_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RFE_DATA", os.environ.get("RFE_DATA", ""))  # both are put back afterwards
    monkeypatch.setattr(results, "DATA", results.DATA)
    run = torture_runs.Torture(folder=tmp_path, source=torture_runs.random.Random(7))
    run.prepare()
    for command, kills in (("train", 3), ("sweep", 4), ("adapt", 3)):
        run.go(command, kills)
    assert run.kills.total() == run.ends.total() == 10
