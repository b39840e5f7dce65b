"""`rfe sweep` on tiny patients: any executor, killed at any moment, diverging, refused."""

import os
import random
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest
import torch
from synthetic import fill_phantom_cache, some_patients
from torture_runs import is_worker

from rfe_core import checkpoints, fine_tuning
from rfe_core.training import build
from rfe_study import results
from rfe_study import workers as study_workers
from rfe_study.command import scores as sweep_scores
from rfe_study.command import sweep
from rfe_study.command.cli import main
from rfe_study.command.lock import alone
from rfe_study.methods.experiments import EXPERIMENTS
from rfe_study.methods.method import STATISTICS, Method
from rfe_study.methods.profiles import PROFILES
from rfe_study.methods.proof_of_concept import CHOSEN, RATE, proof_of_concept, rfe
from rfe_study.methods.self_training import SelfTraining
from rfe_study.phantom.domains import patients
from rfe_study.runs import sweep as sweep_runs
from rfe_study.runs.finishing import finish
from rfe_study.runs.tuning import Job
from rfe_study.tables import CURVES, MODELS, SCORES
from rfe_study.workers import SerialExecutor

SMOKE = PROFILES["smoke"]
#: What differs from run to run although the result is the same: times, the commit (one may be made
#: while the tests run), and the digest of a weights file, which tells the time it took among other
#: things. Weights are compared as such.
TIMES = ["wall_s", "seconds", "date", "commit", "weights"]
DIVERGING = Method(name="much too fast", group="control", rate=1e33)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with tiny patients, and branch weights of two seeds in its smoke folder."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFE_DATA", str(folder))  # worker processes inherit it
        patch.setenv("PYTHONPATH", str(Path(sweep_runs.__file__).parents[2]))
        patch.setattr(results, "DATA", folder)
        fill_phantom_cache(patients("A", ["train"]) + some_patients("B"))
        for seed in (0, 1):
            path = folder / "cache" / "smoke" / f"smoke-lower-branch-seed{seed}.safetensors"
            checkpoints.save_weights(path, build(SMOKE, seed))
        yield folder


def some_methods():
    by_name = {method.name: method for method in proof_of_concept()}
    names = (
        "80/20 ACD 20",
        "80/20 l2 2000",
        "50/50 ACD all margin 1",
        "labelled A only, statistics of B",
    )
    return [by_name[name] for name in names]


@pytest.fixture
def few(monkeypatch):
    """The proof of concept with four methods, or those a test puts there."""
    methods = some_methods()
    monkeypatch.setitem(EXPERIMENTS, "proof-of-concept", lambda: methods)
    monkeypatch.setattr(sweep.data, "make", lambda who, workers: None)  # all there
    return methods


def command(data, out, *more, seeds="0", jobs=1):
    where = [] if "--scheduler" in more else ["--jobs", str(jobs)]
    arguments = ["sweep", "--profile", "smoke", "--seeds", *seeds.split(), *where]
    return [*arguments, "--out", str(out), "--baselines", str(data / "cache" / "smoke"), *more]


def tables(folder):
    """All tables without times, columns in order of their names."""
    found = {}
    for name in (MODELS, CURVES, SCORES):
        if results.exists(name, folder):
            table = results.read(name, folder)
            found[name] = table.drop(columns=TIMES, errors="ignore").sort_index(axis=1)
    return found


def assert_same_tables(folder, other):
    ours, theirs = tables(folder), tables(other)
    assert ours.keys() == theirs.keys() != set()
    for name in ours:
        pd.testing.assert_frame_equal(ours[name], theirs[name])
    files, others = (sorted(path.rglob("*.safetensors")) for path in (folder, other))
    assert [path.name for path in files] == [path.name for path in others]
    for a, b in zip(files, others, strict=True):
        a, b = (checkpoints.load_model(path).state_dict() for path in (a, b))
        assert all(torch.equal(a[k], b[k]) for k in a)


