"""Gains of adapted models over each other, in the words and tables of chapter 09.

Intervals are those of `rfe_study.claims.crossed`, over seeds and heads.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rfe_book.words import interval_text, listed
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.comparisons import gain, mean_interval, reading, share_closed
from rfe_study.claims.contrasts import minus, shared
from rfe_study.claims.rows import ByModel
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

#: Words for `rfe_study.claims.comparisons.reading`, where more is better and where it is worse.
BETTER = {"yes": "better", "no": "worse", "undecided": "not told apart"}

MORE = {"yes": "more", "no": "fewer", "undecided": "not told apart"}


def sentence(
    by_target: Mapping[str, ByModel],
    model: str,
    reference: str,
    *,
    words: Mapping[str, str] = BETTER,
    where: str = "on",
) -> str:
    """How a model compares with another, target by target.

    ``"on B better, 0.041 (0.020 to 0.063); on C not told apart, 0.003 (−0.010 to 0.015)"``
    """
    parts = []
    for target, values in by_target.items():
        found = gain(values, model, reference)
        word = words[reading(*found[1:])]
        parts.append(f"{where} {target} {word}, {interval_text(*found)}")
    return "; ".join(parts)


def counted(by_target: Mapping[str, ByModel], model: str, reference: str) -> str:
    """On which targets a model is better, in words: ``"better on B and C, worse on none"``."""
    found = {"yes": [], "no": [], "undecided": []}
    for target, values in by_target.items():
        ends = gain(values, model, reference)[1:]
        found[reading(*ends)].append(target)
    return f"better on {listed(found['yes'])}, worse on {listed(found['no'])}"


def f_of(precision: ArrayLike, recall: ArrayLike) -> NDArray[np.float64]:
    """F from precision and recall, 0 where both are 0."""
    precision, recall = np.asarray(precision, float), np.asarray(recall, float)
    total = precision + recall
    product = 2 * precision * recall
    return np.divide(product, total, out=np.zeros_like(total), where=total > 0)


def split_of_gain(before: Sequence[ArrayLike], after: Sequence[ArrayLike]) -> tuple[NDArray, ...]:
    """How much of a change of F precision and recall each bring.

    Each is changed alone, once before and once after the other, and the two effects are averaged
    (Shapley's rule); the parts sum to the change of F.

    Parameters
    ----------
    before, after : (precision, recall)
        Arrays of one shape.

    Returns
    -------
    (by_precision, by_recall)
    """
    (p0, r0), (p1, r1) = before, after
    by_precision = (f_of(p1, r0) - f_of(p0, r0) + f_of(p1, r1) - f_of(p0, r1)) / 2
    by_recall = (f_of(p0, r1) - f_of(p0, r0) + f_of(p1, r1) - f_of(p1, r0)) / 2
    return by_precision, by_recall


def parts_of_gain(
    rows: AdaptationRows, model: str, reference: str
) -> dict[str, dict[str, pd.DataFrame]]:
    """`split_of_gain` of a model over a reference: by target, ``precision`` and ``recall``.

    Each is (seeds, heads), of the seeds that both have.
    """
    columns = ("precision", "recall")
    p, r = (rows.by_target(column=column) for column in columns)
    found = {}
    for target in p:
        tables = shared(*(of[target][name] for name in (reference, model) for of in (p, r)))
        split = split_of_gain(tables[:2], tables[2:])
        about = {"index": tables[0].index, "columns": tables[0].columns}
        found[target] = {c: pd.DataFrame(t, **about) for c, t in zip(columns, split, strict=True)}
    return found


def gain_parts_table(rows: AdaptationRows, model: str, reference: str) -> pd.DataFrame:
    """Where a gain over a reference comes from: a row a target, intervals as text.

    Returns
    -------
    DataFrame
        Indexed by ``domain``: ``F`` (its change), ``by precision``, ``by recall`` (they sum to it)
        and ``FP a slice`` (its change; fewer is better).
    """
    parts = parts_of_gain(rows, model, reference)
    wrong = rows.by_target(column="fp_per_slice")
    lines = {}
    for target, own in parts.items():
        tables = {"F": own["precision"] + own["recall"]}
        tables |= {f"by {name}": own[name] for name in own}
        if model in wrong[target]:
            tables["FP a slice"] = minus(wrong[target][model], wrong[target][reference])
        lines[target] = {name: interval_text(*mean_interval(t)) for name, t in tables.items()}
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("domain")


def closed(by_target: Mapping[str, ByModel], models: Sequence[str]) -> pd.DataFrame:
    """Share of the gap between the bounds that models close, as text: a column a target."""
    shares = {
        target: {
            m: share_closed(values[m], values[LOWER_BOUND], values[UPPER_BOUND]).text
            for m in models
        }
        for target, values in by_target.items()
    }
    return pd.DataFrame(shares).rename_axis("model")
