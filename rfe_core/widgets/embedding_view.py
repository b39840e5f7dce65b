"""The network's embeddings as maps: single channels, and cosines with chosen pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets

from rfe_core import probes, widgets
from rfe_core.widgets.scanner_view import outline

STAGES = ("after the ReLU", "before the ReLU")
#: Gray value that stands for 0 in a map; below lie negative numbers, above positive ones.
ZERO = 128


@dataclass(frozen=True, kw_only=True)
class NamedPixel:
    """A pixel that cosines are taken with: `row` and `column` as drawn, on slice number `index`."""

    name: str
    index: int
    row: int
    column: int


class EmbeddingView(anywidget.AnyWidget):
    """A FLAIR slice, a map beside it, and a table of the numbers behind the maps.

    Every trait but `view`, `stage`, `index` and `outlined` is fixed once the widget is shown.
    """

    _esm = widgets.esm("embedding_view")
    _css = widgets.STYLE + Path(__file__).with_suffix(".css").read_text()

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
    colour = traitlets.Unicode(widgets.COLOURS["highlight"], help="of the outline").tag(sync=True)
    mark_colours = traitlets.List(
        [
            widgets.COLOURS["false positive"],
            widgets.COLOURS["false negative"],
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
    blue = [int(widgets.COLOURS["false negative"][at : at + 2], 16) for at in (1, 3, 5)]
    below = np.linspace(1, 0, ZERO, endpoint=False)[:, None] * blue
    above = np.repeat(np.linspace(0, 255, 256 - ZERO)[:, None], 3, axis=1)
    return np.round(np.concatenate([below, above])).astype(np.uint8)


def signed(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map values to uint8: `low` < 0 becomes 0, 0 becomes 128, `high` > 0 becomes 255."""
    scaled = np.where(values < 0, ZERO - ZERO * values / low, ZERO + (255 - ZERO) * values / high)
    return np.round(np.clip(scaled, 0, 255)).astype(np.uint8)


def _mean(values: np.ndarray, where: np.ndarray) -> str:
    return f"{values[where].mean():.2f}".replace("-", "−") if where.any() else "none"


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
) -> ipywidgets.VBox:
    """Show embeddings over slices, with controls that work without a kernel.

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
    for name, array in (("images", images), ("masks", masks), ("inside", inside)):
        if np.shape(array) != shape:
            raise ValueError(f"{name} must have the features' shape {shape}, got {array.shape}")
    channels = features.shape[1]
    if len(weights) != channels:
        raise ValueError(f"weights must be one a channel ({channels}), got {len(weights)}")
    if len(slices) != shape[0]:
        raise ValueError(f"slices must be one name a slice ({shape[0]}), got {len(slices)}")

    lesion, rest = masks & inside, inside & ~masks
    by_stage = [np.maximum(features, 0), features]
    cosine = [_cosine_maps(stage, pixels) for stage in by_stage]  # each (K, S, H, W)
    maps, views = [], []
    for c in range(channels):
        values = features[:, c]
        low, high = np.percentile(values, 0.1), np.percentile(values, 99.9)
        low, high = min(low, -1e-3), max(high, 1e-3)
        maps.append(signed(values, low, high))
        ends = [f"{low:.1f}".replace("-", "−"), "0", f"{high:.1f}"]
        views.append(
            {
                "kind": "channel",
                "name": f"channel {c + 1}",
                "row": f"channel {c + 1}",
                "maps": [c, c],
                "ends": [ends, ends],
            }
        )
    for k, pixel in enumerate(pixels):
        views.append(
            {
                "kind": "pixel",
                "name": f"cosine with: {pixel.name}",
                "row": pixel.name,
                "maps": [channels + 2 * k, channels + 2 * k + 1],
                "ends": [["−1", "0", "1"]] * 2,
            }
        )
        maps += [signed(cosine[stage][k], -1, 1) for stage in (0, 1)]

    captions, channel_rows, pixel_rows = [], [], []
    for stage, values in enumerate(by_stage):
        captions.append(
            [
                [
                    f"Mean {_mean(values[s, c], lesion[s])} over lesions, "
                    f"{_mean(values[s, c], rest[s])} over the rest of the brain"
                    for s in range(shape[0])
                ]
                for c in range(channels)
            ]
            + [
                [
                    f"Mean cosine {_mean(map_, lesion[s])} with lesions, "
                    f"{_mean(map_, rest[s])} with the rest of the brain; "
                    f"{np.mean(map_[inside[s]] < 0):.0%} of the brain below 0"
                    for s, map_ in enumerate(cosine[stage][k])
                ]
                for k in range(len(pixels))
            ]
        )
        channel_rows.append(
            [
                [
                    [
                        _mean(values[s, c], lesion[s]),
                        _mean(values[s, c], rest[s]),
                        f"{weights[c]:+.2f}".replace("-", "−"),
                    ]
                    for c in range(channels)
                ]
                for s in range(shape[0])
            ]
        )
        pixel_rows.append(
            [
                [
                    [
                        f"{cosine[stage][k][p.index, p.row, p.column]:.2f}".replace("-", "−"),
                        slices[p.index],
                    ]
                    for p in pixels
                ]
                for k in range(len(pixels))
            ]
        )

    view = EmbeddingView(
        images=widgets.encode_stack(images, quality=quality),
        outlines=widgets.encode_stack(outline(masks).astype(np.uint8)),
        maps=[widgets.encode_stack(stack, quality=quality) for stack in maps],
        views=views,
        pixels=[{"row": p.row, "column": p.column, "index": p.index} for p in pixels],
        captions=captions,
        tables={"channels": channel_rows, "pixels": pixel_rows},
        heads={
            "channel": ["", "mean, lesions", "mean, rest of brain", "weight in last layer"],
            "pixel": ["", "cosine", "lies on"],
        },
        slices=slices,
        palette=palette().tobytes(),
        label=label,
        index=start,
    )
    return ipywidgets.VBox([*_controls(view), view])


def _cosine_maps(features: np.ndarray, pixels: Sequence[NamedPixel]) -> np.ndarray:
    """Cosine of every pixel's embedding with that of each named pixel: (K, S, H, W)."""
    rows = np.moveaxis(features, 1, -1)
    chosen = np.array([rows[p.index, p.row, p.column] for p in pixels])
    flat = probes.cosines(rows.reshape(-1, rows.shape[-1]), chosen)
    return flat.T.reshape(len(pixels), *rows.shape[:3])


def _controls(view: EmbeddingView) -> list[ipywidgets.Widget]:
    style = {"description_width": "initial"}
    which = ipywidgets.Dropdown(
        options=[v["name"] for v in view.views],
        index=0,
        description="Map",
        style=style,
        layout={"width": "min(100%, 32em)"},
    )
    stage = ipywidgets.ToggleButtons(
        options=STAGES,
        index=0,
        description="Taken",
        style=style | {"button_width": "10em"},
    )
    position = widgets.slider("Slice", len(view.slices), value=view.index)
    outlined = ipywidgets.Checkbox(True, description="Outline lesions", indent=False)
    ipywidgets.jslink((which, "index"), (view, "view"))
    ipywidgets.jslink((stage, "index"), (view, "stage"))
    ipywidgets.jslink((position, "value"), (view, "index"))
    ipywidgets.jslink((outlined, "value"), (view, "outlined"))
    return [which, stage, position, outlined]
