"""Networks trained on phantoms meet real scans: scores, masks, and adaptation to one scan.

Real scans are read from a folder that the user names and never leave it; what is kept are rows of
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rfe_core import checkpoints
from rfe_core.evaluation import score, segment
from rfe_core.fine_tuning import fine_tune
from rfe_core.patches import Patches, extract_all, stack
from rfe_core.prior import ncc_labels
from rfe_core.random_feature_embedding import RandomFeatureEmbedding
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.methods import adaptation
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs.baselines import domain_patches
from rfe_study.runs.variants import VARIANTS, variant_patches

#: How a scan goes into a network: the file's values (chosen on patient 07), or with negative
#: voxels, which interpolation makes at sharp edges, set to zero.
AS_READ, NO_NEGATIVES = "as read", "no negatives"

AS_TRAINED = (AS_READ, NO_NEGATIVES)

#: The prior's own mask, scored beside what is adapted with it.
PRIOR = "NCC prior"

#: Trained on the labelled patient from whom the prior would come, and on nothing of the target.
SOURCE_LABELS = "labels of the source"

TABLE = "real"

KEY = ("profile", "model", "seed", "experiment", "subject", "prior_from")

#: What needs no other patient has this in the column ``prior_from``.
NOBODY = "none"

#: Ways to adapt a network to one unlabelled scan: embedding term, and whether the Dice loss takes
#: the mask of the target's crops (the prior's, or the source's own) for the truth. The weight of 0
#: draws the same pixels and learns nothing from them.
METHODS: dict[str, tuple[RandomFeatureEmbedding | None, str]] = {
    "RFE, NCC": (adaptation.rfe(), "labelled"),
    "no embedding": (adaptation.rfe(0.0), "labelled"),
    "Dice on NCC": (None, "both"),
    SOURCE_LABELS: (None, "both"),
}


@dataclass(frozen=True, kw_only=True)
class Network:
    """A trained network by name: its profile, model and seed, and where its weights lie."""

    profile: str
    model: str
    seed: int
    path: Path

    @property
    def branch(self) -> Path:
        """Its weights as they were at the branch epoch, from which adaptation starts."""
        name = f"{self.profile}-{self.model}-branch-seed{self.seed}.safetensors"
        return self.path.parent / name


def find_networks(
    folder: Path, models: Sequence[str], seeds: Sequence[int] | None, *, profile: str = "laptop"
) -> list[Network]:
    """The networks of these models and seeds (None: all there are) that a folder has.

    Raises
    ------
    ValueError
        If there is no such folder, or a model lacks a seed; the message lists what there is.
    """
    if not folder.is_dir():
        raise ValueError(f"the folder of networks must exist, got {folder}")
    have: dict[str, dict[int, Path]] = {}
    for path in sorted(folder.glob(f"{profile}-*-seed*.safetensors")):
        model, _, seed = path.stem.removeprefix(f"{profile}-").rpartition("-seed")
        if seed.isdecimal() and not model.endswith("-branch"):
            have.setdefault(model, {})[int(seed)] = path
    found = []
    for model in dict.fromkeys(models):
        own = have.get(model, {})
        wanted = sorted(own) if seeds is None else list(dict.fromkeys(seeds))
        if not own or (missing := [seed for seed in wanted if seed not in own]):
            names = [f"{m}-seed{s}" for m, paths in have.items() for s in paths]
            got = f"{model} with seed {missing[0]}" if own else model
            raise ValueError(
                f"model must be one of {', '.join(names) or 'none at all'} in {folder}, got {got}"
            )
        found += [Network(profile=profile, model=model, seed=s, path=own[s]) for s in wanted]
    return found


def row_of(
    network: Network, experiment: str, subject: str, prior_from: str = NOBODY
) -> dict[str, Any]:
    """The columns of `KEY`."""
    return {
        **{"profile": network.profile, "model": network.model, "seed": network.seed},
        **{"experiment": experiment, "subject": subject, "prior_from": prior_from},
    }


def scored_row(
    network: Network,
    experiment: str,
    role: str,
    mask: NDArray[np.bool_],
    subject: Subject,
    prior_from: str = NOBODY,
) -> dict[str, Any]:
    """Scores of a predicted mask as a row with its birth certificate.

    ``weights`` is the digest of the file that was run, or that an adaptation started from; the
    prior's own mask has none.
    """
    path = network.branch if experiment in METHODS else network.path
    scores = score(mask, subject)
    scores["domain"] = subject.domain or "real"
    millilitres = float(np.prod(subject.voxel_size_mm)) / 1000
    scores["lesion_ml"] = subject.lesion_mask.sum() * millilitres
    scores["marked_ml"] = mask.sum() * millilitres
    training = {
        "epochs": PROFILES[network.profile].epochs,
        "weights": checkpoints.weights_digest(path),
        "train_code_version": checkpoints.read_about(path)["code_version"],
    }
    if experiment == PRIOR:
        training = {"epochs": 0, "weights": NOBODY, "train_code_version": NOBODY}
    born = provenance.certificate(__name__, threads=torch.get_num_threads())
    row = row_of(network, experiment, subject.name, prior_from)
    return {**row, "role": role, **scores, **training, **born}


def segmentations(
    networks: Sequence[Network], subject: Subject
) -> Iterator[tuple[Network, NDArray[np.bool_]]]:
    """Predicted lesion masks (X, Y, Z) of a patient, one a network; labels are not looked at."""
    images = stack(subject)
    for network in networks:
        yield network, segment(checkpoints.load_model(network.path), subject, images=images)


def labelled_crops(network: Network) -> Patches:
    """The labelled crops that a network was trained on: of domain A, or of its variant."""
    profile = PROFILES[network.profile]
    if network.model in VARIANTS:
        return variant_patches(profile, network.model, network.seed)[0]
    if network.model != "lower":
        raise ValueError(
            f"model must be lower or one of {', '.join(VARIANTS)} to be adapted, "
            f"got {network.model}"
        )
    return domain_patches(profile, "A", network.seed)[0]


def adapt(
    network: Network,
    labelled: Patches,
    target: Subject,
    prior_mask: NDArray[np.bool_],
    method: str,
    *,
    progress: bool = True,
) -> UNet:
    """Fine-tune a network towards one unlabelled scan, which is also the one it will segment.

    That is *transductive*: nothing is claimed about any other scan. Settings are those of the
    adaptation between phantom scanners, chosen there.

    Parameters
    ----------
    network : Network
        Starts from its weights of the branch epoch.
    labelled : Patches
        What `labelled_crops` gives.
    target : Subject
        Its own lesion mask, if there is one, is replaced before anything is drawn.
    prior_mask : bool (X, Y, Z)
        Stands for its labels (`rfe_core.prior.ncc_labels`); the source's own for
        `SOURCE_LABELS`, whose target is the source.
    method : str
        One of `METHODS`.

    Raises
    ------
    ValueError
        Unknown method, or a prior that marks no voxel.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {tuple(METHODS)}, got {method!r}")
    if not prior_mask.any():
        raise ValueError(f"prior of {target.name} must mark a voxel, got none")
    profile, (embedding, primary) = PROFILES[network.profile], METHODS[method]
    crops = extract_all(
        [replace(target, lesion_mask=prior_mask)],
        profile.target_crops,
        generator=np.random.default_rng([network.seed, *target.name.encode()]),
        size=profile.crop,
    )
    model = checkpoints.load_model(network.branch)
    fine_tune(
        model,
        labelled,
        crops,
        embedding=embedding,
        primary=primary,
        settings=replace(profile, learning_rate=profile.learning_rate * adaptation.RATE),
        seed=network.seed,
        progress=progress,
        description=f"{method} to {target.name}",
    )
    return model


def prior_of(source: Subject, target: Subject, *, seed: int) -> NDArray[np.bool_]:
    """The NCC prior of an unlabelled scan, templates and threshold from a labelled one.

    Raises
    ------
    ValueError
        If the source has no labels.
    """
    if source.lesion_mask is None:
        raise ValueError(f"templates need a labelled patient, got {source.name} without labels")
    hidden, generator = replace(target, lesion_mask=None), np.random.default_rng(seed)
    return ncc_labels(source, [hidden], generator=generator)[0]
