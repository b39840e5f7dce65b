"""What one switched choice of the text or of the released code changes on one batch.

Nothing is trained: the network and the batch stay, so that what differs is the choice, one of
`rfe_study.measures.switches`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfe_core import sampling, strategies
from rfe_core.distances import REDUCTIONS, pairwise, unit
from rfe_core.divergence import BINS, histograms, jensen_shannon, jsd
from rfe_core.losses import label_embedding_loss
from rfe_core.metrics import f_score
from rfe_core.patches import Patches
from rfe_core.unet import UNet
from rfe_study.measures.switches import DARK, OURS, SWITCHES, Choices
from rfe_study.methods.released import radial_error

SIDES = ("labelled", "unlabelled")


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenBatch:
    """A batch as a network sees it, labelled crops first.

    Attributes
    ----------
    images : (N, 3, H, W) float32
    labels, valid : (N, H, W) int64, bool
    labelled : (N,) bool
    maps : dict of (N, C, H, W) Tensor
        Embeddings after ("relu") and before ("linear") the last ReLU.
    probability : (N, H, W) float32
    """

    images: NDArray[np.float32]
    labels: Tensor
    valid: Tensor
    labelled: Tensor
    maps: dict[str, Tensor]
    probability: NDArray[np.float32]

    def embeddings(self, taken: str) -> Tensor:
        """All embeddings "relu" or "linear", a row a pixel: (N H W, C)."""
        return self.maps[taken].movedim(1, -1).flatten(0, -2)


def see(model: UNet, labelled: Patches, unlabelled: Patches) -> SeenBatch:
    """Both halves through a network; the mode of the network is restored, its weights stay."""
    images, labels, valid = (
        np.concatenate([getattr(part, name) for part in (labelled, unlabelled)])
        for name in ("images", "labels", "valid")
    )
    was, training = model.embeddings, model.training
    model.eval()
    maps = {}
    with torch.no_grad():
        for taken in ("relu", "linear"):
            model.embeddings = taken
            logits, maps[taken] = model(torch.from_numpy(images))
    model.embeddings = was
    model.train(training)
    return SeenBatch(
        images=images,
        labels=torch.from_numpy(labels.astype(np.int64)),
        valid=torch.from_numpy(valid),
        labelled=torch.arange(len(images)) < len(labelled),
        maps=maps,
        probability=logits[:, 0].sigmoid().numpy(),
    )


def may_be_drawn(batch: SeenBatch, drawn_from: str) -> Tensor:
    """Pixels (N, H, W) that take part."""
    if drawn_from == "brain":
        return batch.valid
    if drawn_from == "all":
        return torch.ones_like(batch.valid)
    return torch.from_numpy((batch.images >= DARK).all(axis=1))


def draw(batch: SeenBatch, choices: Choices, *, seed: int = 0) -> dict[str, sampling.Sample]:
    """The pixels drawn on either side, as indices into all pixels of the batch."""
    part = may_be_drawn(batch, choices.drawn_from).flatten()
    labels = batch.labels.flatten().where(part, sampling.IGNORE)
    side = batch.labelled.repeat_interleave(batch.labels[0].numel())
    options: dict[str, Any] = {"generator": torch.Generator().manual_seed(seed)}
    options |= {"shortfall": "all available"}
    if choices.fraction_of == "brain":
        options |= {"strategy": choices.strategy}
        return sampling.sample_sides(labels, side, choices.n_e, **options)
    found = {}
    for name, own in sampling.sides(labels, side).items():
        n_e = choices.n_e
        if name == SIDES[0]:
            n_e = sum(released_counts(own, n_e, pixels=int(side.sum())))
        found[name] = sampling.sample(own, n_e, strategy=choices.strategy, **options)
    return found


def pixels_of(samples: dict[str, sampling.Sample]) -> Tensor:
    """Those of both sides, as indices into all pixels of the batch."""
    return torch.cat([samples[side].indices for side in SIDES])


def released_counts(labels: Tensor, n_e: int, *, pixels: int) -> tuple[int, ...]:
    """Pixels of each class that the release draws, distribution-aware, from the labelled side.

    A class's share is its count over all `pixels`, ignored ones included, so they add up to less
    than `n_e`.

    Examples
    --------
    >>> released_counts(torch.tensor([0] * 45 + [1] * 5), 20, pixels=100)
    (9, 0)
    """
    have = sampling.available(labels)
    half = Fraction(1, 2)
    return tuple(int(min(n_e, n) * Fraction(n, pixels) + half) for n in have)


def measure(batch: SeenBatch, choices: Choices, *, seed: int = 0) -> dict[str, float]:
    """What one set of choices gives on a batch.

    Returns
    -------
    dict
        ``drawn_<side>_<class>``; ``loss`` of Eq. 2, ``part`` (times its weight) and ``gradient``,
        the length of the part's gradient at the embeddings; ``along``, the share of that gradient
        that points along the embeddings; ``beyond``, the share of pairs of two classes that are
        farther apart than the margin; ``jsd`` of drawn and all embeddings, channels together;
        ``f_score`` of the network's pixels from the threshold on.
    """
    samples = draw(batch, choices, seed=seed)
    numbers: dict[str, float] = {
        f"drawn_{side}_{name}": n
        for side in SIDES
        for name, n in zip(strategies.class_names(2), samples[side].drawn, strict=True)
    }
    index, everything = pixels_of(samples), batch.embeddings(choices.embeddings)
    labels = batch.labels.flatten()[index]
    numbers |= compare(everything[index], labels, choices)
    part = may_be_drawn(batch, choices.drawn_from)
    # the release compares with all pixels, ignored ones included: chapter 6 has that measured
    population = everything[part.flatten()]
    numbers["jsd"] = float(
        jensen_shannon(everything[index], population, edges=choices.edges, per="flattened")
    )
    brain = batch.valid.numpy()
    marked = batch.probability[brain] > choices.threshold
    numbers["f_score"] = f_score(marked, batch.labels.numpy()[brain] == 1)
    return numbers


def compare(embeddings: Tensor, labels: Tensor, choices: Choices) -> dict[str, float]:
    """``loss``, ``part``, ``gradient``, ``along`` and ``beyond`` of drawn embeddings."""
    h = embeddings.double()
    loss = float(_loss(h, labels, choices, choices.margin))
    gradient = pull(h, labels, choices)
    along = (gradient * unit(h)).sum(1).norm()
    d = pairwise(h[labels == 0], h[labels == 1], choices.distance)
    return {
        "loss": loss,
        "part": choices.weight * loss,
        "gradient": gradient.norm().item(),
        "along": (along / gradient.norm()).item(),
        "beyond": (d >= choices.margin).double().mean().item(),
    }


def pull(embeddings: Tensor, labels: Tensor, choices: Choices) -> Tensor:
    """Gradient of the part of Eq. 1 at embeddings (n, C), with the release's defect if chosen."""
    h = embeddings.detach().requires_grad_()
    # without its test every hinge acts: 1 - cos is never above 2
    loss = _loss(h, labels, choices, 2.0 if choices.gradient == "no hinge test" else choices.margin)
    if choices.gradient == "radial error":
        loss = loss + radial_error(h, labels) / len(h) ** REDUCTIONS.index(choices.reduction)
    (gradient,) = torch.autograd.grad(choices.weight * loss, h)
    return gradient


