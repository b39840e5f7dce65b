"""Kills `rfe train`, `rfe sweep` and `rfe adapt` at random moments: what must be left is the same.

``make torture-runs`` does it a hundred times (profile smoke, tiny patients), a slow test ten. A
kill hits the command or one of its workers, with SIGKILL or SIGTERM. After it there is one line
that says so (none if the command itself was killed outright), and the same command goes on. When it
comes to its end, tables (apart from times) and files are those of a run that nobody disturbed, of
one job at a time where the others have two, and nothing half written is left.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import torch
from PIL import Image
from synthetic import fill_phantom_cache, tiny_subject

from rfe_core import checkpoints
from rfe_core.training import build
from rfe_study import results
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.bids import save_subject
from rfe_study.phantom.domains import patients
from rfe_study.tables import TABLES

#: The `rfe` command with a search of four models, as far as possible from each other.
FEW = (
    "import sys; from rfe_study.methods.experiments import EXPERIMENTS; "
    "search = EXPERIMENTS['search']; EXPERIMENTS['search'] = lambda: search()[::7]; "
    "from rfe_study.command.cli import main; sys.exit(main())"
)

CLI = [sys.executable, "-c", FEW]

COMMANDS = ("train", "sweep", "adapt")

#: Differ from run to run although the result is the same; weights are compared as such.
TIMES = ("wall_s", "seconds", "date", "commit", "weights")

#: Ends of file names that nothing may have when a run has come to its end.
LEFT_OVER = ("*.partial", "*.lock", "*.state.safetensors")


@dataclass
class Torture:
    """Data of all commands in a folder, and what has happened so far."""

    folder: Path
    source: random.Random
    kills: Counter = field(default_factory=Counter)
    ends: Counter = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)  # of an undisturbed run

    def prepare(self) -> None:
        """Tiny phantoms, networks of profile smoke, and patients to adapt to."""
        os.environ["RFE_DATA"] = str(self.folder / "data")
        results.DATA = self.folder / "data"
        fill_phantom_cache(patients("ABCD", ["train"]))
        for seed in (0, 1):
            for name in ("lower", "lower-branch"):
                path = self.folder / "networks" / f"smoke-{name}-seed{seed}.safetensors"
                model = build(PROFILES["smoke"], seed)
                checkpoints.save_weights(path, model, {"code_version": "abc"})
        for number in (1, 2, 3):
            subject = tiny_subject(f"0{number}", seed=number, domain=None, shape=(40, 40, 48))
            save_subject(subject, self.folder / "scans")

    def arguments(self, command: str, out: Path, jobs: int = 2) -> list[str]:
        """What is run, in full."""
        common = [command, "--profile", "smoke", "--seeds", "0", "--out", str(out)]
        networks = str(self.folder / "networks")
        more = {
            "train": ["--models", "lower", "upper-B", "--jobs", str(jobs)],
            "sweep": ["--experiment", "search", "--baselines", networks, "--jobs", str(jobs)],
            "adapt": ["1", "--data", str(self.folder / "scans"), "--weights", networks],
        }
        at = common.index("--out") if command == "adapt" else len(common)
        return common[:at] + more[command] + common[at:]

    def whole(self, command: str) -> Path:
        """The folder of a run that nobody disturbs, made first."""
        out = self.folder / f"{command}-whole"
        if not out.exists():
            started = time.monotonic()
            self.run_through(command, out, jobs=1)
            self.seconds[command] = time.monotonic() - started
        return out

    def run_through(self, command: str, out: Path, jobs: int = 2) -> None:
        """Run a command to its end."""
        run = [*CLI, *self.arguments(command, out, jobs)]
        done = subprocess.run(run, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def go(self, command: str, kills: int) -> None:
        """Kill a command so often, beginning anew in another folder whenever it has ended."""
        whole, finished = self.whole(command), 0
        while self.kills[command] < kills:
            out = self.folder / f"{command}-{finished}"
            if self.killed(command, out):
                self.kills[command] += 1
            else:
                self.check(command, out, whole)
                finished += 1
        out = self.folder / f"{command}-{finished}"
        self.run_through(command, out)
        self.check(command, out, whole)

    def killed(self, command: str, out: Path) -> bool:
        """Run a command and kill it at a random moment; whether it was killed before its end."""
        log, before = self.folder / f"{command}.log", times(out)
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                [*CLI, *self.arguments(command, out)], stdout=file, stderr=subprocess.STDOUT
            )
            me = psutil.Process(process.pid)
            wait = self.source.uniform(0, 1.05 * self.seconds[command])
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                pass
            how, hit = self.source.choice((signal.SIGKILL, signal.SIGTERM)), "command"
            if running := process.poll() is None:
                everyone = me.children(recursive=True)
                workers = [child for child in everyone if is_worker(child)]
                if workers and self.source.random() < 0.5:
                    hit = "worker"
                    self.source.choice(workers).send_signal(how)
                else:
                    process.send_signal(how)
            status = process.wait(120)
            if running:
                _, alive = psutil.wait_procs(everyone, timeout=30)
                assert not alive, f"{command}: {alive} live on"
        assert before.items() <= times(out).items(), f"{command}: finished rows were made again"
        text = log.read_text(encoding="utf-8")
        assert "Traceback" not in text, text
        said = [line for line in text.replace("\r", "\n").splitlines() if "rfe: " in line]
        if status == 0:  # also if what was killed had nothing left to do
            assert not said, text
            return False
        assert running, text
        self.ends[f"{hit} {how.name}: status {status}"] += 1
        if hit == "worker":
            assert status == 2 and len(said) == 1, (status, text)
        elif how == signal.SIGTERM and status == 130:
            assert len(said) == 1, text
        else:  # outright, or before the first line of our code could listen
            assert status in (-signal.SIGKILL, -signal.SIGTERM) and not said, (status, text)
        assert all(f"rfe {command} --profile smoke" in line for line in said), text
        return True

    def check(self, command: str, out: Path, whole: Path) -> None:
        """Hold what a run has left against that of the undisturbed one."""
        for folder in (out, self.folder / "data"):
            left = [path for pattern in LEFT_OVER for path in folder.rglob(pattern)]
            assert not left, f"{command}: {left} left behind"
        ours, theirs = (
            sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
            for folder in (out, whole)
        )
        assert ours == theirs, f"{command}: other files, {set(ours) ^ set(theirs)}"
        for name in ours:
            if (whole / name).is_file():
                assert_same(out / name, whole / name)


def times(out: Path) -> dict[tuple, float]:
    """How long each row of a training took: another number if it was made again."""
    found = {}
    for path in out.glob("*.csv"):
        table = results.stored(path.stem, out)
        if "wall_s" in table:
            keys = table[list(TABLES[path.stem].key)].itertuples(index=False)
            found |= {(path.stem, *key): time for key, time in zip(keys, table.wall_s, strict=True)}
    return found


def is_worker(process: psutil.Process) -> bool:
    """Whether a child is a worker, not the process that looks after shared memory."""
    try:
        return any("spawn_main" in word for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def assert_same(path: Path, other: Path) -> None:
    """Two files hold the same, apart from times."""
    if path.parent.name == "origins":  # part of its table's rows
        return
    if path.suffix == ".csv":
        ours, theirs = (table_of(p) for p in (path, other))
        pd.testing.assert_frame_equal(ours, theirs, obj=path.name)
    elif path.suffix == ".safetensors":
        ours, theirs = (checkpoints.load_model(p).state_dict() for p in (path, other))
        assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs), path
    elif path.suffix == ".png":
        ours, theirs = (np.asarray(Image.open(p)) for p in (path, other))
        assert np.array_equal(ours, theirs), path
    elif path.suffix == ".json":
        ours, theirs = (json.loads(p.read_text(encoding="utf-8")) for p in (path, other))
        assert ours == theirs, path
    else:
        assert path.read_bytes() == other.read_bytes(), path


def table_of(path: Path) -> pd.DataFrame:
    """A table without times, sorted by its key: models complete in any order."""
    table = results.stored(path.stem, path.parent).drop(columns=list(TIMES), errors="ignore")
    rows = table.sort_values(list(TABLES[path.stem].key), ignore_index=True)
    return rows.sort_index(axis=1)


def torture(folder: Path, kills: int, seed: int, commands=COMMANDS) -> Torture:
    """Kill each command so often; an AssertionError says what was wrong."""
    run = Torture(folder=folder, source=random.Random(seed))
    run.prepare()
    for command in commands:
        run.go(command, kills)
        print(f"{command}: killed {run.kills[command]} times, nothing lost", flush=True)
    return run


def main() -> None:
    """`make torture-runs`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=34, help="of each of the three commands")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = torture(Path(folder), args.kills, args.seed, args.commands)
    for how, times in sorted(run.ends.items()):
        print(f"{times:4} {how}")


if __name__ == "__main__":
    main()
