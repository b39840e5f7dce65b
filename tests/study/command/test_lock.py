"""One run at a time in a folder, whatever became of the one before."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rfe_study.command.cli import main
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import alone, remove_partial

HOLD = (
    "import sys, time\n"
    "from rfe_study.command.lock import alone\n"
    "with alone('sweep', sys.argv[1:]):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(600)\n"
)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_is_refused_until_the_first_is_gone_even_if_killed(holder, tmp_path):
    message = rf"rfe sweep already writes into .*{tmp_path.name} \(process {holder.pid}\); wait"
    with pytest.raises(CommandError, match=message), alone("sweep", [tmp_path]):
        pass
    with alone("train", [tmp_path]):  # another command has tables of its own
        pass
    with alone("sweep", [tmp_path / "other"]):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert [path.name for path in tmp_path.glob(".*")] == [".rfe-sweep.lock"]
    with alone("sweep", [tmp_path]):
        pass
    assert not list(tmp_path.glob(".*"))


def test_several_folders_are_held_together_or_not_at_all(holder, tmp_path):
    free = tmp_path / "a" / "new"
    with pytest.raises(CommandError), alone("sweep", [free, tmp_path]):
        pass
    with alone("sweep", [free, free, tmp_path / "a" / ".." / "a" / "new"]):
        assert (free / ".rfe-sweep.lock").read_text(encoding="utf-8") == f"process {os.getpid()}"
    assert not list(free.iterdir())


@pytest.mark.parametrize("command", ["measure prior", "measure prior-cost", "data statistics"])
def test_commands_that_write_whole_tables_are_alone(tmp_path, capsys, command):
    out, where = tmp_path / "out", [str(tmp_path)] if command == "data statistics" else []
    with alone(command, [out]):
        assert main([*command.split(), *where, "--out", str(out)]) == 2
        assert f"rfe {command} already writes into {out} (process" in capsys.readouterr().err
        with alone("measure fidelity", [out]):  # other tables
            pass
    assert not list(out.iterdir())


def test_an_error_inside_frees_the_folder(tmp_path):
    with pytest.raises(ZeroDivisionError), alone("adapt", [tmp_path]):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_of_many_at_once_each_is_alone(tmp_path):
    """Between opening the file and locking it, its holder may have removed it."""
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from rfe_study.command.errors import CommandError\n"
        "from rfe_study.command.lock import alone\n"
        "folder, inside, n = Path(sys.argv[1]), Path(sys.argv[1]) / 'inside', 0\n"
        "while n < 200:\n"
        "    try:\n"
        "        with alone('sweep', [folder]):\n"
        "            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))\n"
        "            inside.unlink()\n"
        "            n += 1\n"
        "    except CommandError:\n"
        "        time.sleep(0.0002)\n"
    )
    run = [sys.executable, "-c", code, str(tmp_path)]
    some = [subprocess.Popen(run, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate()[1] for process in some]
    assert [process.returncode for process in some] == [0, 0, 0], errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", [1, 2])
def test_a_name_that_goes_while_it_is_looked_at(tmp_path, monkeypatch, call):
    calls, stat = [], Path.stat

    def gone_once(path, **options):
        if path.name == ".rfe-sweep.lock":
            calls.append(path)
            if len(calls) == call:
                path.unlink()
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", gone_once)
    with alone("sweep", [tmp_path]):
        monkeypatch.undo()
        assert calls and (tmp_path / ".rfe-sweep.lock").exists()
    assert not list(tmp_path.iterdir())


def test_what_was_half_written_goes_and_nothing_else(tmp_path):
    names = [
        ".a.csv.12.partial",
        ".a.csv.99999.partial",
        ".b.csv.12.partial",
        "a.csv",
        ".a.csv.txt",
    ]
    for name in names:
        (tmp_path / name).touch()
    remove_partial([tmp_path / "a.csv", tmp_path / "nowhere" / "a.csv"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[2:])
