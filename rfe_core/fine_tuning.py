"""Semi-supervised fine-tuning from the lower bound's branch epoch (Section 3.2)."""

from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from rfe_core.batches import Batch, Batches
from rfe_core.losses import dice_loss, total_loss
from rfe_core.patches import Patches
from rfe_core.random_feature_embedding import RandomFeatureEmbedding, embedding_terms
from rfe_core.settings import TrainingSettings
from rfe_core.training import as_tensor, as_tensors, train
from rfe_core.unet import UNet


class SelfTraining(Protocol):
    """A loss on the network's predictions for the unlabelled half, and its weight.

    Any object with these two will do, for example `rfe_study.methods.self_training.SelfTraining`.
    """

    @property
    def weight(self) -> float:
        """Factor of the loss in the sum with the others."""
        ...

    def loss(self, logits: Tensor, valid: Tensor) -> Tensor:
        """Of logits (N, 1, H, W), where valid (N, H, W) is True: a scalar."""
        ...


def fine_tune(
    model: UNet,
    labelled: Patches,
    unlabelled: Patches | None = None,
    *,
    embedding: RandomFeatureEmbedding | None = None,
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
        their pixels are adjacent: the true labels (perfect prior) or a guess.
    embedding : RandomFeatureEmbedding, optional
        The embedding term, over both halves.
    self_training : SelfTraining, optional
        A loss on predictions for the unlabelled half.
    primary : {"labelled", "both"}
        Which half the Dice loss learns from. "both" with true labels is an upper bound, with a
        guessed prior it is learning from that guess as if it were true.
    settings : TrainingSettings
        ``tuning_steps`` an epoch, from ``branch_epoch`` to ``epochs``.
    seed : int
        Decides the order of patches, dropout and the pixels drawn.
    **options
        See `rfe_core.training.train`.

    Returns
    -------
    list of dict
        One for each epoch, means over its steps: ``epoch``, ``loss``, ``dice_loss``,
        ``embedding_loss`` (summed over layers) and ``self_training_loss`` (both before their
        weights), what `rfe_core.random_feature_embedding.Term` counts at the finest layer,
        ``seconds``, and ``f_<name>`` for each validation set.

    Raises
    ------
    ValueError
        If a term on unlabelled images or `primary` "both" lacks unlabelled patches.
    Diverged
        As soon as a loss is not finite.
    """
    if primary not in ("labelled", "both"):
        raise ValueError(f'primary must be "labelled" or "both", got {primary!r}')
    if unlabelled is None and (embedding or self_training or primary == "both"):
        raise ValueError(
            "unlabelled patches are needed for an embedding term, self-training or primary='both'"
        )
    half = settings.batch_size // 2
    taught = slice(half) if primary == "labelled" else slice(None)

    def objective(
        model: UNet, batch: Batch, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, float]]:
        images, labels, valid = as_tensors(batch, model)
        logits, levels = model.forward_levels(images)
        dice = dice_loss(logits[taught], labels[taught], valid[taught])
        total, numbers = dice, {"dice_loss": dice.item()}
        if self_training is not None:
            term = self_training.loss(logits[half:], valid[half:])
            total = total + self_training.weight * term
            numbers["self_training_loss"] = term.item()
        if embedding is None:
            return total, numbers
        prior = torch.where(valid, labels.long(), -1)
        of_first = torch.from_numpy(batch.source == 0).to(images.device)
        terms = embedding_terms(levels, prior, of_first, embedding, generator=generator)
        losses = {str(layer): term.loss for layer, term in terms.items()}
        total = total_loss(total, losses, dict.fromkeys(losses, embedding.weight))
        finest = terms[min(terms)]
        numbers["embedding_loss"] = sum(losses.values(), torch.zeros_like(dice)).item()
        return total, numbers | finest.drawn | finest.length

    batches = Batches(
        labelled,
        unlabelled,
        batch_size=half if unlabelled is None else settings.batch_size,
        flip=settings.flip,
        steps=settings.tuning_steps,
        generator=np.random.default_rng([seed, settings.branch_epoch]),
    )
    return train(
        model,
        batches,
        objective,
        settings=settings,
        seed=seed,
        start_epoch=settings.branch_epoch,
        **options,
    )


def adapt_statistics(model: UNet, patches: Patches, *, batch_size: int = 12) -> None:
    """Replace the running statistics of batch norm by those of `patches` (Li et al., 2016).

    No weight changes. The mean over whole batches of the given order; dropout stays off.

    Raises
    ------
    ValueError
        If the network has no batch norm, or an image is not finite.
    """
    if not np.isfinite(patches.images).all():
        raise ValueError("images of patches must be finite, got NaN or infinity")
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        raise ValueError("adapting statistics needs a network with batch norm, got one without")
    device = next(model.parameters()).device
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum, kept = None, norm.momentum  # None: the plain mean over all batches
        norm.train()
    with torch.inference_mode():
        for start in range(0, max(1, len(patches) - batch_size + 1), batch_size):
            model(as_tensor(patches.images[start : start + batch_size], device))
    for norm in norms:
        norm.momentum = kept
        norm.eval()
