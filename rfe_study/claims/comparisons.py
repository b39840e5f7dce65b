"""How models compare: means, differences, gaps and shares of gaps, with 95% intervals.

Intervals are those of `rfe_study.claims.crossed`: over seeds and heads, both random, paired by
both.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rfe_study.claims.contrasts import combined, minus, ratio, shared
from rfe_study.claims.evidence import of_table
from rfe_study.claims.rows import ByModel, of_model
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.phantom.domains import TARGETS


def mean_interval(table: pd.DataFrame) -> tuple[float, float, float]:
    """Mean of a table by seed and head, and its 95% interval; NaN with one seed or one head."""
    found = of_table(table)
    low, high = found.interval()
    return float(found.estimate), float(low), float(high)


def means(values: ByModel, *, over: str | None = None) -> pd.DataFrame:
    """Mean and 95% interval of each model, or of its difference from another, paired.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``mean``, ``low``, ``high``.
    """
    found = {}
    for model, table in values.items():
        if model != over:
            table = table if over is None else minus(table, values[over])
            found[model] = mean_interval(table)
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
            return "no share: the gap may be 0"
        return f"{self.share:.0%} ({self.low:.0%} to {self.high:.0%})".replace("-", "−")


def share_closed(method: pd.DataFrame, lower: pd.DataFrame, upper: pd.DataFrame) -> Share:
    """(F(method) - F(lower)) / (F(upper) - F(lower)), means over seeds and heads.

    Parameters
    ----------
    method, lower, upper : (seeds, heads)
        F-scores on the same heads, of the seeds that all have.
    """
    gap = minus(upper, lower)
    whole, gap_low, gap_high = mean_interval(gap)
    about = {"gap": whole, "gap_low": gap_low, "gap_high": gap_high}
    if not gap_low > 0:
        return Share(share=np.nan, low=np.nan, high=np.nan, **about)
    share, low, high = mean_interval(ratio(minus(method, lower), gap))
    return Share(share=share, low=low, high=high, **about)


def gaps(table: pd.DataFrame, *, column: str = "f_score") -> pd.DataFrame:
    """Upper minus lower bound on each target domain, and what the lower bound loses there.

    Returns
    -------
    DataFrame
        ``domain``, ``lower``, ``upper`` (means), ``gap``, ``low``, ``high`` (95%), over the seeds
        that both bounds have; ``drop``, ``drop_low``, ``drop_high`` (how much worse the lower bound
        is than on domain A; on the same heads if they are paired), ``seeds``, ``patients``.
    """
    on_a = of_model(table, LOWER, "A", column=column)
    rows = []
    for domain in TARGETS:
        alone = of_model(table, LOWER, domain, column=column)
        lower, upper = shared(alone, of_model(table, UPPER[domain], domain, column=column))
        gap, low, high = mean_interval(minus(upper, lower))
        drop, drop_low, drop_high = mean_interval(combined([on_a, alone], (1, -1)))
        means = {m: float(t.to_numpy().mean()) for m, t in (("lower", lower), ("upper", upper))}
        rows.append(
            {
                **{"domain": domain, **means, "gap": gap, "low": low, "high": high},
                **{"drop": drop, "drop_low": drop_low, "drop_high": drop_high},
                **{"seeds": lower.shape[0], "patients": lower.shape[1]},
            }
        )
    return pd.DataFrame(rows)


def reading(low: float, high: float) -> str:
    """Whether an interval shows more than nothing: ``"yes"``, ``"no"`` or ``"undecided"``."""
    if low > 0:
        return "yes"
    return "no" if high < 0 else "undecided"


def gain(values: ByModel, model: str, reference: str) -> tuple[float, float, float]:
    """How much better a model is than another, paired by seed and head: mean, 95% interval."""
    return mean_interval(minus(values[model], values[reference]))
