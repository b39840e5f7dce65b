"""Scoring makes the patients it needs at once, before the first is scored."""

import pandas as pd
import pytest

from rfe_study import results
from rfe_study.command import scores
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import patients
from rfe_study.runs.baselines import Job
from rfe_study.workers import SerialExecutor

WHO = patients("AB", ["dev", "pairdev"])
FIRST = ["Bpairdev01", "Apairdev01"]  # of each domain; those of role dev are left out


@pytest.fixture
def done(monkeypatch):
    """What was done to whom; a score is a row without numbers."""
    did = []

    def score_all(jobs, who, *, skip, executor, on_patient):
        did.append(("score", [patient.name for patient in who]))
        for patient in who:
            on_patient(
                [
                    {**job.identity, "subject": patient.name, "domain": patient.domain}
                    | {"role": patient.role, "weights": "abc"}
                    | dict.fromkeys(scores.MEANS, 0.5)
                    for job in jobs
                    if scores.scoring.key(job, patient.name) not in skip
                ]
            )

    def make(who, workers):
        did.append((f"make with {workers}", [patient.name for patient in who]))

    monkeypatch.setattr(scores, "make", make)
    monkeypatch.setattr(scores.scoring, "score_all", score_all)
    monkeypatch.setattr(scores.checkpoints, "weights_digest", lambda path: "abc")
    return did


def test_missing_patients_are_made_before_any_is_scored(done, tmp_path):
    job = Job(profile=PROFILES["smoke"], model="lower", seed=0, weights=tmp_path)
    job.path().touch()
    pool = SerialExecutor()
    scores.evaluate([job], WHO, "development", tmp_path, pool, workers=2)
    assert done == [("make with 2", FIRST), ("score", FIRST)]
    assert isinstance(rows := results.read("development", tmp_path), pd.DataFrame)
    assert sorted(rows["subject"]) == sorted(FIRST)
    scores.evaluate([job], WHO, "development", tmp_path, pool, workers=2)
    assert len(done) == 2  # all are scored: nobody is made
