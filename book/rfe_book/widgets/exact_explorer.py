"""Chapter 10's explorer: sampled losses beside the exact one, their gradients, and the cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import traitlets

from rfe_book import widgets
from rfe_book.style import BLUE, GRAY, GREEN, PURPLE, SKY, VERMILION, axis
from rfe_book.widgets.controls import ControlledWidget, choice
from rfe_book.widgets.n_e_explorer import stop_control
from rfe_study.measures.cost import POWERS, cost, reaches
from rfe_study.measures.gradient_noise import Comparison
from rfe_study.methods.proof_of_concept import N_E

_HERE = Path(__file__)

#: Name, colour and mark of each strategy, and of each variant whose cost is shown; each means
#: one thing.
STRATEGY_MARKS = ((BLUE, "circle"), (GREEN, "square"), (VERMILION, "triangle"))

VARIANT_MARKS = {
    "pytorch-metric-learning": ("pairs, by a library", GRAY, "diamond"),
    "z @ z.T": ("pairs, z @ z.T", PURPLE, "cross"),
    "exact form": ("exact form", SKY, "star"),
}

#: Upper end of the cost's axis, in seconds.
CEILING = 10.0


class ExactExplorer(ControlledWidget):
    """Three charts over n_E: loss, relative error of the gradient, time; and their numbers.

    Every trait but `strategy` and `stop` is fixed once the widget is shown. Tables are indexed
    [strategy][stop], draws come last.
    """

    _esm = widgets.esm("exact_explorer")
    _css = widgets.STYLE + _HERE.with_suffix(".css").read_text(encoding="utf-8")

    strategies = traitlets.List(help="name, colour, mark").tag(sync=True)
    n_e = traitlets.List(help="stops").tag(sync=True)
    ticks = traitlets.List(help="stops that are labelled").tag(sync=True)
    drawn = traitlets.List(help="background, lesion").tag(sync=True)
    wanted = traitlets.List(help="background, lesion").tag(sync=True)
    exact = traitlets.List(help="expectation of the loss").tag(sync=True)
    draws = traitlets.List(help="losses of single draws").tag(sync=True)
    mean = traitlets.List(help="of the draws").tag(sync=True)
    spread = traitlets.List(help="standard deviation of the draws").tag(sync=True)
    errors = traitlets.List(help="mean relative error of the gradient").tag(sync=True)
    error_ends = traitlets.List(help="least and largest error").tag(sync=True)
    costs = traitlets.List(help="name, colour, mark, seconds, texts, measured").tag(sync=True)
    axes = traitlets.List(help="of loss, error, cost: log, ticks").tag(sync=True)
    label = traitlets.Unicode(help="what was sampled from").tag(sync=True)
    strategy = traitlets.Int(0).tag(sync=True)
    stop = traitlets.Int(0).tag(sync=True)


def _rounded(values, digits: int = 4):
    """The same nested lists, with so many significant digits."""
    if np.ndim(values):
        return [_rounded(v, digits) for v in values]
    return float(f"{values:.{digits}g}")


def in_words(seconds: float) -> str:
    """A time as a reader wants it: "0.52 ms", "1.3 s", "11 min"."""
    if seconds < 1:
        return f"{1000 * seconds:.{2 if seconds < 0.01 else 0}f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _costs(rows: pd.DataFrame, n_e: Sequence[int]) -> list[dict]:
    """The cost of each variant at each stop, and where it leaves the screen."""
    found = []
    for variant in POWERS:
        name, colour, mark = VARIANT_MARKS[variant]
        at = [cost(rows, variant, n) for n in n_e]
        leaves = reaches(rows, variant, CEILING) if POWERS[variant] == 2 else None
        found.append(
            {
                "name": name,
                "colour": colour,
                "mark": mark,
                "seconds": _rounded([c.seconds for c in at]),
                "texts": [in_words(c.seconds) for c in at],
                "measured": [c.measured for c in at],
                "last": int(rows.loc[rows["variant"] == variant, "n_e"].max()),
                "leaves": None if leaves is None else round(leaves),
            }
        )
    return found


def exact_explorer(
    found: Mapping[str, Comparison],
    n_e: Sequence[int],
    rows: pd.DataFrame,
    *,
    label: str,
    start: int = 100,
) -> ExactExplorer:
    """Sampled losses beside the exact one, over strategies and n_E.

    Parameters
    ----------
    found : mapping of strategy to Comparison
        See `rfe_study.measures.gradient_noise.compare`.
    n_e : sequence of int
        The stops that `found` was made with; the last one is all pixels.
    rows : DataFrame
        ``data/results/embedding_cost.csv``.
    label : str
        What was sampled from, for readers who do not see it.
    start : int
        n_E shown first.
    """
    losses = np.stack([c.losses for c in found.values()]).transpose(0, 2, 1)
    errors = np.stack([c.errors for c in found.values()]).transpose(0, 2, 1)
    exact = np.stack([c.exact for c in found.values()])
    sampled = errors[:, :-1]  # all pixels: no error, which a log axis cannot show
    return ExactExplorer(
        strategies=[[name, *m] for name, m in zip(found, STRATEGY_MARKS, strict=True)],
        n_e=list(n_e),
        ticks=[n for n in n_e if n in N_E or n in n_e[-2:]],
        drawn=[[list(pair) for pair in c.drawn] for c in found.values()],
        wanted=[[list(pair) for pair in c.wanted] for c in found.values()],
        exact=_rounded(exact),
        draws=_rounded(losses),
        mean=_rounded(losses.mean(-1)),
        spread=_rounded(losses.std(-1, ddof=1).round(12)),
        errors=_rounded(errors.mean(-1)),
        error_ends=_rounded(np.stack([errors.min(-1), errors.max(-1)], -1)),
        costs=_costs(rows, n_e),
        axes=[
            axis(np.concatenate([losses.ravel(), exact.ravel()]), log=False),
            axis(sampled.ravel(), log=True),
            {"log": True, "ticks": [10.0**k for k in range(-4, 2)]},
        ],
        label=label,
        stop=list(n_e).index(start),
        controls=[choice("strategy", "Strategy", list(found)), stop_control(n_e)],
    )
