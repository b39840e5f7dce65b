r"""Claim 5: whether repeated trainings agree, by analyses of variance over models and seeds.

Mean F over heads of model m trained from seed s is taken as
:math:`f_{sm} = \mu + a_s + b_m + e_{sm}` with independent normal effects. Heads are the same for
all and stay as they are: the question is about trainings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from rfe_study.claims.evidence import Evidence, Unknown


def _squares(means: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean squares of seeds, models and the rest of a table (seeds, models)."""
    n_seeds, n_models = means.shape
    of_seed = means.mean(1) - means.mean()
    of_model = means.mean(0) - means.mean()
    rest = means - means.mean() - of_seed[:, None] - of_model
    return (
        float(n_models * (of_seed**2).sum() / (n_seeds - 1)),
        float(n_seeds * (of_model**2).sum() / (n_models - 1)),
        float((rest**2).sum() / ((n_seeds - 1) * (n_models - 1))),
    )


@dataclass(frozen=True)
class Agreement:
    r"""Correlation between two seeds' F over models, :math:`\sigma_b^2/(\sigma_b^2+\sigma_e^2)`.

    The intraclass correlation ICC(C, 1) of McGraw and Wong (1996): what a seed does to all models
    alike is no disagreement. `ratio` is the mean square of models over that of the rest.
    """

    ratio: float
    seeds: int
    models: int

    @property
    def _freedom(self) -> tuple[int, int]:
        return self.models - 1, (self.seeds - 1) * (self.models - 1)

    def _correlation(self, ratio: float) -> float:
        return 1.0 if np.isinf(ratio) else (ratio - 1) / (ratio + self.seeds - 1)

    def _relative(self, correlation: float) -> float:
        """The observed ratio against the one that a correlation implies."""
        return self.ratio / (1 + self.seeds * correlation / (1 - correlation))

    @property
    def estimate(self) -> float:
        """The correlation."""
        return self._correlation(self.ratio)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """By the F distribution of the ratio."""
        tails = stats.f.ppf([(1 + level) / 2, (1 - level) / 2], *self._freedom)
        low, high = (self._correlation(self.ratio / tail) for tail in tails)
        return low, high

    def p_above(self, threshold: float) -> float:
        """That the correlation is not above."""
        return float(stats.f.sf(self._relative(threshold), *self._freedom))

    def p_below(self, threshold: float) -> float:
        """That it is not below."""
        return float(stats.f.cdf(self._relative(threshold), *self._freedom))


@dataclass(frozen=True)
class Repeat:
    r"""Minus the root mean square difference in F between two trainings of one model.

    :math:`-\sqrt{2 (\sigma_a^2 + \sigma_e^2)}`: everything is trained again, the network that
    fine-tuning starts from too. The variance is a sum of mean squares, whose limits are those of
    Graybill and Wang (1980).

    Attributes
    ----------
    parts, degrees_of_freedom : (2,)
        The mean squares' shares of the variance: of seeds, and of the rest.
    """

    parts: NDArray[np.float64]
    degrees_of_freedom: NDArray[np.float64]

    @property
    def estimate(self) -> float:
        """Minus, so that less is above."""
        return -float(np.sqrt(2 * self.parts.sum()))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """By limits of the variance."""
        tail = (1 - level) / 2
        return -np.sqrt(2 * self._limit(tail)), -np.sqrt(2 * self._limit(1 - tail))

    def p_above(self, threshold: float) -> float:
        """That trainings differ by as much or more."""
        variance = threshold**2 / 2
        low, high = 1e-12, 1 - 1e-12  # the limit falls as its tail grows
        if self._limit(low) <= variance:
            return low
        if self._limit(high) >= variance:
            return high
        return float(optimize.brentq(lambda tail: self._limit(tail) - variance, low, high))

    def p_below(self, threshold: float) -> float:
        """That they differ by as little or less."""
        return 1 - self.p_above(threshold)

    def _limit(self, tail: float) -> float:
        """What the variance is above with this chance, as far as these rows say."""
        n = self.degrees_of_freedom
        reach = n / stats.chi2.ppf(tail, n) - 1
        far = float(np.sqrt(((reach * self.parts) ** 2).sum()))
        return float(self.parts.sum()) + (far if tail < 0.5 else -far)


def agreement(means: NDArray[np.float64]) -> Evidence:
    """`Agreement` of mean F, (seeds, models); unknown for one seed."""
    if min(means.shape) < 2:
        return Unknown(float("nan"))
    _, of_models, rest = _squares(means)
    if rest == 0:  # also if no model differs from another: then nothing can agree
        return Agreement(np.inf if of_models > 0 else 1.0, *means.shape)
    return Agreement(of_models / rest, *means.shape)


def repeat(means: NDArray[np.float64]) -> Evidence:
    """`Repeat` of mean F, (seeds, models); unknown for one seed."""
    if min(means.shape) < 2:
        return Unknown(float("nan"))
    n_seeds, n_models = means.shape
    of_seeds, _, rest = _squares(means)
    parts = np.array([of_seeds, (n_models - 1) * rest]) / n_models
    return Repeat(parts, np.array([n_seeds - 1.0, (n_seeds - 1.0) * (n_models - 1)]))
