"""Intervals for means over training seeds and patients, by resampling both.

A score depends on the seed of a training and on the patient. Each is one draw of many that could
have been, so both are drawn again (the pigeonhole bootstrap of Owen, 2007): rows and columns of
the seed-by-patient table, with replacement and independently of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rfe_study.claims.scores import Scores, SeedMeans, scores
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.phantom.domains import TARGETS

DRAWS = 5000

LEVEL = 0.95


def _table(name: str, values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"{name} must be (seeds, patients), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got {int((~np.isfinite(values)).sum())} gap(s)")
    return values


def resample_weights(n: int, draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """How often each of n comes in a resample of n with replacement, as a share: (draws, n)."""
    return generator.multinomial(n, np.full(n, 1 / n), size=draws) / n


def bootstrap_means(
    values: ArrayLike, *, generator: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Means of the table with its seeds and its patients drawn again, with replacement.

    Parameters
    ----------
    values : (seeds, patients)
    generator : numpy.random.Generator
    draws : int
        How many means; > 0.

    Returns
    -------
    (draws,)

    Raises
    ------
    ValueError
        If the table has another shape, is empty or has gaps.
    """
    values = _table("values", values)
    seeds = resample_weights(values.shape[0], draws, generator)
    patients = resample_weights(values.shape[1], draws, generator)
    return np.einsum("ks,sp,kp->k", seeds, values, patients)


def bootstrap_differences(
    first: ArrayLike, second: ArrayLike, *, generator: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Resampled ``mean(first) - mean(second)`` of the same seeds on different patients.

    For the same seeds and the same patients, resample the difference: it needs `bootstrap_means`
    alone, and what both have in common cancels.

    Parameters
    ----------
    first : (seeds, patients)
    second : (seeds, other patients)
        Row k of both tables comes from the same seed; rows are drawn together.

    Returns
    -------
    (draws,)
    """
    first, second = _table("first", first), _table("second", second)
    if len(first) != len(second):
        raise ValueError(f"second must have the {len(first)} seeds of first, got {len(second)}")
    seeds = resample_weights(len(first), draws, generator)
    means = [
        np.einsum("ks,sp,kp->k", seeds, table, resample_weights(table.shape[1], draws, generator))
        for table in (first, second)
    ]
    return means[0] - means[1]


def interval(samples: ArrayLike, *, level: float = LEVEL) -> tuple[float, float]:
    """The middle part of resampled values: the percentile interval.

    With few seeds or patients it is too narrow (three seeds cannot show what a fourth would do):
    read it as a rough guide, not as a guarantee.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def means(values: Scores, *, minus: str | None = None) -> pd.DataFrame:
    """Mean and 95% interval of each model, or of its difference from another, paired.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``mean``, ``low``, ``high``.
    """
    generator, found = np.random.default_rng(0), {}
    for model, table in values.items():
        if model != minus:
            table = table if minus is None else table - values[minus]
            ends = interval(bootstrap_means(table, generator=generator))
            found[model] = (float(table.mean()), *ends)
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
    values = np.stack(tables, axis=-1)
    if not np.isfinite(values).all():
        raise ValueError(f"scores must be finite, got {int((~np.isfinite(values)).sum())} gap(s)")
    names = ["method", "lower", "upper"]
    as_it_is, resampled, _ = resample(values, names, generator=generator, draws=draws)

    def parts(means):
        closed, low, high = means.mean(names).T
        return closed - low, high - low

    (closed,), (gap,) = parts(as_it_is)
    closed_draws, gap_draws = parts(resampled)
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
    first, second = (scores(table, m, domain, column=column) for m in (model, LOWER))
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
    on_a = scores(table, LOWER, "A", column=column)
    rows = []
    for domain in TARGETS:
        lower = scores(table, LOWER, domain, column=column)
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
    values: Scores,
    model: str,
    reference: str,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> tuple[float, float, float]:
    """How much better a model is than another, paired by seed and patient: mean, 95% interval."""
    difference = values[model] - values[reference]
    samples = bootstrap_means(difference, generator=generator, draws=draws)
    return float(difference.mean()), *interval(samples)


def resample(
    values: NDArray, models: Sequence[str], *, generator: np.random.Generator, draws: int = DRAWS
) -> tuple[SeedMeans, SeedMeans, SeedMeans]:
    """Scores (seeds, patients, models) as they are; resampled; and with patients alone resampled.

    The first has one entry, the others one for each draw.
    """
    n_seeds, n_patients, _ = values.shape

    by_patient = resample_weights(n_patients, draws, generator)
    by_seed = np.einsum("spm,kp->ksm", values, by_patient)
    even = np.full((draws, n_seeds), 1 / n_seeds)
    return (
        SeedMeans(values.mean(1)[None], even[:1], models),
        SeedMeans(by_seed, resample_weights(n_seeds, draws, generator), models),
        SeedMeans(by_seed, even, models),
    )
