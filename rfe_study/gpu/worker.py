"""One process that trains and scores on the GPU; several run beside each other."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
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
from rfe_study.gpu import graphs, scores, shared
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import BRANCH, LOWER, UPPER_BOUND
from rfe_study.methods.histograms import match_patches
from rfe_study.methods.method import OWN
from rfe_study.methods.priors import SURE, label_map
from rfe_study.methods.profiles import Profile
from rfe_study.methods.statistics import adapt_statistics
from rfe_study.phantom.domains import Patient
from rfe_study.runs import baselines, crops, networks, predicted_slices, sweep

#: Slices of this seed or below are kept for the book's explorers.
SHOWN_SEEDS = 2

#: Ways to take a training step: CUDA graphs, cuDNN's search, bfloat16 convolutions.
WAYS: dict[str, dict[str, bool]] = {
    "plain": {"replay": False, "search": False, "half": False},
    "replayed": {"replay": True, "search": False, "half": False},
    "replayed, searched": {"replay": True, "search": True, "half": False},
    "replayed, half": {"replay": True, "search": False, "half": True},
    "replayed, searched, half": {"replay": True, "search": True, "half": True},
}

#: How far losses of the first ten steps may be from the plain way's, in full and half precision.
FAR = {False: 0.005, True: 0.03}

#: Half precision must save this share of a step's time.
WORTH_HALF = 0.15

#: Bytes that a process may hold on a GPU before it gives back what it does not need.
MEMORY = 4 << 30


@cache
def certificate(module: str, device: str) -> dict[str, str]:
    return provenance.certificate(module, device=device)


class Worker:
    """Tasks are methods; each returns what it made as rows by table, and more under "_" names."""

    def __init__(self, root: Path, profile: Profile, device: str, *, replay: bool) -> None:
        self.root, self.profile, self.device, self.replay = root, profile, device, replay
        self.search = self.half = False
        self.heads: dict[str, scores.OnDevice] = {}
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        torch.set_num_threads(1)
        training.patch_f_score = self.patch_f_score
        if device == "cuda":
            graphs.few_kernels()
        self.patches = lru_cache(maxsize=12)(shared.patches)

    # -- pieces

    def born(self) -> dict[str, str]:
        """Where a trained network comes from, with the precision of its convolutions."""
        born = certificate("rfe_study.gpu.worker", self.device)
        return born | {"hardware": born["hardware"] + (", bfloat16" if self.half else "")}

    def crops(self, *where: Any) -> Patches:
        return self.patches(shared.crops_folder(self.root, *where))

    def head(self, who: Patient) -> scores.OnDevice:
        if who.name not in self.heads:
            self.heads[who.name] = scores.OnDevice(shared.head(self.root, who), self.device)
        return self.heads[who.name]

    def forget(self) -> None:
        """Free the heads of a domain that is done."""
        self.heads.clear()
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def replayed(self, model: UNet, patches: Patches, batch: int, levels: int = 1) -> None:
        if self.replay and self.device == "cuda":
            images = as_tensor(np.array(patches.images[:batch]), torch.device(self.device))
            with self.searching():
                graphs.replayed(model, images, levels=levels, half=self.half)

    @torch.inference_mode()
    def looked_at(self, model: UNet, patches: Patches) -> torch.Tensor:
        """Lesion probability of crops, (N, H, W) on the device."""
        model.eval()
        found = []
        for start in range(0, len(patches), 96):
            some = as_tensor(np.array(patches.images[start : start + 96]), self.where(model))
            found.append(model(some).logits[:, 0].sigmoid())
        return torch.cat(found)

    @staticmethod
    def where(model: UNet) -> torch.device:
        return next(model.parameters()).device

    def patch_f_score(self, model: UNet, patches: Patches, *, threshold: float = 0.5) -> float:
        was_training = model.training
        valid = torch.from_numpy(patches.valid).to(self.where(model))
        truth = torch.from_numpy(patches.labels).to(self.where(model)) == 1
        marked = (self.looked_at(model, patches) > threshold) & valid
        both, all_marked, there = torch.stack(
            [(marked & truth).sum(), marked.sum(), (truth & valid).sum()]
        ).tolist()
        model.train(was_training)
        return 2 * both / (all_marked + there) if all_marked + there else 1.0

    def finish(self, model: UNet, sets: Sequence[Patches], on_a: Patches | None) -> dict:
        """As `rfe_study.runs.finishing.finish`."""
        adapt_statistics(model, *sets, batch_size=self.profile.batch_size)
        if on_a is None:
            return {}
        found, valid = self.looked_at(model, on_a), torch.from_numpy(on_a.valid).to(self.device)
        truth = torch.from_numpy(on_a.labels).to(self.device) == 1
        best = scores.best_threshold(found[valid], truth[valid])
        return {"threshold_a": float(np.nextafter(np.float32(best), np.float32(0)))}

    def copy(self, model: UNet) -> UNet:
        other = build(self.profile, 0).to(self.device)
        other.load_state_dict(model.state_dict())
        return other.eval()

    def score(
        self, job: Any, model: UNet, about: dict[str, Any], weights: str, who: Sequence[Patient]
    ) -> dict[str, Any]:
        """Rows of scores; masks of the slices that explorers show; lesions found."""
        model.eval()
        born = certificate("rfe_study.gpu.scores", self.device)
        training_columns = {
            "epochs": job.profile.epochs,
            "learning_rate": about.get("learning_rate", job.profile.learning_rate),
            "weights": weights,
            "wall_s": about["wall_s"],
            "train_code_version": about["code_version"],
            "train_hardware": about["hardware"],
        }
        rows, masks, lesions = [], {}, []
        name = job.identity["model"]
        target = getattr(job, "target", name.removeprefix("upper-"))
        as_method = PAPER if name == PAPER else UPPER_BOUND if name != LOWER else None
        for patient in who:
            head = self.head(patient)
            found = scores.probability(model, head)
            made = scores.scores_of(found, head, about.get("threshold_a"))
            rows.append({**job.identity, "role": patient.role, **made, **training_columns, **born})
            own = patient.domain == target and patient.role == "test"
            if own and patient.number <= predicted_slices.PATIENTS and job.seed <= SHOWN_SEEDS:
                masks[patient.name] = shown(found, head)
            tested = patient.domain == target and patient.role in ("test", "paired")
            if tested and (name == PAPER or (name.startswith("upper-"))):
                hits = scores.detected(found > 0.5, head)
                lesions.append(
                    {
                        "profile": job.profile.name,
                        "target": target,
                        "model": as_method,
                        "seed": job.seed,
                        "subject": patient.name,
                        "role": patient.role,
                        "found": "".join(str(int(hit)) for hit in hits),
                        "weights": weights,
                        **born,
                    }
                )
        return {"rows": rows, "masks": masks, "lesions": lesions}

    # -- tasks

    def bound(self, job: baselines.Job, tell: Callable[[str], None]) -> dict[str, Any]:
        """Train a lower or an upper bound, or a variant, as `baselines.fit`."""
        born = self.born()
        profile, seed, upper = self.profile, job.seed, job.model.startswith("upper-")
        domain = job.model.removeprefix("upper-") if upper else None
        variant = not upper and job.model != LOWER
        first = self.crops(job.model if variant else "A", seed, "train")
        on_first = self.crops(job.model if variant else "A", seed, "val")
        second, start, validation = None, 0, {"own" if variant else "A": on_first}
        if upper:
            second, start = self.crops(domain, seed, "train"), profile.branch_epoch
            validation[domain] = self.crops(domain, seed, "val")
            model = networks.load(job.path(BRANCH), self.device).model
        else:
            model = build(profile, seed).to(self.device)
        self.replayed(model, first, profile.batch_size)
        sets = [first] if second is None else [first, second]

        def save(name: str, history: list[dict[str, Any]]) -> None:
            kept = self.copy(model)
            wall_s = sum(row["seconds"] for row in history)
            about = {**job.settings, **born, "model": job.model, "wall_s": wall_s}
            about |= {"history": history} | self.finish(kept, sets, validation.get("A"))
            checkpoints.save_weights(job.path(name), kept, about)

        def on_epoch(_: UNet, history: list[dict[str, Any]]) -> None:
            if start == 0 and history[-1]["epoch"] == profile.branch_epoch:
                save(f"{job.model}-branch", history)
                tell(f"branch-{job.model}-{seed}")

        with self.searching():
            history = train_supervised(
                model,
                first,
                second,
                settings=profile,
                seed=seed,
                start_epoch=start,
                validation=validation,
                on_epoch=on_epoch,
                progress=False,
            )
        save(job.model, history)
        last = {k: round(v, 3) for k, v in history[-1].items() if k.startswith("f_")}
        step = 1000 * sum(r["seconds"] for r in history) / (len(history) * len(first) // 12)
        return {
            "learning-curves": baselines.curve_rows(job, history),
            "_say": f"{last} {step:.1f} ms a step",
        }

    def scored(self, job: baselines.Job, who: Sequence[Patient], table: str) -> dict[str, Any]:
        """Score a bound's stored weights."""
        model, about, weights = networks.load(job.path(), self.device)
        made = self.score(job, model, about, weights, who)
        return {
            table: made["rows"],
            "adaptation-lesions": made["lesions"],
            "_masks": (job.identity, weights, made["masks"]),
        }

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
        """Fine-tune and score one model, as `sweep.execute` and `sweep.keep`."""
        born = self.born()
        method, profile, target, seed = job.method, self.profile, job.target, job.seed
        labelled, on_a = self.crops("A", seed, "train"), self.crops("A", seed, "val")
        if method.source == "subset":
            some = slice(profile.subset)
            labelled = labelled.subset(some)
            unlabelled = self.crops(target, seed, "train").subset(some)
            watched = self.crops(target, seed, "val")
        else:
            unlabelled = self.crops(target, seed, method.source, method.v1)
            watched = self.crops(target, seed, "watched", method.v1)
        if method.match_histograms:
            labelled = match_patches(labelled, unlabelled)
        model = networks.load(job.branch, self.device).model
        rate = profile.learning_rate * method.rate
        steps = profile.tuning_steps * (profile.epochs - profile.branch_epoch)
        kind = method.self_training and method.self_training.kind
        if kind != "mean teacher":  # which copies the network
            levels = 1 + max(method.embedding.layers) if method.embedding else 1
            half = profile.batch_size // 2
            self.replayed(model, labelled, 2 * half if method.unlabelled else half, levels)
        validation = {"A": on_a, target: watched}
        status, message, started = sweep.FINISHED, "", time.perf_counter()
        try:
            with self.searching():
                history = fine_tune(
                    model,
                    labelled,
                    unlabelled if method.unlabelled else None,
                    embedding=method.embedding and method.embedding.losses(),
                    self_training=method.self_training and method.self_training.term(steps),
                    primary=method.primary,
                    settings=replace(profile, learning_rate=rate),
                    seed=seed,
                    validation={
                        k: p.subset(slice(sweep.VALIDATION)) for k, p in validation.items()
                    },
                    progress=False,
                )
        except Diverged as error:
            status, history, message = sweep.DIVERGED, error.history, str(error)
        trained = time.perf_counter() - started
        about: dict[str, Any] = {}
        if status == sweep.FINISHED:
            model = self.copy(model)
            whose = {
                "A": [labelled],
                "target": [unlabelled],
                "both": [labelled, unlabelled],
                "none": [],
            }
            about = self.finish(model, whose[method.statistics_of], on_a)
        about |= {
            "status": status,
            "learning_rate": rate,
            "steps": len(history) * profile.tuning_steps,
            "wall_s": sum(row["seconds"] for row in history),
            "settings": job.settings(),
            **born,
        }
        row = {**job.identity, **method.columns, **about}
        result: dict[str, Any] = {
            "sweep-curves": [{**job.identity, **line} for line in history],
            "sweep-models": [row],
        }
        if status == sweep.DIVERGED:
            return result | {"_say": message}
        content = checkpoints.weights_bytes(model, {**job.identity, **about})
        digest = hashlib.sha256(content).hexdigest()[:12]
        row["weights"] = digest
        if keep:
            job.path().parent.mkdir(parents=True, exist_ok=True)
            job.path().write_bytes(content)
        made = self.score(job, model, about, digest, who)
        f = np.mean([r["f_score"] for r in made["rows"]]) if who else float("nan")
        return result | {
            "sweep-scores": made["rows"],
            "adaptation-lesions": made["lesions"],
            "_masks": (job.identity, digest, made["masks"]),
            "_say": f"F {f:.3f}, {trained:.1f} s of {time.perf_counter() - started:.1f} s",
        }

    def check(self) -> dict[str, Any]:
        """The fastest way to take a step that is right, tried alone on the GPU.

        Each way takes the plain way's steps; half precision may differ by a little.
        """
        rng = np.random.default_rng(0)
        images = rng.random((12, 3, 128, 128), np.float32)
        valid, labels = np.ones((12, 128, 128), bool), (images[:, 0] > 0.9).astype(np.int8)
        names = np.full(12, "x")
        some = Patches(
            images=images, labels=labels, valid=valid, subjects=names, slices=np.arange(12)
        )
        settings = replace(self.profile, dropout=0.0, epochs=10, branch_epoch=1, flip=False)
        device, busy, losses, failed = torch.device(self.device), {}, {}, {}
        for way in WAYS:
            try:
                vars(self).update(WAYS[way])
                model = build(settings, 0).to(device)
                self.replayed(model, some, 12)
                with self.searching():
                    history = train_supervised(
                        model, some, settings=settings, seed=0, progress=False
                    )
                    losses[way] = np.array([row["loss"] for row in history])
                    if self.replay:
                        busy[way] = busy_ms(model, as_tensor(images, device))
            except RuntimeError as error:
                failed[way] = str(error)[:200]
        far = {way: float(np.abs(x - losses["plain"]).max()) for way, x in losses.items()}
        right = [way for way in busy if far[way] < FAR[WAYS[way]["half"]]]
        dearer = {way: 1 + WORTH_HALF * WAYS[way]["half"] for way in right}
        best = min(right, key=lambda way: busy[way] * dearer[way], default="plain")
        vars(self).update(WAYS[best])
        return {"_say": f"{best} of {busy} ms, off by {far} {failed}", "_settings": WAYS[best]}

    def searching(self) -> Any:
        """cuDNN tries its algorithms once for each shape, where shapes stay the same."""
        return torch.backends.cudnn.flags(enabled=True, benchmark=self.search, allow_tf32=True)


