"""Run what rows still lack on one GPU: ``python -m rfe_study.gpu.study OUT``.

One process hands out tasks to several that train and score on the GPU, and to several more that
scan heads and cut crops on the CPU. Of the tasks that are ready, the one whose stage and seed come
first goes first, so that rows of whole seeds are there when time is up. No test head is scored
before the bounds of the first seeds have passed the gate on development heads.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pandas as pd

from rfe_study import results
from rfe_study.claims.baselines import development_gate
from rfe_study.gpu import packing, preparing, worker
from rfe_study.gpu.tasks import FIRST_SEEDS, Plan, Task
from rfe_study.methods.bounds import BRANCH
from rfe_study.methods.method import HEADLINE
from rfe_study.methods.profiles import PROFILES, Profile
from rfe_study.phantom.cache import make_missing, phantom_folder
from rfe_study.phantom.domains import patients

#: Of 16 GPU processes, how many keep the heads of each domain: B has the most models, A a few.
SHARES = {"A": 1, "B": 8, "C": 3, "D": 4}

#: Seconds between two archives of rows.
PAUSE = 45


class Study:
    """Hands out tasks, and keeps what comes back."""

    def __init__(self, plan: Plan, out: Path, *, gate: bool) -> None:
        self.plan, self.out, self.began, self.gate = plan, out, time.time(), gate
        self.left = plan.tasks()
        self.ready: set[str] = {f"branch-lower-{k[2]}" for k in plan.done if k[1] == BRANCH}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.masks: list[packing.Masks] = []
        self.busy: dict[Connection, Task | None] = {}
        self.domains: dict[Connection, str] = {}

    def say(self, *words: Any) -> None:
        print(f"[{time.time() - self.began:6.1f}]", *words, flush=True)

    def start(self, n: int) -> None:
        """Start the GPU's processes; the first tries which way to take steps, for all."""
        context = multiprocessing.get_context("spawn")
        letters = [letter for letter, share in SHARES.items() for _ in range(share)]
        for k in range(n):
            ours, theirs = context.Pipe()
            about = (theirs, self.plan.root, self.plan.profile, self.plan.device)
            context.Process(target=worker.run, args=about, daemon=True).start()
            self.domains[ours] = letters[k * len(letters) // n]
        first, *others = self.domains
        first.send(("try_ways", ()))
        make_missing(patients("ABCD", ["train"]), phantom_folder(), progress=False)
        kind, result = first.recv()
        if kind == "failed":
            raise RuntimeError(f"the first GPU process must take a step, but it failed:\n{result}")
        way, words = result
        self.say(words)
        for connection in others:
            connection.send(("step", (way,)))
        self.busy = {first: None} | dict.fromkeys(others)
        first.send(("step", (way,)))

    def run(self, seconds: float) -> str:
        """Until nothing is left or time is up; why it ended."""
        cores = os.cpu_count() or 1
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(
            max(1, cores - 4), mp_context=context, initializer=os.nice, initargs=(15,)
        )
        futures = preparing.prepare(self.plan, self.left, pool)
        last = time.time()
        while True:
            self._take_prepared(futures)
            self._take_done()
            if not self._pass_gate():
                return "the gate is not passed"
            self._hand_out()
            if time.time() - last > PAUSE:
                last = time.time()
                self.say(f"{len(self.left)} tasks left, {len(futures)} to prepare")
                packing.write_rows(self.rows, self.out)
            if time.time() - self.began > seconds:
                return "time is up"
            if not self.busy and not futures:
                return f"stuck at {self.left[0].key}" if self.left else "all is done"

    def _take_prepared(self, futures: dict[Future[None], tuple[str, ...]]) -> None:
        for future in [f for f in futures if f.done()]:
            keys = futures.pop(future)
            if error := future.exception():
                self.say("FAILED", keys, repr(error))
            else:
                self.ready.update(keys)

    def _take_done(self) -> None:
        if not self.busy:
            time.sleep(0.02)
        for connection in wait(list(self.busy), timeout=0.02):
            try:
                kind, result = connection.recv()
            except EOFError:
                task = self.busy.pop(connection)
                del self.domains[connection]
                self.say("FAILED", task and task.key, "its process died")
                continue
            if kind == "told":  # of something that is ready before the task is done
                self.ready.add(result)
                continue
            task = self.busy.pop(connection)
            if kind == "failed":
                self.say("FAILED", task and task.key, result)
            elif task is not None:
                self.ready.add(task.key)
                self.say(task.key, result.pop("words", ""))
                self.masks += result.pop("masks", [])
                for table, rows in result.items():
                    self.rows.setdefault(table, []).extend(rows)

    def _pass_gate(self) -> bool:
        """False if the development heads of the first seeds' bounds fail the gate."""
        if not self.gate:
            self.ready.add("gate")
        waiting = [*self.left, *filter(None, self.busy.values())]
        open_ = [t for t in waiting if t.key.startswith("development-") and t.stage[0] == 1]
        if "gate" in self.ready or open_:
            return True
        rows = pd.DataFrame(self.rows.get("development", []))
        if results.path_of("development").exists():
            rows = pd.concat([results.stored("development"), rows])
        own = rows["profile"] == self.plan.profile.name
        gate = development_gate(rows[own & (rows["seed"] < FIRST_SEEDS)])
        self.say(f"GATE\n{gate.to_string()}")
        self.ready.add("gate")
        return bool(gate["holds"].all())

    def _hand_out(self) -> None:
        for connection, domain in self.domains.items():
            if connection in self.busy:
                continue
            if (task := self._next(domain)) is not None:
                self.left.remove(task)
                self.busy[connection] = task
                connection.send((task.name, task.arguments))
            elif others := [t.domain for t in self.left if t.domain]:
                if domain not in others:  # help another domain
                    self.domains[connection] = max(sorted(set(others)), key=others.count)
                    self.busy[connection] = None
                    connection.send(("forget", ()))

    def _next(self, domain: str) -> Task | None:
        """The first task that is ready and for no domain or this one."""
        open_ = (t for t in self.left if t.domain in (None, domain) and t.needs <= self.ready)
        return min(open_, key=lambda t: t.stage, default=None)

    def write(self) -> None:
        born = worker.certificate("rfe_study.gpu.worker", self.plan.device)
        packing.write_rows(self.rows, self.out)
        packing.write_weights(self.plan, self.out)
        packing.write_explorers(self.plan, self.masks, born, self.out)


def small(profile: Profile) -> Profile:
    """A profile that trains nothing worth a look, for a trial of the machinery."""
    profile = replace(profile, patches_per_domain=36, target_crops=24, subset=12)
    return replace(profile, epochs=3, branch_epoch=2, tuning_steps=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for archives of rows, weights and masks")
    parser.add_argument("--root", type=Path, default=Path("/dev/shm/study"))
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--seeds", type=int, default=HEADLINE)
    parser.add_argument("--workers", type=int, default=13)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="a trial: few heads, no gate")
    args = parser.parse_args()
    for name in ("heads", "crops", "labels", "weights", "sweep"):
        (args.root / name).mkdir(parents=True, exist_ok=True)
    args.out.mkdir(parents=True, exist_ok=True)
    profile, seeds = PROFILES["laptop"], range(args.seeds)
    done: set[tuple] = set()
    if args.small:
        profile = small(profile)
    else:
        done = packing.take_up(args.root, profile.name, seeds)
    plan = Plan(
        root=args.root,
        profile=profile,
        seeds=seeds,
        device=args.device,
        done=done,
        small=args.small,
    )
    study = Study(plan, args.out, gate=not args.small)
    study.start(args.workers)
    try:
        study.say("ended:", study.run(args.seconds))
    except KeyboardInterrupt:
        study.say("ended: interrupted")
    finally:
        study.write()
    study.say("written", {table: len(rows) for table, rows in study.rows.items()})
    for process in multiprocessing.active_children():
        process.kill()
    os._exit(0)  # what the CPU still prepares is not waited for


if __name__ == "__main__":
    main()
