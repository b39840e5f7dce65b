"""`make reproduce` on tiny patients: all its commands in turn, and what the book reads of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from few_runs import few
from synthetic import fill_phantom_cache, some_patients

from rfe_study import results
from rfe_study.command.parse_results import MEASURES
from rfe_study.methods import adaptation
from rfe_study.methods.proof_of_concept import choices, proof_of_concept, search
from rfe_study.tables import TABLES

ROOT = Path(__file__).parents[1]

#: What a chapter does with the rows, in a process that is told to show them.
READ = """
from rfe_study import results
from rfe_study.claims import adaptation, board, proof_of_concept
from rfe_study.claims.verdicts import NOT_TESTED
from rfe_study.methods.profiles import SHOWN
models, scores = (results.read(f"sweep-{name}") for name in ("models", "scores"))
assert set(models["profile"]) == set(scores["profile"]) == {SHOWN} == {"smoke"}
poc = [t[t["experiment"] == "proof-of-concept"] for t in (scores, models)]
found = proof_of_concept.judge(*poc)
rows = adaptation.stored()
more = adaptation.judge(*rows)
assert found.keys() == more.keys()
assert set(board.all_parts()) >= {1, 9, 13}
for which, verdicts in found.items():
    judged = {v.claim for v in (*verdicts, *more[which]) if v.verdict != NOT_TESTED}
    assert judged >= {2, 6, 7, 8, 10, 11, 12}  # for 3 to 5 models were left out
    print(which)
"""


def recipe(folder, *more, dry=True):
    """The commands of `make reproduce PROFILE=smoke`, with the environment as if installed.

    Unless `dry` they are run.
    """
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
        *(["-n"] if dry else []),
        "--no-print-directory",
        *newest,
        "reproduce",
        "PROFILE=smoke",
        *settings,
        *more,
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
        "data make",
        "train",
        "train",
        "sweep --experiment search",
        "sweep --experiment choices",
        "sweep",
        "sweep --experiment adaptation-search",
        "sweep --experiment adaptation",
        "variants",
        *(f"measure {name}" for name in MEASURES),
    ]
    assert all("--profile smoke" in line for line in lines)
    assert all("--seeds 0" in line for line in lines[1:])
    sweeps = [line for line in lines if "sweep" in line]
    one_a_core = "--experiment adaptation "  # the last one, and the longest
    assert all(("--jobs 1" in line) == (one_a_core not in line) for line in sweeps)
    scored = [line.split("--evaluate ")[1] for line in lines if "--evaluate" in line]
    assert scored == ["dev", "test", "dev", "dev", "test", "V1", "test"]


#: In place of `rfe`: the second training, which scores on test patients, waits for a sweep.
WAITS = """#!/bin/sh -e
case "$*" in
    sweep*) touch {folder}/begun;;
    train*test) i=0; until [ -e {folder}/begun ]; do sleep 0.1; i=$((i + 1)); [ $i -lt 300 ]; done;;
esac
"""


def test_profile_smoke_makes_two_parts_at_once(tmp_path):
    """One after another, the first of them would wait in vain."""
    rfe = tmp_path / "rfe"
    rfe.write_text(WAITS.format(folder=tmp_path), encoding="utf-8")
    rfe.chmod(0o755)
    (tmp_path / "anew").mkdir()
    recipe(tmp_path, f"BIN={tmp_path}", dry=False)
    assert (tmp_path / "begun").exists() and (tmp_path / "anew/.tested").exists()


def test_recipe_makes_every_table_that_is_made_anew(tmp_path):
    lines = " ".join(recipe(tmp_path))
    for name, table in TABLES.items():
        command = " ".join(table.command.split()[: 3 if "measure" in table.command else 2])
        assert (f"/{command} " in lines) == table.anew or not table.anew, name


def test_all_tables_that_the_book_reads_are_known():
    """Named in notebooks and modules; those named by a constant are found by running them."""
    named = set()
    for path in [*(ROOT / "book").glob("*.ipynb"), *(ROOT / "book/rfe_book").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'results\.read\(\\?"([\w-]+)\\?"\)', text))
    assert len(named) >= 8 and named <= TABLES.keys()


@pytest.mark.slow
def test_the_whole_pipeline_on_tiny_patients(tmp_path):
    """With the few models of each experiment that `few_runs` keeps."""
    data, anew = tmp_path / "data", tmp_path / "anew"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFE_DATA", str(data))
        fill_phantom_cache(some_patients("ABCD"))
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    environment = os.environ | {"RFE_DATA": str(data), "PYTHONPATH": paths}
    # the others are of phantoms themselves, which are not made here, or of time
    lines = [
        line
        for line in recipe(tmp_path, "JOBS=1")  # other tests keep the other cores busy
        if not re.search(r" measure (?!representativeness |modalities )", line)
    ]
    done = subprocess.run(
        [sys.executable, "-c", "import few_runs; few_runs.run()"],
        **{"cwd": ROOT, "env": environment, "text": True, "capture_output": True},
        input="\n".join(lines),
    )
    assert done.returncode == 0, done.stderr

    models, scores = (results.read(f"sweep-{name}", anew) for name in ("models", "scores"))
    headline = [method for method in few(adaptation.adaptation_methods()) if method.headline]
    expected = {
        "proof-of-concept": sum(min(method.seeds, 2) for method in few(proof_of_concept())),
        "search": len(few(search())),
        "choices": len(few(choices())),
        "adaptation": len(few(adaptation.adaptation_methods())) + 2 * len(headline),
        "adaptation-search": len(few(adaptation.search())),
    }
    assert models.groupby("experiment").size().to_dict() == expected
    finished = models[models["status"] == "finished"].groupby("experiment").size()
    # one patient of each domain and of the roles that profile smoke keeps: a development one for
    # the search, V1 for the other search, test ones for the rest; adapted models on a test patient
    # of each domain
    assert scores.groupby(["experiment", "role"]).size().to_dict() == {
        (experiment, role): patients * finished[experiment]
        for experiment, role, patients in (
            ("search", "pairdev", 1),
            ("choices", "pairdev", 1),
            ("proof-of-concept", "test", 1),
            ("proof-of-concept", "paired", 1),
            ("adaptation-search", "train", 1),
            ("adaptation", "test", 4),
            ("adaptation", "paired", 1),
        )
    }
    lesions = results.read("adaptation-lesions", anew)
    assert len(lesions) == 2 * 3 * 2  # models, targets, patients
    networks = ("lower", "upper-B", "upper-C", "upper-D")
    for table, scored in (("development", 4), ("baselines", 8)):  # patients, of all domains
        rows = results.read(table, anew)
        assert rows.groupby("model").size().to_dict() == dict.fromkeys(networks, 2 * scored)
    samples = results.read("representativeness", anew)
    assert set(samples["profile"]) == {"smoke"} and set(samples["seed"]) == {0, 1}
    assert (anew / "smoke-four-scanners-seed0.safetensors").exists()
    assert set(results.read("modalities", anew)["without"]) == {"none", "t1", "t2", "t1 t2"}
    assert not (data / "results").exists()  # nothing among the stored rows
    assert not (data / "checkpoints").exists()  # nor of networks

    shown = environment | {"RFE_RESULTS": str(anew), "RFE_PROFILE": "smoke"}
    done = subprocess.run(
        [sys.executable, "-c", READ], env=shown, text=True, capture_output=True, check=True
    )
    assert done.stdout.splitlines() == ["paper's", "paired heads"]
