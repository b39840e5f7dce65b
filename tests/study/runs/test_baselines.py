"""`rfe train` from crops to rows on tiny patients: once through, resumed, refused."""

import json
from dataclasses import replace

import pytest
import torch
from synthetic import fill_phantom_cache, some_patients

from rfe_core import checkpoints, training
from rfe_core.scans.load import load_subjects
from rfe_study import results
from rfe_study.command.cli import main
from rfe_study.methods.batch_norm import adapt_statistics
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom import cache
from rfe_study.runs import baselines


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder whose phantom cache holds tiny patients under the right names."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFE_DATA", str(folder))  # worker processes inherit it
        patch.setattr(results, "DATA", folder)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        fill_phantom_cache(some_patients("ABCD"))
        yield folder
        torch.set_num_threads(threads)


@pytest.fixture
def in_process(data, monkeypatch):
    """Run jobs in this process on patients that are there, so that a test can look inside."""
    (cohort,) = (data / "cache").glob("phantom-*")

    def cached(who, **_):
        return load_subjects(cohort, "bids", [patient.name for patient in who])

    monkeypatch.setattr(baselines, "phantom_subjects", cached)
    monkeypatch.setattr(cache, "phantom_subjects", cached)

    class Done:
        def __init__(self, value):
            self.value = value

        def result(self):
            return self.value

    class Pool:
        def submit(self, function, *args, **kwargs):
            return Done(function(*args, **kwargs))

        def __enter__(self):
            return self

        def __exit__(self, *args):
            return None

    class Finished(tuple):
        done = property(lambda self: set(self[0]))

    monkeypatch.setattr(baselines, "process_pool", lambda workers: Pool())
    monkeypatch.setattr(baselines, "wait", lambda some, **_: Finished((set(some), set())))


def job(folder, model="lower", seed=0, **changes):
    profile = replace(PROFILES["smoke"], **changes)
    return baselines.Job(profile=profile, model=model, seed=seed, weights=folder)


