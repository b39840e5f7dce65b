"""What a study on a GPU does: every model once, none before what it needs."""

from dataclasses import replace
from pathlib import Path

import pytest

from rfe_study.gpu import preparing
from rfe_study.gpu.tasks import Plan
from rfe_study.methods import adaptation
from rfe_study.methods.profiles import PROFILES
from rfe_study.methods.proof_of_concept import choices, proof_of_concept, search


def plan(done=(), seeds=8):
    about = {"profile": PROFILES["smoke"], "device": "cpu"}
    return Plan(root=Path("/nowhere"), seeds=range(seeds), done=set(done), **about)


@pytest.fixture(autouse=True)
def tasks_need_no_atlas(monkeypatch):
    monkeypatch.setattr("rfe_study.provenance.phantom_version", lambda: "2.0")


def test_every_model_is_trained_once():
    tasks = plan().tasks()
    keys = [task.key for task in tasks]
    assert len(keys) == len(set(keys))
    tuned = [task for task in tasks if task.name == "tune"]
    methods = [*proof_of_concept(), *search(), *choices()]
    of_targets = [*adaptation.adaptation_methods(), *adaptation.search()]
    assert len(tuned) == sum(m.seeds for m in methods) + 3 * sum(m.seeds for m in of_targets)
    bounds = [task.key for task in tasks if task.name == "bound" and "scanners" not in task.key]
    assert {"lower-0", "upper-B-7", "upper-D-3"} < set(bounds)


def test_modality_dropout_waits_for_four_scanners_unless_it_is_stored():
    def needs(done):
        tasks = {task.key: task for task in plan(done).tasks()}
        return {key: task.needs for key, task in tasks.items() if task.name == "dropout"}

    of_all = {f"modality-dropout-{s}": {f"four-scanners-{s}"} for s in range(3)}
    assert needs(()) == of_all
    done = [("weights", "four-scanners", 1), ("weights", "modality-dropout", 2)]
    assert needs(done) == {"modality-dropout-0": {"four-scanners-0"}, "modality-dropout-1": set()}


def test_all_that_tasks_need_is_made_by_a_recipe_or_a_task():
    of_plan = plan()
    tasks = of_plan.tasks()
    made = {key for recipe in preparing.recipes(of_plan) for key in recipe.keys}
    made |= {task.key for task in tasks} | {"gate"} | {f"branch-lower-{s}" for s in range(8)}
    for task in tasks:
        assert task.needs <= made, task.key


def test_no_test_head_is_looked_at_before_the_gate():
    for task in plan().tasks():
        heads = {need for need in task.needs if need.startswith("head-")}
        tested = [h for h in heads if "test" in h or ("paired" in h and "dev" not in h)]
        assert not tested or "gate" in task.needs, task.key


def test_what_rows_hold_is_not_done_again():
    whole = plan().tasks()
    done = {("sweep", "proof-of-concept", "B", "no embedding", 0), ("baselines", "lower", 1, "C")}
    left = {task.key for task in plan(done).tasks()}
    gone = {task.key for task in whole} - left
    assert gone == {"proof-of-concept B no embedding 0", "baselines-lower-1-C"}


def test_a_branch_that_is_kept_needs_no_lower_bound_once_its_scores_are_there():
    scores = {
        (table, model, 0, domain)
        for table in ("development", "baselines")
        for model, domains in {
            "lower": "ABCD", "upper-B": "B", "upper-C": "C", "upper-D": "D"
        }.items()
        for domain in domains
    }  # fmt: skip
    assert "lower-0" in {t.key for t in plan(scores, seeds=1).tasks()}
    keys = {t.key for t in plan(scores | {("weights", "lower-branch", 0)}, seeds=1).tasks()}
    assert "lower-0" not in keys
    assert not any(key.startswith("upper") for key in keys)


def test_only_what_is_needed_is_prepared():
    class Pool:
        def submit(self, make, root, *arguments):
            return (make.__name__, *map(str, arguments))

    of_plan = plan(seeds=1)
    few = [t for t in of_plan.tasks() if t.key == "proof-of-concept B no embedding 0"]
    keys = {key for of in preparing.prepare(of_plan, few, Pool()).values() for key in of}
    assert {"crops-A-0", "crops-B-0", "head-Bpaired01"} <= keys
    assert not any("-C-" in key or "true" in key for key in keys)


def test_a_need_that_nothing_makes_is_named():
    of_plan = plan(seeds=1)
    (task,) = [t for t in of_plan.tasks() if t.key == "proof-of-concept B no embedding 0"]
    odd = replace(task, needs=task.needs | {"crops-E-0", "gate"})
    with pytest.raises(ValueError, match=r"must have a recipe, not so \['crops-E-0'\]"):
        preparing.prepare(of_plan, [odd], None)
