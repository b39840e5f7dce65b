"""The n_E explorer of chapter 05: drawn pixels, their pairs, and the loss with its scatter."""

import numpy as np
import torch

from rfe_book.style import axis
from rfe_book.widgets.n_e_explorer import PAIR_STEPS, PAIRS_SHOWN, NEExplorer, controls, tables
from rfe_book.widgets.slice_draws import REDRAWS, SliceDraws, SlicePixels
from rfe_core.losses import label_embedding_loss
from rfe_study.measures import monte_carlo, probes


def loss_explorer(
    pixels: SlicePixels, *, draws: int = 200, seed: int = 0, start: int = 20
) -> NEExplorer:
    """The explorer of chapter 05: drawn pixels, their pairs, and the loss with its scatter.

    Parameters
    ----------
    pixels : SlicePixels
    draws : int
        How many draws the band of 90% is taken from.
    seed : int
        Redraw k uses ``seed + k``; the draws of the band come after them.
    start : int
        n_E shown first, one of `stops`.
    """
    drawn = SliceDraws(pixels, seed)
    h, labels, shape = pixels.embeddings, pixels.labels, drawn.shape
    values = drawn.over_states(
        lambda c: float(label_embedding_loss(h[c], labels[c], reduction="mean"))
    )
    blocks = [
        _block_means(h[c], labels[c], values[at])
        for at in np.ndindex(shape)
        for c in [drawn.chosen(*at)]
    ]
    sizes = [tuple(c[2:]) for counts in drawn.counts for c in counts]
    exact = np.reshape([monte_carlo.expected_loss(h, labels, size) for size in sizes], shape[:2])
    losses = monte_carlo.sampled_losses(h, labels, sizes, draws=draws, seed=seed + REDRAWS)
    low, high = np.quantile(losses, [0.05, 0.95], axis=0).reshape(2, *shape[:2])
    measure = {
        "name": "Loss",
        "title": "Loss (mean over pairs) against n_E",
        "centre_name": "exact value",
        "band_name": f"90% of {draws} draws",
        "digits": 3,
        **axis(np.concatenate([low.ravel(), high.ravel(), values.ravel()]), log=False),
        **tables(values, exact, low, high),
    }
    cells = []
    for redraw in range(REDRAWS):
        parts = [s[redraw, :n] for s, n in zip(drawn.shuffles, PAIRS_SHOWN, strict=True)]
        cells.append(_pair_losses(h, labels, parts))
    return NEExplorer(
        **drawn.traits(),
        kind="pairs",
        measures=[measure],
        blocks=np.reshape(blocks, (*shape, 3)).round(3).tolist(),
        pairs=np.stack(cells).tobytes(),
        stop=drawn.stops.index(start),
        controls=controls(drawn.stops, compared=False),
    )


def _block_means(h: torch.Tensor, labels: torch.Tensor, total: float) -> list[float]:
    """Mean loss of pairs within background, within lesion, and between (0 where there is none)."""
    lesion = labels == 1
    n, n_l = len(h), int(lesion.sum())
    n_b = n - n_l
    sums = [
        float(label_embedding_loss(h[part], labels[part])) if part.any() else 0.0
        for part in (~lesion, lesion)
    ]
    between = total * n**2 - sum(sums)
    pairs = (n_b**2, n_l**2, 2 * n_b * n_l)
    return [max(0.0, v / p) if p else 0.0 for v, p in zip((*sums, between), pairs, strict=True)]


def _pair_losses(h: torch.Tensor, labels: torch.Tensor, parts: list) -> np.ndarray:
    """Losses of pairs of the first pixels of a redraw, 0 ... 1 in `PAIR_STEPS` steps."""
    place = np.concatenate([np.arange(len(parts[0])), PAIRS_SHOWN[0] + np.arange(len(parts[1]))])
    chosen = np.concatenate(parts)
    cosine = probes.cosines(h[chosen].numpy(), h[chosen].numpy())
    same = labels[chosen][:, None] == labels[chosen]
    losses = np.where(same.numpy(), 1 - cosine, cosine)
    cells = np.zeros((sum(PAIRS_SHOWN), sum(PAIRS_SHOWN)), np.uint8)
    cells[np.ix_(place, place)] = np.round(losses.clip(0, 1) * PAIR_STEPS)
    return cells
