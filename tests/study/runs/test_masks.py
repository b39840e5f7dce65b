"""The explorer's file: right masks of the right slices, whole, merged seed by seed, or an error."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import checkpoints
from rfe_core.evaluation import segment
from rfe_core.files import replacing
from rfe_core.patches import stack
from rfe_core.unet import UNet
from rfe_study import provenance, results
from rfe_study.command import cli, sweep
from rfe_study.methods.adaptation import adaptation_methods
from rfe_study.methods.profiles import PROFILES
from rfe_study.methods.proof_of_concept import proof_of_concept
from rfe_study.runs import predicted_slices, tuning
from rfe_study.runs.masks import load, merge, path_of, save
from rfe_study.tables import MODELS

#: Models of `finished_sweep` but the one that diverged.
FINISHED = len(proof_of_concept()) - 1


@dataclass(frozen=True, kw_only=True)
class FakeJob:
    """A finished model of the sweep."""

    weights: Path
    model: str = "80/20 ACD 20"
    seed: int = 0
    profile_name: str = "laptop"
    target: str = "B"
    device: str = "cpu"
    phantom_version: str = provenance.phantom_version()

    @property
    def identity(self) -> dict[str, Any]:
        about = {"profile": self.profile_name, "experiment": "proof-of-concept"}
        return {**about, "target": self.target, "model": self.model, "seed": self.seed}

    def path(self) -> Path:
        return self.weights / f"{self.model.replace('/', '-')}-{self.seed}.safetensors"


def train(job, seed):
    """Give a job weights: a network at random that marks about half of the brain."""
    torch.manual_seed(seed)
    model = UNet(widths=(4, 4), norm="none", dropout=0.0).eval()
    subject = tiny_subject(seed=1)
    images = torch.from_numpy(stack(subject)[30:31])
    with torch.no_grad():
        logits = model(images).logits[0, 0][torch.from_numpy(subject.brain_mask[:, :, 30])]
        model.head.bias -= logits.median()
    checkpoints.save_weights(job.path(), model, {})
    return job


@pytest.fixture
def subjects(monkeypatch):
    """Two tiny patients in place of the phantom's; returns them and whom the code asked for."""
    made = [tiny_subject(f"Btest{n}", seed=n, domain="B") for n in (1, 2)]
    asked = []

    def phantom_subjects(who, **options):
        asked.extend(patient.name for patient in who)
        return made

    monkeypatch.setattr(predicted_slices, "phantom_subjects", phantom_subjects)
    return made, asked


@pytest.fixture
def jobs(tmp_path):
    models = ("80/20 ACD 20", "no embedding")
    made = [FakeJob(weights=tmp_path / "w", model=m, seed=s) for s in (0, 1) for m in models]
    return [train(job, number) for number, job in enumerate(made)]


def test_masks_are_those_that_are_scored(subjects, jobs, tmp_path):
    made, asked = subjects
    found = load(predicted_slices.make(jobs, tmp_path))
    assert asked == ["Btest1", "Btest2"]
    assert found.patients == ("Btest1", "Btest1", "Btest2", "Btest2")
    x, y = (slice(c, c + n) for c, n in zip(found.corner, found.truth.shape[1:], strict=True))
    seen = set()
    for job in jobs:
        model = checkpoints.load_model(job.path())
        own = {subject.name: segment(model, subject) for subject in made}
        masks = found.mask(job.model, job.seed)
        for mask, name, z in zip(masks, found.patients, found.slices, strict=True):
            np.testing.assert_array_equal(mask, own[name][x, y, z])
            assert own[name][:, :, z].sum() == mask.sum()  # nothing lies outside the crop
        seen.add(masks.tobytes())
    assert len(seen) == len(jobs)  # else any mask would do
    truth = {subject.name: subject.lesion_mask for subject in made}
    for plane, name, z in zip(found.truth, found.patients, found.slices, strict=True):
        np.testing.assert_array_equal(plane, truth[name][x, y, z])
    assert found.weights == tuple(checkpoints.weights_digest(job.path()) for job in jobs)
    assert found.record["profile"] == "laptop" and found.record["threshold"] == 0.5
    assert found.record["made"][0].keys() == provenance.certificate("rfe_study.runs.sweep").keys()
    with pytest.raises(KeyError):
        found.mask("80/20 ACD 20", 2)


def test_slices_are_chosen_by_the_truth():
    mask = np.zeros((4, 4, 12), bool)
    for z, area in {3: 2, 5: 9, 6: 9, 8: 4, 10: 1}.items():
        mask.reshape(16, 12)[:area, z] = True
    assert predicted_slices.chosen_slices(mask) == [5, 8]  # areas 9 9 4 2 1


def test_file_is_small_whole_and_has_no_pickles(subjects, jobs, tmp_path):
    folder = tmp_path / "explorer"
    path = predicted_slices.make(jobs, folder)
    assert path == folder / "proof-of-concept.npz" and list(folder.iterdir()) == [path]
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "UiuSb" for name in file.files)
    found = load(path)
    again = tmp_path / "again.npz"
    save(found, again)
    assert again.read_bytes() == path.read_bytes()


