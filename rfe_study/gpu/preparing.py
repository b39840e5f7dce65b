"""What the CPU makes for the tasks of a GPU: scanned heads and crops, each made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, NamedTuple

from rfe_study.gpu import shared
from rfe_study.gpu.tasks import Plan, Task
from rfe_study.methods.method import FROM_A, OWN
from rfe_study.phantom.domains import DOMAINS, PAIRED, SOURCE, TARGETS, Patient, n_patients
from rfe_study.runs import variants


class Recipe(NamedTuple):
    """Makes what some keys name."""

    keys: tuple[str, ...]
    make: Callable[..., None]
    arguments: tuple[Any, ...]


def prepare(
    plan: Plan, tasks: list[Task], pool: ProcessPoolExecutor
) -> dict[Future[None], tuple[str, ...]]:
    """Hand out what `tasks` need, in the order of `recipes`; the keys of each future.

    Raises
    ------
    ValueError
        If they need heads or crops that no recipe and none of them makes.
    """
    needed = frozenset().union(*(task.needs for task in tasks))
    made = {task.key for task in tasks}.union(*(recipe.keys for recipe in recipes(plan)))
    if lost := sorted(key for key in needed - made if key.startswith(("crops-", "head-"))):
        raise ValueError(f"each key that a task needs must have a recipe, not so {lost}")
    return {
        pool.submit(recipe.make, plan.root, *recipe.arguments): recipe.keys
        for recipe in recipes(plan)
        if needed & set(recipe.keys)
    }


def recipes(plan: Plan) -> Iterator[Recipe]:
    """All that can be made, what is needed first before what is needed later."""
    profile, seeds = plan.profile, plan.seeds
    for seed in seeds:
        yield Recipe((f"crops-A-{seed}",), shared.make_domain, (profile, SOURCE, seed))
    yield from _crops(plan, seeds[0])
    yield from _heads(plan, "pairdev", "dev")
    for target in TARGETS:
        yield _head(plan, "train", 1, target)
    for seed in seeds[1:3]:
        yield from _crops(plan, seed)
    yield from _heads(plan, "paired", "test")
    for seed in seeds[3:]:
        yield from _crops(plan, seed)
    for target in TARGETS:
        for source in (FROM_A, "NCC band", "brightness band"):
            yield _target(plan, target, seeds[0], source, 1)
        for v1 in (2, 3):
            key = f"crops-{target}-{seeds[0]}-V1-{v1}"
            yield Recipe((key,), shared.make_v1, (profile, target, seeds[0], v1))
            for source in ("NCC", "classifier band"):
                yield _target(plan, target, seeds[0], source, v1)
    for seed in seeds[:3]:
        for variant in variants.VARIANTS:
            key = f"crops-{variant}-{seed}"
            yield Recipe((key,), shared.make_variant, (profile, variant, seed))


def _crops(plan: Plan, seed: int) -> Iterator[Recipe]:
    for target in TARGETS:
        about = (plan.profile, target, seed)
        yield Recipe((f"crops-{target}-{seed}",), shared.make_domain, about)
        yield Recipe((f"crops-{target}-{seed}-V1-1",), shared.make_v1, (*about, 1))
        for source in ("true", "NCC", "classifier band"):
            yield _target(plan, target, seed, source, 1)


def _target(plan: Plan, target: str, seed: int, source: str, v1: int) -> Recipe:
    assert source != OWN  # a task of the GPU
    about = (plan.profile, target, seed, source, v1)
    return Recipe((f"crops-{target}-{seed}-{source}-{v1}",), shared.make_target, about)


def _heads(plan: Plan, paired: str, of_one: str) -> Iterator[Recipe]:
    """Paired heads by all scanners, then each scanner's own."""
    for number in range(1, 1 + (1 if plan.small else PAIRED[paired])):
        yield _head(plan, paired, number, "".join(DOMAINS))
    for domain in DOMAINS:
        for number in range(1, 1 + (1 if plan.small else n_patients(domain, of_one))):
            yield _head(plan, of_one, number, domain)


def _head(plan: Plan, role: str, number: int, domains: str) -> Recipe:
    keys = tuple(f"head-{Patient(d, role, number).name}" for d in domains)
    multiple = 2 ** (len(plan.profile.widths) - 1)
    return Recipe(keys, shared.make_heads, (role, number, domains, multiple))
