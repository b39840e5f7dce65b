"""Chapter 08's explorer: the NCC prior of one slice, by number, size and threshold."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import traitlets
from numpy.typing import NDArray

from rfe_book import style, widgets
from rfe_book.style import BLUE, GREEN, VERMILION
from rfe_book.widgets.controls import ControlledWidget, choice, slider, tick
from rfe_book.widgets.segmentation_view import OUTCOME_MARKS, OUTCOMES
from rfe_core import ncc
from rfe_core.patches import normalise
from rfe_core.prior import extract_templates
from rfe_core.scans.subject import Subject

#: Thresholds of the slider. A level is how many of them a response reaches, which fits a byte, so
#: that the browser's masks are those of `rfe_core.prior.prior_mask`, not nearly so.
FIRST, STEP = 0.4, 0.002

THRESHOLDS = np.round(FIRST + STEP * np.arange(255), 3)

_ENDS = float(THRESHOLDS[0]), float(THRESHOLDS[-1])

#: Name, colour and dashes of each curve.
CURVES = (("Dice", BLUE, ""), ("precision", VERMILION, "7 3"), ("recall", GREEN, "2 3"))

BACKGROUNDS = ("FLAIR", "response")


class PriorExplorer(ControlledWidget):
    """A slice with its prior, and Dice, precision and recall against the threshold.

    Every trait but `count`, `size`, `threshold`, `background` and `marked` is fixed once it is
    shown. Tables are indexed [count][size].
    """

    _esm = OUTCOME_MARKS + widgets.esm("prior_explorer")
    _css = widgets.STYLE + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    image = traitlets.Unicode(help="the FLAIR slice").tag(sync=True)
    places = traitlets.Unicode(help="0 outside, 1 brain, 2 lesion").tag(sync=True)
    levels = traitlets.Unicode(help="counts * sizes maps of levels").tag(sync=True)
    counts = traitlets.List(help="numbers of templates").tag(sync=True)
    sizes = traitlets.List(help="sides of templates").tag(sync=True)
    thresholds = traitlets.List(help="stops of the slider").tag(sync=True)
    chosen = traitlets.List(help="stops nearest to the thresholds chosen on V1").tag(sync=True)
    # pairs, not a dict: notebooks are stored with sorted keys
    colours = traitlets.List(help="[name, '#rrggbb'] of each outcome").tag(sync=True)
    curves = traitlets.List(help="name, colour and dashes").tag(sync=True)
    label = traitlets.Unicode(help="what the picture shows, for screen readers").tag(sync=True)
    zoom = traitlets.Int(3, help="canvas pixels a pixel").tag(sync=True)
    count = traitlets.Int(0).tag(sync=True)
    size = traitlets.Int(0).tag(sync=True)
    threshold = traitlets.Float(FIRST).tag(sync=True)
    background = traitlets.Int(0).tag(sync=True)
    marked = traitlets.Bool(True).tag(sync=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class PriorSlice:
    """A slice of a labelled patient and its responses, as drawn: row 0 on top.

    Attributes
    ----------
    image : (H, W) uint8
    lesion, brain : (H, W) bool
    responses : mapping of (count, size) to (H, W) array
        Geometric means over `count` templates of side `size`; outside the brain they do not count.
    chosen : mapping of (count, size) to float
        The threshold chosen on V1.
    """

    image: NDArray[np.uint8]
    lesion: NDArray[np.bool_]
    brain: NDArray[np.bool_]
    responses: Mapping[tuple[int, int], NDArray]
    chosen: Mapping[tuple[int, int], float]

    def __post_init__(self) -> None:
        arrays = {"lesion": self.lesion, "brain": self.brain}
        arrays |= {f"response {key}": array for key, array in self.responses.items()}
        for name, array in arrays.items():
            if array.shape != self.image.shape:
                raise ValueError(
                    f"{name} must have the image's shape {self.image.shape}, got {array.shape}"
                )
        if (self.lesion & ~self.brain).any():
            raise ValueError("lesion must lie in the brain, got lesion outside")
        if self.chosen.keys() != self.responses.keys():
            raise ValueError(
                f"chosen must have a threshold for each response {list(self.responses)}, "
                f"got {list(self.chosen)}"
            )


def levels_of(response: NDArray, brain: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How many of `THRESHOLDS` each response reaches: ``response >= THRESHOLDS[k]`` if > k."""
    reached = np.searchsorted(THRESHOLDS.astype(response.dtype), response, side="right")
    return np.where(brain, reached, 0).astype(np.uint8)


