"""Predicts what each model of a sweep makes of a few test slices, for the book's explorers."""

import io
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rfe_core import checkpoints
from rfe_core.evaluation import THRESHOLD, predict
from rfe_core.patches import stack
from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.subject import Subject
from rfe_study import provenance, results
from rfe_study.methods.profiles import SHOWN
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import patients
from rfe_study.runs.scoring import Trained, check_phantom

#: The experiment and settings whose file has no more than the experiment's name.
EXPERIMENT, PROFILE, TARGET = "proof-of-concept", "laptop", "B"

REMAKE = "`rfe sweep --explorer` makes it from the models' weights"

#: The first so many test patients of the target domain; for B and C: all that the paper has.
PATIENTS = 2

#: Pixels around the brain that are kept.
MARGIN = 2


def chosen_slices(lesion_mask: NDArray[np.bool_]) -> list[int]:
    """The axial slices of a patient that are shown, by a rule that knows no prediction.

    Of the slices of (X, Y, Z) that hold lesion, ordered by its area (ties: the lower z first): the
    one with the most, and the one in the middle.
    """
    area = lesion_mask.sum(axis=(0, 1))
    by_area = sorted(np.flatnonzero(area), key=lambda z: (-area[z], z))
    return [int(by_area[0]), int(by_area[len(by_area) // 2])]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Slices:
    """S axial slices: what the network gets, and where brain and lesions are."""

    patients: list[str]
    z: list[int]
    images: NDArray[np.float32]  # (S, 3, X, Y)
    brain: NDArray[np.bool_]  # (S, X, Y)
    truth: NDArray[np.bool_]  # (S, X, Y)

    @property
    def crop(self) -> tuple[slice, slice]:
        """The smallest rectangle with all brains, and a margin."""
        ends = []
        for axes in ((0, 2), (0, 1)):
            inside = np.flatnonzero(self.brain.any(axis=axes))
            ends.append(slice(max(0, int(inside[0]) - MARGIN), int(inside[-1]) + 1 + MARGIN))
        return ends[0], ends[1]


def _slices(subjects: Iterable[Subject]) -> _Slices:
    found: dict[str, list] = {"patients": [], "z": [], "images": [], "brain": [], "truth": []}
    for subject in subjects:
        images = stack(subject)
        for z in chosen_slices(subject.lesion_mask):
            found["patients"].append(subject.name)
            found["z"].append(z)
            found["images"].append(images[z])
            found["brain"].append(subject.brain_mask[:, :, z])
            found["truth"].append(subject.lesion_mask[:, :, z])
    arrays = {name: np.stack(found[name]) for name in ("images", "brain", "truth")}
    return _Slices(**{**found, **arrays})


def _predicted(job: Trained, slices: _Slices) -> NDArray[np.uint8]:
    """The cropped masks of one model, packed: (S, bytes)."""
    model = checkpoints.load_model(job.path()).to(job.device)
    masks = (predict(model, slices.images) > THRESHOLD) & slices.brain
    return np.packbits(masks[:, *slices.crop].reshape(len(masks), -1), axis=-1)


def make(
    jobs: Sequence[Trained], folder: Path | None = None, *, beside: Sequence[Trained] = ()
) -> Path:
    """Predict the slices with every model whose weights are at hand, and write the file.

    Two test patients of the target, two slices each (`chosen_slices`), on full slices as scores are
    made, cropped to the brain.

    Parameters
    ----------
    jobs : sequence of Job
        Of one experiment, profile and target. Those without weights are passed over; masks that an
        earlier file has of them are kept.
    folder : Path, optional
        Instead of ``data/explorer``.
    beside : sequence of Job
        Models of no sweep whose masks go into the same file: baselines to compare with. Their names
        must differ from those of `jobs`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileNotFoundError
        If no job has weights.
    ValueError
        If there is no job, jobs differ in experiment, profile or target (those beside them in
        profile), or the earlier file shows other slices.
    """
    if not jobs:
        raise ValueError("masks need at least one finished model, got none")
    ready = [job for job in jobs if job.path().exists()]
    if not ready:
        raise FileNotFoundError(
            f"none of the {len(jobs)} models has weights, {jobs[0].path()} for one does not exist; "
            "`rfe sweep` makes them"
        )
    about = [{k: job.identity[k] for k in ("experiment", "profile", "target")} for job in ready]
    if differing := [a for a in about if a != about[0]]:
        raise ValueError(f"jobs must be of one sweep, got {about[0]} and {differing[0]}")
    for job in beside:
        if (profile := job.identity["profile"]) != about[0]["profile"]:
            raise ValueError(f"models beside a sweep must be of its profile, got {profile!r}")
    ready += [job for job in beside if job.path().exists()]
    who = patients([about[0]["target"]], ["test"])[:PATIENTS]
    slices = _slices(phantom_subjects(who, progress=False))
    born = provenance.certificate(__name__, device=ready[0].device)
    for job in ready:
        check_phantom(job)
    flair = slices.images[:, MODALITIES.index("flair"), *slices.crop]
    made = Explorer(
        patients=tuple(slices.patients),
        slices=np.array(slices.z),
        corner=np.array([side.start for side in slices.crop]),
        flair=np.round(255 * np.clip(flair, 0, 1)).astype(np.uint8),
        truth=slices.truth[:, *slices.crop],
        models=tuple(job.identity["model"] for job in ready),
        seeds=np.array([job.identity["seed"] for job in ready]),
        weights=tuple(checkpoints.weights_digest(job.path()) for job in ready),
        packed=np.stack([_predicted(job, slices) for job in tqdm(ready, desc="masks")]),
        born=np.zeros(len(ready), int),
        record={**about[0], "threshold": THRESHOLD, "made": [born]},
    )
    path = path_of(folder, **about[0])
    save(merge(load(path), made) if path.exists() else made, path)
    return path


@dataclass(frozen=True, kw_only=True, eq=False)
class Explorer:
    """Some axial slices, and the masks that E models (each of one seed) predict on them.

    Attributes
    ----------
    patients : S names
        Of the patient of each slice.
    slices : (S,) int
        The axial slice z of each.
    corner : (2,) int
        Where the crop to the brain begins in X and Y, the same for all.
    flair : (S, X, Y) uint8
        As the network sees it, 0 ... 1 drawn as 0 ... 255.
    truth : (S, X, Y) bool
    models : E names
    seeds : (E,) int
    weights : E str
        `rfe_core.checkpoints.weights_digest` of the weights that predicted.
    packed : (E, S, bytes) uint8
        The masks, eight pixels a byte; `mask` unpacks them.
    born : (E,) int
        Which entry of ``record["made"]`` tells where a mask comes from.
    record : dict
        ``profile``, ``experiment``, ``target``, ``threshold`` and ``made``: the provenance of each
        run that made masks (see `rfe_study.results.provenance`).
    """

    patients: tuple[str, ...]
    slices: NDArray[np.int64]
    corner: NDArray[np.int64]
    flair: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    models: tuple[str, ...]
    seeds: NDArray[np.int64]
    weights: tuple[str, ...]
    packed: NDArray[np.uint8]
    born: NDArray[np.int64]
    record: dict[str, Any]

    @property
    def entries(self) -> dict[tuple[str, int], int]:
        """Position of each (model, seed)."""
        keys = zip(self.models, self.seeds.tolist(), strict=True)
        return {key: position for position, key in enumerate(keys)}

    def mask(self, model: str, seed: int) -> NDArray[np.bool_]:
        """Predicted lesion of one model on all slices, (S, X, Y).

        Raises
        ------
        KeyError
            If there is none: the model diverged, or was not trained when the file was made.
        """
        bits = np.unpackbits(self.packed[self.entries[model, seed]], axis=-1)
        return bits[:, : self.truth[0].size].reshape(self.truth.shape).astype(bool)


def path_of(
    folder: Path | None = None,
    *,
    experiment: str = EXPERIMENT,
    profile: str = PROFILE,
    target: str = TARGET,
) -> Path:
    """The file of an experiment, by default ``data/explorer/proof-of-concept.npz``.

    Other profiles and targets have files of their own, named after them.
    """
    other = "" if (profile, target) == (PROFILE, TARGET) else f"-{profile}-{target}"
    folder = results.DATA / "explorer" if folder is None else Path(folder)
    return folder / f"{experiment}{other}.npz"


def load(
    path: Path | None = None, *, experiment: str = EXPERIMENT, target: str = TARGET
) -> Explorer:
    """Read what `save` wrote, by default the file of the profile that the book shows.

    It lies in ``data/explorer`` or, as in `rfe_study.results.read`, in the folder that the
    environment variable RFE_RESULTS names. `experiment` and `target` count if there is no `path`.

    Raises
    ------
    FileNotFoundError
        Naming the file and the command that makes it.
    ValueError
        If the file is damaged or is none of ours.
    """
    if path is None:
        anew = os.environ.get("RFE_RESULTS")
        folder = Path(anew) / "explorer" if anew else None
        path = path_of(folder, experiment=experiment, profile=SHOWN, target=target)
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; {REMAKE}")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        shape = held["flair"].shape
        truth = np.unpackbits(held["truth"], axis=-1)[:, : shape[1] * shape[2]]
        return Explorer(
            patients=tuple(held["patients"].tolist()),
            slices=held["slices"],
            corner=held["corner"],
            flair=held["flair"],
            truth=truth.reshape(shape).astype(bool),
            models=tuple(held["models"].tolist()),
            seeds=held["seeds"],
            weights=tuple(held["weights"].tolist()),
            packed=held["packed"],
            born=held["born"],
            record=json.loads(str(held["record"])),
        )
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise ValueError(
            f"{path} is not a readable file of masks ({error}); delete it, {REMAKE}"
        ) from None


def save(explorer: Explorer, path: Path) -> None:
    """Write the file beside its place, then rename it there; compressed, without pickles."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        patients=np.array(explorer.patients),
        slices=explorer.slices,
        corner=explorer.corner,
        flair=explorer.flair,
        truth=np.packbits(explorer.truth.reshape(len(explorer.truth), -1), axis=-1),
        models=np.array(explorer.models),
        seeds=explorer.seeds,
        weights=np.array(explorer.weights),
        packed=explorer.packed,
        born=explorer.born,
        record=np.array(json.dumps(explorer.record)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content.getvalue())
    os.replace(partial, path)


def _shown(explorer: Explorer) -> dict[str, Any]:
    """What must agree for masks to be of the same slices, by name."""
    arrays = {k: getattr(explorer, k).tolist() for k in ("slices", "corner", "flair", "truth")}
    settings = {k: v for k, v in explorer.record.items() if k != "made"}
    return {"patients": explorer.patients, **arrays, **settings}


def merge(old: Explorer, new: Explorer) -> Explorer:
    """All masks of both; where both have a model and seed, the new one.

    Raises
    ------
    ValueError
        If they show other slices, or are of another experiment, profile, target or threshold.
    """
    before, now = _shown(old), _shown(new)
    if differing := [name for name in now if before.get(name) != now[name]]:
        raise ValueError(
            f"masks of two runs must be of the same slices and sweep, {', '.join(differing)} "
            "differ(s); move the old file away"
        )
    kept = [at for key, at in old.entries.items() if key not in new.entries]
    runs = sorted({int(old.born[at]) for at in kept})
    made = [old.record["made"][run] for run in runs] + new.record["made"]
    return replace(
        new,
        models=(*(old.models[at] for at in kept), *new.models),
        seeds=np.concatenate([old.seeds[kept], new.seeds]).astype(int),
        weights=(*(old.weights[at] for at in kept), *new.weights),
        packed=np.concatenate([old.packed[kept], new.packed]),
        born=np.array([*(runs.index(old.born[at]) for at in kept), *(len(runs) + new.born)], int),
        record={**new.record, "made": made},
    )
