"""The network's embeddings as maps: single channels, and cosines with chosen pixels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import traitlets

from rfe_book import style, widgets
from rfe_book.style import outline
from rfe_book.widgets.controls import ControlledWidget, choice, tick
from rfe_book.widgets.controls import slices as slice_slider
from rfe_book.widgets.embedding_tables import ZERO, Embeddings, NamedPixel

STAGES = ("after the ReLU", "before the ReLU")


class EmbeddingView(ControlledWidget):
    """A FLAIR slice, a map beside it, and a table of the numbers behind the maps.

    Every trait but `view`, `stage`, `index` and `outlined` is fixed once the widget is shown.
    """

    _esm = widgets.esm("embedding_view")
    _css = widgets.STYLE + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    images = traitlets.Unicode(help="encoded stack of S slices").tag(sync=True)
    outlines = traitlets.Unicode(help="S masks at twice the size").tag(sync=True)
    maps = traitlets.List(traitlets.Unicode(), help="encoded stacks of S maps").tag(sync=True)
    views = traitlets.List(help="kind, name, row, maps and ends of each map").tag(sync=True)
    pixels = traitlets.List(help="row, column and index of each named pixel").tag(sync=True)
    captions = traitlets.List(help="[stage][view][slice], a line").tag(sync=True)
    tables = traitlets.Dict(help="rows of texts: channels, pixels").tag(sync=True)
    heads = traitlets.Dict(help="titles of the tables' columns").tag(sync=True)
    slices = traitlets.List(traitlets.Unicode(), help="name of each slice").tag(sync=True)
    stages = traitlets.List(list(STAGES)).tag(sync=True)
    palette = traitlets.Bytes(help="256 colours of three bytes").tag(sync=True)
    label = traitlets.Unicode(help="what the slices show, for screen readers").tag(sync=True)
    colour = traitlets.Unicode(style.COLOURS["highlight"], help="of the outline").tag(sync=True)
    mark_colours = traitlets.List(
        [
            style.COLOURS["false positive"],
            style.COLOURS["false negative"],
        ]
    ).tag(sync=True)
    view = traitlets.Int(0).tag(sync=True)
    stage = traitlets.Int(0, help="0 after, 1 before the ReLU").tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    outlined = traitlets.Bool(True).tag(sync=True)


def palette() -> np.ndarray:
    """Colours of the 256 values of a map, (256, 3) uint8: blue below zero, gray above.

    Blue and gray differ for every kind of colour vision, and a map without negative values looks
    like any gray image.
    """
    blue = [int(style.COLOURS["false negative"][at : at + 2], 16) for at in (1, 3, 5)]
    below = np.linspace(1, 0, ZERO, endpoint=False)[:, None] * blue
    above = np.repeat(np.linspace(0, 255, 256 - ZERO)[:, None], 3, axis=1)
    return np.round(np.concatenate([below, above])).astype(np.uint8)


def embedding_view(
    images: np.ndarray,
    masks: np.ndarray,
    inside: np.ndarray,
    features: np.ndarray,
    pixels: Sequence[NamedPixel],
    *,
    weights: Sequence[float],
    slices: list[str],
    label: str,
    start: int = 0,
    quality: int = 80,
) -> EmbeddingView:
    """Show embeddings over slices, with or without a kernel.

    Parameters
    ----------
    images : (S, H, W) uint8
        Slices as they are drawn, row 0 on top; so are the next three.
    masks, inside : (S, H, W) bool
        Lesions, and the pixels that means are taken over (the brain).
    features : (S, C, H, W) float
        Embeddings before the ReLU.
    pixels : sequence of NamedPixel
    weights : C numbers
        How the last layer weighs each channel.
    slices : S str
        Name of each slice.
    label : str
        What the slices show, for readers who do not see them.
    start : int
        Slice shown first.
    quality : int
        Compression of the maps, see ``widgets.encode_stack``. Numbers in captions and tables come
        from the exact embeddings.

    Raises
    ------
    ValueError
        If shapes or lengths do not fit together.
    """
    features = np.asarray(features, float)
    shape = (features.shape[0], *features.shape[2:])
    if np.shape(images) != shape:
        raise ValueError(f"images must have the features' shape {shape}, got {images.shape}")
    embeddings = Embeddings(
        features=features,
        masks=masks,
        inside=inside,
        pixels=pixels,
        weights=weights,
        slices=slices,
    )
    maps, views = embeddings.maps()
    return EmbeddingView(
        images=widgets.encode_stack(images, quality=quality),
        outlines=widgets.encode_stack(outline(masks).astype(np.uint8)),
        maps=[widgets.encode_stack(stack, quality=quality) for stack in maps],
        views=views,
        pixels=[{"row": p.row, "column": p.column, "index": p.index} for p in pixels],
        captions=embeddings.captions(),
        tables={"channels": embeddings.channel_rows(), "pixels": embeddings.pixel_rows()},
        heads={
            "channel": ["", "mean, lesions", "mean, rest of brain", "weight in last layer"],
            "pixel": ["", "cosine", "lies on"],
        },
        slices=slices,
        palette=palette().tobytes(),
        label=label,
        index=start,
        controls=[
            choice("view", "Map", [v["name"] for v in views], kind="menu", key="map"),
            choice("stage", "Taken", STAGES, key="taken", words=["after", "before"]),
            slice_slider("index", len(slices)),
            tick("outlined", "Outline lesions", key="outlines"),
        ],
    )
