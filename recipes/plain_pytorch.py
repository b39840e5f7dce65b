"""Random Feature Embedding in a plain PyTorch loop: labelled and unlabelled images, two classes.

The prior (here: a threshold) guesses labels of the unlabelled images. They decide which embeddings
attract each other and are never learned as if they were true.
"""

import torch

from rfe_core import PixelEmbeddingLoss
from rfe_core.losses import dice_loss
from rfe_core.unet import UNet


def train(batches, *, steps, n_e=2000, weight=0.5, seed=0):
    """`batches` gives labelled images (N, 3, H, W), their labels (N, H, W), unlabelled images."""
    torch.manual_seed(seed)  # weights and dropout
    model = UNet(widths=(8, 16, 32))
    rfe = PixelEmbeddingLoss(n_e, "80/20", weight=weight, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _, (images, labels, others) in zip(range(steps), batches, strict=False):
        guess = (others[:, 2] > 0.9).long()
        logits, embeddings = model(torch.cat([images, others]))
        known = torch.arange(len(logits)) < len(images)
        loss = dice_loss(logits[known], labels)
        loss = loss + rfe(embeddings, torch.cat([labels, guess]), known)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
