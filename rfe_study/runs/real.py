"""Networks trained on phantoms meet real scans: scores, masks, and adaptation to one scan.

Real scans are read from a folder that the user names and never leave it; what is kept are rows of
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rfe_core import checkpoints
from rfe_core.evaluation import THRESHOLD, predict, score
from rfe_core.fine_tuning import fine_tune
from rfe_core.metrics import average_precision, detected_lesions
from rfe_core.patches import Patches, extract_all
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.methods import adaptation
from rfe_study.methods.batch_norm import adapt_statistics
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.modalities import stack
from rfe_study.methods.ncc_prior import ncc_labels
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs.baselines import domain_patches
from rfe_study.runs.networks import Network, load
from rfe_study.runs.variants import VARIANTS, variant_patches
from rfe_study.tables import TABLES

#: How a scan goes into a network: the file's values (chosen on patient 07), or with negative
#: voxels, which interpolation makes at sharp edges, set to zero.
AS_READ, NO_NEGATIVES = "as read", "no negatives"

AS_TRAINED = (AS_READ, NO_NEGATIVES)

#: The prior's own mask, scored beside what is adapted with it.
PRIOR = "NCC prior"

#: Trained on the labelled patient from whom the prior would come, and on nothing of the target.
SOURCE_LABELS = "labels of the source"

TABLE = "real"

KEY = TABLES[TABLE].key

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


class EmptyPrior(ValueError):
    """A prior marks no voxel of a patient, so there is nothing to adapt to."""


def row_of(
    network: Network, experiment: str, subject: str, prior_from: str = NOBODY
) -> dict[str, Any]:
    """The columns of `KEY`."""
    return {
        **{"profile": network.profile, "model": network.model, "seed": network.seed},
        **{"experiment": experiment, "subject": subject, "prior_from": prior_from},
    }


def weights_of(network: Network, experiment: str) -> str:
    """Digest of the file that is run, or that an adaptation starts from; the prior has none."""
    if experiment == PRIOR:
        return NOBODY
    return checkpoints.weights_digest(network.branch if experiment in METHODS else network.path)


def made_row(
    network: Network,
    experiment: str,
    role: str,
    mask: NDArray[np.bool_],
    subject: Subject,
    prior_from: str = NOBODY,
    *,
    probability: NDArray[np.float32] | None = None,
    device: str = "cpu",
) -> dict[str, Any]:
    """What a mask (X, Y, Z) marks, in ml and lesions, as a row with its birth certificate.

    With scores if the patient has labels, and ``average_precision`` over the voxels of the brain
    if there are probabilities too. `device` is where the network was.
    """
    millilitres = float(np.prod(subject.voxel_size_mm)) / 1000
    lesions = len(detected_lesions(mask, mask)[1])
    about: dict[str, Any] = {"domain": subject.domain or "real"}
    if subject.lesion_mask is not None:
        scores = score(mask, subject) | about
        del scores["subject"]
        about = scores | {"lesion_ml": subject.lesion_mask.sum() * millilitres}
        if probability is not None:
            brain = subject.brain_mask
            precision = average_precision(probability[brain], subject.lesion_mask[brain])
            about["average_precision"] = precision
    about |= {"marked_ml": mask.sum() * millilitres, "marked_lesions": lesions}
    weights = weights_of(network, experiment)
    training = {"epochs": 0, "weights": weights, "train_code_version": NOBODY}
    if experiment != PRIOR:
        path = network.branch if experiment in METHODS else network.path
        training |= {
            "epochs": PROFILES[network.profile].epochs,
            "train_code_version": checkpoints.read_about(path)["code_version"],
        }
    born = provenance.certificate(__name__, device=device, threads=torch.get_num_threads())
    row = row_of(network, experiment, subject.name, prior_from)
    return {**row, "role": role, **about, **training, **born}


def probability_of(
    model: UNet, subject: Subject, *, images: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Lesion probability (X, Y, Z) of a patient's voxels, 0 outside the brain.

    `images` saves making ``stack(subject)`` again for several networks.
    """
    images = stack(subject) if images is None else images
    with_brain = np.flatnonzero(subject.brain_mask.any(axis=(0, 1)))
    probability = predict(model, images, slices=with_brain).transpose(1, 2, 0)  # (Z, X, Y) before
    probability[~subject.brain_mask] = 0
    return probability


def marked(probability: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The mask that a network's probabilities mean, as `rfe_core.evaluation.segment` makes it."""
    return probability > THRESHOLD


def probabilities(
    networks: Sequence[Network], subject: Subject, *, device: str = "cpu"
) -> Iterator[tuple[Network, NDArray[np.float32]]]:
    """What `probability_of` says of a patient, one a network; labels are not looked at."""
    images = stack(subject)
    for network in networks:
        yield network, probability_of(network.load(device).model, subject, images=images)


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
    device: str = "cpu",
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
        Stands for its labels (`rfe_study.methods.ncc_prior.ncc_labels`); the source's own for
        `SOURCE_LABELS`, whose target is the source.
    method : str
        One of `METHODS`.

    Raises
    ------
    ValueError
        Unknown method.
    EmptyPrior
        The prior marks no voxel.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {tuple(METHODS)}, got {method!r}")
    if not prior_mask.any():
        raise EmptyPrior(f"prior of {target.name} must mark a voxel, got none")
    profile, (embedding, primary) = PROFILES[network.profile], METHODS[method]
    crops = extract_all(
        [replace(target, lesion_mask=prior_mask)],
        profile.target_crops,
        generator=np.random.default_rng([network.seed, *target.name.encode()]),
        size=profile.crop,
    )
    model = load(network.branch, device).model
    fine_tune(
        model,
        labelled,
        crops,
        embedding=embedding and embedding.losses(),
        primary=primary,
        settings=replace(profile, learning_rate=profile.learning_rate * adaptation.RATE),
        seed=network.seed,
        progress=progress,
        description=f"{method} to {target.name}",
    )
    adapt_statistics(model, labelled, crops, batch_size=profile.batch_size)
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
