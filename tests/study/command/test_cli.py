"""The command line: help with examples, one-line errors, tables."""

import importlib.util
import subprocess
import sys

import pytest
import torch
from synthetic import tiny_subject

from rfe_core.scans.layouts import LAYOUTS
from rfe_study import results
from rfe_study.command import adapt, gpus, parse_data, parse_runs, show
from rfe_study.command.cli import main, parser
from rfe_study.command.gpus import built_for_gpus
from rfe_study.methods import experiments, modalities
from rfe_study.phantom.bids import save_subject
from rfe_study.runs import real
from rfe_study.runs.variants import VARIANTS


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    return tmp_path


def test_names_repeated_for_a_fast_start_agree_with_their_owners():
    assert tuple(LAYOUTS) == parse_data.LAYOUTS
    assert (*VARIANTS, modalities.DROPOUT) == parse_runs.VARIANT_NAMES
    assert modalities.OPTIONAL == parse_data.OPTIONAL
    assert experiments.EXPERIMENTS.keys() == parse_runs.EXPERIMENTS.keys()
    assert tuple(real.METHODS) == parse_data.ADAPTATIONS


def test_a_build_without_gpus_is_known_without_loading_it(tmp_path, monkeypatch):
    """And a GPU that such a build cannot use is refused before PyTorch is loaded."""
    assert built_for_gpus() == bool(torch.version.cuda or torch.version.hip)
    for text, expected in (
        ("cuda: str = None\nhip: str = None", False),
        ("cuda = '12.8'\nhip = None", True),
        ("cuda = None\nhip = '6.4'", True),
        ("debug = False", True),
    ):
        (tmp_path / "torch").mkdir(exist_ok=True)
        (tmp_path / "torch" / "__init__.py").touch()
        (tmp_path / "torch" / "version.py").write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("torch", tmp_path / "torch" / "__init__.py")
        monkeypatch.setattr(gpus, "find_spec", lambda name, spec=spec: spec)
        assert gpus.built_for_gpus() == expected
    monkeypatch.undo()
    code = (
        "import sys; from rfe_study.command import cli\n"
        "cli.built_for_gpus = lambda: False\n"
        "status = cli.main(['adapt', '--data', 'x', '--device', 'cuda'])\n"
        "sys.exit(status + 10 * ('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 2


def test_methods_are_listed(capsys):
    with pytest.raises(SystemExit):
        main(["adapt", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert all(f'"{name}"' in printed for name in real.METHODS)


@pytest.mark.parametrize(
    "command",
    [
        *([], ["data"], ["data", "make"], ["data", "check"], ["data", "statistics"]),
        *(["train"], ["sweep"], ["variants"], ["adapt"], ["measure"], ["results"]),
    ],
)
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    printed = capsys.readouterr().out
    assert stop.value.code == 0
    assert command == ["data"] or f"examples:\n  {' '.join(['rfe', *command])}" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_help_needs_no_torch():
    code = "import rfe_study.command.cli, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train --profile huge", "invalid choice: 'huge'"),
        ("train --seeds -1", "of several, as in 0-9, got -1"),
        ("sweep --seeds 0 5-3", "of several, as in 0-9, got 5-3"),
        ("adapt --data x --seeds 1-b", "of several, as in 0-9, got 1-b"),
        ("train --jobs 0", "must be a whole number >= 1, got 0"),
        ("train --learning-rate nan", "must be a number > 0, got nan"),
        ("train --epochs 3.5", "must be a whole number >= 1, got 3.5"),
        ("sweep --experiment all", "invalid choice: 'all'"),
        ("sweep --target A", "invalid choice: 'A'"),
        ("sweep --jobs 2 --scheduler x", "not allowed with argument --jobs"),
        ("data check", "arguments are required: PATH"),
        ("data statistics", "arguments are required: PATH"),
        ("adapt", "arguments are required: --data"),
        ("data check x --labels 0", "must be a whole number >= 1, got 0"),
        ("data check --labels 1 2 x", "got x; a path must stand before --labels"),
        ("data check x --resample --register", "not allowed with argument --resample"),
        ("adapt --data x --without flair", "invalid choice: 'flair'"),
        ("adapt --data x --layout dicom", "invalid choice: 'dicom'"),
        (f"adapt --data x --out {__file__}", "--out: must be a folder, got the file"),
        (f"train --out {__file__}/x", f"--out: must be a folder, got the file {__file__}"),
        ("fly", "invalid choice: 'fly'"),
        ("measure luck", "invalid choice: 'luck'"),
        ("measure", "arguments are required: NAME"),
        ("variants --variants five-scanners", "invalid choice: 'five-scanners'"),
        ("results origin baselines model", "must be COLUMN=VALUE, got model"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments.split())
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert error.startswith("rfe: error: ") and message in error and error.count("\n") == 1


def test_seeds_are_numbers_and_ranges():
    def seeds(arguments):
        return parser().parse_args(arguments.split()).seeds

    assert seeds("train --seeds 0-9") == seeds("sweep --seeds 0-4 3-7 8 9") == list(range(10))
    assert seeds("variants") == seeds("measure prior") == [0, 1, 2]
    assert seeds("variants --seeds 7 3") == [7, 3] and seeds("adapt --data x") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train --profile paper", "profile paper needs a GPU: add --device cuda"),
        ("train --epochs 3", "changed settings need a folder of their own: add --out DIR"),
        (
            "results nonsense",
            "nonsense.csv does not exist; `rfe results` lists the tables",
        ),
        ("results baselines", "baselines.csv does not exist; `rfe train --evaluate test` makes it"),
        ("results baselines prior", "rfe results takes one table, got baselines and prior"),
        ("results origin", "needs the name of a table"),
        ("results origin real", "real.csv does not exist; `rfe adapt` makes it"),
        ("data check /nowhere", "/nowhere"),
        ("sweep --target C", "--target of proof-of-concept must be of B, for which its methods"),
        ("sweep --experiment search --target B D", "must be of B, for which"),
        ("measure representativeness --seeds 0", "laptop-lower-seed0.safetensors does not exist"),
    ],
)
def test_user_errors_are_one_line_and_status_2(arguments, message, data, capsys):
    assert main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("rfe: error: ") and message in error and error.count("\n") == 1


