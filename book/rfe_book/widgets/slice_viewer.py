"""A stack of slices with a coloured overlay, moved by a slider."""

import numpy as np
import traitlets

from rfe_book import widgets
from rfe_book.widgets.controls import ControlledWidget, slices, slider


class SliceViewer(ControlledWidget):
    """The view: slice `index` of `images`, with `labels` blended over it.

    Every trait but `index` and `opacity` is fixed once the widget is shown.
    """

    _esm = widgets.esm("slice_viewer")
    _css = widgets.STYLE

    images = traitlets.Unicode(help="encoded stack of N gray or colour images").tag(sync=True)
    labels = traitlets.Unicode(help="encoded stack: 0 = nothing, k = k-th colour").tag(sync=True)
    captions = traitlets.List(traitlets.Unicode(), help="N lines, one a slice").tag(sync=True)
    # pairs, not a dict: notebooks are stored with sorted keys
    colours = traitlets.List(help="[name, '#rrggbb'] of each label").tag(sync=True)
    label = traitlets.Unicode(help="what the picture shows, for screen readers").tag(sync=True)
    zoom = traitlets.Float(2.0, help="screen pixels a pixel").tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    opacity = traitlets.Float(0.6).tag(sync=True)


def slice_viewer(
    images: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    label: str,
    captions: list[str],
    colours: dict[str, str] | None = None,
    start: int = 0,
    quality: int | None = None,
) -> SliceViewer:
    """Look through slices, with or without a kernel.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, 3) uint8
        Slices as they are drawn, row 0 on top (`rfe_book.style.upright`, `to_display`).
    labels : (N, H, W) integers, optional
        0 where nothing is marked, k where the k-th of `colours` is drawn.
    label : str
        What the picture shows, for readers who do not see it.
    captions : list of N str
        A line for every slice, shown below it and announced by screen readers.
    colours : dict, optional
        Name and "#rrggbb" of each label, in order.
    start : int
        Slice shown first.
    quality : int, optional
        Compression of the images, see ``widgets.encode_stack``; labels are always exact.

    Raises
    ------
    ValueError
        If the numbers of images, labels, captions or colours do not fit together.
    """
    colours = colours or {}
    if len(captions) != len(images):
        raise ValueError(f"captions must be one an image ({len(images)}), got {len(captions)}")
    if labels is not None:
        if labels.shape != images.shape[:3]:
            raise ValueError(f"labels must have shape {images.shape[:3]}, got {labels.shape}")
        if not 0 <= labels.min() <= labels.max() <= len(colours):
            raise ValueError(f"labels must lie in 0 ... {len(colours)}, got up to {labels.max()}")
    if not 0 <= start < len(images):
        raise ValueError(f"start must lie in 0 ... {len(images) - 1}, got {start}")
    controls = [slices("index", len(images))]
    if labels is not None:
        controls.append(slider("opacity", "Overlay", 0, 1, step=0.1, digits=1, key="overlay"))
    return SliceViewer(
        images=widgets.encode_stack(images, quality=quality),
        labels="" if labels is None else widgets.encode_stack(labels.astype(np.uint8)),
        captions=captions,
        colours=[list(pair) for pair in colours.items()],
        label=label,
        index=start,
        controls=controls,
    )
