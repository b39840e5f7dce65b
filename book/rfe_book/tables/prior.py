"""What the rows of `prior_quality` and `prior_labels` say: tables of chapter 08."""

from __future__ import annotations

import pandas as pd

from rfe_core.prior import N_TEMPLATES, SIZE
from rfe_study.measures.prior_labels import BOTH
from rfe_study.methods.method import FROM_A, OWN

#: Priors in the order of the table, those that ask for a label of the target first.
SOURCES = (
    *("NCC", "NCC band", "brightness", "brightness band", "classifier", "classifier band"),
    FROM_A,
    OWN,
)

#: Columns of wrong pairs by the class ratio that they are drawn in.
WRONG = {"natural": "wrong_distribution-aware", "80/20": "wrong_80/20"}


def paper_setting(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of 30 templates of 5 x 5 x 5, and of brightness."""
    of_paper = (rows["wanted"] == N_TEMPLATES) & (rows["size"] == SIZE)
    return rows[of_paper | (rows["method"] == "brightness")]


def thresholds(rows: pd.DataFrame, source: str, *, seed: int) -> dict[tuple[int, int], float]:
    """The threshold chosen on a patient for each (number, size) of templates."""
    own = (rows["source"] == source) & (rows["subject"] == source) & (rows["method"] == "NCC")
    own = rows[own & (rows["seed"] == seed)]
    return {(int(r.wanted), int(r.size)): r.threshold for r in own.itertuples(index=False)}


def select(rows: pd.DataFrame, method: str, *, own: bool, unseen: bool = False) -> pd.DataFrame:
    """Rows of one method, by whose labels it used.

    Parameters
    ----------
    rows : DataFrame
    method : {"NCC", "brightness"}
    own : bool
        True: V1 of the target gave templates and threshold; False: the patient of A.
    unseen : bool
        V2 and V3 only.
    """
    keep = (rows["method"] == method) & ((rows["source"].str[0] == rows["target"]) == own)
    if unseen:
        keep &= ~rows["subject"].str.endswith("train1")
    return rows[keep]


def by_patient(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over draws of templates, by domain and patient."""
    return rows.groupby(["target", "subject"]).mean(numeric_only=True)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """The table of the chapter: a row a patient."""
    ncc = by_patient(select(rows, "NCC", own=True))
    table = pd.DataFrame(
        {
            "lesion (% of brain)": 100 * ncc["lesion"] / ncc["brain"],
            "Dice": ncc["f_score"],
            "precision": ncc["precision"],
            "recall": ncc["recall"],
            "best Dice": ncc["best_f_score"],
            "Dice, of A": by_patient(select(rows, "NCC", own=False))["f_score"],
            "Dice, brightness": by_patient(select(rows, "brightness", own=True))["f_score"],
        }
    )
    table.index = table.index.set_names(["domain", "patient"])
    return table


def by_setting(rows: pd.DataFrame, target: str, *, seed: int) -> pd.DataFrame:
    """Mean Dice on V2 and V3 of a domain, by number (rows) and size (columns) of templates."""
    unseen = select(rows, "NCC", own=True, unseen=True)
    unseen = unseen[(unseen["seed"] == seed) & (unseen["target"] == target)]
    grid = unseen.pivot_table(index="wanted", columns="size", values="f_score")
    grid.columns = [f"{size} × {size} × {size}" for size in grid.columns]
    return grid.rename_axis("templates")


def of_both(labels: pd.DataFrame) -> pd.DataFrame:
    """Rows of `rfe_study.measures.prior_labels`: both patients together, means over draws."""
    both = labels[labels["subject"] == BOTH]
    return both.groupby(["source", "target", "v1"]).mean(numeric_only=True)


def compared(labels: pd.DataFrame) -> pd.DataFrame:
    """What each prior says of V2 and V3, V1 as in the paper: means over the target domains.

    Returns
    -------
    DataFrame
        Indexed by ``prior`` as in `SOURCES`: Dice, precision and recall of the voxels it is sure
        of, and in per cent: lesion voxels it is unsure of, and wrong pairs by class ratio.
    """
    means = of_both(labels).xs(1, level="v1").groupby("source").mean(numeric_only=True)
    shown = means.loc[[source for source in SOURCES if source in means.index]]
    table = shown[["f_score", "precision", "recall"]].rename(columns={"f_score": "Dice"})
    table["unsure lesion (%)"] = 100 * shown["unsure_lesion"]
    for name, column in WRONG.items():
        table[f"wrong pairs, {name} (%)"] = 100 * shown[column]
    return table.rename_axis("prior")


def with_a(labels: pd.DataFrame) -> pd.DataFrame:
    r"""Wrong pairs of 80/20 where half of the pixels are A's, whose labels are true.

    A pair of a target's pixel and one of A's is wrong if the first is called what it is not. Their
    share of such pairs, :math:`s e_1 + (1 - s) e_0`, is what the rows with A have more than those
    without; two shares s of lesion tell the errors :math:`e_1` of lesion and :math:`e_0`.

    Returns
    -------
    DataFrame
        Indexed by ``source``, means over the target domains, V1 as in the paper: ``all``, the share
        of all pairs that is wrong; ``pushed``, of those that the prior calls different.
    """
    both = of_both(labels).xs(1, level="v1")
    fifth, half = (
        2 * both[f"wrong_with_a_{s}"] - both[f"wrong_{s}"] / 2 for s in ("80/20", "50/50")
    )
    ground = (fifth - 0.4 * half) / 0.6
    lesion = 2 * half - ground
    within = lesion * (1 - ground) + ground * (1 - lesion)
    found = {"all": both["wrong_with_a_80/20"], "pushed": (within + lesion + ground) / 4}
    return pd.DataFrame(found).groupby("source").mean()


def by_v1(labels: pd.DataFrame, source: str) -> pd.DataFrame:
    """Dice of a prior on each patient, by whose labels it knows: means over draws.

    Returns
    -------
    DataFrame
        Indexed by domain and patient, a column for each V1; NaN where the patient is V1 itself.
    """
    own = labels[(labels["source"] == source) & (labels["subject"] != BOTH)]
    return own.pivot_table(index=["target", "subject"], columns="v1", values="f_score")
