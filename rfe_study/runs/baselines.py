"""The baseline models of Section 3.1 as jobs that can be stopped, resumed and run in parallel.

For each seed: the lower bound A_L learns from domain A alone; each upper bound goes on from A_L's
branch epoch with labelled patches of A and one other domain, half and half.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from rfe_core import checkpoints
from rfe_core.patches import Patches, extract
from rfe_core.training import build, train_supervised
from rfe_core.unet import UNet
from rfe_study import provenance, results
from rfe_study.methods.bounds import BOUNDS, BRANCH, LOWER
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import patients
from rfe_study.runs import networks
from rfe_study.runs.finishing import Finished, finished
from rfe_study.runs.scoring import check_phantom
from rfe_study.workers import process_pool, worker_number

#: Settings of a profile that are for the other fine-tuning alone.
TUNING = ("subset", "target_crops", "tuning_steps")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One model to train: `model` is one of `models`."""

    models: ClassVar[tuple[str, ...]] = BOUNDS
    profile: Profile
    model: str
    seed: int
    weights: Path  # folder for finished weights
    device: str = "cpu"
    phantom_version: str = field(default_factory=provenance.phantom_version)

    def __post_init__(self) -> None:
        if self.model not in self.models:
            raise ValueError(f"model must be one of {self.models}, got {self.model!r}")

    def path(self, model: str | None = None) -> Path:
        """Where the weights of this job's model, or of another one of its seed, are kept."""
        return self.weights / networks.file_name(self.profile.name, model or self.model, self.seed)

    @property
    def identity(self) -> dict[str, Any]:
        """The columns that name this job's model in a table."""
        return {"profile": self.profile.name, "model": self.model, "seed": self.seed}

    @property
    def settings(self) -> dict[str, Any]:
        """What must agree for finished weights to be taken as this job's result."""
        profile = {k: v for k, v in asdict(self.profile).items() if k not in TUNING}
        settings = {"profile": profile, "seed": self.seed}
        return json.loads(json.dumps({**settings, "phantom_version": self.phantom_version}))

    def state_path(self) -> Path:
        """Where an unfinished run keeps its state; other settings never resume from it."""
        key = hashlib.sha256(json.dumps(self.settings).encode()).hexdigest()[:12]
        return results.DATA / "cache" / "training" / key / f"{self.path().stem}.state.safetensors"

    def finished(self) -> bool:
        """Whether the weights are there.

        Raises
        ------
        ValueError
            If they are, but come from other settings.
        """
        needed = [self.path()] + ([self.path(BRANCH)] if self.model == LOWER else [])
        if not all(path.exists() for path in needed):
            return False
        about = checkpoints.read_about(self.path())
        differing = [k for k, v in self.settings.items() if about.get(k) != v]
        if differing:
            raise ValueError(
                f"{self.path()} must come from the same settings, but {', '.join(differing)} "
                f"differ(s); move it away or choose another folder with --out"
            )
        return True


def domain_patches(profile: Profile, domain: str, seed: int) -> tuple[Patches, Patches]:
    """Training and validation crops of a domain's training patients, the same for each model."""
    subjects = phantom_subjects(patients([domain], ["train"]), workers=1, progress=False)
    generator = np.random.default_rng([seed, ord(domain)])
    return extract(subjects, profile.patches_per_domain, generator=generator, size=profile.crop)


def train(job: Job, *, progress: bool = True) -> list[dict[str, Any]]:
    """Train one baseline model, or go on where it was stopped; returns its learning curve.

    An upper bound needs the lower bound of its seed to be finished.
    """
    if job.finished():
        return checkpoints.read_about(job.path())["history"]
    check_phantom(job)
    first, validation = domain_patches(job.profile, "A", job.seed)
    if job.model == LOWER:
        model = build(job.profile, job.seed)
        return fit(job, model, first, validation={"A": validation}, progress=progress)
    domain = job.model.removeprefix("upper-")
    second, other = domain_patches(job.profile, domain, job.seed)
    model = networks.load(job.path(BRANCH)).model
    sets = {"A": validation, domain: other}
    return fit(job, model, first, second, validation=sets, progress=progress)