def busy_ms(model: UNet, images: torch.Tensor, n: int = 30) -> float:
    """What a forward and a backward pass cost the GPU, replayed one after another."""
    model.train()
    began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    for step in range(n + 5):
        if step == 5:
            began.record()
        model(images).logits.mean().backward()
    ended.record()
    ended.synchronize()
    return round(began.elapsed_time(ended) / n, 2)


def shown(found: torch.Tensor, head: scores.OnDevice) -> list[np.ndarray]:
    """Masks of the slices that an explorer shows, inside the head's box."""
    lesion = head.head.lesion.transpose(1, 2, 0) > 0
    chosen = predicted_slices.chosen_slices(lesion)
    return [(found[z] > 0.5).cpu().numpy() for z in chosen]


def run(connection: Any, root: Path, profile: Profile, device: str, replay: bool) -> None:
    """Serve tasks from a pipe until None comes."""
    import os
    import traceback

    if os.environ.get("RFE_COMMIT"):
        provenance.commit = lambda: os.environ["RFE_COMMIT"]
    worker = Worker(root, profile, device, replay=replay)
    if device == "cuda":
        torch.zeros(1, device="cuda")
    connection.send(("ready", None))
    while (task := connection.recv()) is not None:
        name, arguments = task
        try:
            if name == "forget":
                worker.forget()
                result: dict[str, Any] = {}
            elif name == "set":
                for key, value in arguments[0].items():
                    setattr(worker, key, value)
                result = {}
            elif name == "bound":
                result = worker.bound(*arguments, tell=lambda key: connection.send(("told", key)))
            else:
                result = getattr(worker, name)(*arguments)
            connection.send(("done", result))
            if device == "cuda" and torch.cuda.memory_reserved() > MEMORY:
                torch.cuda.empty_cache()
        except Exception:
            connection.send(("failed", traceback.format_exc()))
