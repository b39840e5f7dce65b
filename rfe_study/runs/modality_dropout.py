"""The network that does without T1 or T2, made of the one of all four scanners (``rfe variants``).

*Modality dropout* (Neverova et al., 2016): it goes on from the finished weights of
`rfe_study.runs.variants.FOUR` on the same crops, for as many epochs as an upper bound goes on for.
In each step T1 and T2 of each crop are left out with probability 1/2 each, one by one, so that a
quarter of the crops has all three modalities and a quarter FLAIR alone.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rfe_core import checkpoints, training
from rfe_core.batches import Batch, Batches
from rfe_core.losses import dice_loss
from rfe_core.patches import Patches
from rfe_core.scans.layouts import MODALITIES
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.methods.batch_norm import adapt_statistics
from rfe_study.methods.modalities import DROPOUT, OPTIONAL, blanked
from rfe_study.runs import baselines, networks, variants
from rfe_study.runs.scoring import check_phantom


class Job(baselines.Job):
    """The network of one seed."""

    models = (DROPOUT,)


def drop(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, 3, H, W) in which each of T1 and T2 is 0, all of it, with probability 1/2."""
    kept = torch.ones(len(images), len(MODALITIES), 1, 1)
    for name in OPTIONAL:
        kept[:, MODALITIES.index(name), 0, 0] = torch.randint(
            2, (len(images),), generator=generator
        ).float()
    return images * kept.to(images.device)


def objective(
    model: UNet, batch: Batch, generator: torch.Generator
) -> tuple[Tensor, dict[str, float]]:
    """The Dice loss of a batch whose images lack what `drop` leaves out."""
    images, labels, valid = training.as_tensors(batch, model)
    return dice_loss(model(drop(images, generator)).logits, labels, valid), {}


def train(job: Job, *, progress: bool = True) -> list[dict[str, Any]]:
    """Train it, or go on where it was stopped; returns its learning curve.

    F on validation crops is that with all modalities, ``f_all``, and with FLAIR alone, ``f_flair``.

    Raises
    ------
    FileNotFoundError
        Without the network that it goes on from.
    """
    if job.path().exists():
        return checkpoints.read_about(job.path())["history"]
    check_phantom(job)
    profile, start = job.profile, networks.load(job.path(variants.FOUR))
    born = provenance.certificate(__name__, device=job.device, threads=torch.get_num_threads())
    first, held_out = variants.variant_patches(profile, variants.FOUR, job.seed)
    flair = replace(held_out, images=blanked(held_out.images, OPTIONAL))
    rng = np.random.default_rng([job.seed, *DROPOUT.encode()])
    model = start.model.to(job.device)
    history = training.train(
        model,
        Batches(first, batch_size=profile.batch_size, flip=profile.flip, generator=rng),
        objective,
        settings=profile,
        seed=job.seed,
        start_epoch=profile.branch_epoch,  # counted, as in all fine-tuning, from here on
        validation={"all": held_out, "flair": flair},
        checkpoint=job.state_path(),
        on_epoch=None if progress else _say,
        progress=progress,
        description=f"{job.model} seed {job.seed}",
    )
    adapt_statistics(model, _dropped(first, job.seed), batch_size=profile.batch_size)
    about = {**job.settings, **born, "model": job.model, "start": start.weights}
    about |= {"wall_s": sum(row["seconds"] for row in history), "history": history}
    checkpoints.save_weights(job.path(), model, about)
    job.state_path().unlink()
    return history


def _dropped(crops: Patches, seed: int) -> Patches:
    """Crops as training shows them, for the statistics of batch norm."""
    images = drop(torch.from_numpy(crops.images), torch.Generator().manual_seed(seed))
    return replace(crops, images=images.numpy())


def _say(model: UNet, history: list[dict[str, Any]]) -> None:
    """A line an epoch."""
    row = history[-1]
    numbers = " ".join(f"{name} {value:.3f}" for name, value in row.items() if name != "epoch")
    print(f"{DROPOUT}: epoch {row['epoch']} {numbers}", flush=True)