def _loss(h: Tensor, labels: Tensor, choices: Choices, margin: float) -> Tensor:
    return label_embedding_loss(
        h, labels, distance=choices.distance, margin=margin, reduction=choices.reduction
    )


def all_switches(batch: SeenBatch, *, seed: int = 0) -> list[dict[str, float]]:
    """`measure` of each of `SWITCHES`, in their order."""
    return [measure(batch, switch.choices, seed=seed) for switch in SWITCHES]


def lost_to_darkness(batch: SeenBatch) -> dict[str, float]:
    """Shares of the brain's and of the lesions' pixels that the release's rule ignores."""
    dark = ~may_be_drawn(batch, "not dark")
    lesion = batch.valid & (batch.labels == 1)
    return {
        "brain": dark[batch.valid].double().mean().item(),
        "lesion": dark[lesion].double().mean().item(),
    }


def scores_at(
    probability: NDArray[np.float32], lesion: NDArray[np.bool_], thresholds: Sequence[float]
) -> list[float]:
    """F of ``probability > threshold`` for each threshold."""
    return [f_score(probability > threshold, lesion) for threshold in thresholds]


def cosines_between(batch: SeenBatch, embeddings: str, *, seed: int = 0) -> NDArray[np.float64]:
    """Cosines of all pairs of a lesion and a background pixel among those drawn."""
    index = pixels_of(draw(batch, OURS, seed=seed))
    z = unit(batch.embeddings(embeddings)[index].double())
    lesion = batch.labels.flatten()[index] == 1
    return (z[lesion] @ z[~lesion].T).flatten().numpy()


def effect_of_filled_zeros(batch: SeenBatch, *, fill: float = 1e-9) -> float:
    """How much the divergence moves if empty bins count as `fill`, as in the release."""
    everything = batch.embeddings("relu")
    drawn, values = everything[pixels_of(draw(batch, OURS))], everything[batch.valid.flatten()]
    low, high = values.min().numpy()[None], values.max().numpy()[None]
    p, q = (
        histograms(x.reshape(-1, 1).numpy(), low, high, BINS).astype(float) for x in (drawn, values)
    )
    p, q = p / p.sum(), q / q.sum()
    return float(abs(jsd(np.where(p, p, fill), np.where(q, q, fill)) - jsd(p, q))[0])


def steps(
    embeddings: Tensor, labels: Tensor, choices: Choices, *, number: int, rate: float
) -> NDArray[np.float64]:
    """Mean length of embeddings that follow minus the gradient: before and after each step."""
    h, found = embeddings.double(), []
    for _ in range(number + 1):
        found.append(h.norm(dim=1).mean().item())
        h = h - rate * pull(h, labels, choices)
    return np.array(found)
