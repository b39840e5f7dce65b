"""Supervised training (Section 3.1), whole-slice prediction and evaluation."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from rfe_core import checkpoints, metrics
from rfe_core.losses import dice_loss
from rfe_core.patches import Batches, Patches, stack
from rfe_core.unet import UNet
from rfe_core.volumes import Subject

THRESHOLD = 0.5  # Deviation: the release's 0.99 goes with its own loss; 0.5 needs no tuning


@dataclass(frozen=True, kw_only=True)
class Profile:
    """All settings of a training run.

    Attributes
    ----------
    widths, norm, dropout
        The network, see `rfe_core.unet.UNet`.
    patches_per_domain
        Crops per domain before the 7:3 split (paper: about 6000).
    crop
        Side of a crop in pixels (paper: 128).
    epochs, branch_epoch
        Length of the lower bound's training, and the epoch from which others are fine-tuned
        (paper: 50 and 35). An epoch shows as many patches as domain A has for training, also when
        half of each batch comes from another domain: all models take equally many steps.
    batch_size
        Paper: 12.
    optimizer, learning_rate, momentum, weight_decay
        `momentum` is for "sgd" alone.
    flip
        Mirror crops left-right at random (paper: no).
    """

    name: str
    widths: tuple[int, ...]
    norm: Literal["none", "batch"]
    dropout: float = 0.5
    patches_per_domain: int
    crop: int = 128
    epochs: int = 50
    branch_epoch: int = 35
    batch_size: int = 12
    optimizer: Literal["adam", "sgd"]
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 0.0
    flip: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.branch_epoch <= self.epochs:
            raise ValueError(
                f"branch_epoch must be in 1..epochs ({self.epochs}), got {self.branch_epoch}"
            )
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be > 0, got {self.learning_rate}")
        if self.optimizer not in ("adam", "sgd"):
            raise ValueError(f'optimizer must be "adam" or "sgd", got {self.optimizer!r}')


PROFILES = {
    p.name: p
    for p in (
        # Seconds; for tests of the machinery. Its scores mean nothing.
        Profile(
            name="smoke",
            widths=(4, 8),
            norm="batch",
            patches_per_domain=36,
            crop=64,
            epochs=2,
            branch_epoch=1,
            optimizer="adam",
            learning_rate=1e-3,
        ),
        # Two CPU cores. 1320 crops leave 924 for training, 77 steps an epoch.
        Profile(
            name="laptop",
            widths=(8, 16, 32, 64),
            norm="batch",
            patches_per_domain=1320,
            optimizer="adam",
            learning_rate=3e-3,
        ),
        # The paper's network and data; needs a GPU. The release's learning rate of 1e-6 belongs
        # to gradients without their 1/n; this one is a start for a search on development data.
        Profile(
            name="paper",
            widths=(64, 128, 256, 512),
            norm="none",
            patches_per_domain=6000,
            optimizer="sgd",
            learning_rate=1e-2,
            weight_decay=5e-4,
        ),
    )
}


def build(profile: Profile, seed: int) -> UNet:
    """A fresh network, initialised from `seed` without touching PyTorch's global generator."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = UNet(widths=profile.widths, norm=profile.norm, dropout=profile.dropout)
    # A third faster than the default layout on a CPU (measured: 0.17 s against 0.23 s a step).
    return model.to(memory_format=torch.channels_last)


def make_optimizer(model: UNet, profile: Profile) -> torch.optim.Optimizer:
    """The profile's optimiser, at its fixed learning rate (the paper names no schedule)."""
    settings = {"lr": profile.learning_rate, "weight_decay": profile.weight_decay}
    if profile.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), momentum=profile.momentum, **settings)
    return torch.optim.Adam(model.parameters(), **settings)


