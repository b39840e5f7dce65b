"""One process that trains and scores on the GPU; several run beside each other."""

import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rfe_core import training
from rfe_core.patches import Patches
from rfe_core.training import as_tensor, build
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.gpu import graphs, rows, scores, shared
from rfe_study.gpu.crop_scores import calibrated_threshold, patch_f_score
from rfe_study.gpu.step import PLAIN, Way, fastest
from rfe_study.methods.bounds import BRANCH, LOWER
from rfe_study.methods.histograms import match_patches
from rfe_study.methods.method import OWN
from rfe_study.methods.priors import SURE, label_map
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.domains import Patient
from rfe_study.runs import baselines, crops, modality_dropout, networks, tuning
from rfe_study.runs.finishing import finish
from rfe_study.tables import SCORES

#: Bytes that a process may hold on a GPU before it gives back what it does not need.
MEMORY = 4 << 30


@cache
def certificate(module: str, device: str) -> dict[str, str]:
    return provenance.certificate(module, device=device)


class Worker:
    """Its public methods are tasks; each returns rows by table, "words" and "masks".

    `bound` and `tune` train as `rfe_study.runs.baselines` and `rfe_study.runs.sweep` do, from crops
    in memory-backed files, with steps taken as `way` says.
    """

    def __init__(self, root: Path, profile: Profile, device: str, tell: Callable[[str], None]):
        self.root, self.profile, self.device, self.tell = root, profile, device, tell
        self.way = PLAIN
        self.heads: dict[str, scores.OnDevice] = {}
        self.patches = lru_cache(maxsize=12)(shared.patches)
        torch.set_num_threads(1)
        training.patch_f_score = patch_f_score
        if device == "cuda":
            graphs.few_kernels()

    def try_ways(self) -> tuple[Way, str]:
        return fastest(self.profile, self.device)

    def step(self, way: Way) -> dict[str, Any]:
        """Take steps this way from now on."""
        self.way = way
        return {}

    def forget(self) -> dict[str, Any]:
        """Free the heads of a domain that is done."""
        self.heads.clear()
        if self.device == "cuda":
            torch.cuda.empty_cache()
        return {}

    def bound(self, job: baselines.Job) -> dict[str, Any]:
        """Train a lower or an upper bound, or a variant."""
        profile, seed, upper = self.profile, job.seed, job.model.startswith("upper-")
        domain = job.model.removeprefix("upper-")
        own = "A" if upper or job.model == LOWER else job.model
        first, second = self._crops(own, seed, "train"), None
        validation = {"A" if own == "A" else "own": self._crops(own, seed, "val")}
        if upper:
            second = self._crops(domain, seed, "train")
            validation[domain] = self._crops(domain, seed, "val")
            model = networks.load(job.path(BRANCH), self.device).model
        else:
            model = build(profile, seed).to(self.device)
        self._make_ready(model, first, profile.batch_size)

        def on_epoch(_: dict[str, Any], keep_branch: Callable[[], None] | None) -> None:
            if keep_branch is None:
                return
            if not job.path(f"{job.model}-branch").exists():  # else models have started from it
                keep_branch()
            self.tell(f"branch-{job.model}-{seed}")

        with self.way.searching():
            history = baselines.trained(
                job,
                model,
                first,
                second,
                validation=validation,
                born=self._born(),
                on_epoch=on_epoch,
                finished=self._finished,
                progress=False,
            )
        last = {k: round(v, 3) for k, v in history[-1].items() if k.startswith("f_")}
        return {"learning-curves": baselines.curve_rows(job, history), "words": str(last)}

    def dropout(self, job: modality_dropout.Job) -> dict[str, Any]:
        """Train the network that does without T1 or T2, in plain steps."""
        last = modality_dropout.train(job, progress=False)[-1]
        return {"words": str({k: round(v, 3) for k, v in last.items() if k.startswith("f_")})}

    def scored(self, job: baselines.Job, who: Sequence[Patient], table: str) -> dict[str, Any]:
        """Score a bound's stored weights."""
        model, about, weights = networks.load(job.path(), self.device)
        return rows.scored(table, job, model, about, weights, who, self._head)

    def own(self, target: str, seed: int) -> dict[str, Any]:
        """Crops with the network's own predictions as labels, as `crops.own_labels`."""
        path = self.root / "weights" / networks.file_name(self.profile.name, BRANCH, seed)
        model, labels = networks.load(path, self.device).model, []
        for subject in crops.unlabelled_patients(target, 1, self.profile.name):
            images = crops.stack(subject)
            found = np.zeros((len(images), *images.shape[2:]), np.float32)
            for z in np.flatnonzero(subject.brain_mask.any(axis=(0, 1))):
                with torch.inference_mode():
                    some = as_tensor(images[z : z + 1], torch.device(self.device))
                    found[z] = model(some).logits[0, 0].sigmoid().cpu().numpy()
            labels.append(label_map(found.transpose(1, 2, 0), *SURE, subject.brain_mask))
        shared.make_target(self.root, self.profile, target, seed, OWN, 1, labels)
        return {}

    def tune(self, job: tuning.Job, who: Sequence[Patient], keep: bool) -> dict[str, Any]:
        """Fine-tune and score one model; `keep` its weights."""
        method, started = job.method, time.perf_counter()
        labelled, unlabelled, validation = self._crops_of(job)
        model = networks.load(job.branch, self.device).model
        kind = method.self_training and method.self_training.kind
        if kind != "mean teacher":  # which copies the network
            levels = 1 + max(method.embedding.layers) if method.embedding else 1
            half = self.profile.batch_size // 2
            self._make_ready(model, labelled, 2 * half if method.unlabelled else half, levels)
        with self.way.searching():
            outcome, model = tuning.tuned(
                job,
                model,
                labelled,
                unlabelled,
                validation,
                born=self._born(),
                finished=self._finished,
            )
        made, about = outcome.rows(job), outcome.about
        if outcome.weights is None:
            return {**made, "words": outcome.message}
        if keep:
            job.path().parent.mkdir(parents=True, exist_ok=True)
            job.path().write_bytes(outcome.weights)
        made |= rows.scored(SCORES, job, model, about, about["weights"], who, self._head)
        f = np.mean([line["f_score"] for line in made[SCORES]])
        return {**made, "words": f"F {f:.3f}, {time.perf_counter() - started:.1f} s"}

    def _crops_of(self, job: tuning.Job) -> tuple[Patches, Patches, dict[str, Patches]]:
        """As `rfe_study.runs.sweep` takes them: of A, of the target, and what is watched."""
        method, target, seed = job.method, job.target, job.seed
        labelled, on_a = self._crops("A", seed, "train"), self._crops("A", seed, "val")
        if method.source == "subset":
            some = slice(self.profile.subset)
            labelled = labelled.subset(some)
            unlabelled = self._crops(target, seed, "train").subset(some)
            watched = self._crops(target, seed, "val")
        else:
            unlabelled = self._crops(target, seed, method.source, method.v1)
            watched = self._crops(target, seed, "watched", method.v1)
        if method.match_histograms:
            labelled = match_patches(labelled, unlabelled)
        return labelled, unlabelled, {"A": on_a, target: watched}

    def _born(self) -> dict[str, str]:
        """Where a trained network comes from, with the precision of its convolutions."""
        born = certificate("rfe_study.gpu.worker", self.device)
        return born | {"hardware": born["hardware"] + (", bfloat16" if self.way.half else "")}

    def _crops(self, *where: Any) -> Patches:
        return self.patches(shared.crops_folder(self.root, *where))

    def _head(self, who: Patient) -> scores.OnDevice:
        if who.name not in self.heads:
            self.heads[who.name] = scores.OnDevice(shared.head(self.root, who), self.device)
        return self.heads[who.name]

    def _make_ready(self, model: UNet, patches: Patches, batch: int, levels: int = 1) -> None:
        images = as_tensor(np.array(patches.images[:batch]), torch.device(self.device))
        self.way.make_ready(model, images, levels=levels)

    def _finished(
        self, model: UNet, sets: Sequence[Patches], on_a: Patches | None, *, batch_size: int
    ) -> tuple[UNet, dict[str, Any]]:
        """As `rfe_study.runs.finishing.finished`: a copy without graphs, scored on the device."""
        kept = build(self.profile, 0).to(self.device)
        kept.load_state_dict(model.state_dict())
        options = {"batch_size": batch_size, "threshold": calibrated_threshold}
        with PLAIN.searching():
            return kept, finish(kept.eval(), sets, on_a, **options)


def run(connection: Connection, root: Path, profile: Profile, device: str) -> None:
    """Serve tasks, (name, arguments), from a pipe; what fails is told, and the next one served."""
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
    worker = Worker(root, profile, device, lambda key: connection.send(("told", key)))
    while True:
        name, arguments = connection.recv()
        try:
            connection.send(("done", getattr(worker, name)(*arguments)))
        except Exception:  # told to the process that waits for it
            connection.send(("failed", traceback.format_exc()))
        if device == "cuda" and torch.cuda.memory_reserved() > MEMORY:
            torch.cuda.empty_cache()
