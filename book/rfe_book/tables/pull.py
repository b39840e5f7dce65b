"""Which way the exact loss acts under a noisy prior: a table of chapter 09."""

import pandas as pd

from rfe_book.tables.prior import select


def pull(precision: float, missed: float, share: float = 0.2) -> tuple[float, float]:
    r"""How strongly the exact loss acts on true lesion and background under a noisy prior.

    With errors that do not depend on the embeddings, the loss of a perfect prior pushes the mean
    directions of lesion and background apart with weights 1 and 1; a noisy one with

    .. math:: a = p - \frac{1 - s}{s} q, \qquad b = 1 - q - \frac{s}{1 - s} (1 - p),

    where p is `precision`, q `missed` and s `share`. Below 0, lesion is pulled to background.

    Parameters
    ----------
    precision, missed : float
        Share of the prior's lesion pixels that are lesion; of its background pixels that are.
    share : float
        Of lesion pixels among those drawn, by the prior.

    Returns
    -------
    (a, b)

    Raises
    ------
    ValueError
        If a share is not in [0, 1], or `share` is 0 or 1.
    """
    for name, value in (("precision", precision), ("missed", missed)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {value}")
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    odds = (1 - share) / share
    return precision - odds * missed, 1 - missed - (1 - precision) / odds


def pull_by_domain(rows: pd.DataFrame) -> pd.DataFrame:
    """`pull` of the NCC prior on V2 and V3 pooled, by domain: means over draws.

    Columns ``p (%)``, ``q (%)``, ``a``, ``b``.

    Parameters
    ----------
    rows
        `rfe_book.tables.prior.paper_setting` of the rows of `rfe_study.measures.prior_quality`.
    """
    cases = []
    ncc = select(rows, "NCC", own=True, unseen=True)
    for (target, _), own in ncc.groupby(["target", "seed"]):
        found = (own["precision"] * own["marked"]).sum()
        marked, lesion, brain = (own[name].sum() for name in ("marked", "lesion", "brain"))
        p, q = found / marked, (lesion - found) / (brain - marked)
        a, b = pull(p, q)
        cases.append({"domain": target, "p (%)": 100 * p, "q (%)": 100 * q, "a": a, "b": b})
    return pd.DataFrame(cases).groupby("domain").mean()