def _tensor(array: NDArray, device: torch.device) -> Tensor:
    tensor = torch.from_numpy(array).to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def train_supervised(
    model: UNet,
    first: Patches,
    second: Patches | None = None,
    *,
    profile: Profile,
    seed: int,
    start_epoch: int = 0,
    validation: Mapping[str, Patches] | None = None,
    checkpoint: Path | None = None,
    on_epoch: Callable[[UNet, list[dict[str, Any]]], None] | None = None,
    progress: bool = True,
    description: str = "train",
    position: int = 0,
) -> list[dict[str, Any]]:
    """Train with the Dice loss on labelled patches up to epoch ``profile.epochs`` (Section 3.1).

    Parameters
    ----------
    model : UNet
        Trained in place; left in evaluation mode.
    first, second : Patches
        Labelled patches of domain A and, for an upper bound, of the other domain; then each batch
        is half and half.
    profile : Profile
    seed : int
        Decides the order of patches and dropout. Same machine, same seed, same threads: same
        weights. PyTorch's global generator is left as it was.
    start_epoch : int
        Epochs the weights have seen already (35 for an upper bound). The optimiser starts anew, so
        the weights alone are enough to repeat a fine-tuning.
    validation : mapping of str to Patches, optional
        F-score of each after each epoch, pooled over valid pixels.
    checkpoint : Path, optional
        State written after each epoch and resumed from if it exists; a resumed run ends with the
        same weights, bit for bit, as an uninterrupted one.
    on_epoch : callable, optional
        Called with the network and the history after each epoch, before the state is written; to
        keep the weights of one epoch, for instance.
    progress, description, position
        Of the progress bar.

    Returns
    -------
    list of dict
        One for each epoch: ``epoch``, ``loss`` (mean of its steps), ``seconds`` and
        ``f_<name>`` for each validation set.

    Raises
    ------
    FloatingPointError
        As soon as a loss is not finite.
    """
    validation = validation or {}
    device = next(model.parameters()).device
    generator = np.random.default_rng([seed, start_epoch])
    batches = Batches(
        first, second, batch_size=profile.batch_size, flip=profile.flip, generator=generator
    )
    optimizer = make_optimizer(model, profile)
    history: list[dict[str, Any]] = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed + 1_000_003 * start_epoch)  # dropout
        if checkpoint is not None and Path(checkpoint).exists():
            history = checkpoints.load_state(checkpoint, model, optimizer, generator)["history"]
        done = start_epoch + len(history)
        bar = tqdm(
            total=(profile.epochs - start_epoch) * len(batches),
            initial=len(history) * len(batches),
            desc=description,
            position=position,
            disable=not progress,
            mininterval=1.0,
        )
        for epoch in range(done + 1, profile.epochs + 1):
            started, losses = time.perf_counter(), []
            model.train()
            for step, batch in enumerate(batches, start=1):
                output = model(_tensor(batch.images, device))
                loss = dice_loss(
                    output.logits, _tensor(batch.labels, device), _tensor(batch.valid, device)
                )
                losses.append(loss.item())
                if not math.isfinite(losses[-1]):
                    raise FloatingPointError(
                        f"loss must be finite, got {losses[-1]} at epoch {epoch}, step {step} with "
                        f"learning rate {profile.learning_rate:g}; lower it or check the images"
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                bar.update()
            scores = {f"f_{name}": patch_f_score(model, p) for name, p in validation.items()}
            row = {"epoch": epoch, "loss": float(np.mean(losses)), **scores}
            bar.set_postfix({k: f"{v:.3f}" for k, v in row.items() if k != "epoch"})
            history.append({**row, "seconds": time.perf_counter() - started})
            if on_epoch is not None:
                on_epoch(model, history)
            if checkpoint is not None:
                state = {"history": history}
                checkpoints.save_state(checkpoint, model, optimizer, generator, state)
        bar.close()
    model.eval()
    return history


def predict(
    model: UNet,
    images: NDArray[np.float32],
    *,
    slices: Sequence[int] | NDArray | None = None,
    batch_size: int = 8,
) -> NDArray[np.float32]:
    """Lesion probability of every pixel of whole slices.

    Parameters
    ----------
    model : UNet
        Used in evaluation mode (no dropout, running statistics); its mode is restored.
    images : float32, (Z, 3, H, W)
        As `rfe_core.patches.stack` makes them.
    slices : sequence of int, optional
        The slices to look at; others get probability 0.
    batch_size : int
        Slices at a time; the memory it takes.

    Returns
    -------
    float32, (Z, H, W)
    """
    device, was_training = next(model.parameters()).device, model.training
    chosen = np.arange(len(images)) if slices is None else np.asarray(slices, dtype=int)
    probability = np.zeros((len(images), *images.shape[2:]), np.float32)
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(chosen), batch_size):
            index = chosen[start : start + batch_size]
            logits = model(_tensor(images[index], device)).logits
            probability[index] = logits[:, 0].sigmoid().cpu().numpy()
    model.train(was_training)
    return probability


