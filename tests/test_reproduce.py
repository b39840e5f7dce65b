"""`make reproduce` on tiny patients: all its commands in turn, and what the book reads of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic import fill_phantom_cache

from rfe_study import results
from rfe_study.methods import adaptation
from rfe_study.methods.proof import proof_of_concept, search
from rfe_study.phantom.domains import patients

ROOT = Path(__file__).parents[1]

#: What a chapter does with the rows, in a process that is told to show them.
READ = """
import numpy as np
from rfe_core import adaptation_verdicts, results, sweep_verdicts
from rfe_study.methods.profiles import SHOWN
models, scores = (results.read(f"sweep-{name}") for name in ("models", "scores"))
assert set(models["profile"]) == set(scores["profile"]) == {SHOWN} == {"smoke"}
poc = [t[t["experiment"] == "proof-of-concept"] for t in (scores, models)]
found = sweep_verdicts.judge(*poc, generator=np.random.default_rng(0), draws=50)
rows = adaptation_verdicts.stored()
more = adaptation_verdicts.judge(*rows, generator=np.random.default_rng(0), draws=50)
assert found.keys() == more.keys()
for which, verdicts in found.items():
    print(which, *(verdict.verdict for verdict in verdicts), sep=", ")
"""


def recipe(folder):
    """The commands of `make reproduce PROFILE=smoke`, with the environment as if installed."""
    stamp = folder / "installed"
    stamp.touch()
    settings = [f"AGAIN={folder / 'anew'}", f"STAMP={stamp}", f"BIN={Path(sys.executable).parent}"]
    newest = [
        "--assume-old=requirements.lock",
        "--assume-old=pyproject.toml",
        f"--old-file={stamp}",
    ]
    command = [
        "make",
        "-n",
        "--no-print-directory",
        *newest,
        "reproduce",
        "PROFILE=smoke",
        *settings,
    ]
    # a make that runs these tests must not speak to this one
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_recipe_names_each_step_once(tmp_path):
    lines = [line for line in recipe(tmp_path) if "/rfe " in line]
    assert [line.split("/rfe ")[1].split(" --profile")[0] for line in lines] == [
        "train",
        "train",
        "sweep --experiment search",
        "sweep",
        "sweep --experiment adaptation-search",
        "sweep --experiment adaptation",
    ]
    assert all("--seeds 0 " in line and "--profile smoke" in line for line in lines)
    scored = [line.split("--evaluate ")[1] for line in lines]
    assert scored == ["dev", "test", "dev", "test", "V1", "test"]


@pytest.mark.slow
def test_the_whole_pipeline_on_tiny_patients(tmp_path):
    data, anew = tmp_path / "data", tmp_path / "anew"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFE_DATA", str(data))
        fill_phantom_cache(patients("ABCD", ["train", "test", "dev", "extra"]))
    environment = os.environ | {"RFE_DATA": str(data), "PYTHONPATH": str(ROOT)}
    run = {"env": environment, "text": True, "capture_output": True}
    for line in recipe(tmp_path):
        command = line.replace(
            f"{Path(sys.executable).parent}/rfe", f"{sys.executable} -m rfe_study.command.cli"
        )
        done = subprocess.run(command, shell=True, cwd=ROOT, **run)
        assert done.returncode == 0, f"{line}\n{done.stderr}"

    models, scores = (results.read(f"sweep-{name}", anew) for name in ("models", "scores"))
    expected = {"proof-of-concept": 2 * len(proof_of_concept()), "search": len(search())}
    expected |= {"adaptation": 3 * len(adaptation.adaptation_methods())}
    expected |= {"adaptation-search": 3 * len(adaptation.search())}
    assert models.groupby("experiment").size().to_dict() == expected
    finished = models[models["status"] == "finished"].groupby("experiment").size()
    # one patient of each domain and role: development ones for the search, V1 for the other
    # search, the others for the rest; adapted models on a test patient of each domain
    assert scores.groupby(["experiment", "role"]).size().to_dict() == {
        (experiment, role): patients * finished[experiment]
        for experiment, role, patients in (
            ("search", "dev", 1),
            ("proof-of-concept", "test", 1),
            ("proof-of-concept", "extra", 1),
            ("adaptation-search", "train", 1),
            ("adaptation", "test", 4),
            ("adaptation", "extra", 1),
        )
    }
    lesions = results.read("adaptation-lesions", anew)
    assert len(lesions) == 2 * 3 * 2  # models, targets, patients
    networks = ("lower", "upper-B", "upper-C", "upper-D")
    for table, scored in (("development", 4), ("baselines", 8)):  # patients, of all domains
        rows = results.read(table, anew)
        assert rows.groupby("model").size().to_dict() == dict.fromkeys(networks, 2 * scored)
    assert not (data / "results").exists()  # nothing among the stored rows

    shown = environment | {"RFE_RESULTS": str(anew), "RFE_PROFILE": "smoke"}
    done = subprocess.run(
        [sys.executable, "-c", READ], env=shown, text=True, capture_output=True, check=True
    )
    assert [line.split(", ")[0] for line in done.stdout.splitlines()] == [
        "paper's 2",
        "6 further",
        "all 8",
    ]


def test_rows_made_anew_come_before_the_stored_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path / "data")
    for folder, value in ((None, 1), (tmp_path / "anew", 2), (tmp_path / "other", 3)):
        results.append("a", [{"x": value}], key=("x",), folder=folder)
    results.append("b", [{"x": 5}], key=("x",))
    monkeypatch.setenv("RFE_RESULTS", str(tmp_path / "anew"))
    assert results.read("a")["x"].tolist() == [2]
    assert results.read("b")["x"].tolist() == [5]  # not made anew
    assert results.read("a", tmp_path / "other")["x"].tolist() == [3]
    results.append("a", [{"x": 7}], key=("x",))  # and nothing of them gets among the stored ones
    monkeypatch.delenv("RFE_RESULTS")
    assert results.read("a")["x"].tolist() == [1, 7]
