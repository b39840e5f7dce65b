"""Claim 9: the baselines on four scanners, and whether our task was fit to be tested at all."""

import pandas as pd

from rfe_study.claims.rows import of_model
from rfe_study.claims.verdicts import Verdict, decide
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.phantom.domains import TARGETS

#: What the task must be on development patients, neither trivial nor hopeless.
F_ON_A = (0.6, 0.85)

SMALLEST_GAP = 0.10


def setup_parts(gaps: pd.DataFrame) -> list[Verdict]:
    """Claim 9 from rows of `rfe_study.claims.comparisons.gaps`: two parts a domain."""
    parts = []
    for row in gaps.itertuples():
        for part, estimate, low, high in (
            (f"{row.domain} worse than A", row.drop, row.drop_low, row.drop_high),
            (f"labels repair {row.domain}", row.gap, row.low, row.high),
        ):
            about = {"claim": 9, "statistic": "difference of mean F", "threshold": 0.0}
            numbers = {"estimate": estimate, "low": low, "high": high}
            parts.append(Verdict(part=part, verdict=decide(low, high, 0.0), **about, **numbers))
    return parts


def development_gate(development: pd.DataFrame) -> pd.DataFrame:
    """Whether the task is neither trivial nor hopeless, judged on development patients alone.

    Returns
    -------
    DataFrame
        ``condition``, ``needed``, ``value`` (text) and ``holds`` for each of three conditions.
    """
    on_a = float(of_model(development, LOWER, "A").to_numpy().mean())
    gap = {
        d: float(
            (of_model(development, UPPER[d], d) - of_model(development, LOWER, d)).to_numpy().mean()
        )
        for d in TARGETS
    }
    other = max((d for d in TARGETS if d != "B"), key=gap.get)
    low, high = F_ON_A
    lines = [
        ("lower bound on A", f"{low:g} to {high:g}", f"{on_a:.3f}", low <= on_a <= high),
        ("gap on B", f">= {SMALLEST_GAP:.2f}", f"{gap['B']:.3f}", gap["B"] >= SMALLEST_GAP),
        (
            "largest other gap",
            f">= {SMALLEST_GAP:.2f}",
            f"{gap[other]:.3f} ({other})",
            gap[other] >= SMALLEST_GAP,
        ),
    ]
    return pd.DataFrame(lines, columns=["condition", "needed", "value", "holds"])
