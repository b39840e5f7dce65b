r"""Intervals and tests for means over heads and training seeds, both of which are random.

A paired difference of two models on head h, both trained from seed s, is taken as

.. math:: y_{sh} = \mu + a_s + b_h + e_{sh}

with independent normal effects of the seed, of the head, and a rest. Other seeds and other heads
could have been drawn, so the mean over the S x H table varies by

.. math:: \frac{\sigma_a^2}{S} + \frac{\sigma_b^2}{H} + \frac{\sigma_e^2}{SH}

which the mean squares of the table estimate without bias. Its degrees of freedom follow from
theirs (Satterthwaite, 1946): with few seeds whose effects are large there are few of them, and the
interval is wide. Drawing seeds and heads again with replacement misses that (a test shows it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


@dataclass(frozen=True, kw_only=True)
class CrossedMean:
    """The mean of a table (..., seeds, heads) and how sure it is; each field (...).

    Attributes
    ----------
    mean, standard_error, degrees_of_freedom
    sd_seed, sd_head, sd_rest
        Standard deviations of the three effects; 0 where the estimate of a variance is negative.
    """

    mean: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    degrees_of_freedom: NDArray[np.float64]
    sd_seed: NDArray[np.float64]
    sd_head: NDArray[np.float64]
    sd_rest: NDArray[np.float64]

    @property
    def estimate(self) -> NDArray[np.float64]:
        """The mean."""
        return self.mean

    def interval(self, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Low and high end of the two-sided t interval."""
        if not 0 < level < 1:
            raise ValueError(f"level must be in (0, 1), got {level}")
        half = stats.t.ppf((1 + level) / 2, self.degrees_of_freedom) * self.standard_error
        return self.mean - half, self.mean + half

    def p_above(self, threshold: float) -> NDArray[np.float64]:
        """One-sided p value for "the mean is not above the threshold"."""
        return stats.t.sf(self._t(threshold), self.degrees_of_freedom)

    def p_below(self, threshold: float) -> NDArray[np.float64]:
        """One-sided p value for "the mean is not below the threshold"."""
        return stats.t.cdf(self._t(threshold), self.degrees_of_freedom)

    def _t(self, threshold: float) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (self.mean - threshold) / self.standard_error
        return np.where(np.isnan(t), 0.0, t)  # a table without any spread, at the threshold


def crossed_mean(values: ArrayLike, *, covariate: ArrayLike | None = None) -> CrossedMean:
    """Mean of a table (..., seeds, heads), with seeds and heads as crossed random effects.

    Parameters
    ----------
    values : (..., S, H)
        S >= 2 and H >= 2, without gaps.
    covariate : (H,), optional
        Something known of each head, such as the logarithm of its lesion load. What it explains
        linearly of the differences between heads is taken off, at the cost of one degree of
        freedom; the mean is that at the covariate's mean, which is the plain mean.

    Raises
    ------
    ValueError
        If the table or the covariate breaks its rule.
    """
    values = np.asarray(values, float)
    if values.ndim < 2 or min(values.shape[-2:]) < 2:
        raise ValueError(f"values must be (..., seeds >= 2, heads >= 2), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"values must be finite, got {int((~np.isfinite(values)).sum())} gap(s)")
    n_seeds, n_heads = values.shape[-2:]
    mean = values.mean((-2, -1))
    of_seed = values.mean(-1) - mean[..., None]
    of_head = values.mean(-2) - mean[..., None]
    rest = values - mean[..., None, None] - of_seed[..., None] - of_head[..., None, :]
    df_head = n_heads - 1
    if covariate is not None:
        of_head = of_head - _explained(of_head, covariate)
        df_head -= 1
    df = np.array([n_seeds - 1, df_head, (n_seeds - 1) * (n_heads - 1)])
    squares = np.stack(
        [
            n_heads * (of_seed**2).sum(-1) / df[0],
            n_seeds * (of_head**2).sum(-1) / df[1],
            (rest**2).sum((-2, -1)) / df[2],
        ]
    )
    # A variance is not negative: a mean square below that of the rest counts as the rest's.
    seed, head = np.maximum(squares[:2], squares[2])
    total = seed + head - squares[2]
    parts = squares**2 / df.reshape(-1, *[1] * mean.ndim)
    larger = squares > squares[2]
    spread = np.where(larger[0] & larger[1], parts.sum(0), 0.0)  # seed + head - rest
    spread = np.where(larger[0] & ~larger[1], parts[0], spread)
    spread = np.where(~larger[0] & larger[1], parts[1], spread)
    spread = np.where(~larger[0] & ~larger[1], parts[2], spread)
    freedom = np.divide(total**2, spread, out=np.full_like(total, np.inf), where=spread > 0)
    return CrossedMean(
        mean=mean,
        standard_error=np.sqrt(total / (n_seeds * n_heads)),
        degrees_of_freedom=np.maximum(freedom, 1.0),
        sd_seed=np.sqrt((seed - squares[2]) / n_heads),
        sd_head=np.sqrt((head - squares[2]) / n_seeds),
        sd_rest=np.sqrt(squares[2]),
    )


def _explained(of_head: NDArray[np.float64], covariate: ArrayLike) -> NDArray[np.float64]:
    """What a line over the covariate says of the heads' means, (..., H)."""
    x = np.asarray(covariate, float)
    if x.shape != of_head.shape[-1:] or not np.isfinite(x).all() or np.ptp(x) == 0:
        raise ValueError(
            f"covariate must be {of_head.shape[-1:]} finite numbers that differ, got {covariate!r}"
        )
    if len(x) < 3:
        raise ValueError(f"a covariate needs at least 3 heads, got {len(x)}")
    x = x - x.mean()
    return (of_head @ x / (x @ x))[..., None] * x


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Standard deviations of the effects of seed and head on a contrast, and of the rest."""

    sd_seed: float
    sd_head: float
    sd_rest: float

    def times(self, factor: float) -> Spread:
        """Of the contrast times a number."""
        return Spread(**{name: factor * sd for name, sd in vars(self).items()})

    def error(self, *, seeds: int, heads: int) -> tuple[float, float]:
        """The standard error of a mean over so many, and its degrees of freedom, as expected.

        Raises
        ------
        ValueError
            If there are fewer than two seeds or heads, or no spread at all.
        """
        if min(seeds, heads) < 2:
            raise ValueError(f"seeds and heads must be >= 2, got {seeds} and {heads}")
        squares = np.array(
            [
                heads * self.sd_seed**2 + self.sd_rest**2,
                seeds * self.sd_head**2 + self.sd_rest**2,
                self.sd_rest**2,
            ]
        )
        total = float(squares[0] + squares[1] - squares[2])
        if not total > 0:
            raise ValueError("an error needs a spread, got standard deviations of 0")
        df = np.array([seeds - 1, heads - 1, (seeds - 1) * (heads - 1)])
        return np.sqrt(total / (seeds * heads)), total**2 / float((squares**2 / df).sum())
