"""What the rows of `rfe_study.measures.prior_quality` say: tables of chapter 08."""

from __future__ import annotations

import pandas as pd

from rfe_core.prior import N_TEMPLATES, SIZE


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


def wrong_pairs(precision: float, missed: float, share: float = 0.2) -> tuple[float, float]:
    """Share of pairs whose adjacency is wrong, and of those apart that are of one class.

    Parameters
    ----------
    precision, missed : float
        Share of true lesion among what the prior calls lesion, and background.
    share : float
        Of the embeddings drawn from what it calls lesion.

    Raises
    ------
    ValueError
        If one of them is not in [0, 1].
    """
    for name, value in (("precision", precision), ("missed", missed), ("share", share)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {value}")
    lesion, background = (2 * p * (1 - p) for p in (precision, missed))  # of a pair within
    apart = precision * missed + (1 - precision) * (1 - missed)
    wrong = share**2 * lesion + (1 - share) ** 2 * background + 2 * share * (1 - share) * apart
    return wrong, apart


def wrong_pairs_by_domain(rows: pd.DataFrame, share: float = 0.2) -> pd.DataFrame:
    """`wrong_pairs` of V2 and V3 pooled, in per cent, by domain; means over draws."""
    cases = []
    ncc = select(rows, "NCC", own=True, unseen=True)
    for (target, _), own in ncc.groupby(["target", "seed"]):
        found = (own["precision"] * own["marked"]).sum()
        marked, lesion, brain = (own[name].sum() for name in ("marked", "lesion", "brain"))
        p, q = found / marked, (lesion - found) / (brain - marked)
        wrong, apart = wrong_pairs(p, q, share)
        values = {"p (%)": p, "q (%)": q, "wrong (%)": wrong, "apart (%)": apart}
        cases.append({"domain": target} | {name: 100 * value for name, value in values.items()})
    return pd.DataFrame(cases).groupby("domain").mean()


def pull(precision: float, missed: float, share: float = 0.2) -> tuple[float, float]:
    r"""How strongly the exact loss acts on true lesion and background under a noisy prior.

    With errors that do not depend on the embeddings, the loss of a perfect prior pushes the mean
    directions of lesion and background apart with weights 1 and 1; a noisy one with

    .. math:: a = p - \frac{1 - s}{s} q, \qquad b = 1 - q - \frac{s}{1 - s} (1 - p),

    where p is `precision`, q `missed` and s `share`. Below 0, lesion is pulled to background.

    Returns
    -------
    (a, b)

    Raises
    ------
    ValueError
        If a share is not in [0, 1], or `share` is 0 or 1.
    """
    wrong_pairs(precision, missed, share)  # refuses what is no share
    if share in (0, 1):
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    odds = (1 - share) / share
    return precision - odds * missed, 1 - missed - (1 - precision) / odds


def pull_by_domain(rows: pd.DataFrame, share: float = 0.2) -> pd.DataFrame:
    """`pull` of V2 and V3 pooled, by domain: ``p (%)``, ``q (%)``, ``a``, ``b``."""
    table = wrong_pairs_by_domain(rows, share)[["p (%)", "q (%)"]]
    weights = [pull(p / 100, q / 100, share) for p, q in table.to_numpy()]
    return table.assign(a=[a for a, _ in weights], b=[b for _, b in weights])
