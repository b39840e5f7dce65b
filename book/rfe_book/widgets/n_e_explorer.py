"""The n_E explorer: which pixels a strategy draws from a slice, and what follows from them.

`loss_explorer` (chapter 05) shows the pairs and the loss of a draw, `divergence_explorer`
(chapter 06) the same draws held against all embeddings; both are this view with other tables.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from rfe_book import style, widgets
from rfe_book.style import VERMILION
from rfe_book.widgets.controls import ControlledWidget, choice
from rfe_book.widgets.slice_draws import REDRAWS
from rfe_core import sampling
from rfe_study.methods.proof_of_concept import N_E

COLOURS = {"background": style.COLOURS["false negative"], "lesion": VERMILION}

#: Pairs are drawn one by one up to this many pixels of either class.
PAIRS_SHOWN = (100, 50)

PAIR_STEPS = 63

_HERE = Path(__file__)

PARTS = _HERE.with_name("_n_e_parts.js").read_text(encoding="utf-8")


class NEExplorer(ControlledWidget):
    """A slice with drawn pixels, their counts, a curve over n_E, and one panel of pairs or values.

    Every trait but `strategy`, `stop`, `redraw`, `measure` and `panel` is fixed once the widget is
    shown. Tables are indexed [strategy][stop][redraw].
    """

    _esm = PARTS + widgets.esm("n_e_explorer")
    _css = widgets.STYLE + _HERE.with_suffix(".css").read_text(encoding="utf-8")

    image = traitlets.Unicode(help="encoded slice").tag(sync=True)
    outline = traitlets.Unicode(help="encoded mask around lesions, twice the size").tag(sync=True)
    shuffled = traitlets.List(help="uint16 (redraws, n) of each class: places").tag(sync=True)
    strategies = traitlets.List(list(sampling.STRATEGIES)).tag(sync=True)
    n_e = traitlets.List(help="stops").tag(sync=True)
    paper = traitlets.List(list(N_E), help="stops marked in the curve").tag(sync=True)
    counts = traitlets.List(help="[strategy][stop]: wanted b, l, drawn b, l").tag(sync=True)
    measures = traitlets.List(help="name, axis, tables of each curve").tag(sync=True)
    blocks = traitlets.List(help="mean loss of pairs b-b, l-l, b-l").tag(sync=True)
    pairs = traitlets.Bytes(help="uint8 losses of single pairs, a redraw each").tag(sync=True)
    pair_steps = traitlets.Int(PAIR_STEPS, help="what stands for a loss of 1").tag(sync=True)
    pairs_shown = traitlets.List(list(PAIRS_SHOWN)).tag(sync=True)
    heights = traitlets.Bytes(help="uint8 bars of the sample").tag(sync=True)
    all_heights = traitlets.Bytes(help="uint8 bars of all pixels").tag(sync=True)
    ranges = traitlets.List(help="[measure][strategy][stop][redraw] values").tag(sync=True)
    cloud = traitlets.Unicode(help="encoded density of all pixels").tag(sync=True)
    cloud_places = traitlets.Bytes(help="uint16 place in the cloud of each place").tag(sync=True)
    colours = traitlets.Dict(COLOURS).tag(sync=True)
    label = traitlets.Unicode(help="what the picture shows").tag(sync=True)
    kind = traitlets.Unicode(help="pairs, or comparison").tag(sync=True)
    strategy = traitlets.Int(0).tag(sync=True)
    stop = traitlets.Int(0).tag(sync=True)
    redraw = traitlets.Int(0).tag(sync=True)
    measure = traitlets.Int(0, help="curve shown, and edges of the bars").tag(sync=True)
    panel = traitlets.Int(0, help="0 bars, 1 cloud").tag(sync=True)


def _rounded(values, digits: int = 4) -> list[float]:
    return [float(f"{v:.{digits}g}") for v in values]


def tables(values: np.ndarray, centre: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict:
    return {
        "values": [[_rounded(v) for v in row] for row in values],
        "centre": [_rounded(row) for row in centre],
        "low": [_rounded(row) for row in low],
        "high": [_rounded(row) for row in high],
    }


def stop_names(n_e: Sequence[int]) -> list[str]:
    """Values of n_E as the slider shows them; the last is all pixels."""
    return [*(f"{n:,}{' (paper)' if n in N_E else ''}" for n in n_e[:-1]), f"all {n_e[-1]:,}"]


def stop_control(n_e: Sequence[int]) -> dict[str, Any]:
    """The slider over values of n_E; in the page's address they are plain numbers, or "all"."""
    words = [*n_e[:-1], "all"]
    return choice("stop", "n_E", stop_names(n_e), kind="range", key="n_e", words=words)


def controls(n_e: Sequence[int], *, compared: bool) -> list[dict[str, Any]]:
    """Controls of both explorers; `compared`: also which edges, and what is shown."""
    made = [
        choice("strategy", "Strategy", list(sampling.STRATEGIES)),
        choice("redraw", "Draw", range(1, REDRAWS + 1), key="draw"),
    ]
    if compared:
        edges = ["shared", "own (released code)"]
        made.append(choice("measure", "Edges", edges, key="edges", words=["shared", "own"]))
        shown = ["histogram", "2-D cloud"]
        made.append(choice("panel", "Show", shown, key="show", words=["histogram", "cloud"]))
    return [*made, stop_control(n_e)]
