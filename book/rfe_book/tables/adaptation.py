"""The rows of the adaptation with a real prior put into the tables of chapter 09.

Nothing is judged here. Each target domain has tables of its own, since its patients are its own;
means and intervals are over seeds and heads, differences paired by both.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book.words import interval_text, listed
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.comparisons import gain
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.rows import ByModel, detection
from rfe_study.claims.verdicts import (
    CONTRADICTED,
    NO_EFFECT,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    Verdict,
)
from rfe_study.methods.adaptation import PAPER, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND
from rfe_study.methods.method import Method
from rfe_study.phantom.domains import DOMAINS

#: Columns of scores and what the chapter calls them.
COLUMNS = {
    "f_score": "F",
    "precision": "precision",
    "recall": "recall",
    "fp_per_slice": "FP a slice",
}

#: The control that differs from the paper's method by the embedding loss alone, and what the
#: target's labels are worth in as many steps.
CONTROL, BOUND = "no embedding", "labels of V2 and V3"

#: Models in pairs that differ by one thing: the second minus the first says what that does.
CHAIN = (
    (LOWER_BOUND, "labelled A only", "fewer steps on A, at another rate"),
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

#: The fine-tuned network whose embeddings the chapter shows: target and seed.
SHOWN = ("C", 0)

SHOWN_WEIGHTS = f"laptop-adaptation-{SHOWN[0]}-RFE_NCC-seed{SHOWN[1]}.safetensors"


def methods_table(methods: Sequence[Method] | None = None) -> pd.DataFrame:
    """What each method sees of the target, and what it learns from.

    Returns
    -------
    DataFrame
        Indexed by ``group`` and ``method``: ``images`` of the target, ``labels`` (what stands for
        them, empty where the method does not use any), ``Dice on``, ``further``.
    """
    stands = {
        "NCC": "NCC, templates of V1",
        "NCC from A": "NCC, templates of A",
        "true": "true",
        "V1": "true",
    }
    lines = []
    for m in adaptation_methods() if methods is None else methods:
        term = m.embedding if m.embedding and m.embedding.weight else None
        images = "V1" if m.source == "V1" else "V2, V3"
        if not m.unlabelled:
            images = f"{images}: statistics alone" if m.statistics else "none"
        further = f"embedding loss, n_E = {term.n_e}" if term else ""
        if m.self_training:
            further = f"{m.self_training.kind} on predictions"
        if m.match_histograms:
            further = "A's images matched to the target's"
        lines.append(
            {
                "group": m.group,
                "method": m.name,
                "images": images,
                "labels": stands.get(m.source, m.source) if term or m.primary == "both" else "",
                "Dice on": "A and target" if m.primary == "both" else "A",
                "further": further,
            }
        )
    return pd.DataFrame(lines).set_index(["group", "method"])


def chain_table(by_target: Mapping[str, ByModel]) -> pd.DataFrame:
    """The differences of `CHAIN`, paired, as text: a column a target."""
    lines = {
        f"{what} ({second} − {first})": {
            target: interval_text(*gain(values, second, first))
            for target, values in by_target.items()
        }
        for first, second, what in CHAIN
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("what it does")


def summary(rows: AdaptationRows, *, patients: str = VERDICT) -> pd.DataFrame:
    """All models on their target's patients, means over seeds and patients.

    Returns
    -------
    DataFrame
        Indexed by ``domain`` and ``model``: ``F``, ``seeds ±`` (standard deviation over seeds of
        the mean over patients), ``precision``, ``recall``, ``FP a slice``; the last over
        the seeds that did not diverge.
    """
    parts = {c: rows.by_target(column=c, patients=patients) for c in COLUMNS}
    lines = []
    for target, of_target in parts["f_score"].items():
        for model, f in of_target.items():
            line = {"domain": target, "model": model}
            for column, name in COLUMNS.items():
                table = parts[column][target].get(model)
                line[name] = np.nan if table is None else float(table.to_numpy().mean())
                if column == "f_score":
                    spread = f.mean(axis=1).std(ddof=1)
                    line["seeds ±"] = float(spread)
            lines.append(line)
    return pd.DataFrame(lines).set_index(["domain", "model"])


def found_by_size(rows: AdaptationRows, models: Sequence[str] | None = None) -> pd.DataFrame:
    """Share of a target's lesions found, by size and seed, pooled over all its patients.

    Returns
    -------
    DataFrame
        As `rfe_study.claims.rows.detection`: ``model``, ``domain``, ``seed``, ``size``,
        ``lesions``, ``found``.
    """
    parts = []
    for target in rows.targets:
        both = pd.concat(rows.on(target), ignore_index=True)
        parts.append(both if models is None else both[both["model"].isin(models)])
    return detection(pd.concat(parts, ignore_index=True))


def size_table(found: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """`found_by_size` as a table: per cent found, means over seeds, a column a size."""
    sizes = list(dict.fromkeys(found["size"]))
    wide = 100 * found.pivot_table(index=["domain", "model"], columns="size", values="found")
    order = [(d, m) for d in sorted(found["domain"].unique()) for m in models]
    table = wide.reindex(order)[[size for size in sizes if size in wide]]
    return table.set_axis([f"{size} mm³" for size in table], axis=1)


def ranking(by_target: Mapping[str, ByModel]) -> pd.Series:
    """Mean over targets of each adapted model's mean F, the highest first."""
    means = pd.DataFrame(
        {t: {m: v.to_numpy().mean() for m, v in own.items()} for t, own in by_target.items()}
    )
    return means.drop(index=[LOWER_BOUND, UPPER_BOUND]).mean(axis=1).sort_values(ascending=False)


def elsewhere(rows: AdaptationRows, model: str, reference: str) -> pd.DataFrame:
    """A model minus a reference on the paper's test patients of every domain, paired, as text.

    Returns
    -------
    DataFrame
        A row a target that the model was made for, a column a domain.
    """
    lines = {}
    for target in rows.targets:
        lines[f"made for {target}"] = {
            f"on {domain}": interval_text(*gain(own, model, reference))
            for domain in DOMAINS
            for own in [rows.values(target, domain, patients="paper's")]
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
    order = [m.name for m in adaptation_methods() if m.name in seconds.index]
    table = pd.DataFrame({"seconds": seconds[order]}).rename_axis("model")
    return table.assign(against=table["seconds"] / table.loc["no embedding", "seconds"])


def comparisons(parts: Sequence[Verdict]) -> str:
    """The verdicts of "ours" on what the paper's method is better than, in a sentence."""
    than = "better than "
    words = {
        REPRODUCED: "it is better than",
        CONTRADICTED: "worse than",
        NO_EFFECT: "as good as",
        UNDECIDED: "not told apart from",
        NOT_TESTED: "not yet held against",
    }
    found: dict[str, list[str]] = {outcome: [] for outcome in words}
    for part in parts:
        if part.claim == "ours" and part.part.startswith(than):
            other = part.part.removeprefix(than).partition(", mean of")[0]
            found[part.verdict].append(f"“{other}”")
    told = [f"{words[outcome]} {listed(names)}" for outcome, names in found.items() if names]
    return f"By these {', '.join(told)}."
