"""The rows of the adaptation with a real prior put into the tables of chapter 09.

Nothing is judged here. Models have different numbers of seeds; differences are of those that both
models have.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from rfe_book.words import gained
from rfe_study.claims.adaptation import ALL_PIXELS, EVERY_LESION
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.comparisons import gain
from rfe_study.claims.rows import ByModel, detection, of_first_seed
from rfe_study.claims.verdicts import Verdict
from rfe_study.methods.adaptation import AT_BEST, PAPER, PERFECT, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

#: The control that differs from the paper's method by the embedding loss alone; what the target's
#: labels are worth in as many steps; and controls that each lack something.
CONTROL, BOUND = "no embedding", "labels of V2 and V3"

ALONE, STATISTICS, V1 = "labelled A only", "statistics only", "labels of V1"

#: What each step from the lower bound to the paper's method does: model and reference.
CHAIN = (
    ("the paper's comparison", PAPER, LOWER_BOUND),
    ("other last steps, on A", ALONE, LOWER_BOUND),
    ("the target's images in each batch", CONTROL, ALONE),
    ("the embedding loss", PAPER, CONTROL),
    ("beside it: the target's statistics alone", STATISTICS, ALONE),
)

#: The same embedding loss with other priors, from the one that knows least of the target.
PRIORS = (
    "RFE, own predictions",
    "RFE, NCC from A",
    PAPER,
    "RFE, classifier band",
    PERFECT,
)

#: The perfect prior over all pixels, by the share of lesion that counts: times the natural one, or
#: the paper's one in five.
SHARES = {
    "1x": f"{PERFECT}, exact 1x",
    "2x": f"{PERFECT}, exact 2x",
    "4x": f"{PERFECT}{AT_BEST}",
    "80/20": ALL_PIXELS,
}

RIVALS = (
    "Dice on NCC",
    "Dice on classifier band",
    "entropy",
    "mean teacher",
    "CORAL",
    "pseudo-labels",
    "histogram matching",
    STATISTICS,
    V1,
)

#: Models of the chapter's figure of lesions by size.
BY_SIZE = (LOWER_BOUND, PAPER, UPPER_BOUND, PERFECT, EVERY_LESION)

#: What V1 teaches, and how names of the same end with another training patient as V1.
LUCK = (PAPER, f"RFE, classifier band{AT_BEST}", V1)

OTHER_V1 = ", V1 is patient {}"


def methods_table() -> pd.DataFrame:
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
    for m in adaptation_methods():
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


def summary(f: Mapping[str, ByModel], precision: Mapping[str, ByModel]) -> pd.DataFrame:
    """All models on their target: mean F and average precision, and how many seeds.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``F on B``, ..., ``AP on B``, ..., ``seeds`` (by target).
    """
    table = {}
    for model in next(iter(f.values())):
        line = {}
        for name, of in (("F", f), ("AP", precision)):
            line |= {f"{name} on {t}": float(v[model].to_numpy().mean()) for t, v in of.items()}
        line["seeds"] = ", ".join(str(len(values[model])) for values in f.values())
        table[model] = line
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("model")


def worth(
    f: Mapping[str, ByModel], precision: Mapping[str, ByModel], models: Sequence[str]
) -> pd.DataFrame:
    """Gains over `CONTROL` at a threshold of 0.5 and without a threshold, as text."""
    columns = {}
    for name, of in (("F", f), ("AP", precision)):
        for target, values in of.items():
            columns[f"{name} on {target}"] = {
                m: gained(*gain(values, m, CONTROL)).partition(" (")[0] for m in models
            }
    return pd.DataFrame(columns).rename_axis("model")


def found_by_size(rows: AdaptationRows) -> pd.DataFrame:
    """Share of a target's lesions found, by size and seed, pooled over all its patients.

    Returns
    -------
    DataFrame
        As `rfe_study.claims.rows.detection`: ``model``, ``domain``, ``seed``, ``size``,
        ``lesions``, ``found``.
    """
    tables = [table for target in rows.targets for table in rows.on(target)]
    return detection(pd.concat(tables, ignore_index=True))


def luck_table(by_target: Mapping[str, ByModel]) -> pd.DataFrame:
    """F of the models of `LUCK` with each training patient as V1, seed 0 of all.

    Returns
    -------
    DataFrame
        Indexed by ``domain`` and ``V1 is``: a column a model.
    """
    lines = {
        (target, f"patient {v1}"): {
            name: float(
                of_first_seed(values, name + (OTHER_V1.format(v1) if v1 > 1 else "")).mean()
            )
            for name in LUCK
        }
        for target, values in by_target.items()
        for v1 in (1, 2, 3)
    }
    table = pd.DataFrame.from_dict(lines, orient="index")
    table.index = pd.MultiIndex.from_tuples(lines, names=["domain", "V1 is"])
    return table


def parts_table(parts: Sequence[Verdict]) -> pd.DataFrame:
    """Parts of claims as text: indexed by ``claim`` and ``part``, ``verdict`` and ``effect``."""
    lines = {(p.claim, p.part): {"verdict": p.verdict, "effect": p.effect} for p in parts}
    table = pd.DataFrame.from_dict(lines, orient="index")
    table.index = pd.MultiIndex.from_tuples(lines, names=["claim", "part"])
    return table