@pytest.fixture(scope="module")
def serial(data, tmp_path_factory):
    """Four methods run in this process and scored on development patients."""
    out = tmp_path_factory.mktemp("serial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EXPERIMENTS, "proof-of-concept", some_methods)
        assert main(command(data, out, "--evaluate", "dev")) == 0
    return out


def test_rows_of_a_sweep(serial):
    models, curves, scores = (results.read(name, serial) for name in (MODELS, CURVES, SCORES))
    assert models["model"].tolist() == sorted(method.name for method in some_methods())
    assert set(models["status"]) == {"finished"} and set(models["experiment"]) == {
        "proof-of-concept"
    }
    assert set(models["steps"]) == {SMOKE.tuning_steps * (SMOKE.epochs - SMOKE.branch_epoch)}
    by_model = models.set_index("model")
    assert by_model.loc["80/20 l2 2000", ["n_e", "lambda", "margin"]].tolist() == [
        "2000",
        *CHOSEN["l2"],
    ]
    assert by_model.loc["50/50 ACD all margin 1", "n_e"] == "all"
    assert pd.isna(by_model.loc["labelled A only, statistics of B", "strategy"])
    assert models["learning_rate"].tolist() == [SMOKE.learning_rate * RATE] * 4
    weights = {checkpoints.weights_digest(p) for p in serial.rglob("*.safetensors")}
    assert set(models["weights"]) == weights == set(scores["weights"]) and len(weights) == 4
    assert (curves.groupby("model").size() == 1).all()
    drawn = curves.set_index("model")["drawn_unlabelled_background"]
    assert drawn["80/20 ACD 20"] == 16 and pd.isna(drawn["labelled A only, statistics of B"])
    assert (scores.groupby("model").size() == 1).all()  # of the smoke profile, one patient
    assert set(scores["role"]) == {"pairdev"} and set(scores["domain"]) == {"B"}
    assert (scores["learning_rate"] == SMOKE.learning_rate * RATE).all()
    whose = by_model["statistics"].to_dict()
    assert whose.pop("labelled A only, statistics of B") == "target" and set(whose.values()) == {
        "both"
    }
    thresholds = scores.set_index("model")["threshold_a"]
    assert thresholds.to_dict() == by_model["threshold_a"].to_dict()
    assert thresholds.between(0, 1, inclusive="left").all() and scores["f_score_a"].notna().all()


def test_statistics_are_those_of_the_crops_that_are_named(data, tmp_path):
    """The last step of a method; without batch norm there is nothing to take."""
    plain = Method(name="x", group="control", rate=1.0)
    found = {}
    for whose in (None, *STATISTICS):
        outcome = sweep_runs.execute(job(data, tmp_path, replace(plain, statistics=whose)))
        path = tmp_path / "weights"
        path.write_bytes(outcome.weights)
        found[whose] = checkpoints.load_model(path), outcome.about["threshold_a"]
    labelled, target, validation = sweep_runs._crops(job(data, tmp_path, plain))
    for whose, crops in (("A", [labelled]), ("target", [target]), ("both", [labelled, target])):
        model, _ = found["none"]
        expected = finish(model, crops, validation["A"], batch_size=SMOKE.batch_size)
        assert found[whose][1] == expected["threshold_a"]
        for ours, theirs in zip(found[whose][0].buffers(), model.buffers(), strict=True):
            assert torch.equal(ours, theirs)
    assert found[None][1] == found["both"][1]
    assert len({threshold for _, threshold in found.values()}) > 2


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the cluster's own shutdown
def test_a_dask_cluster_gives_the_same_rows(data, serial, few, tmp_path):
    """Workers are threads here, reached by TCP; `torture_runs` compares a pool of processes."""
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        **{"processes": False, "protocol": "tcp://", "dashboard_address": ":0"},
    )
    try:
        more = ["--scheduler", cluster.scheduler_address, "--evaluate", "dev"]
        assert main(command(data, tmp_path, *more)) == 0
        assert_same_tables(tmp_path, serial)
        assert len(cluster.scheduler.workers) == 2
    finally:
        # It gives its workers five seconds to leave, which a busy machine may not have.
        with suppress(TimeoutError):
            cluster.close()


