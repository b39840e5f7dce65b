"""Which share of the gap between lower and upper bound a method closes, with its interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rfe_core.intervals import DRAWS, interval
from rfe_core.sweep_verdicts import resample


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