def test_data_check_prints_what_it_found(tmp_path, capsys):
    save_subject(tiny_subject("one"), tmp_path)
    assert main(["data", "check", str(tmp_path)]) == 0
    assert "one" in capsys.readouterr().out


def test_data_check_fails_on_a_broken_patient(tmp_path, capsys):
    path = save_subject(tiny_subject("one"), tmp_path)
    next(path.rglob("*FLAIR*")).unlink()
    assert main(["data", "check", str(tmp_path)]) in (1, 2)
    printed = capsys.readouterr()
    assert "FLAIR" in printed.out + printed.err


def test_results_lists_and_summarises(data, capsys):
    assert main(["results"]) == 0
    assert "no results in" in capsys.readouterr().out
    row = {"profile": "laptop", "model": "lower", "seed": 0, "role": "test", "domain": "A"}
    scores = {"f_score": 0.5, "precision": 0.6, "recall": 0.4, "fp_per_slice": 0.25}
    rows = [{**row, "subject": name, **scores} for name in ("Atest1", "Atest2")]
    results.append("baselines", rows, key=("model", "seed", "subject"))
    assert main(["results"]) == 0
    assert "baselines: 2 rows" in capsys.readouterr().out
    assert main(["results", "baselines"]) == 0
    printed = capsys.readouterr().out
    assert "0.500" in printed and "0.250" in printed


def test_interruption_is_a_line_and_status_130(data, monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(show, "show", interrupted)
    assert main(["results"]) == 130
    assert capsys.readouterr().err == "rfe: stopped; this goes on from here: rfe results\n"
    monkeypatch.setattr(adapt, "adapt", interrupted)
    assert main(["adapt", "--data", "x", "--out", "y"]) == 130
    assert "stopped; this goes on from here: rfe adapt --data x --out y" in capsys.readouterr().err
    assert main(["adapt", "--data", "x"]) == 130
    said = "rfe: stopped; nothing is kept without --out, this begins anew: rfe adapt --data x\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("command", ["train", "sweep", "variants"])
def test_a_device_that_is_not_there_is_one_line(command, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for built in (False, True):
        monkeypatch.setattr("rfe_study.command.cli.built_for_gpus", lambda built=built: built)
        assert main([command, "--profile", "paper", "--device", "cuda"]) == 2
        error = capsys.readouterr().err
        assert error.startswith(
            "rfe: error: --device cuda needs a GPU that PyTorch can use, got none"
        )
        assert error.count("\n") == 1 and ("built for CPUs alone" in error) != built
    assert main([command, "--profile", "paper"]) == 2
    assert "profile paper needs a GPU: add --device cuda" in capsys.readouterr().err
