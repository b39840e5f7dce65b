"""What domain shift costs: the baselines' scores put into tables, intervals and verdicts.

All functions take the rows that `rfe train --evaluate` wrote (`results.read("baselines")` or
``"development"``), one a model, seed and patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from rfe_book.words import with_interval
from rfe_study import results
from rfe_study.claims.comparisons import change, reading
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import TARGETS

MODELS = {LOWER: "lower bound", **{UPPER[d]: f"upper bound {d}" for d in TARGETS}}


def score_table(
    table: pd.DataFrame, role: str, *, column: str = "f_score", decimals: int = 2
) -> pd.DataFrame:
    """Mean ± standard deviation over seeds (of their means over patients), as text.

    A row a model, a column a domain; `role` is ``"test"`` (the paper's patients) or ``"paired"``.
    """
    summary = results.summarise(table[table["role"] == role], [column])
    text = [
        f"{mean:.{decimals}f} ± {sd:.{decimals}f}"
        for mean, sd in zip(summary[f"{column}_mean"], summary[f"{column}_sd"], strict=True)
    ]
    wide = summary.assign(text=text).pivot(index="model", columns="domain", values="text")
    return wide.reindex([m for m in MODELS if m in wide.index]).rename(index=MODELS)


def change_on_a(table: pd.DataFrame) -> pd.DataFrame:
    """What fine-tuning for another domain changes on domain A: ``model`` and `change`'s values."""
    rows = [{"model": MODELS[UPPER[d]], **change(table, UPPER[d], "A")} for d in TARGETS]
    return pd.DataFrame(rows)


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


def profiles(names: Sequence[str]) -> pd.DataFrame:
    """Settings of profiles beside each other, as text."""
    made = pd.DataFrame({name: asdict(PROFILES[name]) for name in names})
    return made.drop(index="name").astype(str).rename_axis("setting")


def parts(by_score: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Lower and upper bound by several scores, a row a score and domain, with 95% intervals.

    Parameters
    ----------
    by_score : mapping of DataFrame
        `gaps` of each column of scores.
    """
    made = []
    for score, rows in by_score.items():
        ranges = rows[["gap", "low", "high"]].to_numpy()
        name = score.replace("fp_per_slice", "false positives per slice").replace("_", " ")
        made.append(
            rows[["domain", "lower", "upper"]].assign(
                score=name, **{"upper − lower": [with_interval(*row) for row in ranges]}
            )
        )
    return pd.concat(made).set_index(["score", "domain"])