def test_a_seed_is_added_when_weights_of_others_are_gone(subjects, jobs, tmp_path):
    first, second = jobs[:2], jobs[2:]
    before = load(predicted_slices.make(first, tmp_path))
    for job in first:
        job.path().unlink()
    after = load(predicted_slices.make(jobs, tmp_path))
    assert set(after.entries) == {(job.model, job.seed) for job in jobs}
    for job in first:
        np.testing.assert_array_equal(
            after.mask(job.model, job.seed), before.mask(job.model, job.seed)
        )
        assert after.born[after.entries[job.model, job.seed]] == 0
    assert {int(after.born[after.entries[job.model, job.seed]]) for job in second} == {1}
    assert len(after.record["made"]) == 2
    assert after.weights[after.entries["no embedding", 0]] == before.weights[1]


def test_new_weights_replace_a_mask(subjects, jobs, tmp_path):
    before = load(predicted_slices.make(jobs, tmp_path))
    train(jobs[0], seed=99)
    after = load(predicted_slices.make(jobs, tmp_path))
    assert len(after.models) == len(jobs) and len(after.record["made"]) == 1
    key = jobs[0].model, jobs[0].seed
    assert (after.mask(*key) != before.mask(*key)).any()
    assert after.weights[after.entries[key]] != before.weights[before.entries[key]]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (lambda e: {"truth": ~e.truth}, "truth"),
        (lambda e: {"slices": e.slices + 1}, "slices"),
        (lambda e: {"record": {**e.record, "threshold": 0.9}}, "threshold"),
        (lambda e: {"record": {**e.record, "profile": "paper"}}, "profile"),
    ],
)
def test_masks_of_other_slices_or_sweeps_do_not_mix(subjects, jobs, tmp_path, changes, named):
    found = load(predicted_slices.make(jobs, tmp_path))
    with pytest.raises(ValueError, match=rf"same slices and sweep, {named} differ"):
        merge(replace(found, **changes(found)), found)


def test_other_sweeps_have_files_of_their_own(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "DATA", tmp_path)
    assert path_of() == tmp_path / "explorer" / "proof-of-concept.npz"
    assert path_of(tmp_path, profile="paper").name == "proof-of-concept-paper-B.npz"
    assert path_of(tmp_path, target="C").name == "proof-of-concept-laptop-C.npz"


def test_missing_and_damaged_files_say_what_to_do(tmp_path):
    path = tmp_path / "none.npz"
    with pytest.raises(FileNotFoundError, match=r"none.npz does not exist; `rfe sweep --explorer`"):
        load(path)
    for content in (b"", b"PK\x03\x04 not a zip", b"something else"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"none.npz is not a readable file .* delete it"):
            load(path)
    np.savez(path, flair=np.zeros((1, 2, 2), np.uint8))
    with pytest.raises(ValueError, match="truth"):
        load(path)


def test_jobs_that_cannot_be_shown_are_refused(subjects, jobs, tmp_path):
    with pytest.raises(ValueError, match="at least one finished model, got none"):
        predicted_slices.make([], tmp_path)
    absent = FakeJob(weights=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="none of the 1 models has weights"):
        predicted_slices.make([absent], tmp_path)
    other = train(FakeJob(weights=tmp_path / "w", seed=7, target="C"), 7)
    with pytest.raises(ValueError, match=r"jobs must be of one sweep, got .*'B'.* and .*'C'"):
        predicted_slices.make([*jobs, other], tmp_path)
    edited = train(FakeJob(weights=tmp_path / "w", seed=8, phantom_version="0.9-x"), 8)
    with pytest.raises(ValueError, match="phantom must not change during a run"):
        predicted_slices.make([edited], tmp_path)


@dataclass(frozen=True, kw_only=True)
class FakeBaseline(FakeJob):
    """A finished model of no sweep."""

    @property
    def identity(self) -> dict[str, Any]:
        return {"profile": self.profile_name, "model": self.model, "seed": self.seed}


def test_baselines_stand_beside_a_sweep(subjects, jobs, tmp_path):
    lower = train(FakeBaseline(weights=tmp_path / "w", model="lower"), 11)
    absent = FakeBaseline(weights=tmp_path / "nowhere", model="upper-B")
    found = load(predicted_slices.make(jobs, tmp_path, beside=[lower, absent]))
    assert set(found.entries) == {(j.model, j.seed) for j in (*jobs, lower)}
    alone = load(predicted_slices.make([lower_as_job(lower)], tmp_path / "alone"))
    np.testing.assert_array_equal(found.mask("lower", 0), alone.mask("lower", 0))
    assert found.weights[found.entries["lower", 0]] == checkpoints.weights_digest(lower.path())
    assert found.record["experiment"] == "proof-of-concept"
    other = train(FakeBaseline(weights=tmp_path / "w", model="x", profile_name="paper"), 12)
    with pytest.raises(ValueError, match="beside a sweep must be of its profile, got 'paper'"):
        predicted_slices.make(jobs, tmp_path, beside=[other])


