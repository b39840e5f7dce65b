"""Chapter 09's explorer: bounds and an adapted model on a slice, and F of all methods."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import traitlets

from rfe_book import widgets
from rfe_book.tables.adaptation import found_by_size
from rfe_book.widgets.controls import ControlledWidget, choice, tick
from rfe_book.widgets.segmentation_view import OUTCOME_MARKS, OUTCOMES
from rfe_book.widgets.sweep_masks import check_weights, pictures
from rfe_book.words import with_interval
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.comparisons import means
from rfe_study.methods.adaptation import PAPER, adaptation_methods
from rfe_study.methods.bounds import LOWER, LOWER_BOUND, UPPER_BOUND
from rfe_study.runs import masks

_HERE = Path(__file__)

NOTHING = "–"

#: Columns of the table, by the column of the scores; the last is of single lesions.
COLUMNS = {
    "f_score": "F",
    "precision": "precision",
    "recall": "recall",
    "fp_per_slice": "FP a slice",
    "small": "< 10 mm³ found",
}

#: What `rfe_study.runs.predicted_slices.chosen_slices` chose in words, for every domain the same.
SLICES = tuple(
    f"patient {number}, slice with {what}"
    for number in (1, 2)
    for what in ("most lesion", "a middling area of lesion")
)


class AdaptationExplorer(ControlledWidget):
    """One slice with what lower bound, a method and upper bound make of it; F of all methods.

    F is of the paired heads and of all seeds of a model; pictures are of two test patients and of
    the seeds that have masks.

    Models are numbered: lower bound 0, upper bound 1, then the methods. Every trait but `domain`,
    `method`, `slice`, `seed` and `marked` is fixed once the widget is shown.
    """

    _esm = OUTCOME_MARKS + widgets.esm("adaptation_explorer")
    _css = widgets.STYLE + _HERE.with_suffix(".css").read_text(encoding="utf-8")

    names = traitlets.List(traitlets.Unicode(), help="one a model").tag(sync=True)
    domains = traitlets.List(traitlets.Unicode(), help="letters").tag(sync=True)
    patients = traitlets.List(traitlets.Int(), help="[domain]: how many heads").tag(sync=True)
    seeds = traitlets.List(traitlets.Int()).tag(sync=True)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    scores = traitlets.List(help="[domain][model]: texts of the columns").tag(sync=True)
    bars = traitlets.List(help="[domain][model]: mean, low, high, [seed]; or null").tag(sync=True)
    captions = traitlets.List(help="[domain][slice]").tag(sync=True)
    images = traitlets.List(traitlets.Unicode(), help="[domain]: S slices").tag(sync=True)
    outcomes = traitlets.List(help="[domain][slice][seed]: a stack of M maps").tag(sync=True)
    has_mask = traitlets.List(help="[domain][seed][model]").tag(sync=True)
    slice_scores = traitlets.List(help="[domain][slice][seed][model]: texts").tag(sync=True)
    # pairs, not a dict: notebooks are stored with sorted keys
    colours = traitlets.List(help="[name, '#rrggbb'] of each outcome").tag(sync=True)
    zoom = traitlets.Int(3, help="canvas pixels a pixel").tag(sync=True)
    domain = traitlets.Int(0).tag(sync=True)
    method = traitlets.Int(0).tag(sync=True)
    slice = traitlets.Int(0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    marked = traitlets.Bool(True).tag(sync=True)

    @classmethod
    def from_results(
        cls, rows: AdaptationRows, stored: Mapping[str, masks.Explorer]
    ) -> "AdaptationExplorer":
        """The widget at its first options; see `adaptation_explorer`."""
        names = [LOWER_BOUND, UPPER_BOUND, *(m.name for m in adaptation_methods())]
        # masks are stored of the first seeds alone
        shown_seeds = sorted({int(seed) for file in stored.values() for seed in file.seeds})
        parts = {key: [] for key in ("captions", "images", "outcomes", "has_mask", "slice_scores")}
        for target, file in stored.items():
            if (about := (file.record["experiment"], file.record["target"])) != (
                "adaptation",
                target,
            ):
                raise ValueError(f"masks of {target} must be of its adaptation, got {about}")
            check_weights(_weights(rows, target), file)
            stored_as = {LOWER_BOUND: LOWER, UPPER_BOUND: f"upper-{target}"}
            keys = [stored_as.get(name, name) for name in names]
            made = pictures(keys, shown_seeds, file)
            for key, values in parts.items():
                values.append(made[key])
        return cls(
            names=names,
            domains=list(stored),
            seeds=shown_seeds,
            columns=list(COLUMNS.values()),
            colours=[list(pair) for pair in OUTCOMES.items()],
            **_numbers(rows, list(stored), names, shown_seeds),
            **parts,
            controls=[
                choice("domain", "Domain", list(stored)),
                choice("method", "Method", names[2:], kind="menu"),
                choice("slice", "Slice", SLICES, kind="menu", words=range(len(SLICES))),
                choice("seed", "Seed", shown_seeds),
                tick("marked", "Show marks", key="marks"),
            ],
        )


def _weights(rows: AdaptationRows, target: str) -> pd.DataFrame:
    """``model``, ``seed`` and ``weights`` of adapted models and baselines, as rows name them."""
    own = rows.models[rows.models["target"] == target]
    both = pd.concat([own, rows.baselines])[["model", "seed", "weights"]]
    return both.dropna().drop_duplicates()


def _numbers(
    rows: AdaptationRows, targets: list[str], names: list[str], shown_seeds: list[int]
) -> dict:
    """The traits that rows fill: means over all seeds and heads; nothing where there is no row."""
    found = found_by_size(rows)
    small = found[found["size"] == found["size"].iloc[0]]
    small = 100 * small.groupby(["domain", "model"])["found"].mean()
    bars, scores, patients = [], [], []
    for target in targets:
        f = rows.values(target)
        other = {c: rows.values(target, column=c) for c in list(COLUMNS)[1:-1]}
        table = means(f)
        patients.append(f[LOWER_BOUND].shape[1])
        bars.append([None] * len(names))
        scores.append([[NOTHING] * len(COLUMNS) for _ in names])
        for number, name in enumerate(names):
            if name not in f:
                continue
            mean, *ends = (_rounded(v) for v in table.loc[name])
            dots = f[name].mean(axis=1).reindex(shown_seeds)
            bars[-1][number] = [mean, *ends, [_rounded(v) for v in dots]]
            texts = [_with_interval(*table.loc[name])]
            for column, tables in other.items():
                digits = 2 if column == "fp_per_slice" else 3
                mean = tables[name].to_numpy().mean() if name in tables else None
                texts.append(NOTHING if mean is None else f"{mean:.{digits}f}")
            share = small.get((target, name), np.nan)
            texts.append(NOTHING if np.isnan(share) else f"{share:.0f}%")
            scores[-1][number] = texts
    return {"bars": bars, "scores": scores, "patients": patients}


def _rounded(value: float) -> float | None:
    """For the page: four decimals; nothing for what is not there."""
    return None if np.isnan(value) else round(float(value), 4)


def _with_interval(mean: float, low: float, high: float) -> str:
    return with_interval(mean, low, high, digits=3, alone=" (one seed)")


def adaptation_explorer(
    rows: AdaptationRows,
    stored: Mapping[str, masks.Explorer],
    *,
    domain: str = "C",
    method: str = PAPER,
    slice: int = 0,
) -> AdaptationExplorer:
    """Choose a domain, a method, a slice and a seed, with or without a kernel.

    Parameters
    ----------
    rows : AdaptationRows
        Models without rows have no bar.
    stored : mapping of domain to Explorer
        See `rfe_study.runs.masks.load`.
    domain, method, slice
        What is shown first.

    Raises
    ------
    ValueError
        If masks are of another experiment, or of other weights than the rows name.
    """
    view = AdaptationExplorer.from_results(rows, stored)
    view.domain, view.slice = view.domains.index(domain), slice
    view.method = view.names[2:].index(method)
    return view
