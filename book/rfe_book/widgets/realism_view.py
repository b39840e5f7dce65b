"""Chapter 11's widget: a phantom patient beside figures measured on a real scan, numbers only."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import traitlets

from rfe_book import style as book_style
from rfe_book import widgets
from rfe_book.style import BLUE, VERMILION
from rfe_book.widgets.controls import ControlledWidget, choice
from rfe_book.widgets.controls import slices as slice_slider
from rfe_core.scans.layouts import MODALITIES
from rfe_study.realism import distance

_HERE = Path(__file__)

#: Intensity over white matter that is drawn white, and where the histogram ends, by modality.
WHITE = {"t1": 1.2, "t2": 3.0, "flair": 1.7}

LONGEST = {"t1": 1.5, "t2": 4.0, "flair": 2.6}

COLOURS = {"phantom": BLUE, "real": VERMILION}

#: Names of figures for readers; those of `rfe_study.realism.statistics` are short.
NAMES = {
    "gray": "gray / white matter",
    "csf": "CSF / white matter",
    "lesion": "lesion / white matter",
    "fine": "texture, fine (noise)",
    "medium": "texture, medium",
    "coarse": "texture, coarse",
    "gradient": "edges",
    "p5": "5th percentile of the brain",
    "p50": "median of the brain",
    "p99": "99th percentile of the brain",
    "spots": "bright spots a litre, no lesions",
}


class RealismView(ControlledWidget):
    """A slice of the phantom, two histograms, and a table; every number and text is Python's.

    Every trait but `kind`, `modality` and `index` is fixed once the widget is shown.
    """

    _esm = widgets.esm("realism_view")
    _css = widgets.STYLE + _HERE.with_suffix(".css").read_text(encoding="utf-8")

    stacks = traitlets.List(help="one a kind: all slices of T1, then T2, FLAIR").tag(sync=True)
    kinds = traitlets.List(traitlets.Unicode(), help="names of the kinds").tag(sync=True)
    modalities = traitlets.List(traitlets.Unicode()).tag(sync=True)
    captions = traitlets.List(traitlets.Unicode(), help="N lines, one a slice").tag(sync=True)
    shares = traitlets.List(help="[kind][modality][bin], share of the brain").tag(sync=True)
    real = traitlets.List(help="[modality][bin]").tag(sync=True)
    ends = traitlets.List(help="[modality]: end of the axis, highest share").tag(sync=True)
    width = traitlets.Float(help="of a bin").tag(sync=True)
    figures = traitlets.List(help="[kind][modality]: rows of four texts").tag(sync=True)
    far = traitlets.List(traitlets.Unicode(), help="distance of each kind").tag(sync=True)
    colours = traitlets.List(help="[name, '#rrggbb'] of phantom and real").tag(sync=True)
    label = traitlets.Unicode(help="what the picture shows, for screen readers").tag(sync=True)
    kind = traitlets.Int(0).tag(sync=True)
    modality = traitlets.Int(0).tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)


def drawn_slices(images: Mapping[str, np.ndarray], slices: Sequence[int]) -> dict[str, np.ndarray]:
    """Axial slices of a phantom's scan (X, Y, Z) as drawn: (N, Y, X), white matter near 1."""
    return {
        modality: np.stack([book_style.upright(volume[:, :, z]) / 1000 for z in slices])
        for modality, volume in images.items()
    }


def histograms(rows: pd.DataFrame, kind: str) -> np.ndarray:
    """Share of the brain in each bin, mean over patients: (3, bins), T1, T2, FLAIR."""
    own = rows[rows["kind"] == kind]
    wide = own.pivot_table(index="modality", columns="bin", values="share")
    return wide.loc[list(MODALITIES)].to_numpy()


