"""The training loop, and supervised training by it (Section 3.1)."""

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from rfe_core import checkpoints
from rfe_core.batches import Batch, Batches
from rfe_core.evaluation import patch_f_score
from rfe_core.losses import dice_loss
from rfe_core.patches import Patches
from rfe_core.settings import TrainingSettings
from rfe_core.unet import UNet

#: The loss of one batch, and numbers worth averaging over an epoch.
Objective = Callable[[UNet, Batch, torch.Generator], tuple[Tensor, dict[str, float]]]


class Diverged(FloatingPointError):
    """A loss was not finite; `history` holds the epochs before."""

    def __init__(self, message: str, history: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message, history)
        self.history = history or []

    def __str__(self) -> str:
        return str(self.args[0])


def build(settings: TrainingSettings, seed: int) -> UNet:
    """A fresh network, initialised from `seed` without touching PyTorch's global generator."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = UNet(widths=settings.widths, norm=settings.norm, dropout=settings.dropout)
    # A third faster than the default layout on a CPU (measured: 0.17 s against 0.23 s a step).
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stubs
    return model


def make_optimizer(model: UNet, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Adam or SGD with momentum, at a fixed learning rate (the paper names no schedule)."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), rate, settings.momentum, weight_decay=decay)
    return torch.optim.Adam(model.parameters(), rate, weight_decay=decay)


def train_supervised(
    model: UNet,
    first: Patches,
    second: Patches | None = None,
    *,
    settings: TrainingSettings,
    seed: int,
    start_epoch: int = 0,
    **options: Any,
) -> list[dict[str, Any]]:
    """Train with the Dice loss on labelled patches up to epoch ``settings.epochs`` (Section 3.1).

    Parameters
    ----------
    model
        See `train`, also for what is returned and raised.
    first, second : Patches
        Labelled patches of domain A and, for an upper bound, of the other domain; then each batch
        is half and half.
    seed : int
        Decides the order of patches and dropout. Same machine, same seed, same threads: same
        weights. PyTorch's global generator is left as it was.
    start_epoch : int
        Epochs the weights have seen already (35 for an upper bound). The optimiser starts anew, so
        the weights alone are enough to repeat a fine-tuning.
    **options
        From ``validation`` to ``position``, see `train`.
    """

    def objective(
        model: UNet, batch: Batch, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, float]]:
        images, labels, valid = as_tensors(batch, model)
        return dice_loss(model(images).logits, labels, valid), {}

    generator = np.random.default_rng([seed, start_epoch])
    batches = Batches(
        first, second, batch_size=settings.batch_size, flip=settings.flip, generator=generator
    )
    return train(
        model, batches, objective, settings=settings, seed=seed, start_epoch=start_epoch, **options
    )


def as_tensor(array: NDArray[Any], device: torch.device) -> Tensor:
    """An array on a device; images (four axes) in the layout that is fast for convolutions."""
    tensor = torch.from_numpy(array).to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def as_tensors(batch: Batch, model: UNet) -> tuple[Tensor, Tensor, Tensor]:
    """Images, labels and valid pixels of a batch, where the network is."""
    put = partial(as_tensor, device=next(model.parameters()).device)
    return put(batch.images), put(batch.labels), put(batch.valid)


def train(
    model: UNet,
    batches: Batches,
    objective: Objective,
    *,
    settings: TrainingSettings,
    seed: int,
    start_epoch: int,
    validation: Mapping[str, Patches] | None = None,
    checkpoint: Path | None = None,
    on_epoch: Callable[[UNet, list[dict[str, Any]]], None] | None = None,
    progress: bool = True,
    description: str = "train",
    position: int = 0,
) -> list[dict[str, Any]]:
    """Take a step on each batch, from epoch ``start_epoch + 1`` to ``settings.epochs``.

    Parameters
    ----------
    model : UNet
        Trained in place; left in evaluation mode.
    batches : Batches
        Each iteration over them is an epoch.
    objective : callable
        From network, batch and a generator for drawing pixels to the loss and further numbers.
    settings, seed, start_epoch
        See `train_supervised`.
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
        One for each epoch: ``epoch``, means over its steps of ``loss`` and the objective's
        numbers, ``f_<name>`` for each validation set, ``seconds``.

    Raises
    ------
    Diverged
        As soon as a loss is not finite, or a weight after an epoch.
    """
    device = next(model.parameters()).device
    optimizer = make_optimizer(model, settings)
    history: list[dict[str, Any]] = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed + 1_000_003 * start_epoch)  # dropout
        if checkpoint is not None and Path(checkpoint).exists():
            state = checkpoints.load_state(checkpoint, model, optimizer, batches.generator)
            history = state["history"]
            if (rate := optimizer.param_groups[0]["lr"]) != (asked := settings.learning_rate):
                raise ValueError(f"learning_rate must be that of {checkpoint}, {rate}, got {asked}")
        bar = tqdm(
            total=(settings.epochs - start_epoch) * len(batches),
            initial=len(history) * len(batches),
            desc=description,
            position=position,
            disable=not progress,
            mininterval=1.0,
        )
        for epoch in range(start_epoch + len(history) + 1, settings.epochs + 1):
            started, steps = time.perf_counter(), []
            # Of its own for each epoch: a resumed run draws the same pixels.
            sampler = torch.Generator().manual_seed(1_000_003 * seed + epoch)
            model.train()
            for step, batch in enumerate(batches, start=1):
                loss, numbers = objective(model, batch, sampler)
                steps.append({"loss": loss.item(), **numbers})
                if not math.isfinite(steps[-1]["loss"]):
                    raise Diverged(
                        f"loss must be finite, got {steps[-1]['loss']} at epoch {epoch}, step "
                        f"{step} with learning rate {settings.learning_rate:g}; lower it or check "
                        "the images",
                        history,
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                bar.update()
            if not all(bool(p.isfinite().all()) for p in model.parameters()):
                raise Diverged(f"weights must be finite, not so after epoch {epoch}", history)
            scores = {f"f_{n}": patch_f_score(model, p) for n, p in (validation or {}).items()}
            row = {"epoch": epoch, **_means(steps), **scores}
            bar.set_postfix({k: f"{v:.3f}" for k, v in row.items() if k[:2] in ("lo", "f_")})
            history.append({**row, "seconds": time.perf_counter() - started})
            if on_epoch is not None:
                on_epoch(model, history)
            if checkpoint is not None:
                state = {"history": history}
                checkpoints.save_state(checkpoint, model, optimizer, batches.generator, state)
        bar.close()
    model.eval()
    return history


def _means(steps: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each number over the steps that have it."""
    names = dict.fromkeys(name for step in steps for name in step)
    return {n: float(np.mean([step[n] for step in steps if n in step])) for n in names}
