"""What a study on a GPU starts from and brings back: rows, weights, masks of the shown slices.

``python -m rfe_study.gpu.packing OUT`` adds the rows and masks of a run to ``data/``; rows that it
made anew take the place of the old ones.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfe_core.files import replacing
from rfe_study import results
from rfe_study.command.lock import alone
from rfe_study.gpu import shared
from rfe_study.gpu.scores import Head
from rfe_study.gpu.tasks import Plan
from rfe_study.methods.bounds import BRANCH, LOWER, UPPER
from rfe_study.methods.modalities import DROPOUT
from rfe_study.phantom.atlas import SHAPE
from rfe_study.phantom.domains import DOMAINS, TARGETS
from rfe_study.runs import masks, networks, predicted_slices, variants
from rfe_study.tables import MODEL_KEY, MODELS

#: The commands that write such rows and masks, which are not to run meanwhile.
WRITERS = ("train", "sweep")

#: Weights in one archive: below what one file may weigh on its way back.
A_PART = 7


def take_up(root: Path, profile: str, seeds: Sequence[int]) -> set[tuple]:
    """Put stored branch weights where models start from; what rows and weights hold already.

    See `rfe_study.gpu.tasks.Plan.done`. A bound that is not scored on all its domains counts for
    nothing: its scores are to be those of one network, so it is trained and scored anew.
    """
    done: set[tuple] = set()
    for table in ("development", "baselines"):
        if results.path_of(table).exists():
            rows = results.keys(table, ("model", "seed", "domain", "profile"))
            done |= {(table, *row[:3]) for row in rows if row[3] == profile}
    done -= {row for row in done if not _whole_bound(*row[1:3], done)}
    if results.path_of(MODELS).exists():
        rows = results.keys(MODELS, MODEL_KEY)
        done |= {("sweep", *row[1:]) for row in rows if row[0] == profile}
    for model in (BRANCH, *variants.VARIANTS, DROPOUT):
        for seed in seeds:
            name = networks.file_name(profile, model, seed)
            stored = results.DATA / "checkpoints" / name
            if stored.exists():
                shutil.copyfile(stored, root / "weights" / name)
                done.add(("weights", model, seed))
    return done


def _whole_bound(model: str, seed: int, done: set[tuple]) -> bool:
    domains = DOMAINS if model == LOWER else [d for d, upper in UPPER.items() if upper == model]
    return all(("baselines", model, seed, domain) in done for domain in domains)


def write_rows(rows: dict[str, list[dict[str, Any]]], out: Path) -> None:
    """Tables of what was made, as one archive that appears whole."""
    folder = out / ".rows"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for table, of_table in rows.items():
        if of_table:
            results.write(table, of_table, folder=folder)
    with replacing(out / "rows.tar.gz") as partial, tarfile.open(partial, "w:gz") as archive:
        archive.add(folder, "results")
    shutil.rmtree(folder)


def write_weights(plan: Plan, out: Path) -> None:
    """Weights that later runs start from and chapters show, a few to an archive."""
    first = plan.seeds[:1]
    names = [(model, s) for s in plan.seeds for model in (BRANCH, LOWER)]
    names += [(model, s) for model in UPPER.values() for s in first]
    names += [(model, s) for model in (*variants.VARIANTS, DROPOUT) for s in plan.seeds]
    weights = plan.root / "weights"
    files = [weights / networks.file_name(plan.profile.name, *name) for name in names]
    files += sorted((plan.root / "sweep").rglob("*.safetensors"))
    files = [path for path in files if path.exists()]
    for part in range(0, len(files), A_PART):
        whole = out / f"weights{part // A_PART}.tar"
        with replacing(whole) as partial, tarfile.open(partial, "w") as archive:
            for path in files[part : part + A_PART]:
                archive.add(path, path.relative_to(plan.root).as_posix())


#: A model's masks: who it is, its weights' digest, and of each patient those of the shown slices.
Masks = tuple[dict[str, Any], str, dict[str, list[NDArray[np.bool_]]]]


def write_explorers(plan: Plan, found: Sequence[Masks], born: dict[str, str], out: Path) -> None:
    """Files of `rfe_study.runs.masks`, as `rfe_study.runs.predicted_slices.make` writes them."""
    folder = out / ".explorer"
    for target in TARGETS:
        who = plan.who(target, ["test"])[: predicted_slices.PATIENTS]
        names = [p.name for p in who]
        shown = [m for m in found if set(m[2]) >= set(names)]
        beside = [m for m in shown if m[0]["model"] in (LOWER, UPPER[target])]
        for experiment in ("proof-of-concept", "adaptation"):
            of = {"experiment": experiment, "target": target}
            own = [m for m in shown if of.items() <= m[0].items()]
            if not own:
                continue
            own += beside if experiment == "adaptation" else []
            heads = [shared.head(plan.root, p) for p in who]
            about = {**of, "profile": plan.profile.name}
            record = {**about, "threshold": 0.5, "made": [born]}
            masks.save(_explorer(own, heads, record), masks.path_of(folder, **about))
    if folder.exists():
        with replacing(out / "explorer.tar") as partial, tarfile.open(partial, "w") as archive:
            archive.add(folder, "explorer")
        shutil.rmtree(folder)


def _explorer(
    found: Sequence[Masks], heads: Sequence[Head], record: dict[str, Any]
) -> masks.Explorer:
    at = [
        (head, z)
        for head in heads
        for z in predicted_slices.chosen_slices(head.lesion.transpose(1, 2, 0) > 0)
    ]
    crop = predicted_slices.crop_to(np.stack([_whole(head.brain[z], head) for head, z in at]))

    def cropped(slices: Iterable[NDArray[Any]]) -> NDArray[Any]:
        return np.stack(list(slices))[:, *crop]

    flair = cropped(_whole(head.images[z, 2].astype(np.float32), head) for head, z in at)
    packed = []
    for _, _, of_patient in found:
        drawn = cropped(_whole(m, head) for head in heads for m in of_patient[head.name])
        packed.append(np.packbits(drawn.reshape(len(drawn), -1), axis=-1))
    return masks.Explorer(
        patients=tuple(head.name for head, _ in at),
        slices=np.array([z + head.slices[2].start for head, z in at]),
        corner=np.array([part.start for part in crop]),
        flair=np.round(255 * np.clip(flair, 0, 1)).astype(np.uint8),
        truth=cropped(_whole(head.lesion[z] > 0, head) for head, z in at),
        models=tuple(m[0]["model"] for m in found),
        seeds=np.array([m[0]["seed"] for m in found]),
        weights=tuple(m[1] for m in found),
        packed=np.stack(packed),
        born=np.zeros(len(found), int),
        record=record,
    )


def _whole(part: NDArray[Any], head: Head) -> NDArray[Any]:
    """A slice of a head's box in the whole slice."""
    whole = np.zeros(SHAPE[:2], part.dtype)
    whole[head.slices[:2]] = part
    return whole


def add_to_data(out: Path) -> dict[str, int]:
    """Add the rows and masks of a run to the data folder; how many rows of each table it brought.

    Raises
    ------
    FileNotFoundError
        Without an archive of rows in `out`.
    CommandError
        While a run that writes such rows is at work in the data folder.
    """
    found = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        for command in WRITERS:
            held.enter_context(alone(command, [results.path_of("").parent]))
        folder = Path(name)
        archives = [out / "rows.tar.gz", *out.glob("explorer.tar")]  # no masks, if none was kept
        for archive in archives:
            with tarfile.open(archive) as file:
                file.extractall(folder, filter="data")
        for path in sorted((folder / "results").glob("*.csv")):
            rows = results.stored(path.stem, path.parent)
            found[path.stem] = len(rows)
            results.append(path.stem, rows.to_dict("records"), anew=True)
        for path in (folder / "explorer").glob("*.npz"):
            stored = results.DATA / "explorer" / path.name
            masks.save(masks.merge(masks.load(stored), masks.load(path)), stored)
    return found


if __name__ == "__main__":
    print(add_to_data(Path(sys.argv[1])))
