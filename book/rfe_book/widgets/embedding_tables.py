"""Embeddings over slices as the maps and texts that chapter 02's widget shows.

Whatever depends on the stage comes twice: after the ReLU, then before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rfe_study.measures import probes

#: Gray value that stands for 0 in a map; below lie negative numbers, above positive ones.
ZERO = 128


@dataclass(frozen=True, kw_only=True)
class NamedPixel:
    """A pixel that cosines are taken with: `row` and `column` as drawn, on slice number `index`."""

    name: str
    index: int
    row: int
    column: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Embeddings:
    """Embeddings of S slices as they are drawn, row 0 on top.

    Attributes
    ----------
    features : (S, C, H, W) float
        Before the ReLU.
    masks, inside : (S, H, W) bool
        Lesions, and the pixels that means are taken over (the brain).
    pixels : sequence of NamedPixel
        K of them.
    weights : C numbers
        How the last layer weighs each channel.
    slices : S str
        Name of each slice.
    """

    features: NDArray[np.float64]
    masks: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    pixels: Sequence[NamedPixel]
    weights: Sequence[float]
    slices: Sequence[str]

    def __post_init__(self) -> None:
        count, channels, *plane = self.features.shape
        for name in ("masks", "inside"):
            shape = np.shape(getattr(self, name))
            if shape != (count, *plane):
                raise ValueError(
                    f"{name} must have the features' shape {(count, *plane)}, got {shape}"
                )
        if len(self.weights) != channels:
            raise ValueError(f"weights must be one a channel ({channels}), got {len(self.weights)}")
        if len(self.slices) != count:
            raise ValueError(f"slices must be one name a slice ({count}), got {len(self.slices)}")

    @cached_property
    def by_stage(self) -> tuple[NDArray, NDArray]:
        """Embeddings (S, C, H, W) of either stage."""
        return np.maximum(self.features, 0), self.features

    @cached_property
    def cosines(self) -> tuple[NDArray, NDArray]:
        """Cosine of every embedding with each named pixel, (K, S, H, W), of either stage."""
        return tuple(self._cosines(values) for values in self.by_stage)

    def _cosines(self, values: NDArray) -> NDArray:
        rows = np.moveaxis(values, 1, -1)
        chosen = np.array([rows[p.index, p.row, p.column] for p in self.pixels])
        flat = probes.cosines(rows.reshape(-1, rows.shape[-1]), chosen)
        return flat.T.reshape(len(self.pixels), *rows.shape[:3])

    def maps(self) -> tuple[list[NDArray[np.uint8]], list[dict]]:
        """Gray maps (S, H, W), and the views of them: all channels, then all named pixels.

        A view names the map that it shows at either stage. For a channel that is the same one, cut
        at `ZERO` by the browser after the ReLU.
        """
        maps, views = [], []
        for c, values in enumerate(np.moveaxis(self.features, 1, 0)):
            low, high = np.percentile(values, (0.1, 99.9))
            low, high = min(low, -1e-3), max(high, 1e-3)
            maps.append(signed(values, low, high))
            name, ends = f"channel {c + 1}", [_number(low, ".1f"), "0", _number(high, ".1f")]
            views.append(
                {"kind": "channel", "name": name, "row": name, "maps": [c, c], "ends": [ends] * 2}
            )
        for k, pixel in enumerate(self.pixels):
            own = [len(maps), len(maps) + 1]
            maps += [signed(cosines[k], -1, 1) for cosines in self.cosines]
            name, ends = f"cosine with: {pixel.name}", ["−1", "0", "1"]
            views.append(
                {"kind": "pixel", "name": name, "row": pixel.name, "maps": own, "ends": [ends] * 2}
            )
        return maps, views

    def captions(self) -> list[list[list[str]]]:
        """A line for each [stage][view][slice]."""
        lesion, rest = self.masks & self.inside, self.inside & ~self.masks

        def of_channel(values: NDArray, s: int) -> str:
            return (
                f"Mean {_mean(values, lesion[s])} over lesions, "
                f"{_mean(values, rest[s])} over the rest of the brain"
            )

        def of_pixel(values: NDArray, s: int) -> str:
            return (
                f"Mean cosine {_mean(values, lesion[s])} with lesions, "
                f"{_mean(values, rest[s])} with the rest of the brain; "
                f"{np.mean(values[self.inside[s]] < 0):.0%} of the brain below 0"
            )

        return [
            [[of_channel(plane, s) for s, plane in enumerate(v)] for v in np.moveaxis(values, 1, 0)]
            + [[of_pixel(plane, s) for s, plane in enumerate(v)] for v in cosines]
            for values, cosines in zip(self.by_stage, self.cosines, strict=True)
        ]

    def channel_rows(self) -> list[list[list[list[str]]]]:
        """Mean over lesions, over the rest, and weight: [stage][slice][channel], three texts."""
        lesion, rest = self.masks & self.inside, self.inside & ~self.masks
        return [
            [
                [
                    [_mean(plane, lesion[s]), _mean(plane, rest[s]), _number(weight, "+.2f")]
                    for plane, weight in zip(values[s], self.weights, strict=True)
                ]
                for s in range(len(self.slices))
            ]
            for values in self.by_stage
        ]

    def pixel_rows(self) -> list[list[list[list[str]]]]:
        """Cosine of each pixel with each other, and its slice: [stage][pixel][pixel], two texts."""
        return [
            [
                [
                    [_number(own[p.index, p.row, p.column], ".2f"), self.slices[p.index]]
                    for p in self.pixels
                ]
                for own in cosines
            ]
            for cosines in self.cosines
        ]


def signed(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map values to uint8: `low` < 0 becomes 0, 0 becomes 128, `high` > 0 becomes 255."""
    scaled = np.where(values < 0, ZERO - ZERO * values / low, ZERO + (255 - ZERO) * values / high)
    return np.round(np.clip(scaled, 0, 255)).astype(np.uint8)


def _number(value: float, form: str) -> str:
    return f"{value:{form}}".replace("-", "−")


def _mean(values: np.ndarray, where: np.ndarray) -> str:
    return _number(values[where].mean(), ".2f") if where.any() else "none"