def segment(
    model: UNet,
    subject: Subject,
    *,
    threshold: float = THRESHOLD,
    images: NDArray[np.float32] | None = None,
) -> NDArray[np.bool_]:
    """Predicted lesion mask (X, Y, Z) of a patient: probability > threshold, inside the brain.

    `images` saves making ``stack(subject)`` again for several networks.
    """
    images = stack(subject) if images is None else images
    with_brain = np.flatnonzero(subject.brain_mask.any(axis=(0, 1)))
    probability = predict(model, images, slices=with_brain)  # (Z, X, Y)
    return (probability.transpose(1, 2, 0) > threshold) & subject.brain_mask


def patch_f_score(model: UNet, patches: Patches, *, threshold: float = THRESHOLD) -> float:
    """F-score pooled over the valid pixels of all patches."""
    prediction = predict(model, patches.images, batch_size=12) > threshold
    return metrics.f_score(prediction[patches.valid], patches.labels[patches.valid])


def score(prediction: NDArray[np.bool_], subject: Subject) -> dict[str, Any]:
    """All scores of a predicted mask (X, Y, Z) of a labelled patient.

    Returns
    -------
    dict
        ``subject``, ``domain``, ``f_score``, ``precision``, ``recall``, ``fp_components`` (in 3-D,
        without any lesion voxel), ``fp_per_slice`` (those per slice with brain), ``lesions`` and
        ``detected`` in all and by size in mm3 (``lesions_10_30``, ``detected_10_30``, ...).

    Raises
    ------
    ValueError
        If the patient has no labels.
    """
    truth = subject.lesion_mask
    if truth is None:
        raise ValueError(f"scores need a labelled patient, got {subject.name} without lesion mask")
    false_alarms = metrics.false_positive_components(prediction, truth)
    row = {
        "subject": subject.name,
        "domain": subject.domain,
        "f_score": metrics.f_score(prediction, truth),
        "precision": metrics.precision(prediction, truth),
        "recall": metrics.recall(prediction, truth),
        "fp_components": false_alarms,
        "fp_per_slice": false_alarms / int(subject.brain_mask.any(axis=(0, 1)).sum()),
    }
    by_size = metrics.lesion_detection(
        prediction, truth, voxel_volume_mm3=float(np.prod(subject.voxel_size_mm))
    )
    row["lesions"] = sum(d.lesions for d in by_size)
    row["detected"] = sum(d.detected for d in by_size)
    for d in by_size:
        row[f"lesions_{d.lower:g}_{d.upper:g}"] = d.lesions
        row[f"detected_{d.lower:g}_{d.upper:g}"] = d.detected
    return row


def evaluate(
    model: UNet, subjects: Sequence[Subject], *, threshold: float = THRESHOLD
) -> list[dict[str, Any]]:
    """Score a network on the full slices of labelled patients; one `score` for each."""
    return [score(segment(model, s, threshold=threshold), s) for s in subjects]
