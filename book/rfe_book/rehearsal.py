"""A reader's own sampler and training step: compared with the core's, and tried for a while."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown
from torch import Generator, Tensor
from torch.optim import Optimizer

from rfe_book.cells import table
from rfe_core import losses, sampling
from rfe_core.batches import Batch
from rfe_core.evaluation import patch_f_score
from rfe_core.patches import Patches
from rfe_core.unet import UNet

#: From flat labels (-1: no pixel of the brain), n_E and the share of lesion to indices.
Sampler = Callable[[Tensor, int, float, Generator], Tensor]

#: From network, optimiser, images, labels and the flat indices drawn to the loss.
Step = Callable[[UNet, Optimizer, Tensor, Tensor, Tensor], float]


def same_counts(sampler: Sampler, labels: Tensor) -> bool:
    """Whether each class gets as many pixels as the core draws, also if it has few.

    Raises
    ------
    ValueError
        Saying what was asked for, what was drawn and what the core draws.
    """
    for n_e, share in ((20, 0.2), (13, 0.5), (30, 0.5)):
        random, settings = torch.Generator(), {"shortfall": "all available"}
        own = sampling.available(labels[sampler(labels, n_e, share, random)])
        shares = [1 - share, share]
        core = sampling.sample(labels, n_e, strategy=shares, generator=random, **settings).drawn
        if own != core:
            asked = f"of n_e={n_e}, lesion_share={share}"
            found = f"{own[0]} background and {own[1]} lesion, not {core[0]} and {core[1]}"
            raise ValueError(f"{asked}: {found}")
    return True


def none_twice(sampler: Sampler, labels: Tensor, *, n_e: int = 30) -> bool:
    """Whether `n_e` pixels that are there are `n_e` different ones, none of them ignored."""
    drawn = sampler(labels, n_e, 0.1, torch.Generator())
    return len(drawn.unique()) == n_e and bool((labels[drawn] != sampling.IGNORE).all())


def each_has_its_chance(
    sampler: Sampler, labels: Tensor, *, draws: int = 300, seed: int = 0
) -> bool:
    """Whether many small draws, of as many pixels of each class, come to all that count."""
    generator = torch.Generator().manual_seed(seed)
    seen = torch.cat([sampler(labels, 4, 0.5, generator) for _ in range(draws)])
    return set(seen.tolist()) == set(torch.nonzero(labels != sampling.IGNORE)[:, 0].tolist())


def core_step(
    model: UNet, optimizer: Optimizer, images: Tensor, labels: Tensor, drawn: Tensor
) -> float:
    """Eq. 1 on a batch whose first half is labelled, and one step downhill.

    Parameters
    ----------
    images : (N, 3, H, W)
    labels : (N, H, W)
        1 lesion, 0 background, -1 ignored; those of the second half are a prior's.
    drawn : (n,)
        Pixels to compare, indices into ``labels.flatten()``.
    """
    logits, maps = model(images)
    half = len(images) // 2
    dice = losses.dice_loss(logits[:half], labels[:half])
    h = maps.movedim(1, -1).flatten(0, -2)[drawn]
    alike = losses.label_embedding_loss(h, labels.flatten()[drawn], reduction="mean")
    loss = losses.total_loss(dice, {"fine": alike}, {"fine": 1.0})
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def agrees(
    step: Step,
    model: UNet,
    images: Tensor,
    labels: Tensor,
    drawn: Tensor,
    *,
    steps: int = 1,
    seed: int = 0,
) -> bool:
    """Whether so many steps have the losses of `core_step` and leave the same weights."""
    found = []
    for own in (step, core_step):
        network = copy.deepcopy(model).eval()
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            values = [
                as_number(own(network, optimizer, images, labels, drawn)) for _ in range(steps)
            ]
        weights = [parameter.detach().flatten() for parameter in network.parameters()]
        found.append(torch.cat([torch.tensor(values), *weights]))
    return torch.allclose(*found, rtol=1e-3, atol=1e-5)


def as_number(loss: float) -> float:
    """What a step returned, if it is a number.

    Raises
    ------
    TypeError
        If it is not; a tensor would keep the whole graph of the step.
    """
    if not isinstance(loss, int | float | np.number):
        kind = type(loss).__name__
        raise TypeError(f"a step must return the loss as a number, as loss.item(), got {kind}")
    return float(loss)


def rehearse(
    sampler: Sampler,
    step: Step,
    model: UNet,
    batches: Iterable[Batch],
    watched: Patches,
    *,
    n_e: int = 200,
    lesion_share: float = 0.2,
    every: int = 5,
    rate: float = 1e-3,
    seed: int = 0,
) -> Markdown | None:
    """Train a copy of a network with a reader's code; one quiet line while that is a stub.

    Parameters
    ----------
    sampler, step
        The reader's.
    model : UNet
        Stays as it is.
    batches : iterable of Batch
        As many steps as there are.
    watched : Patches
        Whose F-score is told before, after every so many steps, and at the end.
    n_e, lesion_share
        Passed to `sampler`.
    every : int
        Steps between two F-scores.
    rate : float
        Learning rate of Adam.
    seed : int
        Of `sampler`'s generator, and of dropout.

    Returns
    -------
    Markdown or None
        A table of steps, the mean loss since the line before, and F.
    """
    network = copy.deepcopy(model)
    optimizer = torch.optim.Adam(network.parameters(), rate)
    generator = torch.Generator().manual_seed(seed)
    lines, values = [(0, np.nan, patch_f_score(network, watched))], []
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # dropout
        for number, batch in enumerate(batches, 1):
            labels = np.where(batch.valid, batch.labels.astype(np.int64), sampling.IGNORE)
            images, labels = torch.from_numpy(batch.images), torch.from_numpy(labels)
            network.train()
            try:
                drawn = sampler(labels.flatten(), n_e, lesion_share, generator)
                values.append(as_number(step(network, optimizer, images, labels, drawn)))
            except NotImplementedError:
                return print("Not yet: your code is missing")
            if number % every == 0:
                lines.append((number, np.mean(values), patch_f_score(network.eval(), watched)))
                values = []
    frame = pd.DataFrame(lines, columns=["steps", "loss", "F"]).set_index("steps")
    return table(frame, columns={"loss": 3, "F": 3})
