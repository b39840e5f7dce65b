"""Random Feature Embedding in a Lightning module: half of each batch labelled, in half precision.

``L.Trainer(precision="bf16-mixed")`` will do: the loss is computed in float32 under autocast.
"""

import lightning.pytorch as L
import torch

from rfe_core import PixelEmbeddingLoss
from rfe_core.losses import dice_loss
from rfe_core.unet import UNet


class Segmenter(L.LightningModule):
    """A batch: images (N, 3, H, W), labels or a prior's (N, H, W), which are labelled (N,)."""

    def __init__(self, n_e=2000, weight=0.5):
        super().__init__()
        self.model = UNet(widths=(8, 16, 32))
        self.rfe = PixelEmbeddingLoss(n_e, "80/20", weight=weight)

    def training_step(self, batch, index):
        images, labels, labelled = batch
        logits, embeddings = self.model(images)
        embedding = self.rfe(embeddings, labels, labelled)
        self.log("embedding_loss", embedding)
        return dice_loss(logits[labelled], labels[labelled]) + embedding

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)
