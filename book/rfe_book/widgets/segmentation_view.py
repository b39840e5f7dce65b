"""What networks find and miss, slice by slice, in patients of several domains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import traitlets
from numpy.typing import NDArray

from rfe_book import style, widgets
from rfe_book.widgets.controls import ControlledWidget, choice, slices, tick
from rfe_core import metrics
from rfe_core.scans.layouts import MODALITIES

#: What a pixel can be, in the order of its number from 1 on; 0 is background that nobody marked.
OUTCOMES = {
    "found": style.COLOURS["truth"],
    "false positive": style.COLOURS["false positive"],
    "missed": style.COLOURS["false negative"],
}

#: The browser's side of drawing them.
OUTCOME_MARKS = Path(__file__).with_name("_outcome_marks.js").read_text(encoding="utf-8")

#: Columns of the table below the picture.
COLUMNS = ("F-score", "precision", "recall", "false positives", "lesions touched")


class SegmentationView(ControlledWidget):
    """One slice of one domain's patient with what one model made of it, and a table of scores.

    Every trait but `domain`, `model`, `image`, `index` and `marked` is fixed once it is shown.
    """

    _esm = OUTCOME_MARKS + widgets.esm("segmentation_view")
    _css = widgets.STYLE + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    stacks = traitlets.List(traitlets.Unicode(), help="per domain: I * N slices").tag(sync=True)
    outcomes = traitlets.List(traitlets.Unicode(), help="per domain: M * N maps").tag(sync=True)
    captions = traitlets.List(help="per domain: N lines").tag(sync=True)
    scores = traitlets.List(help="per domain: M * N rows of texts").tag(sync=True)
    model_names = traitlets.List(help="per domain: M names").tag(sync=True)
    columns = traitlets.List(traitlets.Unicode(), default_value=list(COLUMNS)).tag(sync=True)
    # pairs, not a dict: notebooks are stored with sorted keys
    colours = traitlets.List(help="[name, '#rrggbb'] of each outcome").tag(sync=True)
    image_names = traitlets.List(traitlets.Unicode(), help="one an image").tag(sync=True)
    label = traitlets.Unicode(help="what the picture shows, for screen readers").tag(sync=True)
    zoom = traitlets.Int(3, help="canvas pixels a pixel").tag(sync=True)
    domain = traitlets.Int(0).tag(sync=True)
    model = traitlets.Int(0).tag(sync=True)
    image = traitlets.Int(0).tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    marked = traitlets.Bool(True).tag(sync=True)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Some slices of one patient and what each model made of them.

    Attributes
    ----------
    images : dict of (N, H, W) uint8
        One stack a modality, as it is drawn, row 0 on top.
    truth : (N, H, W) bool
    predictions : dict of (N, H, W) bool
        By the name of the model, in the order of the model buttons.
    captions : list of N str
        A line for every slice.
    """

    images: Mapping[str, NDArray[np.uint8]]
    truth: NDArray[np.bool_]
    predictions: Mapping[str, NDArray[np.bool_]]
    captions: Sequence[str]

    def __post_init__(self) -> None:
        stacks = {f"image {name}": stack for name, stack in self.images.items()}
        stacks |= {f"prediction of {name}": mask for name, mask in self.predictions.items()}
        for name, stack in stacks.items():
            if stack.shape != self.truth.shape:
                raise ValueError(
                    f"{name} must have truth's shape {self.truth.shape}, got {stack.shape}"
                )
        if len(self.captions) != len(self.truth):
            raise ValueError(
                f"captions must be one a slice ({len(self.truth)}), got {len(self.captions)}"
            )


def case(
    images: NDArray[np.float32],
    truth: NDArray[np.bool_],
    predictions: Mapping[str, NDArray[np.bool_]],
    captions: Sequence[str],
) -> Case:
    """Slices as the network sees them, turned upright and into gray values for the screen.

    Parameters
    ----------
    images : (N, 3, X, Y) float32
        Some slices of ``patches.stack(subject)``.
    truth : (N, X, Y) bool
    predictions : dict of (N, X, Y) bool
    captions : list of N str
    """

    def turned(stack: NDArray) -> NDArray:
        return np.stack([style.upright(plane) for plane in stack])

    return Case(
        images={
            modality.upper(): style.to_display(turned(images[:, channel]), low=0, high=1)
            for channel, modality in enumerate(MODALITIES)
        },
        truth=turned(truth),
        predictions={name: turned(mask) for name, mask in predictions.items()},
        captions=captions,
    )


