"""Random Feature Embedding on MONAI's DynUNet: 3-D, five classes, all voxels.

A forward hook takes the second-last layer's maps; ``act_name="relu"`` makes them >= 0, as "all"
needs: what as many voxels as the classes' shares allow would give on average, in linear time.
"""

import torch
from monai.networks.nets import DynUNet

from rfe_core import PixelEmbeddingLoss

CLASSES = 5


def train(batches, *, steps, seed=0):
    """`batches` gives images (N, 1, D, H, W) and labels (N, D, H, W), 255 where nobody knows."""
    torch.manual_seed(seed)
    model = DynUNet(3, 1, CLASSES, [3] * 3, [1, 2, 2], [2, 2], [16, 32, 64], act_name="relu")
    maps = {}
    model.upsamples[-1].register_forward_hook(lambda layer, inputs, out: maps.update(last=out))
    primary = torch.nn.CrossEntropyLoss(ignore_index=255)
    rfe = PixelEmbeddingLoss("all", "50/50", n_classes=CLASSES, weight=0.1, ignore_index=255)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _, (images, labels) in zip(range(steps), batches, strict=False):
        logits = model(images)
        loss = primary(logits, labels) + rfe(maps["last"], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