def figure_rows(table: pd.DataFrame, kind: str, modality: str) -> list[list[str]]:
    """Name, phantom, real and ratio as texts, of `rfe_study.realism.distance.by_kind`."""
    found = {}
    for (_, of, figure), values in table.iterrows():
        if of == modality and figure in NAMES:
            phantom, real = values[kind], values[distance.REAL]
            texts = [f"{x:.3f}" if x < 10 else f"{x:.0f}" for x in (phantom, real)]
            texts.append(f"{phantom / real:.2f}")
            found[figure] = [NAMES[figure], *texts]
    return [found[figure] for figure in NAMES if figure in found]


def realism_view(
    images: Mapping[str, Mapping[str, np.ndarray]],
    figures: pd.DataFrame,
    bins: pd.DataFrame,
    *,
    captions: Sequence[str],
    label: str,
    start: int = 0,
    quality: int = 70,
    full: Mapping[str, float] | None = None,
) -> RealismView:
    """A phantom patient's slices beside the figures of its kind and of a real scan.

    Parameters
    ----------
    images : mapping of kind to modality to (N, H, W)
        Slices as drawn, intensities over white matter's. Kinds as in
        `rfe_study.realism.distance.KINDS`.
    figures, bins : DataFrame
        Rows of `rfe_study.realism.distance.STATISTICS` and `HISTOGRAMS`.
    captions : sequence of N str
        A line for every slice.
    label : str
        What the pictures show, for readers who do not see them.
    start : int
        Slice shown first.
    quality : int
        Compression of the images, see ``widgets.encode_stack``.
    full : mapping of kind to float, optional
        The 99.9th percentile of FLAIR over the brain, for a row of the table.

    Raises
    ------
    ValueError
        If a kind has no figures, or captions and slices differ in number.
    """
    table, kinds = distance.by_kind(figures), list(images)
    if missing := [kind for kind in kinds if kind not in table]:
        raise ValueError(f"kinds must be among {list(table.columns)}, got {missing}")
    for kind in kinds:
        for modality in MODALITIES:
            if len(images[kind][modality]) != len(captions):
                raise ValueError(
                    f"captions must be one a slice ({len(images[kind][modality])}), "
                    f"got {len(captions)}"
                )
    far = distance.distances(figures)["all"]
    rows = [[figure_rows(table, kind, m) for m in MODALITIES] for kind in kinds]
    if full is not None:
        for kind, own in zip(kinds, rows, strict=True):
            ends = full[kind], full[distance.REAL]
            texts = [f"{x:.2f}" for x in (*ends, ends[0] / ends[1])]
            of_flair = own[MODALITIES.index("flair")]
            at = next((n for n, row in enumerate(of_flair, 1) if row[0] == NAMES["p99"]), 0)
            of_flair.insert(at or len(of_flair), ["99.9th percentile of the brain", *texts])
    stacks = []
    for kind in kinds:
        planes = [book_style.to_display(images[kind][m], low=0, high=WHITE[m]) for m in MODALITIES]
        stacks.append(widgets.encode_stack(np.concatenate(planes), quality=quality))
    shares = np.stack([histograms(bins, kind) for kind in kinds])
    real = histograms(bins, distance.REAL)
    edges = np.sort(bins["low"].unique())
    highest = np.maximum(shares.max(axis=(0, 2)), real.max(axis=1))
    return RealismView(
        stacks=stacks,
        kinds=kinds,
        modalities=[m.upper() for m in MODALITIES],
        captions=list(captions),
        shares=shares.round(5).tolist(),
        real=real.round(5).tolist(),
        ends=[[LONGEST[m], float(top)] for m, top in zip(MODALITIES, highest, strict=True)],
        width=float(edges[1] - edges[0]),
        figures=rows,
        far=[f"{far[kind]:.2f}" for kind in kinds],
        colours=[list(pair) for pair in COLOURS.items()],
        label=label,
        modality=len(MODALITIES) - 1,
        index=start,
        controls=[
            choice("kind", "Phantom", kinds, kind="menu", key="phantom"),
            choice("modality", "Image", [m.upper() for m in MODALITIES], key="image"),
            slice_slider("index", len(captions)),
        ],
    )
