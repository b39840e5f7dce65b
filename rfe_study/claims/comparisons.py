"""How models compare: differences, gaps and shares of gaps, with 95% intervals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rfe_study.claims.resampling import (
    DRAWS,
    bootstrap_differences,
    bootstrap_means,
    interval,
    resample_weights,
)
from rfe_study.claims.rows import ByModel, of_model
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.phantom.domains import TARGETS


def mean_interval(
    table: ArrayLike, *, generator: np.random.Generator, draws: int = DRAWS
) -> tuple[float, float, float]:
    """Mean of (seeds, patients), and its 95% interval."""
    samples = bootstrap_means(table, generator=generator, draws=draws)
    return float(np.mean(table)), *interval(samples)


def means(
    values: ByModel, *, generator: np.random.Generator, minus: str | None = None
) -> pd.DataFrame:
    """Mean and 95% interval of each model, or of its difference from another, paired.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``mean``, ``low``, ``high``.
    """
    found = {}
    for model, table in values.items():
        if model != minus:
            table = table if minus is None else table - values[minus]
            found[model] = mean_interval(table, generator=generator)
    table = pd.DataFrame.from_dict(found, orient="index", columns=["mean", "low", "high"])
    return table.rename_axis("model")


@dataclass(frozen=True, kw_only=True)
class Share:
    """Share of a gap that is closed: 0 at the lower bound, 1 at the upper one.

    Attributes
    ----------
    share, low, high : float
        With its 95% interval; NaN if the gap itself is not above 0 in its own interval, since a
        share of nothing has no meaning.
    gap, gap_low, gap_high : float
        Upper minus lower bound, F.
    """

    share: float
    low: float
    high: float
    gap: float
    gap_low: float
    gap_high: float

    @property
    def text(self) -> str:
        """``"43% (21% to 60%)"``, or why there is none."""
        if np.isnan(self.share):
            return "no gap to close"
        return f"{self.share:.0%} ({self.low:.0%} to {self.high:.0%})".replace("-", "−")


def share_closed(
    method: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> Share:
    """(F(method) - F(lower)) / (F(upper) - F(lower)), means over seeds and patients.

    Parameters
    ----------
    method, lower, upper : (seeds, patients)
        F-scores of the same seeds on the same patients; both are drawn again, together.
    generator : numpy.random.Generator
    draws : int

    Raises
    ------
    ValueError
        If the shapes differ, or a score is missing.
    """
    tables = [np.asarray(x, dtype=float) for x in (method, lower, upper)]
    if len({table.shape for table in tables}) > 1 or tables[0].ndim != 2:
        shapes = [table.shape for table in tables]
        raise ValueError(f"method, lower and upper must be (seeds, patients), got {shapes}")
    if gaps := sum(int((~np.isfinite(table)).sum()) for table in tables):
        raise ValueError(f"scores must be finite, got {gaps} gap(s)")
    method, lower, upper = tables
    n_seeds, n_patients = lower.shape
    patients = resample_weights(n_patients, draws, generator)
    seeds = resample_weights(n_seeds, draws, generator)
    closed, gap = (method - lower).mean(), (upper - lower).mean()
    closed_draws, gap_draws = (
        np.einsum("ks,sp,kp->k", seeds, table, patients)
        for table in (method - lower, upper - lower)
    )
    gap_low, gap_high = interval(gap_draws)
    about = {"gap": float(gap), "gap_low": gap_low, "gap_high": gap_high}
    if gap_low <= 0:
        return Share(share=np.nan, low=np.nan, high=np.nan, **about)
    there = gap_draws > 0  # at most 1 draw in 40 is not
    low, high = interval(closed_draws[there] / gap_draws[there])
    return Share(share=float(closed / gap), low=low, high=high, **about)


def change(
    table: pd.DataFrame,
    model: str,
    domain: str,
    *,
    column: str = "f_score",
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> dict[str, float]:
    """A model minus the lower bound on one domain, paired by seed and patient.

    Returns
    -------
    dict
        ``change`` (mean) and ``low``, ``high`` (95% of the resampled means).
    """
    first, second = (of_model(table, m, domain, column=column) for m in (model, LOWER))
    difference = first - second  # pandas pairs seeds and patients by name
    samples = bootstrap_means(difference, generator=generator, draws=draws)
    low, high = interval(samples)
    return {"change": float(difference.to_numpy().mean()), "low": low, "high": high}


def gaps(
    table: pd.DataFrame,
    *,
    column: str = "f_score",
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Upper minus lower bound on each target domain, and what the lower bound loses there.

    Returns
    -------
    DataFrame
        ``domain``, ``lower``, ``upper``, ``gap`` (means), ``low``, ``high`` (95% of resampled
        gaps), ``drop``, ``drop_low``, ``drop_high`` (how much worse the lower bound is than on
        domain A, whose patients are others), ``seeds``, ``patients``.
    """
    options = {"column": column, "generator": generator, "draws": draws}
    on_a = of_model(table, LOWER, "A", column=column)
    rows = []
    for domain in TARGETS:
        lower = of_model(table, LOWER, domain, column=column)
        gap = change(table, UPPER[domain], domain, **options)
        drops = bootstrap_differences(on_a, lower, generator=generator, draws=draws)
        drop_low, drop_high = interval(drops)
        mean = float(lower.to_numpy().mean())
        rows.append(
            {
                **{"domain": domain, "lower": mean, "upper": mean + gap["change"]},
                **{"gap": gap["change"], "low": gap["low"], "high": gap["high"]},
                "drop": float(on_a.to_numpy().mean()) - mean,
                **{"drop_low": drop_low, "drop_high": drop_high},
                **{"seeds": lower.shape[0], "patients": lower.shape[1]},
            }
        )
    return pd.DataFrame(rows)


def reading(low: float, high: float) -> str:
    """Whether an interval shows more than nothing: ``"yes"``, ``"no"`` or ``"undecided"``."""
    if low > 0:
        return "yes"
    return "no" if high < 0 else "undecided"


def gain(
    values: ByModel,
    model: str,
    reference: str,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> tuple[float, float, float]:
    """How much better a model is than another, paired by seed and patient: mean, 95% interval."""
    return mean_interval(values[model] - values[reference], generator=generator, draws=draws)
