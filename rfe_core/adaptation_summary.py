"""More tables of chapter 09: all scores, where a gain comes from, lesions by size, cost."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rfe_core import shift
from rfe_core.adaptation import adaptation
from rfe_core.adaptation_claims import LOWER, PAPER, UPPER
from rfe_core.adaptation_tables import BOUND, CONTROL, Rows, listed
from rfe_core.domains import DOMAINS
from rfe_core.gap import share_closed
from rfe_core.intervals import bootstrap_means, interval
from rfe_core.sweep_tables import Scores, interval_text
from rfe_core.verdicts import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Verdict

#: Columns of scores and what the chapter calls them.
COLUMNS = {
    "f_score": "F",
    "precision": "precision",
    "recall": "recall",
    "fp_per_slice": "FP a slice",
}


#: Models in pairs that differ by one thing: the second minus the first says what that does.
CHAIN = (
    (LOWER, "labelled A only", "fewer steps on A, at another rate"),
    ("labelled A only", "statistics only", "statistics of the target in batch norm"),
    ("labelled A only", CONTROL, "images of the target in each batch"),
    (CONTROL, PAPER, "the embedding loss"),
    (PAPER, "RFE, perfect prior", "a prior without errors"),
    (PAPER, "RFE, NCC, all pixels", "no sampling, NCC prior"),
    ("RFE, perfect prior", "RFE, perfect prior, all pixels", "no sampling, perfect prior"),
    (PAPER, "RFE, NCC from A", "templates of A instead of V1"),
    (PAPER, "Dice on NCC", "the prior taken as labels instead"),
    (PAPER, "labels of V1", "V1's labels used directly instead"),
    (CONTROL, BOUND, "labels of V2 and V3"),
)


def chain_table(by_target: Mapping[str, Scores]) -> pd.DataFrame:
    """The differences of `CHAIN`, paired, as text: a column a target."""
    lines = {
        f"{what} ({second} − {first})": {
            target: interval_text(*interval_of(values[second] - values[first]))
            for target, values in by_target.items()
        }
        for first, second, what in CHAIN
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("what it does")


def summary(rows: Rows, *, patients: str = "all 8") -> pd.DataFrame:
    """All models on their target's patients, means over seeds and patients.

    Returns
    -------
    DataFrame
        Indexed by ``domain`` and ``model``: ``F``, ``seeds ±`` (standard deviation over seeds of
        the mean over patients), ``precision``, ``recall``, ``FP a slice``; the last is missing
        where a seed diverged.
    """
    parts = {c: rows.by_target(column=c, patients=patients) for c in COLUMNS}
    lines = []
    for target, of_target in parts["f_score"].items():
        for model, f in of_target.items():
            line = {"domain": target, "model": model}
            for column, name in COLUMNS.items():
                table = parts[column][target].get(model)
                line[name] = np.nan if table is None else float(table.mean())
                if column == "f_score":
                    spread = f.mean(1).std(ddof=1) if len(f) > 1 else np.nan
                    line["seeds ±"] = float(spread)
            lines.append(line)
    return pd.DataFrame(lines).set_index(["domain", "model"])


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


def parts_of_gain(rows: Rows, model: str, reference: str) -> dict[str, dict[str, NDArray]]:
    """`split_of_gain` of a model over a reference: by target, ``precision`` and ``recall``.

    Each is (seeds, patients).
    """
    p, r = (rows.by_target(column=column) for column in ("precision", "recall"))
    return {
        target: dict(
            zip(
                ("precision", "recall"),
                split_of_gain(
                    (p[target][reference], r[target][reference]),
                    (p[target][model], r[target][model]),
                ),
                strict=True,
            )
        )
        for target in p
    }


def interval_of(table: ArrayLike) -> tuple[float, float, float]:
    """Mean over seeds and patients, and its 95% interval."""
    table = np.asarray(table, dtype=float)
    return float(table.mean()), *interval(
        bootstrap_means(table, generator=np.random.default_rng(0))
    )


def gain_parts_table(rows: Rows, model: str, reference: str) -> pd.DataFrame:
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
            tables["FP a slice"] = wrong[target][model] - wrong[target][reference]
        lines[target] = {name: interval_text(*interval_of(t)) for name, t in tables.items()}
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("domain")


def found_by_size(rows: Rows, models: Sequence[str] | None = None) -> pd.DataFrame:
    """Share of a target's lesions found, by size and seed, pooled over all its patients.

    Returns
    -------
    DataFrame
        As `rfe_core.shift.detection`: ``model``, ``domain``, ``seed``, ``size``, ``lesions``,
        ``found``.
    """
    parts = []
    for target in sorted(rows.models["target"].unique()):
        both = pd.concat(rows.on(target), ignore_index=True)
        parts.append(both if models is None else both[both["model"].isin(models)])
    return shift.detection(pd.concat(parts, ignore_index=True))


def size_table(found: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """`found_by_size` as a table: per cent found, means over seeds, a column a size."""
    sizes = list(dict.fromkeys(found["size"]))
    wide = 100 * found.pivot_table(index=["domain", "model"], columns="size", values="found")
    order = [(d, m) for d in sorted(found["domain"].unique()) for m in models]
    table = wide.reindex(order)[[size for size in sizes if size in wide]]
    return table.set_axis([f"{size} mm³" for size in table], axis=1)


def ranking(by_target: Mapping[str, Scores]) -> pd.Series:
    """Mean over targets of each adapted model's mean F, the highest first."""
    means = pd.DataFrame({t: {m: v.mean() for m, v in own.items()} for t, own in by_target.items()})
    return means.drop(index=[LOWER, UPPER]).mean(axis=1).sort_values(ascending=False)


