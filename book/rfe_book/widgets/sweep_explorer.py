"""Chapter 07's explorer: any model of the sweep beside another one, by numbers, mask and curve."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from rfe_book import widgets
from rfe_book.widgets.controls import ControlledWidget, choice, tick
from rfe_book.widgets.segmentation_view import OUTCOME_MARKS
from rfe_book.widgets.sweep_masks import check_weights, pictures
from rfe_book.widgets.sweep_tables import Sweep, of_sweep, title
from rfe_core.random_feature_embedding import ALL
from rfe_core.sampling import STRATEGIES
from rfe_study.methods.experiments import EXPERIMENTS
from rfe_study.methods.method import Method
from rfe_study.methods.proof_of_concept import DISTANCES, N_E
from rfe_study.runs import masks

_HERE = Path(__file__)

STOPS = (*N_E, ALL)

#: Said where a strategy, distance and n_E have no model.
NO_MODEL = "There is no such model: the loss over all pixels (n_E = all) exists for ACD alone."

#: What is drawn by epoch: column, name, whether its axis is logarithmic.
CHARTS = (
    ("dice_loss", "Dice loss", False),
    ("embedding_loss", "Embedding loss, unweighted", True),
    ("f_{target}", "F on validation crops of {target}", False),
)


class SweepExplorer(ControlledWidget):
    """Two models of a sweep: scores on test patients, one slice with their masks, their curves.

    Every trait but `strategy`, `distance`, `stop`, `choice`, `slice`, `beside` and `marked` is
    fixed once the widget is shown. A *choice* is the mean over a model's seeds (0) or one seed.
    """

    _esm = OUTCOME_MARKS + widgets.esm("sweep_explorer")
    _css = widgets.STYLE + _HERE.with_suffix(".css").read_text(encoding="utf-8")

    titles = traitlets.List(traitlets.Unicode(), help="one a model").tag(sync=True)
    chosen = traitlets.List(help="[strategy][distance][stop]: number of a model, or -1").tag(
        sync=True
    )
    no_model = traitlets.Unicode(NO_MODEL).tag(sync=True)
    choices = traitlets.List(traitlets.Unicode(), help="in words").tag(sync=True)
    pictured = traitlets.List(help="position of the seed whose masks each choice shows").tag(
        sync=True
    )
    seeds = traitlets.List(help="in their order").tag(sync=True)
    groups = traitlets.List(traitlets.Unicode(), help="of test patients").tag(sync=True)
    scores = traitlets.List(help="[choice][model][group]: a text a score").tag(sync=True)
    notes = traitlets.List(help="[choice][model]: what else to know").tag(sync=True)
    captions = traitlets.List(traitlets.Unicode(), help="one a slice").tag(sync=True)
    images = traitlets.Unicode(help="S slices").tag(sync=True)
    outcomes = traitlets.List(help="[slice][seed]: a stack of M maps").tag(sync=True)
    has_mask = traitlets.List(help="[seed][model]").tag(sync=True)
    slice_scores = traitlets.List(help="[slice][seed][model]: texts").tag(sync=True)
    # pairs, not a dict: notebooks are stored with sorted keys
    colours = traitlets.List(help="[name, '#rrggbb'] of each outcome").tag(sync=True)
    epochs = traitlets.List(traitlets.Int()).tag(sync=True)
    charts = traitlets.List(help="name, axis, values [choice][model][epoch]").tag(sync=True)
    target = traitlets.Unicode(help="letter of the domain").tag(sync=True)
    zoom = traitlets.Int(3, help="canvas pixels a pixel").tag(sync=True)
    strategy = traitlets.Int(0).tag(sync=True)
    distance = traitlets.Int(0).tag(sync=True)
    stop = traitlets.Int(0).tag(sync=True)
    choice = traitlets.Int(0).tag(sync=True)
    slice = traitlets.Int(0).tag(sync=True)
    beside = traitlets.Int(0).tag(sync=True)
    marked = traitlets.Bool(True).tag(sync=True)

    @classmethod
    def from_results(
        cls,
        scores: pd.DataFrame,
        models: pd.DataFrame,
        curves: pd.DataFrame,
        stored: masks.Explorer,
    ) -> "SweepExplorer":
        """The widget at its first options; see `sweep_explorer`."""
        about = {k: stored.record[k] for k in ("profile", "experiment", "target")}
        own = [of_sweep(rows, **about) for rows in (models, curves, scores)]
        if own[0].empty:
            raise ValueError(f"models must have rows of {about}, got none")
        check_weights(own[0], stored)
        # controls first: they are what one compares with
        methods = sorted(
            EXPERIMENTS[about["experiment"]](), key=lambda m: m.group not in ("control", "bound")
        )
        sweep = Sweep(
            methods=methods,
            seeds=sorted(map(int, own[0]["seed"].unique())),
            models=own[0],
            curves=own[1],
            scores=own[2],
            target=about["target"],
        )
        names = [method.name for method in methods]
        traits = _numbers(sweep) | pictures(names, sweep.seeds, stored)
        return cls(**traits, controls=_controls(traits))


def _positions(methods: Sequence[Method]) -> list[list[list[int]]]:
    """Number of the model of each strategy, distance and n_E of Section 3.2, and of all; or -1."""
    numbers = {
        (m.embedding.strategy, m.embedding.distance, m.embedding.n_e): number
        for number, m in enumerate(methods)
        if m.group == "rfe" or (m.group == "all pixels" and m.embedding.n_e == ALL)
    }
    return [
        [[numbers.get((s, d, n), -1) for n in STOPS] for d in DISTANCES.values()]
        for s in STRATEGIES
    ]


def _controls(traits: Mapping[str, Any]) -> list[dict[str, Any]]:
    seeds = ["mean", *traits["seeds"]]
    stops = [f"{n:,}" if n != ALL else "all pixels" for n in STOPS]
    captions = traits["captions"]
    return [
        choice("strategy", "Strategy", STRATEGIES),
        choice("distance", "Distance", list(DISTANCES)),
        choice("stop", "n_E", stops, kind="range", key="n_e", words=STOPS),
        choice("choice", "Seed", seeds, key="seed"),
        tick("marked", "Show marks", key="marks"),
        choice("beside", "Beside it", traits["titles"], kind="menu"),
        choice("slice", "Slice", captions, kind="menu", words=range(len(captions))),
    ]


def _numbers(sweep: Sweep) -> dict:
    """The traits that rows fill."""
    charts = []
    for column, name, log in CHARTS:
        column, name = (text.format(target=sweep.target) for text in (column, name))
        charts.append(
            {"name": name, "axis": sweep.axis(column, log=log), "values": sweep.curve(column)}
        )
    return {
        "titles": [title(method) for method in sweep.methods],
        "chosen": _positions(sweep.methods),
        "choices": ["mean over its seeds", *(f"seed {s}" for s in sweep.seeds)],
        "pictured": [0, *range(len(sweep.seeds))],
        "seeds": list(sweep.seeds),
        "groups": sweep.groups(),
        "scores": sweep.score_texts(),
        "notes": sweep.notes(),
        "epochs": sweep.epochs,
        "charts": charts,
        "target": sweep.target,
    }


def sweep_explorer(
    scores: pd.DataFrame,
    models: pd.DataFrame,
    curves: pd.DataFrame,
    stored: masks.Explorer,
    *,
    strategy: str = "80/20",
    distance: str = "ACD",
    n_e: int | str = 500,
    beside: str = "no embedding",
) -> SweepExplorer:
    """Choose a model of the sweep and one beside it, with or without a kernel.

    Parameters
    ----------
    scores, models, curves : DataFrame
        ``data/results/sweep-scores.csv``, ``sweep-models.csv`` and ``sweep-curves.csv``. Models
        without rows are said to be missing.
    stored : Explorer
        See `rfe_study.runs.masks.load`; its profile, experiment and target decide which rows count.
    strategy, distance, n_e, beside
        What is shown first.

    Raises
    ------
    ValueError
        If no row belongs to the sweep, or masks and rows come from different weights.
    """
    view = SweepExplorer.from_results(scores, models, curves, stored)
    view.strategy = STRATEGIES.index(strategy)
    view.distance = list(DISTANCES).index(distance)
    view.stop = STOPS.index(n_e)
    view.beside = view.titles.index(beside)
    return view
