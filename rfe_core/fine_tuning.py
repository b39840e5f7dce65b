"""Semi-supervised fine-tuning from the lower bound's branch epoch (Section 3.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from rfe_core.batches import Batch, Batches
from rfe_core.losses import dice_loss, total_loss
from rfe_core.patches import Patches
from rfe_core.random_feature_embedding import Comparison, PixelEmbeddingLoss
from rfe_core.sampling import IGNORE, shrink_labels
from rfe_core.settings import TrainingSettings
from rfe_core.strategies import class_names
from rfe_core.training import as_tensors, train
from rfe_core.unet import UNet


class Step(NamedTuple):
    """What self-training sees of a step: a batch, its labelled half first, but no label."""

    model: UNet
    images: Tensor  # (B, 3, H, W)
    logits: Tensor  # (B, 1, H, W)
    embeddings: Tensor  # (B, C, H, W), of the finest layer
    valid: Tensor  # (B, H, W) bool
    generator: torch.Generator  # on the CPU


class SelfTraining(Protocol):
    """A loss without labels, and its weight in the sum. What it remembers is not resumed."""

    @property
    def weight(self) -> float: ...

    def loss(self, step: Step) -> Tensor:
        """A scalar."""


def fine_tune(
    model: UNet,
    labelled: Patches,
    unlabelled: Patches | None = None,
    *,
    embedding: Mapping[int, PixelEmbeddingLoss] | None = None,
    self_training: SelfTraining | None = None,
    primary: Literal["labelled", "both"] = "labelled",
    settings: TrainingSettings,
    seed: int,
    **options: Any,
) -> list[dict[str, Any]]:
    """Go on from the branch epoch to the last one by Eq. 1 (Section 3.2).

    Parameters
    ----------
    model : UNet
        With the weights of the branch epoch. Trained in place; left in evaluation mode.
    labelled : Patches
        Of domain A: half of each batch. Alone: the same half, and nothing else.
    unlabelled : Patches, optional
        Of the target domain: the other half. Their `labels` are the *prior* that decides which of
        their pixels are adjacent: the true labels (perfect prior) or a guess, -1 where unsure.
    embedding : mapping of int to PixelEmbeddingLoss, optional
        The embedding loss of each layer, 0 the finest, over both halves: see `embedding_terms`.
    self_training : SelfTraining, optional
        A loss without labels. Either term needs unlabelled patches.
    primary : {"labelled", "both"}
        Which half the Dice loss learns from. "both" with true labels is an upper bound, with a
        guessed prior it is learning from that guess as if it were true.
    settings : TrainingSettings
        ``tuning_steps`` an epoch, from ``branch_epoch`` to ``epochs``.
    seed : int
        Decides the order of patches, dropout and the pixels drawn.
    **options
        See `rfe_core.training.train`; it raises `Diverged` as soon as a loss is not finite.

    Returns
    -------
    list of dict
        One for each epoch, means over its steps: ``epoch``, ``loss``, ``dice_loss``,
        ``embedding_loss`` (summed over layers) and ``self_training_loss`` (both before their
        weights), `drawn_numbers` of the finest layer, ``seconds``, and ``f_<name>`` for each
        validation set.
    """
    if primary not in ("labelled", "both"):
        raise ValueError(f'primary must be "labelled" or "both", got {primary!r}')
    if unlabelled is None and (embedding or self_training or primary == "both"):
        raise ValueError(
            "unlabelled patches are needed for an embedding term, self-training or primary='both'"
        )
    if others := {loss.ignore_index for loss in (embedding or {}).values()} - {IGNORE}:
        raise ValueError(f"ignore_index of an embedding loss must be {IGNORE} here, got {others}")
    half, start = settings.batch_size // 2, settings.branch_epoch
    taught = slice(half) if primary == "labelled" else slice(None)

    def objective(
        model: UNet, batch: Batch, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, float]]:
        images, labels, valid = as_tensors(batch, model)
        logits, levels = model.forward_levels(images)
        dice = dice_loss(logits[taught], labels[taught], valid[taught])
        total, numbers = dice, {"dice_loss": dice.item()}
        if self_training is not None:
            term = self_training.loss(Step(model, images, logits, levels[0], valid, generator))
            total = total + self_training.weight * term
            numbers["self_training_loss"] = term.item()
        if not embedding:
            return total, numbers
        prior = torch.where(valid, labels.long(), IGNORE)
        of_first = torch.from_numpy(batch.source == 0).to(images.device)
        terms = embedding_terms(levels, prior, of_first, embedding, generator=generator)
        losses = {str(layer): term.loss for layer, term in terms.items()}
        weights = {str(layer): loss.weight for layer, loss in embedding.items()}
        total = total_loss(total, losses, weights)
        numbers["embedding_loss"] = sum(losses.values(), torch.zeros_like(dice)).item()
        return total, numbers | drawn_numbers(terms[min(terms)])

    batches = Batches(
        labelled,
        unlabelled,
        batch_size=half if unlabelled is None else settings.batch_size,
        flip=settings.flip,
        steps=settings.tuning_steps,
        generator=np.random.default_rng([seed, start]),
    )
    return train(
        model, batches, objective, settings=settings, seed=seed, start_epoch=start, **options
    )


def embedding_terms(
    levels: Sequence[Tensor],
    labels: Tensor,
    labelled: Tensor,
    losses: Mapping[int, PixelEmbeddingLoss],
    *,
    generator: torch.Generator,
) -> dict[int, Comparison]:
    """L_E of each layer k before its weight, and what went into it; drawn layer by layer.

    Parameters
    ----------
    levels : sequence of Tensor, (N, C_k, H / 2^k, W / 2^k)
        As `rfe_core.unet.UNet.forward_levels` returns them.
    labels, labelled, generator
        See `PixelEmbeddingLoss.forward`; coarser layers take their labels by `shrink_labels`.
    """
    if not 0 <= min(losses) <= max(losses) < len(levels):
        rule = f"layers must be in 0..{len(levels) - 1}, the levels of this network"
        raise ValueError(f"{rule}, got {tuple(losses)}")
    terms = {}
    for k, loss in losses.items():
        of_layer = shrink_labels(labels, 2**k, ignore_index=loss.ignore_index) if k else labels
        terms[k] = loss.compare(levels[k], of_layer, labelled, generator=generator)
    return terms


def drawn_numbers(term: Comparison) -> dict[str, float]:
    """Pixels drawn, ``drawn_<side>_<class>``, and their mean length, ``length_<class>``.

    And ``short``: 1 if a class had fewer pixels than wanted, else 0. A class of which nothing was
    drawn has no length.
    """
    numbers: dict[str, float] = {}
    for side, of_side in term.drawn.items():
        names = class_names(len(of_side))
        numbers |= {f"drawn_{side}_{name}": n for name, n in zip(names, of_side, strict=True)}
    numbers["short"] = float(term.drawn != term.wanted)
    length = torch.linalg.vector_norm(term.embeddings.detach(), dim=1)
    of_class = {name: length[term.labels == c] for c, name in enumerate(names)}
    return numbers | {f"length_{name}": float(x.mean()) for name, x in of_class.items() if len(x)}
