"""One process that trains and scores on the GPU; several run beside each other."""

import hashlib
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rfe_core import checkpoints, training
from rfe_core.fine_tuning import fine_tune
from rfe_core.patches import Patches
from rfe_core.training import Diverged, as_tensor, build, train_supervised
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.gpu import graphs, rows, scores, shared
from rfe_study.gpu.crop_scores import finish, patch_f_score
from rfe_study.gpu.step import PLAIN, Way, fastest
from rfe_study.methods.bounds import BRANCH, LOWER
from rfe_study.methods.histograms import match_patches
from rfe_study.methods.method import OWN
from rfe_study.methods.priors import SURE, label_map
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.domains import Patient
from rfe_study.runs import baselines, crops, networks, sweep
from rfe_study.tables import CURVES, MODELS, SCORES

#: Bytes that a process may hold on a GPU before it gives back what it does not need.
MEMORY = 4 << 30


@cache
def certificate(module: str, device: str) -> dict[str, str]:
    return provenance.certificate(module, device=device)


class Worker:
    """Its public methods are tasks; each returns rows by table, "words" and "masks".

    `bound` and `tune` do what `rfe_study.runs.baselines.fit` and `rfe_study.runs.sweep.execute` do,
    from crops in memory-backed files, with steps taken as `way` says.
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
        sets, validation = [self._crops(own, seed, "train")], {}
        validation["A" if own == "A" else "own"] = self._crops(own, seed, "val")
        if upper:
            sets.append(self._crops(domain, seed, "train"))
            validation[domain] = self._crops(domain, seed, "val")
            model = networks.load(job.path(BRANCH), self.device).model
        else:
            model = build(profile, seed).to(self.device)
        start = profile.branch_epoch if upper else 0
        self._make_ready(model, sets[0], profile.batch_size)

        def save(name: str, history: list[dict[str, Any]]) -> None:
            kept = self._copy(model)
            wall_s = sum(row["seconds"] for row in history)
            about = {**job.settings, **self._born(), "model": job.model, "wall_s": wall_s}
            about |= {"history": history} | finish(kept, sets, validation.get("A"), self.profile)
            checkpoints.save_weights(job.path(name), kept, about)

        def on_epoch(_: UNet, history: list[dict[str, Any]]) -> None:
            branch = f"{job.model}-branch"
            if start or history[-1]["epoch"] != profile.branch_epoch:
                return
            if not job.path(branch).exists():  # else models have started from it
                save(branch, history)
            self.tell(f"branch-{job.model}-{seed}")

        with self.way.searching():
            history = train_supervised(
                model,
                *sets,
                settings=profile,
                seed=seed,
                start_epoch=start,
                validation=validation,
                on_epoch=on_epoch,
                progress=False,
            )
        save(job.model, history)
        last = {k: round(v, 3) for k, v in history[-1].items() if k.startswith("f_")}
        return {"learning-curves": baselines.curve_rows(job, history), "words": str(last)}

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

    def tune(self, job: sweep.Job, who: Sequence[Patient], keep: bool) -> dict[str, Any]:
        """Fine-tune and score one model; `keep` its weights."""
        method, started = job.method, time.perf_counter()
        labelled, unlabelled, validation = self._crops_of(job)
        model = networks.load(job.branch, self.device).model
        kind = method.self_training and method.self_training.kind
        if kind != "mean teacher":  # which copies the network
            levels = 1 + max(method.embedding.layers) if method.embedding else 1
            half = self.profile.batch_size // 2
            self._make_ready(model, labelled, 2 * half if method.unlabelled else half, levels)
        rate = self.profile.learning_rate * method.rate
        steps = self.profile.tuning_steps * (self.profile.epochs - self.profile.branch_epoch)
        status, message = sweep.FINISHED, ""
        try:
            with self.way.searching():
                history = fine_tune(
                    model,
                    labelled,
                    unlabelled if method.unlabelled else None,
                    embedding=method.embedding and method.embedding.losses(),
                    self_training=method.self_training and method.self_training.term(steps),
                    primary=method.primary,
                    settings=replace(self.profile, learning_rate=rate),
                    seed=job.seed,
                    validation={
                        k: p.subset(slice(sweep.VALIDATION)) for k, p in validation.items()
                    },
                    progress=False,
                )
        except Diverged as error:
            status, history, message = sweep.DIVERGED, error.history, str(error)
        about: dict[str, Any] = {}
        if status == sweep.FINISHED:
            model = self._copy(model)
            sets = {"A": [labelled], "target": [unlabelled], "both": [labelled, unlabelled]}
            sets["none"] = []
            about = finish(model, sets[method.statistics_of], validation["A"], self.profile)
        about |= {
            "status": status,
            "learning_rate": rate,
            "steps": len(history) * self.profile.tuning_steps,
            "wall_s": sum(row["seconds"] for row in history),
            "settings": job.settings(),
            **self._born(),
        }
        row = {**job.identity, **method.columns, **about}
        made = {CURVES: [{**job.identity, **line} for line in history], MODELS: [row]}
        if status == sweep.DIVERGED:
            return {**made, "words": message}
        content = checkpoints.weights_bytes(model, {**job.identity, **about})
        row["weights"] = hashlib.sha256(content).hexdigest()[:12]
        if keep:
            job.path().parent.mkdir(parents=True, exist_ok=True)
            job.path().write_bytes(content)
        made |= rows.scored(SCORES, job, model, about, row["weights"], who, self._head)
        f = np.mean([line["f_score"] for line in made[SCORES]])
        return {**made, "words": f"F {f:.3f}, {time.perf_counter() - started:.1f} s"}

    def _crops_of(self, job: sweep.Job) -> tuple[Patches, Patches, dict[str, Patches]]:
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

    def _copy(self, model: UNet) -> UNet:
        other = build(self.profile, 0).to(self.device)
        other.load_state_dict(model.state_dict())
        return other.eval()


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
