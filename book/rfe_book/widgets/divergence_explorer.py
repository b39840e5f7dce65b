"""The n_E explorer of chapter 06: the same draws held against all embeddings."""

import numpy as np

from rfe_book import widgets
from rfe_book.style import axis
from rfe_book.widgets.n_e_explorer import NEExplorer, controls, tables
from rfe_book.widgets.slice_draws import SliceDraws, SlicePixels
from rfe_core import divergence
from rfe_study.measures.directions import principal_plane
from rfe_study.measures.perfect_samples import BinnedPopulation, null_divergence

HISTOGRAM_BARS = 64

CLOUD_SIDE = 200

EDGES = ("shared", "own")


def divergence_explorer(
    pixels: SlicePixels, *, null_draws: int = 20, seed: int = 0, start: int = 20
) -> NEExplorer:
    """The explorer of chapter 06: drawn pixels held against all, and their divergence.

    Parameters
    ----------
    pixels, seed, start
        As in `loss_explorer`; the same seed shows the same draws.
    null_draws : int
        Simulated perfect samples behind the band.
    """
    drawn = SliceDraws(pixels, seed)
    h = pixels.embeddings.numpy()
    binned = BinnedPopulation(h, pixels.labels.numpy(), per="flattened")
    shape = drawn.shape
    top = float(h.max())
    everything = _bars(h, h.min(), top)
    heights = np.empty((2, *shape, HISTOGRAM_BARS), np.uint8)
    values, ranges = np.empty((2, *shape)), np.empty((2, *shape, 2))
    for at in np.ndindex(shape):
        chosen = drawn.chosen(*at).numpy()
        sample = h[chosen]
        for edges, name in enumerate(EDGES):
            values[edges][at] = binned.divergence(chosen, name)
            data = h if name == "shared" else sample
            ranges[edges][at] = data.min(), data.max()
            heights[edges][at] = _bars(sample, *ranges[edges][at])
    centre, low, high = np.empty((3, *shape[:2]))
    generator = np.random.default_rng(seed)
    for s, n in np.ndindex(shape[:2]):
        counts = drawn.counts[s][n][2:]
        null = null_divergence(binned, counts, draws=null_draws, generator=generator)
        centre[s, n], (low[s, n], high[s, n]) = null.mean(), np.quantile(null, [0.05, 0.95])
    about = {"digits": 4, "centre_name": "perfect sample", "band_name": "90% of perfect samples"}
    scale = axis(np.concatenate([values.ravel(), low.ravel(), [1.0]]).clip(1e-5), log=True)
    measures = [
        {
            "name": "JSD",
            "title": f"JSD (nats) against n_E, {name} edges",
            **about,
            **scale,
            **tables(values[edges], centre, low, high),
        }
        for edges, name in enumerate(EDGES)
    ]
    density, where = _cloud(h)
    return NEExplorer(
        **drawn.traits(),
        kind="comparison",
        measures=measures,
        heights=heights.tobytes(),
        all_heights=everything.tobytes(),
        ranges=ranges.round(2).tolist(),
        cloud=widgets.encode_stack(density[None]),
        cloud_places=_by_place(pixels, where).astype("<u2").tobytes(),
        stop=drawn.stops.index(start),
        controls=controls(drawn.stops, compared=True),
    )


def _bars(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Heights 0 ... 255 of the histogram of all values: the square root of each bin's share.

    Four of the divergence's 256 bins make a bar. The root keeps small bars visible beside the
    many zeros that a ReLU leaves.
    """
    limits = np.full(1, low), np.full(1, high)
    counts = divergence.histograms(values.reshape(-1, 1), *limits, divergence.BINS)[0]
    share = counts.reshape(HISTOGRAM_BARS, -1).sum(1) / values.size
    return np.round(255 * np.sqrt(share)).astype(np.uint8)


def _cloud(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All embeddings along their two principal axes: density as gray, cell of each (n, 2)."""
    mean, axes, _ = principal_plane(h)
    flat = (h - mean) @ axes.T
    low, high = flat.min(0), flat.max(0)
    cells = ((flat - low) / np.maximum(high - low, 1e-12) * (CLOUD_SIDE - 9)).astype(int) + 4
    cells[:, 1] = CLOUD_SIDE - 1 - cells[:, 1]  # the second axis points up
    density = np.zeros((CLOUD_SIDE, CLOUD_SIDE))
    np.add.at(density, (cells[:, 1], cells[:, 0]), 1)
    gray = 255 - np.round(190 * np.log1p(density) / np.log1p(density.max()))
    return gray.astype(np.uint8), cells[:, 1] * CLOUD_SIDE + cells[:, 0]


def _by_place(pixels: SlicePixels, values: np.ndarray) -> np.ndarray:
    """One value a brain pixel, spread over the picture."""
    picture = np.zeros(pixels.inside.size, int)
    picture[pixels.places] = values
    return picture
