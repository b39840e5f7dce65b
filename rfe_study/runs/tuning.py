"""One model to fine-tune: the job, its training on given crops, and what that brings home."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rfe_core import checkpoints
from rfe_core.fine_tuning import fine_tune
from rfe_core.patches import Patches
from rfe_core.training import Diverged
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.methods.bounds import BRANCH
from rfe_study.methods.method import Method
from rfe_study.methods.profiles import Profile
from rfe_study.runs import networks
from rfe_study.runs.finishing import Finished, finished
from rfe_study.tables import CURVES, MODEL_KEY, MODELS

FINISHED, DIVERGED = "finished", "diverged"

#: Crops of either domain's validation part that a learning curve looks at.
VALIDATION = 24


@dataclass(frozen=True, kw_only=True)
class Job:
    """One model to fine-tune."""

    profile: Profile
    experiment: str
    target: str  # a domain's letter
    method: Method
    seed: int
    baselines: Path  # folder with the lower bound's weights at the branch epoch
    weights: Path  # folder for finished weights
    device: str = "cpu"
    phantom_version: str = field(default_factory=provenance.phantom_version)

    @property
    def identity(self) -> dict[str, Any]:
        """The columns that name this job's model in a table."""
        values = (self.profile.name, self.experiment, self.target, self.method.name, self.seed)
        return dict(zip(MODEL_KEY, values, strict=True))

    @property
    def branch(self) -> Path:
        """The weights it starts from."""
        return self.baselines / networks.file_name(self.profile.name, BRANCH, self.seed)

    def path(self) -> Path:
        """Where its own weights are kept."""
        name = networks.as_file_name(self.method.name)
        folder = self.weights / f"{self.profile.name}-{self.experiment}-{self.target}"
        return folder / f"{name}-seed{self.seed}.safetensors"

    def settings(self) -> str:
        """First 12 hex digits of the SHA-256 over all that decides the result but the code."""
        unused = "target_crops" if self.method.source == "subset" else "subset"
        parts = {
            "profile": {k: v for k, v in asdict(self.profile).items() if k != unused},
            "method": self.method.settings,
            "target": self.target,
            "seed": self.seed,
            "phantom_version": self.phantom_version,
            "branch": checkpoints.weights_digest(self.branch),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a job brings home: everything that is written about it."""

    status: str  # FINISHED or DIVERGED
    history: list[dict[str, Any]]
    weights: bytes | None  # a safetensors file; None if it diverged
    about: dict[str, Any]
    message: str = ""

    def rows(self, job: Job) -> dict[str, list[dict[str, Any]]]:
        """By table: its learning curve, then its model, whose row says that it is finished."""
        curve = [{**job.identity, **row} for row in self.history]
        return {CURVES: curve, MODELS: [{**job.identity, **job.method.columns, **self.about}]}


def tuned(
    job: Job,
    model: UNet,
    labelled: Patches,
    target: Patches,
    validation: dict[str, Patches],
    *,
    born: dict[str, str],
    finished: Finished = finished,
) -> tuple[Outcome, UNet]:
    """Fine-tune a job's network on crops, in place; the outcome, and the network that is kept.

    `validation` has crops of A and of the target, by letter; `born` says where this is done
    (`provenance.certificate`).
    """
    method, status, message, weights = job.method, FINISHED, "", None
    rate = job.profile.learning_rate * method.rate
    steps = job.profile.tuning_steps * (job.profile.epochs - job.profile.branch_epoch)
    try:
        history = fine_tune(
            model,
            labelled,
            target if method.unlabelled else None,
            embedding=method.embedding and method.embedding.losses(),
            self_training=method.self_training and method.self_training.term(steps),
            primary=method.primary,
            settings=replace(job.profile, learning_rate=rate),
            seed=job.seed,
            validation={k: crops.subset(slice(VALIDATION)) for k, crops in validation.items()},
            progress=False,
        )
    except Diverged as error:
        status, history, message = DIVERGED, error.history, str(error)
    about = {}
    if status == FINISHED:
        whose = {"A": [labelled], "target": [target], "both": [labelled, target], "none": []}
        crops, size = whose[method.statistics_of], job.profile.batch_size
        model, about = finished(model, crops, validation["A"], batch_size=size)
    about |= {
        "status": status,
        "learning_rate": rate,
        "steps": len(history) * job.profile.tuning_steps,
        "wall_s": sum(row["seconds"] for row in history),
        "settings": job.settings(),
        **born,
    }
    if status == FINISHED:
        weights = checkpoints.weights_bytes(model, {**job.identity, **about})
        about = {**about, "weights": hashlib.sha256(weights).hexdigest()[:12]}
    outcome = Outcome(status=status, history=history, weights=weights, about=about, message=message)
    return outcome, model