def slice_response(subject: Subject, z: int, templates: NDArray[np.float32]) -> NDArray[np.float32]:
    """`rfe_core.ncc.response` in one axial slice (X, Y), from the slices that it needs."""
    reach = templates.shape[-1] // 2
    if not reach <= z < subject.shape[2] - reach:
        raise ValueError(f"z must lie {reach} slices or more from either end, got {z}")
    slab = subject.images["flair"][:, :, z - reach : z + reach + 1]
    # z first, in both: the windows of a slice then lie in rows, which is faster
    return ncc.response(slab.transpose(2, 0, 1), templates.transpose(0, 3, 1, 2))[reach]


def prior_slice(
    source: Subject,
    subject: Subject,
    z: int,
    chosen: Mapping[tuple[int, int], float],
    *,
    seed: int,
    border: int = 4,
) -> PriorSlice:
    """Axial slice `z` of a labelled patient and its responses, cut to the brain and a border.

    Parameters
    ----------
    source : Subject
        V1, whose lesions the templates are.
    chosen : mapping of (count, size) to float
        Which responses to compute, and the thresholds chosen on V1.
    seed : int
        Of the draw of templates.
    """
    flair, brain = subject.images["flair"], subject.brain_mask[:, :, z]
    cut = tuple(
        slice(max(0, on[0] - border), on[-1] + border + 1)
        for on in (np.flatnonzero(brain.any(axis=1)), np.flatnonzero(brain.any(axis=0)))
    )
    most, sizes = max(count for count, _ in chosen), {size for _, size in chosen}
    templates = {  # fewer are the first of more
        size: extract_templates(
            source.images["flair"],
            source.lesion_mask,
            most,
            size,
            generator=np.random.default_rng(seed),
            shortfall="all available",
        )
        for size in sizes
    }
    responses = {
        (count, size): style.upright(slice_response(subject, z, templates[size][:count])[cut])
        for count, size in chosen
    }
    gray = normalise(flair, subject.brain_mask)[:, :, z][cut]
    return PriorSlice(
        image=style.to_display(style.upright(gray), low=0, high=1),
        lesion=style.upright((subject.lesion_mask[:, :, z] & brain)[cut]),
        brain=style.upright(brain[cut]),
        responses=responses,
        chosen=chosen,
    )


def prior_explorer(data: PriorSlice, *, label: str, start: tuple[int, int]) -> PriorExplorer:
    """The prior over a slice, with or without a kernel.

    Parameters
    ----------
    data : PriorSlice
        With a response for every pair of a count and a size.
    label : str
        What the picture shows, for readers who do not see it.
    start : (count, size)
        Shown first, with its chosen threshold.

    Raises
    ------
    ValueError
        If a pair is missing, or `start` is none of them.
    """
    counts, sizes = (sorted({key[k] for key in data.responses}) for k in (0, 1))
    pairs = [(count, size) for count in counts for size in sizes]
    if set(pairs) != data.responses.keys() or start not in pairs:
        raise ValueError(
            f"responses must hold every pair of counts {counts} and sizes {sizes}, and start be "
            f"one of them, got {list(data.responses)} and {start}"
        )
    nearest = [int(np.abs(THRESHOLDS - data.chosen[pair]).argmin()) for pair in pairs]
    chosen = np.reshape(nearest, (len(counts), len(sizes))).tolist()
    count, size = counts.index(start[0]), sizes.index(start[1])
    return PriorExplorer(
        image=widgets.encode_stack(data.image[None]),
        places=widgets.encode_stack(data.brain.astype(np.uint8)[None] + data.lesion),
        levels=widgets.encode_stack(
            np.stack([levels_of(data.responses[pair], data.brain) for pair in pairs])
        ),
        counts=counts,
        sizes=sizes,
        thresholds=THRESHOLDS.tolist(),
        chosen=chosen,
        colours=[list(pair) for pair in OUTCOMES.items()],
        curves=[list(curve) for curve in CURVES],
        label=label,
        count=count,
        size=size,
        threshold=float(THRESHOLDS[chosen[count][size]]),
        controls=[
            choice("count", "Templates", counts, key="templates"),
            choice("size", "Size", [f"{s} × {s} × {s}" for s in sizes], words=sizes),
            slider("threshold", "Threshold", *_ENDS, step=STEP, digits=3),
            choice("background", "Background", BACKGROUNDS),
            tick("marked", "Show marks", key="marks"),
        ],
    )