def lesion_slices(lesion_mask: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """`count` slices spread evenly over the axial slices of (X, Y, Z) that hold lesion.

    They are chosen by the truth alone, whatever a network makes of them.

    Raises
    ------
    ValueError
        If fewer slices hold lesion.
    """
    with_lesion = np.flatnonzero(lesion_mask.any(axis=(0, 1)))
    if not 1 <= count <= len(with_lesion):
        raise ValueError(
            f"count must lie in 1 ... {len(with_lesion)} slices with lesion, got {count}"
        )
    middle = (np.arange(count) + 0.5) / count  # the middle of each of `count` equal parts
    return with_lesion[(middle * len(with_lesion)).astype(int)]


def outcome(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Number in `OUTCOMES` of each pixel: 0 background, 1 found, 2 false positive, 3 missed."""
    return np.select([prediction & truth, prediction, truth], [1, 2, 3], 0).astype(np.uint8)


def slice_scores(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> list[str]:
    """The texts of `COLUMNS` for one slice.

    False positives are components that touch no lesion; a lesion is touched when one pixel of it
    is marked. Both are counted in the slice (8-connected), not in the volume.
    """
    found, _ = metrics.detected_lesions(prediction, truth, min_overlap=0.0)
    return [
        f"{metrics.f_score(prediction, truth):.2f}",
        f"{metrics.precision(prediction, truth):.2f}",
        f"{metrics.recall(prediction, truth):.2f}",
        f"{metrics.false_positive_components(prediction, truth)}",
        f"{found.sum()} of {len(found)}",
    ]


def telling_slice(truths: Sequence[NDArray[np.bool_]]) -> int:
    """The position at which every case has lesion to find: its least area is the largest there.

    Chosen by the truth alone, whatever a network makes of it.
    """
    areas = np.array([truth.sum(axis=(1, 2)) for truth in truths])
    return int(areas.min(axis=0).argmax())


def segmentation_view(
    cases: Mapping[str, Case],
    *,
    models: Sequence[str] = ("Lower bound", "Upper bound"),
    label: str,
    start: int | None = None,
) -> SegmentationView:
    """Look at what models find and miss, with or without a kernel.

    Parameters
    ----------
    cases : dict of Case
        One a domain, with equally many slices, modalities and predictions.
    models : sequence of str
        What the buttons call the predictions of every case.
    label : str
        What the picture shows, for readers who do not see it.
    start : int, optional
        Slice shown first, else `telling_slice`.

    Raises
    ------
    ValueError
        If cases differ in what they hold, or `start` is no slice.
    """
    first = next(iter(cases.values()))
    kinds, count = list(first.images), len(first.truth)
    for letter, case in cases.items():
        held = list(case.images), len(case.truth), len(case.predictions)
        if held != (kinds, count, len(models)):
            raise ValueError(
                f"case {letter} must hold images {kinds}, {count} slices and {len(models)} "
                f"predictions, got {held[0]}, {held[1]} and {held[2]}"
            )
    if start is None:
        start = telling_slice([case.truth for case in cases.values()])
    if not 0 <= start < count:
        raise ValueError(f"start must lie in 0 ... {count - 1}, got {start}")

    def per_slice(case: Case, function):
        return [
            function(mask, truth)
            for prediction in case.predictions.values()
            for mask, truth in zip(prediction, case.truth, strict=True)
        ]

    return SegmentationView(
        stacks=[
            widgets.encode_stack(np.concatenate(list(c.images.values())), quality=75)
            for c in cases.values()
        ],
        outcomes=[widgets.encode_stack(np.array(per_slice(c, outcome))) for c in cases.values()],
        captions=[list(c.captions) for c in cases.values()],
        scores=[per_slice(c, slice_scores) for c in cases.values()],
        colours=[list(pair) for pair in OUTCOMES.items()],
        model_names=[list(c.predictions) for c in cases.values()],
        image_names=kinds,
        label=label,
        image=len(kinds) - 1,
        index=start,
        controls=[
            choice("domain", "Domain", list(cases)),
            choice("model", "Model", models),
            choice("image", "Image", kinds),
            slices("index", count),
            tick("marked", "Show marks", key="marks"),
        ],
    )