def lower_as_job(baseline):
    """The same weights as a model of the sweep."""
    return FakeJob(weights=baseline.weights, model=baseline.model, seed=baseline.seed)


def test_the_file_of_an_experiment_is_found(subjects, jobs, monkeypatch, tmp_path):
    monkeypatch.setattr(results, "DATA", tmp_path)
    path = path_of(experiment="adaptation", target="C")
    assert path.name == "adaptation-laptop-C.npz"
    made = load(predicted_slices.make(jobs, tmp_path))
    save(made, path)
    assert load(experiment="adaptation", target="C").models == made.models
    other = replace(made, models=("other",) * len(made.models))
    save(other, tmp_path / "anew/explorer" / path.name)
    monkeypatch.setenv("RFE_RESULTS", str(tmp_path / "anew"))
    assert set(load(experiment="adaptation", target="C").models) == {"other"}
    with pytest.raises(FileNotFoundError, match=r"adaptation-laptop-D.npz does not exist"):
        load(experiment="adaptation", target="D")


@pytest.fixture
def finished_sweep(subjects, tmp_path):
    """A folder as `rfe sweep --profile smoke` leaves it, with a network at random for each model.

    One diverged: it has a row and no weights.
    """
    out = tmp_path / "out"
    branch = out / "smoke-lower-branch-seed0.safetensors"
    checkpoints.save_weights(branch, UNet(widths=(4, 4)))
    rows, diverged = [], "80/20 l2 2000"
    for method in proof_of_concept():
        job = tuning.Job(
            profile=PROFILES["smoke"],
            experiment="proof-of-concept",
            target="B",
            method=method,
            seed=0,
            baselines=out,
            weights=out,
        )
        status = tuning.DIVERGED if method.name == diverged else tuning.FINISHED
        if status == tuning.FINISHED:
            with replacing(job.path()) as partial:
                partial.write_bytes(branch.read_bytes())
        about = {
            "status": status,
            "steps": 0,  # an epoch has a row in the table of curves, and here none was trained
            "settings": job.settings(),
            **provenance.certificate("rfe_study.runs.sweep"),
        }
        rows.append({**job.identity, **about})
    results.write(MODELS, rows, folder=out)
    return out


@pytest.mark.parametrize(
    ("asked", "written"),
    [(["--explorer"], True), (["--evaluate", "test"], True), (["--evaluate", "dev"], False)],
)
def test_command_writes_it(finished_sweep, monkeypatch, capsys, asked, written):
    scored = []
    monkeypatch.setattr(
        "rfe_study.command.sweep.evaluate", lambda jobs, *rest: scored.append(len(jobs))
    )
    out = str(finished_sweep)
    common = ["--profile", "smoke", "--seeds", "0", "--jobs", "1", "--out", out]
    assert cli.main(["sweep", *common, "--baselines", out, *asked]) == 0
    path = path_of(finished_sweep / "explorer", profile="smoke")
    assert path.exists() == written
    assert scored == ([] if asked == ["--explorer"] else [FINISHED])
    assert (str(path) in capsys.readouterr().out) == written
    if written:
        found = load(path)
        assert len(found.models) == FINISHED and "80/20 l2 2000" not in found.models
        assert found.record["profile"] == "smoke"


def test_missing_weights_are_one_line(finished_sweep, capsys):
    for path in finished_sweep.rglob("*seed0.safetensors"):
        if "lower-branch" not in path.name:
            path.unlink()
    out = str(finished_sweep)
    common = ["--profile", "smoke", "--seeds", "0", "--jobs", "1", "--out", out]
    assert cli.main(["sweep", *common, "--baselines", out, "--explorer"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"rfe: error: none of the {FINISHED} models has weights")
    assert error.count("\n") == 1


def test_adaptation_stores_the_bounds_too(subjects, monkeypatch, tmp_path):
    asked = {}

    def make(jobs, folder, *, beside):
        asked.update(jobs=jobs, beside=[(job.model, job.seed, job.path()) for job in beside])
        return tmp_path

    monkeypatch.setattr("rfe_study.runs.predicted_slices.make", make)
    about = {"profile": PROFILES["smoke"], "target": "C", "weights": tmp_path}
    for experiment, expected in (
        ("adaptation", [(m, s) for m in ("lower", "upper-C") for s in (0, 2)]),
        ("search", []),
    ):
        jobs = [
            tuning.Job(**about, experiment=experiment, method=m, seed=s, baselines=tmp_path / "b")
            for m in adaptation_methods()[:2]
            for s in (2, 0)
        ]
        sweep._store_masks(jobs, tmp_path)
        assert asked["jobs"] == jobs
        assert asked["beside"] == [
            (m, s, tmp_path / "b" / f"smoke-{m}-seed{s}.safetensors") for m, s in expected
        ]
