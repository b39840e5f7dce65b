"""Scores of finished models: each once, from the weights that are there, with their origin."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from synthetic import fill_phantom_cache

from rfe_core import checkpoints, metrics
from rfe_core.evaluation import probability_map, score, segment
from rfe_core.training import build
from rfe_study import provenance
from rfe_study.methods.profiles import PROFILES, Profile
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import patients
from rfe_study.runs import looked_at, scoring
from rfe_study.tables import AT_A
from rfe_study.workers import SerialExecutor

SMOKE = PROFILES["smoke"]
DEV = patients("B", ["dev"])[:2]


@dataclass(frozen=True)
class Trained:
    """The least that can be scored."""

    name: str
    folder: Path
    profile: Profile = SMOKE
    device: str = "cpu"
    phantom_version: str = provenance.phantom_version()

    @property
    def identity(self):
        return {"profile": self.profile.name, "model": self.name}

    def path(self):
        return self.folder / f"{self.name}.safetensors"


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """Two networks with weights, and two tiny patients to score them on."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFE_DATA", str(folder))
        fill_phantom_cache(DEV)
        found = [Trained(name, folder) for name in ("one", "two")]
        about = {"wall_s": 12.5, "code_version": "abc", "hardware": "cpu: x, 1 thread"}
        for seed, job in enumerate(found):
            rate = {} if seed == 0 else {"learning_rate": 0.25, "threshold_a": 0.375}
            checkpoints.save_weights(job.path(), build(SMOKE, seed), about | rate)
        yield found


def test_rows_of_a_patient(jobs):
    rows = scoring.score_rows(jobs, DEV[0])
    (subject,) = phantom_subjects(DEV[:1], workers=1, progress=False)
    subject = looked_at.cut(subject, "smoke")
    assert [row["model"] for row in rows] == ["one", "two"]
    for job, row in zip(jobs, rows, strict=True):
        mask = segment(checkpoints.load_model(job.path()), subject)
        assert row["f_score"] == metrics.f_score(mask, subject.lesion_mask)
        assert (row["subject"], row["domain"], row["role"]) == (DEV[0].name, "B", "dev")
        assert row["weights"] == checkpoints.weights_digest(job.path())
        assert (row["wall_s"], row["train_code_version"]) == (12.5, "abc")
        assert row["train_hardware"] == "cpu: x, 1 thread" and row["epochs"] == SMOKE.epochs
    # a fine-tuned model says its own rate, a baseline has its profile's
    assert [row["learning_rate"] for row in rows] == [SMOKE.learning_rate, 0.25]


def test_scores_without_a_threshold_and_at_the_calibrated_one(jobs):
    first, second = scoring.score_rows(jobs, DEV[0])
    (subject,) = phantom_subjects(DEV[:1], workers=1, progress=False)
    subject = looked_at.cut(subject, "smoke")
    brain, model = subject.brain_mask, checkpoints.load_model(jobs[1].path())
    probability = probability_map(model, subject)
    expected = metrics.average_precision(probability[brain], subject.lesion_mask[brain])
    assert second["average_precision"] == expected != first["average_precision"]
    at_a = score(segment(model, subject, threshold=0.375), subject)
    assert second["threshold_a"] == 0.375
    assert {name: second[f"{name}_a"] for name in AT_A} == {name: at_a[name] for name in AT_A}
    # a model without one, of a variant of the phantom for instance, has no such columns
    assert not [name for name in first if name.endswith("_a")]


def test_what_is_scored_already_is_not_looked_at(jobs, monkeypatch):
    done = {scoring.key(jobs[0], DEV[0].name)}
    assert done == {("smoke", "one", DEV[0].name)}
    assert [row["model"] for row in scoring.score_rows(jobs, DEV[0], done)] == ["two"]
    monkeypatch.setattr(scoring, "phantom_subjects", None)  # the patient is not even read
    assert scoring.score_rows(jobs, DEV[0], {scoring.key(j, DEV[0].name) for j in jobs}) == []


def test_all_patients_come_one_by_one(jobs):
    got = []
    skip = [scoring.key(jobs[1], DEV[1].name)]
    scoring.score_all(jobs, DEV, skip=skip, executor=SerialExecutor(), on_patient=got.append)
    found = sorted((row["subject"], row["model"]) for rows in got for row in rows)
    assert len(got) == 2
    assert found == [(DEV[0].name, "one"), (DEV[0].name, "two"), (DEV[1].name, "one")]


def test_errors_reach_whoever_asked(jobs):
    other = replace(jobs[0], phantom_version="0.0-older")
    with pytest.raises(ValueError, match="the phantom must not change during a run, one began"):
        scoring.score_all([other], DEV, executor=SerialExecutor(), on_patient=lambda rows: None)


def test_scores_do_not_depend_on_the_company(jobs):
    """A model scored alone and after another, with other threads: the same numbers."""
    alone = scoring.score_rows(jobs[1:], DEV[0])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    together = scoring.score_rows(jobs, DEV[0])
    torch.set_num_threads(threads)
    assert alone == together[1:]
