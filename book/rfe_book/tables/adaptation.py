"""The rows of the adaptation with a real prior put into the tables and sentences of chapter 09.

Nothing is judged here. Each target domain has tables of its own, since its patients are its own;
means and intervals are over seeds and patients, differences paired by both.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rfe_book.words import interval_text, listed
from rfe_study.claims import resampling, scores
from rfe_study.claims.resampling import bootstrap_means, gain, interval, means, share_closed
from rfe_study.claims.scores import Rows, Scores
from rfe_study.claims.verdicts import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Verdict
from rfe_study.methods.adaptation import PAPER, RATE, WEIGHTS, adaptation_methods
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

SEARCH = "adaptation-search"

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

#: Words for `rfe_study.claims.resampling.reading`, where more is better and where it is worse.
BETTER = {"yes": "better", "no": "worse", "undecided": "not told apart"}

MORE = {"yes": "more", "no": "fewer", "undecided": "not told apart"}


def gain_table(by_target: Mapping[str, Scores], reference: str) -> pd.DataFrame:
    """Each model minus a reference, paired, as text: a row a model, a column a target."""
    columns = {
        target: means(values, minus=reference).apply(lambda line: interval_text(*line), axis=1)
        for target, values in by_target.items()
    }
    table = pd.DataFrame(columns)
    order = [m for values in by_target.values() for m in values if m in table.index]
    return table.reindex(list(dict.fromkeys(order))).fillna("").rename_axis("model")


def sentence(
    by_target: Mapping[str, Scores],
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
        found = gain(values, model, reference, generator=np.random.default_rng(0))
        word = words[resampling.reading(*found[1:])]
        parts.append(f"{where} {target} {word}, {interval_text(*found)}")
    return "; ".join(parts)


def counted(by_target: Mapping[str, Scores], model: str, reference: str) -> str:
    """On which targets a model is better, in words: ``"better on B and C, worse on none"``."""
    found = {"yes": [], "no": []}
    for target, values in by_target.items():
        ends = gain(values, model, reference, generator=np.random.default_rng(0))[1:]
        found.setdefault(resampling.reading(*ends), []).append(target)
    return f"better on {listed(found['yes'])}, worse on {listed(found['no'])}"


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
                "labels": stands[m.source] if term or m.primary == "both" else "",
                "Dice on": "A and target" if m.primary == "both" else "A",
                "further": further,
            }
        )
    return pd.DataFrame(lines).set_index(["group", "method"])


def searched(scores: pd.DataFrame) -> pd.DataFrame:
    """The search on V1: F by setting, means over seeds.

    Returns
    -------
    DataFrame
        Indexed by ``line`` ("no embedding", "RFE", ...) and ``setting`` (rate or weight): a column
        of F for each target, their ``mean``, and ``chosen`` ("yes" for `rfe_study.methods.adaptation.RATE`
        and ``WEIGHTS``).
    """
    named = scores["model"].str.extract(r"^(?P<line>.+) (?P<kind>rate|weight) (?P<setting>\S+)$")
    if named.isna().any(axis=None):
        odd = scores.loc[named.isna().any(axis=1), "model"].iloc[0]
        raise ValueError(f"models of a search must be named by rate or weight, got {odd!r}")
    wide = scores.assign(**named).pivot_table(
        index=["line", "kind", "setting"], columns="target", values="f_score", sort=False
    )
    table = wide.assign(mean=wide.mean(axis=1))
    chosen = {("no embedding", "rate"): RATE} | {(k, "weight"): w for k, w in WEIGHTS.items()}
    table["chosen"] = [
        "yes" if chosen.get((line, kind)) == float(setting) else ""
        for line, kind, setting in table.index
    ]
    table = table.reset_index()
    table["value"] = table["setting"].astype(float)
    table["setting"] = table["kind"] + " " + table["setting"]
    order = {line: n for n, line in enumerate(["no embedding", *WEIGHTS])}
    table = table.assign(rank=table["line"].map(order)).sort_values(["rank", "value"])
    table = table.drop(columns=["kind", "rank", "value"])
    return table.set_index(["line", "setting"]).rename_axis(columns=None)


def best_of_search(table: pd.DataFrame) -> dict[str, bool]:
    """Of each line of `searched`, whether the setting chosen has the highest mean."""
    best = table.groupby("line", sort=False)["mean"].idxmax()
    return {line: table.loc[best[line], "chosen"] == "yes" for line in best.index}


def at_edge(table: pd.DataFrame) -> list[str]:
    """Lines of `searched` whose chosen setting is the smallest or largest that was tried."""
    found = []
    for line, own in table.groupby("line", sort=False):
        if "yes" in own["chosen"].iloc[[0, -1]].to_list():
            found.append(line)
    return found


def told(table: pd.DataFrame) -> str:
    """What was chosen of `searched`, in a sentence that holds whatever the rows say."""
    odd = [line for line, best in best_of_search(table).items() if not best]
    edge = at_edge(table)
    text = "Of each line the setting with the highest mean was chosen"
    if odd:
        text = f"What was chosen is not the setting with the highest mean for {listed(odd)}"
    if not edge:
        return f"{text}; none lies at the end of its line."
    return f"{text}; for {listed(edge)} it lies at the end of its line: the best may lie beyond."


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
        As `rfe_study.claims.scores.detection`: ``model``, ``domain``, ``seed``, ``size``, ``lesions``,
        ``found``.
    """
    parts = []
    for target in sorted(rows.models["target"].unique()):
        both = pd.concat(rows.on(target), ignore_index=True)
        parts.append(both if models is None else both[both["model"].isin(models)])
    return scores.detection(pd.concat(parts, ignore_index=True))


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
    return means.drop(index=[LOWER_BOUND, UPPER_BOUND]).mean(axis=1).sort_values(ascending=False)


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
    order = [m.name for m in adaptation_methods() if m.name in seconds.index]
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
            m: share_closed(
                values[m], values[LOWER_BOUND], values[UPPER_BOUND], generator=generator
            ).text
            for m in models
        }
        for target, values in by_target.items()
    }
    return pd.DataFrame(shares).rename_axis("model")