def fit(
    job: Job,
    model: UNet,
    first: Patches,
    second: Patches | None = None,
    *,
    validation: dict[str, Patches],
    progress: bool,
) -> list[dict[str, Any]]:
    """Train a job's model on crops, or go on where that was stopped, and keep its weights.

    See `trained`.
    """

    def told(row: dict[str, Any], keep_branch: Callable[[], None] | None) -> None:
        if keep_branch is not None:
            keep_branch()
        if not progress:
            numbers = " ".join(f"{k} {v:.3f}" for k, v in row.items() if k != "epoch")
            print(f"{job.path().stem}: epoch {row['epoch']} {numbers}", flush=True)

    born = provenance.certificate(__name__, device=job.device, threads=torch.get_num_threads())
    history = trained(
        job,
        model.to(job.device),
        first,
        second,
        validation=validation,
        born=born,
        on_epoch=told,
        checkpoint=job.state_path(),
        progress=progress,
        description=f"{job.model} seed {job.seed}",
        position=worker_number(),
    )
    job.state_path().unlink()
    return history


def trained(
    job: Job,
    model: UNet,
    first: Patches,
    second: Patches | None,
    *,
    validation: dict[str, Patches],
    born: dict[str, str],
    on_epoch: Callable[[dict[str, Any], Callable[[], None] | None], None],
    finished: Finished = finished,
    **options: Any,
) -> list[dict[str, Any]]:
    """Train a job's model on crops and keep its weights; returns its learning curve.

    With a second set of crops it starts at the branch epoch; without, it starts at 0 and its
    weights at the branch epoch can be kept as well. Either are kept finished: batch norm's
    statistics are those of the crops it was trained on.

    Parameters
    ----------
    validation : dict of Patches
        For the learning curve; "A" also calibrates the threshold.
    born : dict
        Where this is done, `provenance.certificate`.
    on_epoch : callable
        Called after each epoch with its row, and with what keeps the weights if it is the branch.
    finished
        What is kept of the model, see `rfe_study.runs.finishing.finished`.
    **options
        For `rfe_core.training.train_supervised`.
    """
    crops = [first] if second is None else [first, second]

    def save(path: Path, history: list[dict[str, Any]]) -> None:
        kept, made = finished(model, crops, validation.get("A"), batch_size=job.profile.batch_size)
        wall_s = sum(row["seconds"] for row in history)
        about = {**job.settings, **born, "model": job.model, "wall_s": wall_s, "history": history}
        checkpoints.save_weights(path, kept, about | made)

    def after(_: UNet, history: list[dict[str, Any]]) -> None:
        at_branch = second is None and history[-1]["epoch"] == job.profile.branch_epoch
        branch = partial(save, job.path(f"{job.model}-branch"), history)
        on_epoch(history[-1], branch if at_branch else None)

    history = train_supervised(
        model,
        first,
        second,
        settings=job.profile,
        seed=job.seed,
        start_epoch=0 if second is None else job.profile.branch_epoch,
        validation=validation,
        on_epoch=after,
        **options,
    )
    save(job.path(), history)
    return history


def curve_rows(job: Job, history: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A learning curve as rows for `results`, one an epoch."""
    about = checkpoints.read_about(job.path())
    born = {k: about[k] for k in provenance.COLUMNS if k in about}
    settings = {"learning_rate": job.profile.learning_rate}
    return [{**job.identity, **row, **settings, **born} for row in history]


def train_all(
    jobs: Sequence[Job], *, workers: int = 1, progress: bool = True
) -> Iterator[tuple[Job, list[dict[str, Any]]]]:
    """Train all jobs in parallel processes; yields each with its learning curve when it is done.

    Upper bounds start when the lower bound of their seed, which must be among the jobs, is done.
    """
    seeds = {job.seed for job in jobs if job.model == LOWER}
    if orphans := [job.path().stem for job in jobs if job.seed not in seeds]:
        raise ValueError(f"jobs must contain the lower bound of each seed, not so for {orphans}")
    with process_pool(workers) as pool:

        def start(some: Iterable[Job]) -> dict[Future, Job]:
            return {pool.submit(train, job, progress=progress): job for job in some}

        running = start(job for job in jobs if job.model == LOWER)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                history = future.result()
                if job.model == LOWER:
                    running |= start(j for j in jobs if j.seed == job.seed and j.model != LOWER)
                yield job, history
