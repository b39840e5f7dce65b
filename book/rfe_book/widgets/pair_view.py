"""Embeddings to drag in the plane, with the distances, losses and gradients of Eq. 2."""

from pathlib import Path

import traitlets

from rfe_book import widgets
from rfe_book.widgets.controls import ControlledWidget, address_only, choice, slider

_HERE = Path(__file__).parent

#: The mathematics that dragging needs, tested against `rfe_core.losses.embedding_loss`.
PAIR_MATH = (_HERE / "_pair_math.js").read_text(encoding="utf-8")

_PLANE = (_HERE / "_pair_plane.js").read_text(encoding="utf-8")

#: Name in `rfe_core.distances` and on the screen.
NAMES = (
    ("cosine", "1 − cos"),
    ("angular", "angle / π"),
    ("l2", "ℓ2"),
    ("l2_squared", "squared ℓ2"),
)

#: Stops of the margin's slider; the paper's are 1 and 1000, the release's angular one 0.5.
MARGINS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0)

#: Distance and margin that the paper and the released code pair with each other.
PRESETS = (
    {"name": "ACD, m = 1", "distance": 0, "margin": MARGINS.index(1.0)},
    {"name": "true angle, m = 0.5", "distance": 1, "margin": MARGINS.index(0.5)},
    {"name": "squared ℓ2, m = 1000", "distance": 3, "margin": MARGINS.index(1000.0)},
)

#: Two lesions and two background pixels, and one of each in reserve.
POINTS = ((1.4, 0.3), (0.8, 1.3), (0.2, 1.2), (0.6, 0.4), (-0.9, 0.7), (-0.5, -1.0))

LABELS = (1, 1, 0, 0, 1, 0)

#: How far a point may go in x and y at scale 1.
FARTHEST = 1000.0

#: Length of a gradient step, of the summed loss.
RATE = 0.05


class PairView(ControlledWidget):
    """Points of two classes; Eq. 2 of those shown, in its three reductions, follows each move."""

    _esm = PAIR_MATH + _PLANE + widgets.esm("pair_view")
    _css = widgets.STYLE + (_HERE / "pair_view.css").read_text(encoding="utf-8")

    names = traitlets.List([list(pair) for pair in NAMES]).tag(sync=True)
    presets = traitlets.List(list(PRESETS)).tag(sync=True)
    label = traitlets.Unicode(help="what the plane shows, for screen readers").tag(sync=True)
    rate = traitlets.Float(RATE).tag(sync=True)
    farthest = traitlets.Float(FARTHEST, help="of a point in x and y").tag(sync=True)
    points = traitlets.List([list(p) for p in POINTS], help="at scale 1").tag(sync=True)
    labels = traitlets.List(list(LABELS), help="1 lesion, 0 background").tag(sync=True)
    count = traitlets.Int(4, help="of the points that take part").tag(sync=True)
    distance = traitlets.Int(0, help="position in names").tag(sync=True)
    margins = traitlets.List(list(MARGINS)).tag(sync=True)
    margin = traitlets.Int(MARGINS.index(1.0), help="position in margins").tag(sync=True)
    scale = traitlets.Float(1.0, help="all embeddings are points times this").tag(sync=True)


def pair_view(*, label: str = "Embeddings in the plane") -> PairView:
    """A plane of draggable embeddings under controls for distance, margin, scale and number.

    Parameters
    ----------
    label : str
        What the plane shows, for readers who do not see it.
    """
    return PairView(
        label=label,
        controls=[
            choice("distance", "Distance d", [n for _, n in NAMES], words=[n for n, _ in NAMES]),
            choice("margin", "Margin m", [f"{value:g}" for value in MARGINS], kind="range"),
            slider("scale", "Scale of all", 0.1, 2, step=0.05, digits=2),
            slider("count", "Embeddings", 2, len(POINTS)),
            address_only("points", "Points", len(POINTS), 2, -FARTHEST, FARTHEST),
            address_only("labels", "Classes", len(POINTS), 1, 0, 1, step=1),
        ],
    )
