"""Which way to take a training step costs a GPU least and still is right, tried before a study."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import torch

from rfe_core.patches import Patches
from rfe_core.training import as_tensor, build, train_supervised
from rfe_core.unet import UNet
from rfe_study.gpu import graphs
from rfe_study.methods.profiles import Profile


@dataclass(frozen=True, kw_only=True)
class Way:
    """CUDA graphs, cuDNN's search, bfloat16 convolutions (in graphs alone)."""

    replay: bool = False
    search: bool = False
    half: bool = False

    def __str__(self) -> str:
        names = {"replay": "replayed", "search": "searched", "half": "bfloat16"}
        return ", ".join(names[k] for k, on in vars(self).items() if on) or "plain"

    def make_ready(self, model: UNet, images: torch.Tensor, *, levels: int = 1) -> None:
        """Make a network train this way on batches like `images`."""
        if self.replay:
            with self.searching():
                graphs.replayed(model, images, levels=levels, half=self.half)

    def searching(self) -> AbstractContextManager[None]:
        """CuDNN tries its algorithms once for each shape, where shapes stay the same."""
        return torch.backends.cudnn.flags(enabled=True, benchmark=self.search, allow_tf32=True)


PLAIN = Way()

WAYS = (PLAIN, Way(replay=True), Way(replay=True, search=True), Way(replay=True, half=True))

#: How far losses of ten steps may be from the plain way's, in full and half precision.
FAR = {False: 0.005, True: 0.03}

#: Half precision may cost this share more of a step's time alone: on an H200 a step took 2.7 ms in
#: half and 3.0 in full precision, yet beside twelve others a fine-tuning 9 s and 27 s.
MAY_COST = 0.2


def fastest(profile: Profile, device: str, *, seed: int = 0) -> tuple[Way, str]:
    """The right way that costs the GPU least, and what was measured in words.

    Each way takes the plain way's ten steps; half precision may differ by a little.
    """
    if device != "cuda":
        return PLAIN, f"{PLAIN}: no graphs on {device}"
    rng = np.random.default_rng(seed)
    images = rng.random((12, 3, 128, 128), np.float32)
    labels = (images[:, 0] > 0.9).astype(np.int8)
    some = Patches(
        images=images,
        labels=labels,
        valid=np.ones_like(labels, bool),
        subjects=np.full(12, "x"),
        slices=np.arange(12),
    )
    settings = replace(profile, dropout=0.0, epochs=10, branch_epoch=1, flip=False)
    on_device = as_tensor(images, torch.device(device))
    busy, losses, failed = {}, {}, {}
    for way in WAYS:
        try:
            model = build(settings, 0).to(device)
            way.make_ready(model, on_device)
            with way.searching():
                history = train_supervised(model, some, settings=settings, seed=0, progress=False)
                losses[way] = np.array([row["loss"] for row in history])
                busy[way] = busy_ms(model, on_device)
        except RuntimeError as error:  # a way that this GPU or PyTorch does not know
            failed[str(way)] = str(error)[:200]
    far = {way: float(np.abs(x - losses[PLAIN]).max()) for way, x in losses.items()}
    right = [way for way in busy if far[way] < FAR[way.half]]
    best = min(right, key=lambda way: busy[way] / (1 + MAY_COST * way.half))
    measured = "; ".join(f"{way} {busy[way]} ms, off by {far[way]:.1g}" for way in busy)
    return best, f"{best} ({measured}) {failed or ''}"


def busy_ms(model: UNet, images: torch.Tensor) -> float:
    """What a forward and a backward pass cost the GPU, one after another."""
    model.train()
    n = 30
    began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    for step in range(n + 5):
        if step == 5:
            began.record()
        model(images).logits.mean().backward()
    ended.record()
    ended.synchronize()
    return round(began.elapsed_time(ended) / n, 2)