@pytest.mark.slow
def test_the_whole_command_in_processes(data, capfd):
    """Train, score development patients, find everything done, all through worker processes."""
    arguments = "train --profile smoke --seeds 0 --models upper-B --jobs 2 --evaluate dev".split()
    assert main(arguments) == 0
    out = data / "cache" / "smoke"
    weights = {p.name for p in out.glob("*.safetensors")}
    assert weights == {f"smoke-{m}-seed0.safetensors" for m in ("lower", "lower-branch", "upper-B")}
    assert not list((data / "cache" / "training").rglob("*.safetensors"))

    scores = results.read("development", out)
    assert len(scores) == 2 * 4 and set(scores["role"]) == {"pairdev"}  # one a domain
    assert set(scores["model"]) == {"lower", "upper-B"}
    about = checkpoints.read_about(out / "smoke-lower-seed0.safetensors")
    assert about["hardware"].endswith("1 thread")
    assert scores["code_version"].str.fullmatch("[0-9a-f]{12}").all()
    assert set(scores["phantom_version"]) == {about["phantom_version"]}
    digest = checkpoints.weights_digest(out / "smoke-lower-seed0.safetensors")
    assert set(scores[scores["model"] == "lower"]["weights"]) == {digest}
    curves = results.read("learning-curves", out)
    assert curves[["model", "epoch"]].values.tolist() == [
        ["lower", 1],
        ["lower", 2],
        ["upper-B", 2],
    ]
    assert curves["f_B"].notna().tolist() == [False, False, True]

    capfd.readouterr()
    assert main(arguments) == 0
    printed = capfd.readouterr().out
    assert "8 of 8 scores are there already" in printed and "to train" not in printed
    assert not (data / "results").exists() and not (data / "checkpoints").exists()

    # rows of a curve that are lost, and what a kill left: made whole again, and gone
    whole = (out / "learning-curves.csv").read_bytes()
    results.write("learning-curves", curves.iloc[:2], folder=out)
    state = job(out).state_path()
    left = [
        out / ".learning-curves.csv.1.partial",
        out / ".smoke-lower-seed0.safetensors.1.partial",
    ]
    lock = state.with_name(".rfe-train.lock")  # of a run killed once all weights were there
    for path in (*left, lock, state, state.with_name(f".{state.name}.1.partial")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert main(arguments) == 0
    assert "upper-B seed 0: 1 rows of its learning curve written" in capfd.readouterr().out
    assert (out / "learning-curves.csv").read_bytes() == whole
    assert not list(data.rglob("*.partial")) and not list(data.rglob("*.state.safetensors"))
    assert not list(data.rglob("*.lock"))


@pytest.mark.slow
def test_test_patients_are_scored_once(tmp_path, in_process, capsys):
    arguments = ["train", "--profile", "smoke", "--seeds", "3", "--models", "lower", "--jobs", "1"]
    arguments += ["--out", str(tmp_path), "--evaluate", "test"]
    assert main(arguments) == 0
    scores = results.read("baselines", tmp_path)
    assert scores.groupby("role").size().to_dict() == {"paired": 4, "test": 4}
    assert len(scores) == scores["subject"].nunique() == 8
    assert set(scores["threshold_a"]) == {
        float(f"{checkpoints.read_about(path)['threshold_a']:.6g}")
        for path in [tmp_path / "smoke-lower-seed3.safetensors"]
    }

    capsys.readouterr()
    before = (tmp_path / "baselines.csv").read_bytes()
    assert main(arguments) == 0
    assert "8 of 8 scores are there already" in capsys.readouterr().out
    assert (tmp_path / "baselines.csv").read_bytes() == before

    # part of the rows lost (a kill): the rest is kept, what is missing is scored
    scores.iloc[:6].to_csv(tmp_path / "baselines.csv", index=False)
    assert main(arguments) == 0
    assert len(results.read("baselines", tmp_path)) == 8

    # other weights under the same name: refused
    path = tmp_path / "smoke-lower-seed3.safetensors"
    model = checkpoints.load_model(path)
    with torch.no_grad():
        model.head.bias += 1
    checkpoints.save_weights(path, model, checkpoints.read_about(path))
    capsys.readouterr()
    assert main(arguments) == 2
    assert "with other weights of smoke-lower-3" in capsys.readouterr().err


def test_an_upper_bound_starts_from_the_lower_bounds_branch(
    data, tmp_path, in_process, monkeypatch
):
    jobs = [job(tmp_path, model, epochs=3) for model in ("lower", "upper-C")]
    started = []
    real = training.train_supervised

    def watch(model, first, second=None, **settings):
        weights = {k: v.clone() for k, v in model.state_dict().items()}
        started.append((weights, second, settings["start_epoch"]))
        return real(model, first, second, **settings)

    monkeypatch.setattr(baselines, "train_supervised", watch)
    done = [finished.model for finished, _ in baselines.train_all(jobs, progress=False)]
    assert done == ["lower", "upper-C"]
    branch = checkpoints.load_model(jobs[0].path("lower-branch")).state_dict()
    weights, second, start = started[1]
    for found, sets in ((jobs[0].path("lower-branch"), "A"), (jobs[1].path(), "AC")):
        model, other = checkpoints.load_model(found), checkpoints.load_model(found)
        crops = [baselines.domain_patches(jobs[0].profile, letter, 0)[0] for letter in sets]
        adapt_statistics(other, *crops, batch_size=jobs[0].profile.batch_size)
        assert all(map(torch.equal, model.buffers(), other.buffers()))
    assert start == 1 and all(torch.equal(branch[k], weights[k]) for k in branch)
    assert {name[0] for name in second.subjects} == {"C"}
    assert {name for name in second.subjects} <= {f"Ctrain{k}" for k in (1, 2, 3)}
    assert checkpoints.read_about(jobs[0].path("lower-branch"))["history"][-1]["epoch"] == 1


def test_finished_models_of_other_settings_are_not_taken(tmp_path, in_process):
    list(baselines.train_all([job(tmp_path)], progress=False))
    assert job(tmp_path).finished() and not job(tmp_path, seed=1).finished()
    with pytest.raises(ValueError, match=r"same settings, but profile differ\(s\); move it away"):
        job(tmp_path, learning_rate=0.5).finished()
    assert job(tmp_path).state_path() != job(tmp_path, learning_rate=0.5).state_path()


def test_a_phantom_that_changes_during_a_run_is_noticed(tmp_path, in_process):
    changed = replace(job(tmp_path), phantom_version="0.0-older")
    with pytest.raises(ValueError, match=r"must not change during a run, smoke-lower-seed0 began"):
        list(baselines.train_all([changed], progress=False))


def test_patches_depend_on_seed_and_domain_only(in_process):
    smoke = PROFILES["smoke"]
    a, again, other = (baselines.domain_patches(smoke, "A", seed)[0] for seed in (0, 0, 1))
    assert (a.images == again.images).all() and not (a.images == other.images).all()


def test_jobs_need_their_lower_bound(tmp_path):
    with pytest.raises(ValueError, match="must contain the lower bound of each seed"):
        next(baselines.train_all([job(tmp_path, "upper-B")]))
    with pytest.raises(ValueError, match="model must be one of"):
        job(tmp_path, "upper-A")


def test_settings_are_json(tmp_path):
    settings = job(tmp_path).settings
    assert json.loads(json.dumps(settings)) == settings
