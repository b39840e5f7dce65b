"""What there is to do on a GPU: trainings, scores and fine-tunings, and what each of them needs.

A key names what must be there before a task can begin: ``crops-B-0``, ``branch-lower-0``,
``head-Bpaired01``, ``gate``. Tasks of a lower stage go first; within it those of a lower seed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rfe_study.methods import adaptation
from rfe_study.methods.bounds import BRANCH, LOWER, UPPER
from rfe_study.methods.method import HEADLINE, OWN, Method
from rfe_study.methods.modalities import DROPOUT
from rfe_study.methods.profiles import Profile
from rfe_study.methods.proof_of_concept import choices, proof_of_concept, search
from rfe_study.phantom.domains import SOURCE, TARGETS, Patient, patients
from rfe_study.runs import baselines, modality_dropout, tuning, variants

DEV, TEST = ("dev", "pairdev"), ("test", "paired")

#: Seeds whose bounds must pass the gate, and whose models come before those of further seeds.
FIRST_SEEDS = 3

#: Weights that come back beside those of the bounds: target, method, of seed 0.
KEPT = {("B", "80/20 ACD 2000"), ("C", adaptation.PAPER)}


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something for a GPU process: a method of `worker.Worker` and its arguments."""

    key: str
    stage: tuple[float, ...]
    name: str
    arguments: tuple[Any, ...]
    needs: frozenset[str]
    domain: str | None = None  # whose heads it looks at


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All tasks of a study that its rows do not hold yet.

    Attributes
    ----------
    root : Path
        Memory-backed folder of heads, crops and weights.
    done : collection of tuple
        What rows tell, see `rfe_study.gpu.packing.take_up`: ``("development" or "baselines", model,
        seed, domain)``, ``("sweep", experiment, target, model, seed)`` and ``("weights", model,
        seed)``.
    small : bool
        For a trial: the first head of each kind alone.
    """

    root: Path
    profile: Profile
    seeds: Sequence[int]
    device: str
    done: Collection[tuple]
    small: bool = False

    def tasks(self) -> list[Task]:
        """All of them; own predictions only where a model learns from them."""
        found = [task for seed in self.seeds for task in self._bounds(seed)]
        found += self._models()
        needed = set().union(*(task.needs for task in found))
        return [task for task in found if task.name != "own" or task.key in needed]

    def who(self, domain: str, roles: Sequence[str]) -> list[Patient]:
        found = patients([domain], roles)
        return [p for p in found if p.number == 1] if self.small else found

    def bound(self, model: str, seed: int) -> baselines.Job:
        kind = variants.Job if model in variants.VARIANTS else baselines.Job
        kind = modality_dropout.Job if model == DROPOUT else kind
        weights = self.root / "weights"
        return kind(
            profile=self.profile, model=model, seed=seed, weights=weights, device=self.device
        )

    def _job(self, experiment: str, target: str, method: Method, seed: int) -> tuning.Job:
        return tuning.Job(
            profile=self.profile,
            experiment=experiment,
            target=target,
            method=method,
            seed=seed,
            baselines=self.root / "weights",
            weights=self.root / "sweep",
            device=self.device,
        )

    def _bounds(self, seed: int) -> Iterator[Task]:
        """Lower and upper bounds of a seed with their scores, and what else starts from them."""
        early = 1 if seed < FIRST_SEEDS else 2
        scores = [self._scored(LOWER, domain, seed, early) for domain in (SOURCE, *TARGETS)]
        # The branch that models start from is the lower bound's, so it is trained for either.
        if any(scores) or ("weights", BRANCH, seed) not in self.done:
            yield self._training(LOWER, seed, (0, seed), {f"crops-A-{seed}"})
        yield from (task for found in scores for task in found)
        for domain, model in UPPER.items():
            if found := self._scored(model, domain, seed, early):
                needs = {f"branch-lower-{seed}", f"crops-A-{seed}", f"crops-{domain}-{seed}"}
                yield self._training(model, seed, (early, seed, 0), needs, domain)
                yield from found
        for target in TARGETS:
            yield Task(
                key=f"crops-{target}-{seed}-{OWN}-1",
                stage=(early + 0.5, seed, 2),
                name="own",
                arguments=(target, seed),
                needs=frozenset({f"branch-lower-{seed}", f"crops-{target}-{seed}-true-1"}),
            )
        for variant in variants.VARIANTS if seed < FIRST_SEEDS else ():
            if ("weights", variant, seed) not in self.done:
                stage = (3, FIRST_SEEDS + seed)
                yield self._training(variant, seed, stage, {f"crops-{variant}-{seed}"})
        if seed < FIRST_SEEDS and ("weights", DROPOUT, seed) not in self.done:
            four = (variants.FOUR, seed)
            needs = set() if ("weights", *four) in self.done else {"{}-{}".format(*four)}
            yield Task(
                key=f"{DROPOUT}-{seed}",
                stage=(3, FIRST_SEEDS + 1 + seed),
                name="dropout",
                arguments=(self.bound(DROPOUT, seed),),
                needs=frozenset(needs),
            )

    def _training(
        self,
        model: str,
        seed: int,
        stage: tuple[float, ...],
        needs: set[str],
        domain: str | None = None,
    ) -> Task:
        return Task(
            key=f"{model}-{seed}",
            stage=stage,
            name="bound",
            arguments=(self.bound(model, seed),),
            needs=frozenset(needs),
            domain=domain,
        )

    def _scored(self, model: str, domain: str, seed: int, early: int) -> list[Task]:
        """Scores of a bound on development heads, and on test heads once the gate is passed."""
        found = []
        for table, roles, stage, also in (
            ("development", DEV, (early, seed, 1), set()),
            ("baselines", TEST, (2.8, seed, 0), {"gate"}),
        ):
            if (table, model, seed, domain) in self.done:
                continue
            who = self.who(domain, roles)
            found.append(
                Task(
                    key=f"{table}-{model}-{seed}-{domain}",
                    stage=stage,
                    name="scored",
                    arguments=(self.bound(model, seed), who, table),
                    needs=frozenset({f"{model}-{seed}"} | also | heads_of(who)),
                    domain=domain,
                )
            )
        return found

    def _models(self) -> Iterator[Task]:
        """Fine-tunings: the searches, on development heads or on V1, then all others."""
        on_v1 = {target: [Patient(target, "train", 1)] for target in TARGETS}
        yield from self._sweep("search", "B", search(), self.who("B", DEV))
        yield from self._sweep("choices", "B", choices(), self.who("B", DEV))
        for target in TARGETS:
            methods = adaptation.search()
            yield from self._sweep("adaptation-search", target, methods, on_v1[target])
        of_proof = proof_of_concept()
        yield from self._sweep("proof-of-concept", "B", of_proof, self.who("B", TEST), tested=True)
        for target in TARGETS:
            others = patients([d for d in (SOURCE, *TARGETS) if d != target], ["test"])
            who = self.who(target, TEST)
            who += [p for p in others if p.number <= (1 if self.small else 2)]
            methods = adaptation.adaptation_methods()
            yield from self._sweep("adaptation", target, methods, who, tested=True)

    def _sweep(
        self,
        experiment: str,
        target: str,
        methods: Sequence[Method],
        who: Sequence[Patient],
        *,
        tested: bool = False,
    ) -> Iterator[Task]:
        for at, method in enumerate(methods):
            for seed in self.seeds[: method.seeds]:
                if ("sweep", experiment, target, method.name, seed) in self.done:
                    continue
                needs = crops_of(method, target, seed) | heads_of(who)
                stage = 1.5 if not tested else model_stage(method, seed)
                keep = tested and seed == 0 and (target, method.name) in KEPT
                yield Task(
                    key=f"{experiment} {target} {method.name} {seed}",
                    stage=(stage, seed, 1, at),
                    name="tune",
                    arguments=(self._job(experiment, target, method, seed), who, keep),
                    needs=frozenset(needs | ({"gate"} if tested else set())),
                    domain=target,
                )


def model_stage(method: Method, seed: int) -> float:
    """First what verdicts rest on, with the fewest seeds that count; all others; further seeds."""
    if method.seeds < HEADLINE:
        return 2.9
    return 2.8 if seed < FIRST_SEEDS else 3


def heads_of(who: Sequence[Patient]) -> set[str]:
    return {f"head-{p.name}" for p in who}


def crops_of(method: Method, target: str, seed: int) -> set[str]:
    """What a fine-tuning trains on and starts from."""
    needed = {f"crops-A-{seed}", f"branch-lower-{seed}"}
    if method.source == "subset":
        return needed | {f"crops-{target}-{seed}"}
    needed.add(f"crops-{target}-{seed}-V1-{method.v1}")
    return needed | {f"crops-{target}-{seed}-{method.source}-{method.v1}"}
