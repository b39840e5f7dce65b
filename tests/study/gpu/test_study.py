"""The scheduler of a study, with threads in place of the GPU's processes."""

from concurrent.futures import Future
from multiprocessing import Pipe
from threading import Event, Thread
from types import SimpleNamespace

import pandas as pd
import pytest

from rfe_study import results
from rfe_study.gpu import study
from rfe_study.gpu.tasks import Task
from rfe_study.methods.bounds import BRANCH
from rfe_study.methods.profiles import PROFILES


def task(key, *needs, stage=1, domain=None):
    about = {"name": key, "arguments": (), "needs": frozenset(needs)}
    return Task(key=key, stage=(stage,), domain=domain, **about)


class Workers:
    """Serve tasks by name; `acts` say otherwise: "die", "fail", a key to tell early, or rows."""

    def __init__(self, study, domains, acts):
        self.acts, self.names, self.second = acts, [], Event()
        for domain in domains:
            ours, theirs = Pipe()
            study.domains[ours] = domain
            Thread(target=self.serve, args=(theirs,), daemon=True).start()

    def serve(self, connection):
        while True:
            try:
                name, _ = connection.recv()
            except EOFError:  # the study is over
                return
            act = self.acts.get(name, {})
            if name != "forget":
                self.names.append(name)
            if len(self.names) == 2:
                self.second.set()
            if act == "die":
                connection.close()
                return
            if act == "fail":
                connection.send(("failed", ""))
            elif isinstance(act, str):
                connection.send(("told", act))
                connection.send(("done", {"words": str(self.second.wait(10))}))
            else:
                connection.send(("done", dict(act)))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "DATA", tmp_path)
    prepared = Future()
    prepared.set_result(None)
    monkeypatch.setattr(study.preparing, "prepare", lambda *_: {prepared: ("crops",)})

    def run(*tasks, domains="B", acts=None, gate=False, done=()):
        plan = SimpleNamespace(tasks=lambda: list(tasks), done=done, profile=PROFILES["smoke"])
        made = study.Study(plan, tmp_path, gate=gate)
        workers = Workers(made, domains, acts or {})
        end = made.run(seconds=20)
        return made, workers.names, end, capsys.readouterr().out

    return run


def test_the_first_stage_that_is_ready_goes_first(run):
    tasks = [task("c", stage=3), task("b", "a", stage=1), task("a", "crops", stage=2)]
    acts = {name: {"scores": [{"f": f}]} for name, f in (("a", 1), ("c", 2))}
    made, names, end, _ = run(*tasks, acts=acts)
    assert end == "all is done" and names == ["a", "b", "c"]
    assert made.rows == {"scores": [{"f": 1}, {"f": 2}]}


def test_a_branch_that_is_told_lets_others_begin_before_the_training_ends(run):
    tasks = [task("bound", "crops"), task("next", "branch-lower-0")]
    _, names, end, said = run(*tasks, domains="BC", acts={"bound": "branch-lower-0"})
    assert end == "all is done" and names == ["bound", "next"]
    assert "bound True" in said  # it ended after the other had begun


def test_a_branch_that_is_stored_is_ready(run):
    _, _, end, _ = run(task("next", "branch-lower-4"), done={("weights", BRANCH, 4)})
    assert end == "all is done"


@pytest.mark.parametrize("act", ["die", "fail"])
def test_what_fails_stops_nothing_but_what_needs_it(run, act):
    tasks = [task("bad", stage=0), task("good"), task("orphan", "bad")]
    _, names, end, said = run(*tasks, domains="BC", acts={"bad": act})
    assert end == "stuck at orphan" and sorted(names) == ["bad", "good"]
    assert "FAILED bad" in said


def test_all_processes_dead_leaves_nothing_to_wait_for(run):
    _, _, end, _ = run(task("bad"), task("good"), acts={"bad": "die"})
    assert end == "stuck at good"


def test_a_domain_that_is_done_helps_another(run):
    tasks = [task("c"), *(task(f"b{n}", domain="B") for n in range(4))]
    _, names, end, _ = run(*tasks, domains="C")
    assert end == "all is done" and len(names) == 5


@pytest.mark.parametrize("holds", [True, False])
def test_no_test_head_before_the_gate(run, monkeypatch, holds):
    seen = []

    def judged(rows):
        seen.extend(rows["f"])
        return pd.DataFrame({"holds": [True, holds]})

    monkeypatch.setattr(study, "development_gate", judged)
    of = {"profile": "smoke", "seed": 0}
    acts = {f"development-{n}": {"development": [{**of, "f": n}]} for n in (1, 2)}
    acts["development-2"]["development"].append({**of, "profile": "paper", "f": 3})
    tasks = [task("test", "gate", stage=0), task("development-1"), task("development-2")]
    _, names, end, _ = run(*tasks, domains="BC", acts=acts, gate=True)
    assert sorted(seen) == [1, 2]  # both, and none of another profile
    assert end == ("all is done" if holds else "the gate is not passed")
    assert names[2:] == (["test"] if holds else [])