def elsewhere(rows: Rows, model: str, reference: str) -> pd.DataFrame:
    """A model minus a reference on the test patients of every domain, paired, as text.

    Returns
    -------
    DataFrame
        A row a target that the model was made for, a column a domain.
    """
    lines = {}
    for target in sorted(rows.models["target"].unique()):
        lines[f"made for {target}"] = {
            f"on {domain}": interval_text(*interval_of(own[model] - own[reference]))
            for domain in DOMAINS
            for own in [rows.values(target, domain, patients="paper's 2")]
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(model)


def cost(curves: pd.DataFrame) -> pd.DataFrame:
    """Median seconds of an epoch, its validation included, over targets, seeds and epochs.

    Returns
    -------
    DataFrame
        Indexed by ``model``, in the experiment's order: ``seconds``, ``against`` (times that of the
        control without embedding loss).
    """
    seconds = curves.groupby("model")["seconds"].median()
    order = [m.name for m in adaptation() if m.name in seconds.index]
    table = pd.DataFrame({"seconds": seconds[order]}).rename_axis("model")
    return table.assign(against=table["seconds"] / table.loc["no embedding", "seconds"])


def comparisons(parts: Sequence[Verdict]) -> str:
    """The verdicts of "ours" on what the paper's method is better than, in a sentence."""
    than = "better than "
    found = {REPRODUCED: [], NOT_REPRODUCED: [], UNDECIDED: []}
    for part in parts:
        if part.claim == "ours" and part.part.startswith(than):
            found[part.verdict].append(f"“{part.part.removeprefix(than)}”")
    better, worse, open_ = (listed(names) for names in found.values())
    return f"By these it is better than {better}, worse than {worse}, not told apart from {open_}."


def closed(by_target: Mapping[str, Scores], models: Sequence[str]) -> pd.DataFrame:
    """Share of the gap between the bounds that models close, as text: a column a target."""
    generator = np.random.default_rng(0)
    shares = {
        target: {
            m: share_closed(values[m], values[LOWER], values[UPPER], generator=generator).text
            for m in models
        }
        for target, values in by_target.items()
    }
    return pd.DataFrame(shares).rename_axis("model")
