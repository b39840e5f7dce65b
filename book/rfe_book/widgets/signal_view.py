"""Turn the knobs of a FLAIR sequence: echo time, inversion time and field strength."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from rfe_book import widgets
from rfe_book.style import BLUE, GRAY, GREEN, VERMILION
from rfe_book.widgets.controls import ControlledWidget, choice
from rfe_study.phantom import domains, scanner

#: Colour and dash pattern of each tissue's curve (colours of Okabe and Ito and a gray).
CURVES = {
    "csf": ("CSF", BLUE, "2 3"),
    "gm": ("gray matter", GRAY, "6 3"),
    "wm": ("white matter", GREEN, ""),
    "lesion": ("lesion tissue", VERMILION, "9 3 2 3"),
}

#: Steps of the table of signals (1/10000 of fully relaxed water) and ratios (1/1000).
SIGNAL_STEPS, RATIO_STEPS = 10_000, 1_000

#: Larger ratios are cut, and shown as "> 60".
LARGEST_RATIO = 60.0


class SignalView(ControlledWidget):
    """A slice blended from tissue maps and tabulated signals, with the signal curves beside it.

    Every trait but `te`, `ti` and `field` is fixed once the widget is shown.
    """

    _esm = widgets.esm("signal_view")
    _css = widgets.STYLE + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    maps = traitlets.Unicode(help="4 maps of volume fractions, 255 = all").tag(sync=True)
    table = traitlets.Bytes(help="uint16 (fields, TE, TI, 8): signals, ratios").tag(sync=True)
    te_ms = traitlets.List(help="grid of echo times").tag(sync=True)
    ti_ms = traitlets.List(help="grid of inversion times").tag(sync=True)
    fields_t = traitlets.List(help="field strengths").tag(sync=True)
    tissues = traitlets.List(help="name, colour, dashes of each tissue").tag(sync=True)
    scanners = traitlets.List(help="name and grid position of each scanner").tag(sync=True)
    steps = traitlets.List([SIGNAL_STEPS, RATIO_STEPS], help="of the table").tag(sync=True)
    ratio_top = traitlets.Float(LARGEST_RATIO, help="where ratios are cut").tag(sync=True)
    signal_top = traitlets.Float(help="end of the signal axis; CSF may pass it").tag(sync=True)
    gray = traitlets.Float(help="gray value of white matter on the screen").tag(sync=True)
    label = traitlets.Unicode(help="what the picture shows, for screen readers").tag(sync=True)
    te = traitlets.Int(0, help="position on the grid").tag(sync=True)
    ti = traitlets.Int(0, help="position on the grid").tag(sync=True)
    field = traitlets.Int(0, help="position in fields_t").tag(sync=True)


def signal_table(sequence: domains.PulseSequence, te_ms, ti_ms, fields_t) -> np.ndarray:
    """Signals of all tissues and their ratio to white matter over a grid of settings.

    Returns
    -------
    (fields, TE, TI, 8) float64
        Four signals (``scanner.TISSUES``) in units of fully relaxed water, then the same four
        over white matter, cut at 60 where white matter is nulled.
    """
    signals = np.array(
        [
            [
                [
                    scanner.tissue_signals(
                        replace(sequence, echo_time_ms=te, inversion_time_ms=ti), field
                    )
                    for ti in ti_ms
                ]
                for te in te_ms
            ]
            for field in fields_t
        ]
    )
    white = signals[..., [scanner.TISSUES.index("wm")]]
    ratios = np.minimum(signals, LARGEST_RATIO * white) / np.maximum(white, 1e-12)
    return np.concatenate([signals, ratios], axis=-1)


def signal_view(
    maps: np.ndarray,
    sequences: Mapping[str, tuple[domains.PulseSequence, float]],
    *,
    te_ms: Sequence[float],
    ti_ms: Sequence[float],
    label: str,
    window: float = 2.5,
) -> SignalView:
    """A FLAIR slice whose echo time, inversion time and field strength the reader sets.

    Parameters
    ----------
    maps : (4, H, W)
        Volume fractions of ``scanner.TISSUES`` as drawn, row 0 on top.
    sequences : dict of (Sequence, field strength in T)
        The inversion-recovery sequence of each scanner; the first is shown at the start and lends
        its repetition time to all settings.
    te_ms, ti_ms
        Grids of the sliders; the scanners' own values are added to them.
    label : str
        What the picture shows, for readers who do not see it.
    window : float
        Signal shown white, in units of white matter's.

    Raises
    ------
    ValueError
        If `maps` has another shape or a sequence has no inversion time.
    """
    maps = np.asarray(maps)
    if maps.ndim != 3 or len(maps) != len(scanner.TISSUES):
        raise ValueError(f"maps must be ({len(scanner.TISSUES)}, H, W), got {maps.shape}")
    for name, (sequence, _) in sequences.items():
        if sequence.inversion_time_ms is None:
            raise ValueError(f"the sequence of {name} needs inversion_time_ms, got None")
    te_ms = sorted({*te_ms, *(s.echo_time_ms for s, _ in sequences.values())})
    ti_ms = sorted({*ti_ms, *(s.inversion_time_ms for s, _ in sequences.values())})
    fields_t = sorted({field for _, field in sequences.values()}, reverse=True)
    first = next(iter(sequences.values()))
    values = signal_table(first[0], te_ms, ti_ms, fields_t)
    steps = np.repeat([SIGNAL_STEPS, RATIO_STEPS], len(scanner.TISSUES))
    scanners = [
        {
            "name": name,
            "te": te_ms.index(sequence.echo_time_ms),
            "ti": ti_ms.index(sequence.inversion_time_ms),
            "field": fields_t.index(field),
        }
        for name, (sequence, field) in sequences.items()
    ]
    brain = values[..., [scanner.TISSUES.index(t) for t in ("gm", "wm", "lesion")]]
    start = {key: scanners[0][key] for key in ("te", "ti", "field")}
    return SignalView(
        maps=widgets.encode_stack(np.round(255 * np.clip(maps, 0, 1)).astype(np.uint8)),
        table=np.round(values * steps).astype("<u2").tobytes(),
        te_ms=te_ms,
        ti_ms=ti_ms,
        fields_t=fields_t,
        tissues=[list(CURVES[tissue]) for tissue in scanner.TISSUES],
        scanners=scanners,
        signal_top=float(np.ceil(10 * brain.max()) / 10),
        gray=255 / window,
        label=label,
        **start,
        controls=[
            _over_grid("field", "Field strength", fields_t, "T", kind="buttons"),
            _over_grid("te", "Echo time TE", te_ms, "ms"),
            _over_grid("ti", "Inversion time TI", ti_ms, "ms"),
        ],
    )


def _over_grid(
    trait: str, label: str, grid: Sequence[float], unit: str, kind: str = "range"
) -> dict[str, Any]:
    words = [f"{value:g}" for value in grid]
    return choice(trait, label, [f"{word} {unit}" for word in words], kind=kind, words=words)
