"""One anatomy seen by several scanners: the first beside one of the others, slice by slice."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import traitlets

from rfe_book import style, widgets
from rfe_book.style import outline
from rfe_book.widgets.controls import ControlledWidget, choice, slices, tick


class ScannerView(ControlledWidget):
    """Two panes, the first scanner and the chosen one, and a table of measured figures.

    Every trait but `scanner`, `image`, `index` and `outlined` is fixed once the widget is shown.
    """

    _esm = widgets.esm("scanner_view")
    _css = widgets.STYLE + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    stacks = traitlets.List(traitlets.Unicode(), help="per scanner: I * N slices").tag(sync=True)
    outlines = traitlets.Unicode(help="N masks at twice the size").tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), help="one a scanner").tag(sync=True)
    captions = traitlets.List(traitlets.Unicode(), help="N lines, one a slice").tag(sync=True)
    figures = traitlets.List(help="per image: rows of [name, a text per scanner]").tag(sync=True)
    label = traitlets.Unicode(help="what the pictures show, for screen readers").tag(sync=True)
    image_names = traitlets.List(traitlets.Unicode(), help="one an image").tag(sync=True)
    colour = traitlets.Unicode(style.COLOURS["highlight"]).tag(sync=True)
    scanner = traitlets.Int(0, help="0 = second scanner").tag(sync=True)
    image = traitlets.Int(0).tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    outlined = traitlets.Bool(True).tag(sync=True)


def scanner_view(
    images: Mapping[str, Mapping[str, np.ndarray]],
    masks: np.ndarray,
    figures: Mapping[str, list[tuple[str, ...]]],
    *,
    names: list[str],
    captions: list[str],
    label: str,
    start: int = 0,
    quality: int = 85,
) -> ScannerView:
    """Compare scanners on the same slices, with or without a kernel.

    Parameters
    ----------
    images : dict of dict of (N, H, W) uint8
        ``images[scanner][image]``: slices as they are drawn. The first scanner is always shown.
    masks : (N, H, W) bool
        What to outline.
    figures : dict of lists
        For each image the rows of the table: a name, then one text for each scanner.
    names : list of str
        How each scanner is called above its pane.
    captions : list of N str
        A line for every slice, announced by screen readers.
    label : str
        What the pictures show, for readers who do not see them.
    start : int
        Slice shown first.
    quality : int
        Compression of the images, see ``widgets.encode_stack``; outlines are exact. Below 85 the
        grain, in which scanners differ, is smoothed away.

    Raises
    ------
    ValueError
        If the numbers of scanners, slices or figures do not fit together.
    """
    kinds = list(next(iter(images.values())))
    shape = np.shape(masks)
    for scanner, of_scanner in images.items():
        for kind in kinds:
            if np.shape(of_scanner[kind]) != shape:
                raise ValueError(
                    f"images of {scanner}, {kind} must have the masks' shape {shape}, "
                    f"got {np.shape(of_scanner[kind])}"
                )
    if len(names) != len(images):
        raise ValueError(f"names must be one a scanner ({len(images)}), got {len(names)}")
    if len(captions) != shape[0]:
        raise ValueError(f"captions must be one a slice ({shape[0]}), got {len(captions)}")
    if any(len(row) != 1 + len(images) for kind in kinds for row in figures[kind]):
        raise ValueError(f"rows of figures must have a name and {len(images)} texts")
    stacks = [np.concatenate([stack[kind] for kind in kinds]) for stack in images.values()]
    return ScannerView(
        stacks=[widgets.encode_stack(stack, quality=quality) for stack in stacks],
        outlines=widgets.encode_stack(outline(masks).astype(np.uint8)),
        names=names,
        captions=captions,
        figures=[[list(row) for row in figures[kind]] for kind in kinds],
        image_names=kinds,
        label=label,
        image=len(kinds) - 1,
        index=start,
        controls=[
            choice("scanner", "Scanner", list(images)[1:]),
            choice("image", "Image", kinds),
            slices("index", shape[0]),
            tick("outlined", "Outline lesions", key="outlines"),
        ],
    )
