"""A network whose training steps are replayed as CUDA graphs: same kernels, one launch."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from rfe_core import exact, random_feature_embedding, training
from rfe_core.losses import label_embedding_loss
from rfe_core.settings import TrainingSettings
from rfe_core.unet import UNet


class _Levels(nn.Module):
    """Logits and the first few levels of embeddings, as a plain tuple of tensors."""

    def __init__(self, model: UNet, levels: int, half: bool) -> None:
        super().__init__()
        self.half = half
        self.model, self.levels, self.all_levels = model, levels, model.forward_levels

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        with torch.autocast("cuda", torch.bfloat16, enabled=self.half, cache_enabled=False):
            logits, levels = self.all_levels(images)
        return (logits.float(), *(level.float() for level in levels[: self.levels]))


def replayed(model: UNet, images: Tensor, *, levels: int = 1, half: bool = False) -> None:
    """Make `model.forward_levels` replay a graph for batches like `images`, in training mode.

    Other shapes, and evaluation, run as before. `levels`: how many levels of embeddings the
    training looks at; `half`: convolutions in bfloat16. Batch norm's running averages see
    the sample batch a few times.
    """
    plain = model.forward_levels
    model.train()
    with torch.enable_grad():
        graph = torch.cuda.make_graphed_callables(_Levels(model, levels, half), (images,))

    def forward_levels(batch: Tensor) -> tuple[Tensor, list[Tensor]]:
        if model.training and batch.shape == images.shape:
            logits, *found = graph(batch)
            return logits, found
        return plain(batch)

    model.forward_levels = forward_levels


def few_kernels() -> None:
    """Settings of this process that launch fewer and larger kernels; the sums stay the same.

    Adam in one kernel, pixels and pairs in one block: blocks are for a CPU's cache.
    """
    exact.ROWS = 1 << 30
    random_feature_embedding.label_embedding_loss = partial(label_embedding_loss, chunk=8192)

    def make(model: UNet, settings: TrainingSettings) -> torch.optim.Optimizer:
        if settings.optimizer != "adam":
            raise ValueError(f"optimizer must be adam on this path, got {settings.optimizer!r}")
        rate, decay = settings.learning_rate, settings.weight_decay
        return torch.optim.Adam(model.parameters(), rate, weight_decay=decay, fused=True)

    training.make_optimizer = make
