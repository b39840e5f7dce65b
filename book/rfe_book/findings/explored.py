"""What a reader sees who followed "Try this": a function for each explorer, a chapter after the
other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_book.findings import Findings, must_hold
from rfe_book.widgets.choice_view import ChoiceView
from rfe_book.widgets.exact_explorer import ExactExplorer
from rfe_book.widgets.n_e_explorer import NEExplorer
from rfe_book.widgets.prior_explorer import THRESHOLDS, PriorSlice
from rfe_book.widgets.scanner_view import ScannerView
from rfe_book.words import listed, number, span
from rfe_core import metrics
from rfe_study.measures import probes

_COUNTS = ("none", "one", "two", "three", "four", "five", "six")


def scanners(view: ScannerView) -> Findings:
    """How far lesions stand out by scanner, ``A`` to ``D`` in FLAIR and ``D_t1`` in T1."""
    letters = [name.partition(":")[0] for name in view.names]
    rows = dict(zip(view.image_names, (rows[-1][1:] for rows in view.figures), strict=True))
    found = {kind: dict(zip(letters, map(float, row), strict=True)) for kind, row in rows.items()}
    flair, t1, t2 = (found[kind] for kind in ("FLAIR", "T1", "T2"))
    must_hold("C and D are hardest, and nearly equal", abs(flair["C"] - flair["D"]) < 0.2)
    must_hold("A and B are easier", min(flair["A"], flair["B"]) > max(flair["C"], flair["D"]))
    must_hold("B is easiest in FLAIR and in T2", max(flair, key=flair.get) == "B")
    must_hold("B is easiest in T2", max(t2, key=t2.get) == "B")
    must_hold("in T1 lesions are dark", max(t1.values()) < 0)
    must_hold("most on A, least on D", sorted(t1, key=t1.get)[:: len(t1) - 1] == ["A", "D"])
    return Findings(D_t1=number(t1["D"], 1), **{x: f"{v:.1f}" for x, v in flair.items()})


def channels(
    features: NDArray,
    lesion: NDArray[np.bool_],
    brain: NDArray[np.bool_],
    weights: NDArray,
    places: Mapping[str, tuple[int, int]],
) -> Findings:
    """Channels (C, H, W) that are brighter in lesions, and what is like a large lesion.

    ``bright`` of them, in words, have a positive weight in the last layer and the ``others`` a
    negative one; ``alike``, ``cortex`` and ``small`` are cosines with the large lesion.
    """
    brighter = features[:, lesion].mean(1) > features[:, brain & ~lesion].mean(1)
    must_hold("the signs of the weights agree", bool((brighter == (weights > 0)).all()))
    large = features[:, *places["a large lesion"]][None]
    names = {"alike": "a look-alike of a lesion", "cortex": "cortex", "small": "a small lesion"}
    cosines = {
        short: float(probes.cosines(large, features[:, *places[name]][None])[0, 0])
        for short, name in names.items()
    }
    must_hold("look-alike and cortex resemble it", min(cosines["alike"], cosines["cortex"]) > 0.3)
    must_hold("the small lesion does not", cosines["small"] < 0.1)
    return Findings(
        bright=_COUNTS[brighter.sum()],
        others=int((~brighter).sum()),
        **{short: f"{value:.2f}" for short, value in cosines.items()},
    )


def bounds(scores: pd.DataFrame, heads: Sequence[str]) -> Findings:
    """Precision and recall (%) of both bounds on one head in B and C, first seed.

    Parameters
    ----------
    scores : DataFrame
        The table "baselines".
    heads : sequence of str
        The names of the head on the scanners.
    """
    rows = scores[scores["subject"].isin(heads) & (scores["seed"] == 0)]
    rows = (100 * rows.set_index(["model", "domain"])[["precision", "recall"]]).round()
    lower = {letter: rows.loc["lower", letter] for letter in "BC"}
    upper = {letter: rows.loc[f"upper-{letter}", letter] for letter in "BC"}
    gained = {letter: upper[letter] - lower[letter] for letter in "BC"}
    must_hold("on B false alarms, which labels mend", gained["B"]["precision"] > 50)
    must_hold("on C this head shows few misses", 0 < gained["C"]["recall"] < 5)
    return Findings(
        lower_B=int(lower["B"]["precision"]),
        upper_B=int(upper["B"]["precision"]),
        lower_C=int(lower["C"]["recall"]),
        upper_C=int(upper["C"]["recall"]),
    )


def draws(view: NEExplorer) -> Findings:
    """Between which losses the draws of 50/50 lie, ``n_20`` and ``n_2000``; pixels of the slice."""
    half, aware = (view.strategies.index(name) for name in ("50/50", "distribution-aware"))
    found = {}
    for n_e in (20, 2000):
        stop = view.n_e.index(n_e)
        low, high = (end(view.measures[0]["values"][half][stop]) for end in (min, max))
        found[n_e] = (low, high)
    must_hold("20 pixels scatter more", np.ptp(found[20]) > 5 * np.ptp(found[2000]))
    at_20 = view.counts[aware][view.n_e.index(20)]
    must_hold("distribution-aware draws no lesion at 20", at_20[3] == 0)
    background, lesion = view.counts[aware][-1][2:]
    must_hold("a proportional draw has less than half a pixel", 20 * lesion < background / 2)
    return Findings(
        lesion=lesion,
        brain=f"{background + lesion:,}",
        share=f"{20 * lesion / (background + lesion):.1f}",
        **{f"n_{n_e}": " and ".join(f"{end:.3f}" for end in ends) for n_e, ends in found.items()},
    )


def sample(view: NEExplorer) -> Findings:
    """Divergence of the first draw: own edges over shared, and where 50/50 stops falling.

    ``times``: own edges over shared ones, distribution-aware, 20 pixels. ``fell`` (%): how much
    that of 50/50 falls from 200 to 700; ``null_fell`` that of perfect samples; ``lesion``: pixels.
    """
    half, aware = (view.strategies.index(name) for name in ("50/50", "distribution-aware"))
    shared, own = view.measures
    at = {n_e: view.n_e.index(n_e) for n_e in (20, 200, 700, 1000)}
    first = [values[0] for values in shared["values"][half]]
    centre = shared["centre"][half]
    fell, null = (1 - c[at[700]] / c[at[200]] for c in (first, centre))
    must_hold("50/50 hardly falls where perfect samples do", fell < 0.3 < 0.7 < null)
    must_hold("it falls again beyond", first[at[1000]] < 0.8 * first[at[700]])
    *_, wanted, _, drawn = view.counts[half][at[700]]
    must_hold("from there all lesion pixels are drawn", drawn < wanted)
    line = [values[0] for values in shared["values"][aware]][:-1]
    beyond = np.array(line) / np.array(shared["high"][aware])[:-1]
    must_hold("distribution-aware stays with perfect samples", beyond.max() < 1.25)
    times = own["values"][aware][at[20]][0] / shared["values"][aware][at[20]][0]
    must_hold("own edges show more", times > 1.5)
    return Findings(
        times=f"{times:.1f}", fell=f"{100 * fell:.0f}", null_fell=f"{100 * null:.0f}", lesion=drawn
    )


def half(by_name: pd.DataFrame, scores: pd.DataFrame) -> Findings:
    """False pieces a slice of 50/50 with ACD and of the control, and F of the seeds at 20.

    Parameters
    ----------
    by_name : DataFrame
        `rfe_book.tables.proof_of_concept.summary`.
    scores : DataFrame
        Rows of the proof of concept.
    """
    pieces = by_name["FP a slice"]
    ours = pieces[pieces.index.str.fullmatch(r"50/50 ACD \d+")]
    must_hold("50/50 invents at every n_E", bool((ours > pieces["no embedding"]).all()))
    rows = scores[(scores["model"] == "50/50 ACD 20") & (scores["domain"] == "B")]
    of_seed = rows[rows["role"] == "paired"].groupby("seed")["f_score"].mean()
    return Findings(
        pieces=span(ours, 1),
        control=number(pieces["no embedding"], 1),
        seeds=span(of_seed, 2),
    )


def prior(data: PriorSlice) -> Findings:
    """Dice on the slice of 30 templates: ``chosen`` on V1 and ``best``, by size ``best_3`` ..."""
    truth = data.lesion[data.brain]
    best, chosen = {}, {}
    for (count, size), response in data.responses.items():
        if count == 30:
            inside = response[data.brain]
            best[size] = max(metrics.f_score(inside >= t, truth) for t in THRESHOLDS)
            chosen[size] = metrics.f_score(inside >= data.chosen[count, size], truth)
    must_hold("larger templates do better here", sorted(best, key=best.get) == sorted(best))
    must_hold("none is good", max(best.values()) < 0.4)
    return Findings(chosen=f"{chosen[5]:.2f}", **{f"best_{k}": f"{v:.2f}" for k, v in best.items()})


def adaptation(
    precision: Mapping[str, pd.DataFrame], pieces: Mapping[str, pd.DataFrame]
) -> Findings:
    """Precision and false pieces a slice on B, from the worst seed to the best, by model.

    ``lower``, ``control``, ``statistics`` and ``paper`` are spans of precision; ``paper_pieces``
    and ``control_pieces`` of false pieces.
    """
    names = {
        "lower": "lower bound",
        "control": "no embedding",
        "paper": "RFE, NCC",
        "statistics": "statistics only",
    }
    of_seed = pd.DataFrame({short: precision[name].mean(axis=1) for short, name in names.items()})
    of_seed = of_seed.dropna()
    ahead = of_seed.diff(axis=1).iloc[:, 1:] > 0
    last_three = bool(ahead[["paper", "statistics"]].to_numpy().all())
    must_hold("the order of the last three is that of every seed", last_three)
    must_hold("the lower bound is not behind with every seed", not ahead["control"].all())
    counts = {short: pieces[names[short]].mean(axis=1) for short in ("control", "paper")}
    must_hold("the paper's method has more pieces", counts["paper"].min() > counts["control"].min())
    return Findings(
        **{short: span(column, 2) for short, column in of_seed.items()},
        **{f"{short}_pieces": span(column, 1) for short, column in counts.items()},
    )


def exact(view: ExactExplorer) -> Findings:
    """Spread of the losses at 20 by strategy, and the lesion pixels that 50/50 runs out of."""
    names = [name for name, *_ in view.strategies]
    at_20, many = view.n_e.index(20), view.n_e.index(20000)
    spread = {name: view.spread[k][at_20] for k, name in enumerate(names)}
    half = names.index("50/50")
    (_, wanted), (_, drawn) = view.wanted[half][many], view.drawn[half][many]
    must_hold("50/50 runs out of lesion pixels", drawn < wanted)
    order = sorted(names, key=spread.get)
    return Findings(
        spread=listed([f"{spread[name]:.3f} ({name})" for name in order]),
        wanted=f"{wanted:,}",
        lesion=f"{drawn:,}",
    )


def choices(view: ChoiceView) -> Findings:
    """Switches that leave the gradient's length as it is, and those that do less than a draw.

    ``same``, ``less``: their names. ``squared``, ``radial``: how much of the gradient points along
    the embeddings then.
    """
    length, along = (view.rows.index(row) for row in ("length of its gradient", _ALONG))
    texts = np.array(view.texts)  # draw, switch, row
    lengths = np.char.replace(texts[..., length], ",", "").astype(float)
    apart = np.abs(lengths - lengths[:, :1]).max(axis=0)
    between = np.ptp(lengths[:, 0])
    less = [n for n, d in zip(view.names, apart, strict=True) if 0 < d < between]
    same = [n for n, d in zip(view.names, apart, strict=True) if d == 0][1:]
    must_hold("the threshold leaves it", "threshold 0.99" in same)
    values = {name: view.texts[0][view.names.index(name)][along] for name in _STRETCH}
    must_hold("ours never points along", view.texts[0][0][along] == "0%")
    return Findings(
        same=listed([f"“{name}”" for name in same]),
        less=listed([f"“{name}”" for name in less]),
        squared=values[_STRETCH[0]],
        radial=values[_STRETCH[1]],
    )


_ALONG = "of that along the embeddings"
_STRETCH = ("squared ℓ2", "radial error")
