"""Nested draws from one slice: what the n_E explorer shows, computed once.

Draws of one number are nested: for any strategy and n_E they are the first pixels of two shuffles,
one a class, so the browser only takes prefixes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from rfe_book import style, widgets
from rfe_book.style import outline
from rfe_core import patches, sampling
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study.measures import monte_carlo, probes
from rfe_study.methods.proof_of_concept import N_E

_STEPS = (2, 3, 5, 7, 10, 14, 30, 50, 70, 140, 300, 700, 1400, 3000, 5000, 7000, 10000)

REDRAWS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class SlicePixels:
    """A slice as drawn (row 0 on top) and the embeddings of its n brain pixels, row by row.

    Attributes
    ----------
    image : (H, W) uint8
    lesion, inside : (H, W) bool
        Lesions, and the brain: pixels that may be drawn.
    embeddings : Tensor, (n, C)
        Non-negative.
    labels : Tensor, (n,) int64
        1 lesion, 0 background.
    caption : str
        What it is, for readers who do not see it.
    """

    image: np.ndarray
    lesion: np.ndarray
    inside: np.ndarray
    embeddings: torch.Tensor
    labels: torch.Tensor
    caption: str

    @property
    def places(self) -> np.ndarray:
        """Row-major position in the picture of each of the n pixels."""
        return np.flatnonzero(self.inside)


def slice_pixels(model: UNet, subject: Subject, z: int) -> SlicePixels:
    """Axial slice `z` of a labelled patient, cut to the brain and a few pixels around it."""
    border = 6
    images = patches.stack(subject)[[z]]
    features = probes.features(model, images)[0]
    brain = subject.brain_mask[:, :, z]
    cut = tuple(
        slice(max(0, on[0] - border), on[-1] + border + 1)
        for on in (np.flatnonzero(brain.any(axis=1)), np.flatnonzero(brain.any(axis=0)))
    )
    inside = style.upright(brain[cut])
    lesion = style.upright(subject.lesion_mask[:, :, z][cut]) & inside
    flair = style.upright(images[0, -1][cut])
    rows = style.upright(np.moveaxis(features, 0, -1)[cut])
    return SlicePixels(
        image=style.to_display(flair, low=0, high=np.percentile(flair[inside], 99.8)),
        lesion=lesion,
        inside=inside,
        embeddings=torch.from_numpy(np.ascontiguousarray(rows[inside])),
        labels=torch.from_numpy(lesion[inside].astype(np.int64)),
        caption=f"Axial FLAIR slice of patient {subject.name}",
    )


def stops(n: int) -> list[int]:
    """Values of n_E from 2 to all `n` pixels, about evenly spaced on a log scale."""
    return sorted({value for value in (*_STEPS, *N_E) if value < n} | {n})


class SliceDraws:
    """The draws of a slice that an explorer shows: counts, shuffles, and any table over them.

    Attributes
    ----------
    stops : list of int
        Values of n_E.
    counts : list
        ``[strategy][stop]``: wanted background and lesion, drawn background and lesion. Where a
        class has too few pixels all it has are drawn.
    shuffles : list of int array (redraws, N_c)
        Indices of the background and of the lesion pixels, shuffled.
    """

    def __init__(self, pixels: SlicePixels, seed: int) -> None:
        if len(pixels.inside.ravel()) > 2**16:
            raise ValueError(f"picture must have at most 65536 pixels, got {pixels.inside.shape}")
        self.pixels, self.seed = pixels, seed
        self.stops = stops(len(pixels.labels))
        have = sampling.available(pixels.labels)
        self.counts = []
        for strategy in sampling.STRATEGIES:
            wanted = [sampling.counts(pixels.labels, n, strategy) for n in self.stops]
            self.counts.append([[*w, *map(min, w, have)] for w in wanted])
        everything = [
            monte_carlo.draw(
                pixels.labels,
                len(pixels.labels),
                "distribution-aware",
                seed=seed + redraw,
                shortfall="error",
            ).indices.numpy()
            for redraw in range(REDRAWS)
        ]
        self.shuffles = [np.stack([e[: have[0]] for e in everything])]
        self.shuffles.append(np.stack([e[have[0] :] for e in everything]))

    def chosen(self, strategy: int, stop: int, redraw: int) -> torch.Tensor:
        """Indices (n,) into the slice's pixels, background first."""
        drawn = self.counts[strategy][stop][2:]
        parts = [s[redraw, :n] for s, n in zip(self.shuffles, drawn, strict=True)]
        return torch.from_numpy(np.concatenate(parts))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Strategies, stops, redraws: every table has this shape."""
        return len(self.counts), len(self.stops), REDRAWS

    def over_states(self, value: Callable[[torch.Tensor], float]) -> np.ndarray:
        """``value(indices)`` of each draw, an array of `shape`."""
        return np.reshape([value(self.chosen(*at)) for at in np.ndindex(self.shape)], self.shape)

    def traits(self) -> dict:
        """What both explorers need."""
        pixels = self.pixels
        places = pixels.places
        return {
            "image": widgets.encode_stack(pixels.image[None], quality=60),
            "outline": widgets.encode_stack(outline(pixels.lesion)[None].astype(np.uint8)),
            "shuffled": [places[s].astype("<u2").tobytes() for s in self.shuffles],
            "n_e": self.stops,
            "counts": self.counts,
            "label": pixels.caption,
        }
