"""What domain shift costs: the baselines' scores put into tables, intervals and verdicts.

All functions take the rows that `rfe train --evaluate` wrote (`results.read("baselines")` or
``"development"``), one a model, seed and patient.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from rfe_core import intervals, results
from rfe_core.domains import DOMAINS
from rfe_core.metrics import SIZE_EDGES_MM3

LOWER = "lower"
TARGETS = tuple(letter for letter in DOMAINS if letter != "A")
MODELS = {LOWER: "lower bound", **{f"upper-{d}": f"upper bound {d}" for d in TARGETS}}

#: What the task must be on development patients, neither trivial nor hopeless.
F_ON_A = (0.6, 0.85)
SMALLEST_GAP = 0.10


def scores(
    table: pd.DataFrame, model: str, domain: str, *, column: str = "f_score"
) -> pd.DataFrame:
    """One model's scores on a domain's patients: a row a seed, a column a patient.

    Raises
    ------
    ValueError
        If there are none, or a seed lacks a patient: a mean over unequal sets compares nothing.
    """
    rows = table[(table["model"] == model) & (table["domain"] == domain)]
    wide = rows.pivot(index="seed", columns="subject", values=column)
    if wide.empty or wide.isna().any(axis=None):
        raise ValueError(
            f"each seed of {model} must have a {column} on each patient of {domain}, "
            f"{int(wide.isna().sum().sum())} missing in {wide.shape[0]} x {wide.shape[1]}"
        )
    return wide


def score_table(
    table: pd.DataFrame, role: str, *, column: str = "f_score", decimals: int = 2
) -> pd.DataFrame:
    """Mean ± standard deviation over seeds (of their means over patients), as text.

    A row a model, a column a domain; `role` is ``"test"`` (the paper's patients) or ``"extra"``.
    """
    summary = results.summarise(table[table["role"] == role], [column])
    text = [
        f"{mean:.{decimals}f} ± {sd:.{decimals}f}"
        for mean, sd in zip(summary[f"{column}_mean"], summary[f"{column}_sd"], strict=True)
    ]
    wide = summary.assign(text=text).pivot(index="model", columns="domain", values="text")
    return wide.reindex([m for m in MODELS if m in wide.index]).rename(index=MODELS)


def change(
    table: pd.DataFrame,
    model: str,
    domain: str,
    *,
    column: str = "f_score",
    generator: np.random.Generator,
    draws: int = intervals.DRAWS,
) -> dict[str, float]:
    """A model minus the lower bound on one domain, paired by seed and patient.

    Returns
    -------
    dict
        ``change`` (mean) and ``low``, ``high`` (95% of the resampled means).
    """
    first, second = (scores(table, m, domain, column=column) for m in (model, LOWER))
    difference = first - second  # pandas pairs seeds and patients by name
    samples = intervals.bootstrap_means(difference, generator=generator, draws=draws)
    low, high = intervals.interval(samples)
    return {"change": float(difference.to_numpy().mean()), "low": low, "high": high}


def gaps(
    table: pd.DataFrame,
    *,
    column: str = "f_score",
    generator: np.random.Generator,
    draws: int = intervals.DRAWS,
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
        gap = change(table, f"upper-{domain}", domain, **options)
        drops = intervals.bootstrap_differences(on_a, lower, generator=generator, draws=draws)
        drop_low, drop_high = intervals.interval(drops)
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


def change_on_a(table: pd.DataFrame, *, generator: np.random.Generator) -> pd.DataFrame:
    """What fine-tuning for another domain changes on domain A: ``model`` and `change`'s values."""
    rows = [
        {"model": MODELS[f"upper-{d}"], **change(table, f"upper-{d}", "A", generator=generator)}
        for d in TARGETS
    ]
    return pd.DataFrame(rows)


def reading(low: float, high: float) -> str:
    """Whether an interval shows more than nothing: ``"yes"``, ``"no"`` or ``"undecided"``."""
    if low > 0:
        return "yes"
    return "no" if high < 0 else "undecided"


def with_interval(value: float, low: float, high: float) -> str:
    """``"0.21 (0.15 to 0.27)"``."""
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def setup_claim(gaps: pd.DataFrame) -> pd.DataFrame:
    """The setup of the paper's experiments, looked at on our patients; rows of `gaps` go in.

    The lower bound does worse on other domains than on A, and upper bounds repair that. On the
    phantom this is true by construction (`development_gate`), so it is a check, not a finding.
    """
    questions = {
        "worse than on A?": ["drop", "drop_low", "drop_high"],
        "repaired by labels?": ["gap", "low", "high"],
    }
    return gaps[["domain"]].assign(
        **{
            question: [
                f"{reading(low, high)}, by {with_interval(value, low, high)}"
                for value, low, high in gaps[columns].to_numpy()
            ]
            for question, columns in questions.items()
        }
    )


def development_gate(development: pd.DataFrame) -> pd.DataFrame:
    """Whether the task is neither trivial nor hopeless, judged on development patients alone.

    Returns
    -------
    DataFrame
        ``condition``, ``needed``, ``value`` (text) and ``holds`` for each of three conditions.
    """
    on_a = float(scores(development, LOWER, "A").to_numpy().mean())
    gap = {
        d: float(
            (scores(development, f"upper-{d}", d) - scores(development, LOWER, d)).to_numpy().mean()
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


def detection(table: pd.DataFrame) -> pd.DataFrame:
    """Share of lesions found by size, pooled over a domain's patients, for each seed.

    Returns
    -------
    DataFrame
        ``model``, ``domain``, ``seed``, ``size`` (for example ``"10-30"``, mm3), ``lesions``,
        ``found`` (the share; NaN without such lesions).
    """
    keys = ["model", "domain", "seed"]
    parts = []
    for lower, upper in pairwise(SIZE_EDGES_MM3):
        columns = [f"{kind}_{lower:g}_{upper:g}" for kind in ("lesions", "detected")]
        part = table.groupby(keys)[columns].sum().set_axis(["lesions", "detected"], axis=1)
        size = f"{lower:g}-{upper:g}" if np.isfinite(upper) else f"> {lower:g}"
        parts.append(part.reset_index().assign(size=size))
    rows = pd.concat(parts, ignore_index=True)
    rows["found"] = rows["detected"] / rows["lesions"].where(rows["lesions"] > 0)
    return rows.drop(columns="detected")


def origin(table: pd.DataFrame) -> str:
    """One line that says where rows come from; differing values are all named."""

    def named(column: str) -> str:
        return ", ".join(str(value) for value in sorted(table[column].unique()))

    parts = [
        f"profile {named('profile')}",
        f"seeds {named('seed')}",
        f"phantom {named('phantom_version')}",
        f"code {named('code_version')}",
        f"PyTorch {named('torch')}",
        f"{named('hardware')}",
        f"{named('date')}",
    ]
    return "; ".join(parts)


def verdict(holds: Sequence[bool]) -> str:
    """``"holds"`` if everything does, else ``"does not hold"``."""
    if not len(holds):
        raise ValueError("verdict needs at least one condition, got none")
    return "holds" if all(holds) else "does not hold"
