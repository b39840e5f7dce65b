"""One choice of the paper's text or released code switched: what it changes on one fixed batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import traitlets

from rfe_book import style, widgets
from rfe_book.widgets.controls import ControlledWidget, choice
from rfe_study.measures import switched
from rfe_study.measures.switched import SIDES, SeenBatch
from rfe_study.measures.switches import SWITCHES

#: Draws shown; each compares a switch with ours at the same draw.
DRAWS = 3

#: A factor whose bar is as long as there is room for; bars grow with its logarithm.
LARGEST = 1e6

#: Numbers of a row, what it is called, and whether its factor means something.
ROWS = (
    ("drawn_labelled", "drawn from A", False),
    ("drawn_unlabelled", "drawn from B", False),
    ("loss", "loss, Eq. 2", True),
    ("part", "its part of Eq. 1, λ × loss", True),
    ("gradient", "length of its gradient", True),
    ("along", "of that along the embeddings", False),
    ("beyond", "pairs of two classes beyond m", False),
    ("jsd", "JSD of drawn to all (nats)", True),
    ("f_score", "F of the network on the batch", True),
)

SHARES = ("along", "beyond")


class ChoiceView(ControlledWidget):
    """A batch with the pixels drawn from it, beside a table: ours, the switch, their ratio.

    Every trait but `switch` and `redraw` is fixed once the widget is shown.
    """

    _esm = widgets.esm("choice_view")
    _css = widgets.STYLE + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    image = traitlets.Unicode(help="all crops in one picture").tag(sync=True)
    label = traitlets.Unicode(help="what the picture shows, for screen readers").tag(sync=True)
    names = traitlets.List(help="one a switch").tag(sync=True)
    whose = traitlets.List(help="one a switch: ours, text or code").tag(sync=True)
    rows = traitlets.List(help="names of the table's rows").tag(sync=True)
    texts = traitlets.List(help="by draw and switch: a text a row").tag(sync=True)
    factors = traitlets.List(help="by draw and switch: [text, bar -1 ... 1] a row").tag(sync=True)
    places = traitlets.Bytes(help="uint32: pixels drawn, of all draws in a row").tag(sync=True)
    spans = traitlets.List(help="by draw and switch: [start, background, lesion]").tag(sync=True)
    colours = traitlets.List(list(style.CLASS_COLOURS.items())).tag(sync=True)
    switch = traitlets.Int(0, help="position in names").tag(sync=True)
    redraw = traitlets.Int(0).tag(sync=True)


def number(value: float) -> str:
    """Three digits that count, with thousands set apart."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "∞"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{round(value, digits):,.{digits}f}" if abs(value) < 1000 else f"{value:,.0f}"


def texts_of(numbers: Mapping[str, float]) -> list[str]:
    """A text for each of `ROWS`."""
    found = []
    for key, _, _ in ROWS:
        if key.startswith("drawn"):
            found.append(" + ".join(f"{numbers[f'{key}_{c}']:.0f}" for c in style.CLASS_COLOURS))
        elif key in SHARES:
            found.append(f"{100 * numbers[key]:.0f}%")
        else:
            found.append(number(numbers[key]))
    return found


def factors_of(numbers: Mapping[str, float], ours: Mapping[str, float]) -> list[list]:
    """A text and the length of a bar for each of `ROWS`: how many times ours."""
    found: list[list] = []
    for (key, _, compared), text, own in zip(ROWS, texts_of(numbers), texts_of(ours), strict=True):
        if text == own:
            found.append(["same", 0.0])
        elif compared:
            ratio = numbers[key] / ours[key]
            long = max(-1.0, min(1.0, math.log(ratio) / math.log(LARGEST)))
            found.append([f"× {number(ratio)}", round(long, 4)])
        else:
            found.append(["changed", 0.0])
    return found


def choice_view(batch: SeenBatch, *, label: str) -> ChoiceView:
    """A menu of choices of the text and of the code, each switched alone on one batch.

    Parameters
    ----------
    batch : SeenBatch
        With as many labelled as unlabelled crops.
    label : str
        What the picture shows, for readers who do not see it.

    Raises
    ------
    ValueError
        If the halves of the batch are not equally large.
    """
    n, half = len(batch.images), int(batch.labelled.sum())
    if 2 * half != n:
        raise ValueError(f"batch must have two equal halves, got {half} of {n} labelled")
    texts, factors, spans, places, start = [], [], [], [], 0
    for seed in range(DRAWS):
        found = switched.all_switches(batch, seed=seed)
        texts.append([texts_of(numbers) for numbers in found])
        factors.append([factors_of(numbers, found[0]) for numbers in found])
        spans.append([])
        known: dict[bytes, list[int]] = {}  # most switches draw the same pixels
        for switch in SWITCHES:
            samples = switched.draw(batch, switch.choices, seed=seed)
            index = torch.cat([samples[side].indices for side in SIDES]).numpy()
            lesion = batch.labels.flatten().numpy()[index] == 1
            own = np.concatenate([index[~lesion], index[lesion]])
            if own.tobytes() not in known:
                places.append(_on_picture(own, batch.images.shape[2:], half))
                known[own.tobytes()] = [start, int((~lesion).sum()), int(lesion.sum())]
                start += len(own)
            spans[-1].append(known[own.tobytes()])
    return ChoiceView(
        image=widgets.encode_stack(_picture(batch, half)[None], quality=85),
        label=label,
        names=[switch.name for switch in SWITCHES],
        whose=[switch.whose for switch in SWITCHES],
        rows=[name for _, name, _ in ROWS],
        texts=texts,
        factors=factors,
        spans=spans,
        places=np.concatenate(places).astype("<u4").tobytes(),
        controls=[
            choice(
                "switch",
                "Switch",
                [switch.name for switch in SWITCHES],
                kind="menu",
                words=[switch.word for switch in SWITCHES],
            ),
            choice("redraw", "Draw", range(1, DRAWS + 1), key="draw"),
        ],
    )


def _picture(batch: SeenBatch, half: int) -> np.ndarray:
    """FLAIR of all crops, labelled ones in the first row, as uint8."""
    flair = np.stack([style.upright(image[-1]) for image in batch.images])
    brain = np.stack([style.upright(valid) for valid in batch.valid.numpy()])
    gray = style.to_display(flair, low=0, high=float(np.percentile(flair[brain], 99.8)))
    return np.block([list(gray[:half]), list(gray[half:])])


def _on_picture(index: np.ndarray, shape: tuple[int, ...], half: int) -> np.ndarray:
    """Row-major place in the picture of pixels of the batch (N, X, Y), turned upright."""
    crop, x, y = np.unravel_index(index, (2 * half, *shape))
    width, height = shape
    row = (crop // half) * height + (height - 1 - y)
    return row * (half * width) + (crop % half) * width + x
