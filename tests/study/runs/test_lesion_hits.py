"""Which models are compared lesion by lesion, and what is said of those that are not there."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from rfe_study import results
from rfe_study.methods.profiles import PROFILES, Profile
from rfe_study.phantom.domains import Patient
from rfe_study.runs import lesion_hits


@dataclass(frozen=True)
class Made:
    """A job whose weights may be there."""

    weights: Path
    profile: Profile = PROFILES["smoke"]
    seed: int = 0

    def path(self):
        return self.weights


@pytest.fixture
def compared(tmp_path, monkeypatch):
    """Of two models one has weights; a call compares both on patients and returns what was made."""
    there, absent = tmp_path / "there.safetensors", tmp_path / "absent.safetensors"
    there.touch()
    models = [("D", "RFE, NCC", Made(there)), ("D", "upper bound", Made(absent))]
    monkeypatch.setattr(lesion_hits, "compared", lambda jobs: models)
    monkeypatch.setattr(lesion_hits, "rows", lambda left, patient: [(*left, patient)])
    made = []
    monkeypatch.setattr(results, "append", lambda table, rows, folder: made.extend(rows))

    def compare(*known):
        monkeypatch.setattr(results, "keys", lambda *_: [lesion_hits.key(*k) for k in known])
        with ThreadPoolExecutor(1) as pool:
            lesion_hits.compare([models[0][2]], [Patient("D", "test", 1)], pool, tmp_path)
        return made

    return compare, models


def test_absent_weights_are_named_and_the_others_compared(compared, capsys):
    compare, models = compared
    assert compare() == [(models[0], Patient("D", "test", 1))]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("absent.safetensors does not exist: what it finds is not compared "
                         "lesion by lesion")  # fmt: skip


def test_rows_that_are_there_need_no_weights(compared, capsys):
    compare, models = compared
    patient = Patient("D", "test", 1)
    assert compare(*((*model, patient) for model in models)) == []
    assert not capsys.readouterr().out