def test_jobs_are_handed_over_a_few_at_a_time(data, tmp_path):
    """And what was handed over is cancelled if whoever takes the outcomes stops."""
    jobs = [job(data, tmp_path, method) for method in proof_of_concept()[:8]]
    given: list[Future] = []

    class Slow(SerialExecutor):
        def submit(self, fn, *args, **kwargs):
            given.append(Future())
            return given[-1]

    found = sweep_runs.completed(jobs, Slow(), ahead=3)
    timer = threading.Timer(0.05, lambda: given[1].set_result("done"))
    timer.start()
    assert next(found) == (jobs[1], "done") and len(given) == 3
    found.close()
    assert [future.cancelled() for future in given] == [True, False, True]


def job(data, out, method, **changes):
    settings = {
        "profile": SMOKE,
        "experiment": "proof-of-concept",
        "target": "B",
        "seed": 0,
        "baselines": data / "cache" / "smoke",
        "weights": out,
    }
    return Job(method=method, **settings | changes)


# Killed at any moment


class Killed(BaseException):
    pass


@pytest.mark.slow
def test_killed_before_and_after_each_write(data, serial, few, tmp_path, monkeypatch):
    """Every moment between two changes on disk, and in the middle of each file."""
    real_replace, real_bytes, real_csv = os.replace, Path.write_bytes, pd.DataFrame.to_csv
    out, when = tmp_path, {"left": 0, "mode": "before"}

    def maybe(mode):
        if mode == when["mode"]:
            when["left"] -= 1
            if when["left"] == 0:
                raise Killed

    def replace_(source, target):
        maybe("before")
        real_replace(source, target)
        maybe("after")

    def half_bytes(path, content):
        real_bytes(path, content[: len(content) // 2])
        maybe("middle")
        return real_bytes(path, content)

    def half_csv(table, path, **settings):
        Path(path).write_text("profile,experi", encoding="utf-8")
        maybe("middle")
        return real_csv(table, path, **settings)

    real_execute, outcomes = sweep_runs.execute, {}

    def execute(job):
        """Train each method once: that writes nothing, so no kill falls into it. Times differ."""
        if job.method not in outcomes:
            outcomes[job.method] = real_execute(job)
        outcome = outcomes[job.method]
        return replace(outcome, about=outcome.about | {"wall_s": time.monotonic()})

    monkeypatch.setattr(sweep_runs, "execute", execute)
    monkeypatch.setattr(os, "replace", replace_)
    monkeypatch.setattr(Path, "write_bytes", half_bytes)
    monkeypatch.setattr(pd.DataFrame, "to_csv", half_csv)
    kills, source = 0, random.Random(0)
    for start in range(3):
        folder = out / str(start)
        for attempt in range(60):
            # the first or second write of this run, or a little later
            when.update(left=1 + source.randrange(4), mode=("before", "middle", "after")[start])
            if attempt >= 12:
                when["left"] = 0  # from now on let it live
            before = finished_rows(folder)
            try:
                assert main(command(data, folder, "--evaluate", "dev")) == 0
                break
            except Killed:
                kills += 1
                assert_kept(before, finished_rows(folder))
        assert_same_tables(folder, serial)
        assert not list(folder.rglob("*.partial"))
    assert kills > 20


def finished_rows(folder):
    """Rows of finished models with all their columns, by model."""
    if not results.exists(MODELS, folder):
        return {}
    rows = results.read(MODELS, folder).to_dict("records")
    return {(row["model"], row["seed"]): {k: as_written(v) for k, v in row.items()} for row in rows}


def as_written(value):
    """A cell whatever its column holds besides: 20, 20.0 and "20" are one; None if empty."""
    try:
        return None if value != value else float(value)
    except ValueError:
        return value


def assert_kept(before, after):
    """No finished model is lost, and none was made again: its times would differ."""
    for model, row in before.items():
        assert after[model] == {**dict.fromkeys(after[model]), **row}


def assert_gone(children, seconds=20):
    """Worker processes end by themselves when nobody is left to take their results."""
    _, alive = psutil.wait_procs(children, timeout=seconds)
    assert not alive


@pytest.mark.slow
def test_orphaned_workers_end_by_themselves(data):
    """In the middle of a long job too."""
    code = (
        "import time\n"
        "from rfe_study.workers import process_pool\n"
        "if __name__ == '__main__':\n"
        "    with process_pool(1) as pool:\n"
        "        list(pool.map(time.sleep, [0.01]))\n"
        "        print('ready', flush=True)\n"
        "        list(pool.map(time.sleep, [600]))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "ready\n"
        children = psutil.Process(process.pid).children(recursive=True)
        assert any(map(is_worker, children))
        process.kill()
    assert_gone(children)


# What goes wrong


def test_a_diverging_job_is_recorded_and_the_rest_goes_on(data, few, tmp_path, capsys):
    few[1:] = [DIVERGING, Method(name="no embedding", group="control", rate=1.0)]
    assert main(command(data, tmp_path, "--evaluate", "dev")) == 0
    models = results.read(MODELS, tmp_path).set_index("model")
    assert models["status"].to_dict() == {
        "80/20 ACD 20": "finished",
        "much too fast": "diverged",
        "no embedding": "finished",
    }
    assert models["weights"].isna().to_dict()["much too fast"]
    assert not list(tmp_path.rglob("much_too_fast*"))
    printed = capsys.readouterr().out
    assert re.search(
        r"much too fast, seed 0: diverged \(loss must be finite, got (nan|inf)", printed
    )
    scores = results.read(SCORES, tmp_path)
    assert set(scores["model"]) == {"80/20 ACD 20", "no embedding"}
    # and it is not tried again
    assert main(command(data, tmp_path)) == 0
    assert "0 of 3 models to fine-tune" in capsys.readouterr().out


def test_a_diverging_job_brings_home_the_epochs_before(data, tmp_path, monkeypatch):
    profile = replace(SMOKE, epochs=4)
    calls, real = [], fine_tuning.fine_tune.__globals__["dice_loss"]

    def breaking(*args):
        calls.append(1)
        return real(*args) * (float("nan") if len(calls) == 8 else 1)

    monkeypatch.setitem(fine_tuning.fine_tune.__globals__, "dice_loss", breaking)
    method = Method(name="x", group="control", rate=1.0, unlabelled=False)
    outcome = sweep_runs.execute(job(data, tmp_path, method, profile=profile))
    assert outcome.status == "diverged" and outcome.weights is None
    assert [row["epoch"] for row in outcome.history] == [2, 3]
    assert outcome.about["steps"] == 6 and "epoch 4, step 2" in outcome.message


def test_if_all_diverge_there_is_nothing_to_score(data, few, tmp_path, capsys):
    few[:] = [DIVERGING]
    assert main(command(data, tmp_path, "--evaluate", "dev")) == 2
    error = capsys.readouterr().err
    assert "no model is finished, so there is nothing to score" in error


def test_a_target_whose_models_all_diverged_is_left_out(data, tmp_path, capsys):
    method = Method(name="x", group="control", rate=1.0)
    ready = [job(data, tmp_path, method, target=target) for target in "DB"]
    assert sweep._with_models(ready, ("B", "C", "D")) == ["B", "D"]
    assert capsys.readouterr().out == (
        "all models for target C diverged, so none of them is scored\n"
    )


def test_an_error_in_a_job_is_the_commands_error(data, few, tmp_path, capsys, monkeypatch):
    def broken(job):
        raise OSError("disk on fire")

    monkeypatch.setattr(sweep_runs, "_execute", broken)
    assert main(command(data, tmp_path)) == 2
    assert "rfe: error: disk on fire\n" in capsys.readouterr().err
    assert not results.exists(MODELS, tmp_path)


def test_models_of_other_settings_are_refused(data, few, tmp_path, capsys):
    few[1:] = []
    assert main(command(data, tmp_path)) == 0
    before = (tmp_path / "sweep-models.csv").read_bytes()
    few[:] = [replace(few[0], embedding=rfe("80/20", "cosine", 20, weight=0.5))]
    capsys.readouterr()
    assert main(command(data, tmp_path)) == 2
    error = capsys.readouterr().err
    assert error.startswith("rfe: error: ") and error.count("\n") == 1
    assert "sweep-models.csv must hold models of the same settings, but '80/20 ACD 20'" in error
    assert "seed 0 was made with others" in error and "choose another folder with --out" in error
    assert (tmp_path / "sweep-models.csv").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        {"profile": replace(SMOKE, learning_rate=0.1)},
        {"seed": 1},
        {"target": "C"},
        {"method": Method(name="y", group="control", rate=1.0)},
        {"phantom_version": "0.0-older"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_settings_see_all_that_decides_a_result(data, tmp_path, change):
    plain = job(data, tmp_path, Method(name="x", group="control", rate=1.0))
    assert plain.settings() == replace(plain, device="cuda", weights=Path("/")).settings()
    assert plain.settings() != replace(plain, **change).settings()
    assert plain.settings() != other_branch(plain, tmp_path).settings()


def other_branch(plain, folder):
    model = build(SMOKE, 5)
    checkpoints.save_weights(folder / plain.branch.name, model)
    return replace(plain, baselines=folder)


def test_settings_of_digits_alone_stay_what_they_are(tmp_path):
    """A table whose only hash could be read as a number; with leading zeros, or as 12e5678."""
    for digest in ("012345678901", "1234567e8901", "123456789012"):
        folder = tmp_path / digest
        row = {"model": "x", "settings": digest, "weights": digest, "code_version": digest}
        results.append("table", [row], key=("model",), folder=folder)
        results.append("table", [{**row, "model": "y"}], key=("model",), folder=folder)
        table = results.read("table", folder)
        for column in ("settings", "weights", "code_version"):
            assert table[column].tolist() == [digest, digest]


def test_lost_rows_of_curves_are_made_again(data, serial, few, tmp_path, capsys):
    """As of two sweeps that wrote one table; models, weights and scores stay what they are."""
    assert main(command(data, tmp_path, "--evaluate", "dev")) == 0
    curves = results.stored(CURVES, tmp_path)
    kept = {
        path: path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and path.name != f"{CURVES}.csv"
    }
    results.write(CURVES, curves.iloc[[0, 2]], folder=tmp_path)
    capsys.readouterr()
    assert main(command(data, tmp_path, "--evaluate", "dev")) == 0
    printed = capsys.readouterr().out
    assert "0 of 4 models to fine-tune" in printed
    assert "2 finished models lack rows of their learning curves: made again" in printed
    assert_same_tables(tmp_path, serial)
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert main(command(data, tmp_path)) == 0
    assert "lack rows" not in capsys.readouterr().out


def test_two_sweeps_in_one_folder_are_refused(data, few, tmp_path, capsys):
    with alone("sweep", [tmp_path]):
        assert main(command(data, tmp_path)) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"rfe: error: rfe sweep already writes into {tmp_path} (process ")
    assert error.count("\n") == 1 and not results.exists(MODELS, tmp_path)


def test_missing_baselines_are_one_line(data, few, tmp_path, capsys):
    arguments = command(data, tmp_path)
    arguments[arguments.index("--baselines") + 1] = str(tmp_path / "empty")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("rfe: error: the lower bound must be trained first, ")
    assert "empty/smoke-lower-branch-seed0.safetensors does not exist; run rfe train" in error
    assert "--baselines" in error and error.count("\n") == 1


def test_seeds_that_no_model_is_worth_are_one_line(data, few, tmp_path, capsys):
    most = max(method.seeds for method in few)
    assert main(command(data, tmp_path, seeds=f"{most + 2} {most}")) == 2
    error = capsys.readouterr().err
    assert error.endswith(f"must be below {most} unless --methods names models, got {most}\n")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_a_wrong_scheduler_is_one_line(data, few, tmp_path, capsys, address):
    assert main(command(data, tmp_path, "--scheduler", address)) == 2
    error = capsys.readouterr().err
    assert error.startswith("rfe: error: scheduler must be the address of a running Dask scheduler")
    assert f"got '{address}'" in error and error.count("\n") == 1


def test_a_scheduler_without_its_package_is_one_line(data, few, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(command(data, tmp_path, "--scheduler", "tcp://127.0.0.1:9")) == 2
    assert "a scheduler needs the package distributed" in capsys.readouterr().err


def test_progress_shows_the_time_left(data, few, tmp_path, capsys):
    assert main(command(data, tmp_path)) == 0
    printed = capsys.readouterr()
    assert re.search(r"fine-tune: +25%.* 1/4 \[\d\d:\d\d<\d\d:\d\d", printed.err)
    assert "80/20 ACD 20, seed 0: F on validation crops of B 0." in printed.out


def test_phantoms_that_change_during_a_run_are_noticed(data, tmp_path):
    changed = job(data, tmp_path, some_methods()[0], phantom_version="0.0-older")
    with pytest.raises(ValueError, match="must not change during a run"):
        sweep_runs.execute(changed)


def test_execute_leaves_the_process_as_it_was(data, tmp_path):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    outcome = sweep_runs.execute(job(data, tmp_path, some_methods()[0]))
    assert torch.get_num_threads() == threads and torch.equal(torch.get_rng_state(), state)
    assert not list(tmp_path.iterdir())
    assert outcome.about["hardware"].endswith("1 thread")


# Scores


@pytest.mark.parametrize("kind", ["mean teacher", "CORAL"])
def test_a_term_that_remembers_starts_anew_in_each_job(data, tmp_path, kind):
    term = SelfTraining(kind=kind)
    method = Method(name="x", group="rival", rate=1.0, source="true", self_training=term)
    first, again = (sweep_runs.execute(job(data, tmp_path, method)) for _ in range(2))
    for a, b in zip(first.history, again.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0} and a["self_training_loss"] > 0


def test_crops_are_asked_for_as_the_method_says(data, tmp_path, monkeypatch):
    """Own predictions are those of the branch weights; others ask for no network."""
    asked, (crops, _) = [], sweep_runs.v1_crops(SMOKE, "B", 0)

    def some(*args, **settings):
        asked.append((*args[1:], settings))
        return crops

    monkeypatch.setattr(sweep_runs, "_of_target", some)
    monkeypatch.setattr(sweep_runs, "_of_v1", lambda *args: asked.append(args[1:]) or (None, crops))
    about = {"name": "x", "group": "prior", "rate": 1.0}
    for source, v1 in (("own predictions", 1), ("classifier band", 3)):
        sweep_runs._crops(job(data, tmp_path, Method(**about, source=source, v1=v1)))
    branch = data / "cache" / "smoke" / "smoke-lower-branch-seed0.safetensors"
    assert asked == [
        ("B", 0, "own predictions", {"v1": 1, "network": branch}),
        ("B", 0, 1),
        ("B", 0, "classifier band", {"v1": 3, "network": None}),
        ("B", 0, 3),
    ]


def test_test_patients_are_scored_once(data, few, tmp_path, capsys):
    few[2:] = []
    arguments = command(data, tmp_path, "--evaluate", "test")
    assert main(arguments) == 0
    scores = results.read(SCORES, tmp_path)
    assert scores.groupby("role").size().to_dict() == {"paired": 2, "test": 2}
    whole = (tmp_path / "sweep-scores.csv").read_bytes()
    capsys.readouterr()
    assert main(arguments) == 0  # also after a kill between the last score and the end
    assert f"{len(scores)} of {len(scores)} scores are there already" in capsys.readouterr().out
    assert (tmp_path / "sweep-scores.csv").read_bytes() == whole

    # part of the rows lost in a kill: those that are there are kept as they are, the rest is made
    kept = scores.iloc[1:].assign(f_score=0.123)
    results.write(SCORES, kept, folder=tmp_path)
    assert main(arguments) == 0
    assert "3 of 4 scores are there already and are kept" in capsys.readouterr().out
    again = results.read(SCORES, tmp_path)
    assert len(again) == len(scores)
    assert (again["f_score"] == 0.123).sum() == len(kept)
    first = again[(again["f_score"] != 0.123)].iloc[0]
    assert first["f_score"] == scores.iloc[0]["f_score"]

    # other weights under the same name: refused
    path = next(tmp_path.rglob("80-20_ACD_20-seed0.safetensors"))
    model = checkpoints.load_model(path)
    with torch.no_grad():
        model.head.bias += 1
    checkpoints.save_weights(path, model, checkpoints.read_about(path))
    results.write(SCORES, kept, folder=tmp_path)
    assert main(arguments) == 2
    assert "with other weights of smoke-proof-of-concept-B-80/20 ACD 20-0" in (
        capsys.readouterr().err
    )


def test_some_methods_seed_by_seed(data, few, tmp_path, capsys, monkeypatch):
    """Each seed is scored before the next one is trained; the rest is added by another command."""
    happened, keep, score_all = [], sweep.keep, sweep_scores.scoring.score_all
    monkeypatch.setattr(
        sweep, "keep", lambda job, *rest: happened.append(("trained", job.seed)) or keep(job, *rest)
    )

    def scored(jobs, *args, **options):
        happened.append(("scored", *{job.seed for job in jobs}))
        score_all(jobs, *args, **options)

    monkeypatch.setattr(sweep_scores.scoring, "score_all", scored)
    more = ["--evaluate", "dev", "--methods", "80/20 ACD *", "control"]
    assert main(command(data, tmp_path, *more, seeds="0-1")) == 0
    assert "4 of 4 models to fine-tune" in capsys.readouterr().out
    assert happened == [
        *[("trained", 0), ("trained", 0), ("scored", 0)],
        *[("trained", 1), ("trained", 1), ("scored", 1)],
    ]
    assert set(results.read(MODELS, tmp_path)["model"]) == {few[0].name, few[3].name}

    assert main(command(data, tmp_path, "--evaluate", "dev")) == 0
    assert "2 of 4 models to fine-tune" in capsys.readouterr().out
    scores = results.read(SCORES, tmp_path)
    assert scores.groupby("seed").size().to_dict() == {0: 4, 1: 2}

    assert main(command(data, tmp_path, "--methods", "80/20 ACD 30")) == 2
    assert "must be a group, name or pattern of these: rfe, all pixels" in capsys.readouterr().err


def test_development_scores_of_another_seed_are_added(data, serial, few, tmp_path, capsys):
    few[1:] = []
    for seeds in ("0", "0 1"):
        assert main(command(data, tmp_path, "--evaluate", "dev", seeds=seeds)) == 0
    scores = results.read(SCORES, tmp_path)
    assert scores.groupby("seed").size().tolist() == [1, 1]
    reference = results.read(SCORES, serial)
    reference = reference[reference["model"] == "80/20 ACD 20"]["f_score"].tolist()
    assert scores[scores["seed"] == 0]["f_score"].tolist() == reference


@pytest.mark.slow
def test_lost_weights_of_scored_models_are_not_needed(data, few, tmp_path, capsys):
    """Ignored files may be lost between two sittings; rows and scores are not."""
    few[2:] = []
    first, second = few
    few.remove(second)
    assert main(command(data, tmp_path, "--evaluate", "test")) == 0
    scores = results.read(SCORES, tmp_path)
    (path,) = (tmp_path / "smoke-proof-of-concept-B").iterdir()
    path.unlink()
    few.append(second)
    assert main(command(data, tmp_path, "--evaluate", "test")) == 0
    again = results.read(SCORES, tmp_path)
    kept = again[again["model"] == first.name].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, scores)
    assert (again["model"] == second.name).sum() == 2

    results.write(SCORES, again[again["model"] == second.name], folder=tmp_path)
    capsys.readouterr()
    assert main(command(data, tmp_path, "--evaluate", "test")) == 2
    error = capsys.readouterr().err
    assert f"{path} must hold the weights of a finished model that is not scored yet" in error
    assert error.count("\n") == 1


# Executors


def test_the_serial_executor_hands_errors_on():
    future = SerialExecutor().submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        future.result()
    assert SerialExecutor().submit(divmod, 7, 2).result() == (3, 1)


def test_executors_by_number_of_workers():
    with study_workers.executor(1) as (pool, ahead):
        assert isinstance(pool, SerialExecutor) and ahead == 1
    with pytest.raises(ValueError, match="jobs must be >= 1, got 0"), study_workers.executor(0):
        pass
