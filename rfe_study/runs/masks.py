"""The file of a sweep's masks on a few test slices, which the book's explorers show.

`rfe_study.runs.predicted_slices` makes it; here it is read, written and merged.
"""

import io
import json
import os
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfe_core.files import replacing
from rfe_study import results
from rfe_study.methods.profiles import SHOWN

#: The experiment and settings whose file has no more than the experiment's name.
EXPERIMENT, PROFILE, TARGET = "proof-of-concept", "laptop", "B"

REMAKE = "`rfe sweep --explorer` makes it from the models' weights"

#: Grey levels by which two machines may round FLAIR apart.
GREY = 1

#: What reading a damaged file raises.
DAMAGED = (
    *(EOFError, KeyError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError, ValueError),
    *(zipfile.BadZipFile, zlib.error),
)


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
        run that made masks (see `rfe_study.provenance`).
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
    except DAMAGED as error:
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
    with replacing(path) as partial:
        partial.write_bytes(content.getvalue())


def _shown(explorer: Explorer) -> dict[str, Any]:
    """What must agree for masks to be of the same slices, by name."""
    arrays = {k: getattr(explorer, k).tolist() for k in ("slices", "corner", "truth")}
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
    differing = [name for name in now if before.get(name) != now[name]]
    if not differing and np.abs(old.flair.astype(int) - new.flair).max() > GREY:
        differing = ["flair"]
    if differing:
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
