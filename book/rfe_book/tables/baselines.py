"""What domain shift costs: the baselines' scores put into tables, intervals and verdicts.

Rows are those that `rfe train --evaluate` wrote (`results.read("baselines")`), one a model, seed
and patient.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from rfe_book.words import with_interval
from rfe_study import results
from rfe_study.claims.comparisons import Share, gain, share_closed
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import Verdict
from rfe_study.methods.bounds import LOWER, LOWER_BOUND, UPPER, UPPER_BOUND
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import TARGETS

MODELS = {LOWER: "lower bound", **{UPPER[d]: f"upper bound {d}" for d in TARGETS}}

#: The lower bound's weights, and batch norm's statistics of unlabelled crops of the target.
STATISTICS_ONLY = "statistics only"


def score_table(table: pd.DataFrame, role: str) -> pd.DataFrame:
    """F, mean ± standard deviation over seeds (of their means over patients), as text.

    A row a model, a column a domain; `role` is ``"test"`` (the paper's patients) or ``"paired"``.
    """
    summary = results.summarise(table[table["role"] == role], ["f_score"])
    ends = zip(summary["f_score_mean"], summary["f_score_sd"], strict=True)
    text = [f"{mean:.2f} ± {sd:.2f}" for mean, sd in ends]
    wide = summary.assign(text=text).pivot(index="model", columns="domain", values="text")
    known = [m for m in MODELS if m in wide.index]
    return wide.reindex(known).rename(index=MODELS).fillna("")


def setup_claim(parts: Iterable[Verdict]) -> pd.DataFrame:
    """Claim 9 part by part, of `rfe_study.claims.baselines.setup_parts`.

    On the phantom it is true by construction (`development_gate`), so it is a check, not a finding.
    """
    rows = [{"part": p.part, "F (95% interval)": p.effect, "verdict": p.verdict} for p in parts]
    return pd.DataFrame(rows).set_index("part")


def profiles(names: Sequence[str]) -> pd.DataFrame:
    """Settings of profiles beside each other, as text."""
    made = pd.DataFrame({name: asdict(PROFILES[name]) for name in names})
    return made.drop(index="name").astype(str).rename_axis("setting")


def parts(by_score: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Lower and upper bound by several scores, a row a score and domain, with 95% intervals.

    Parameters
    ----------
    by_score : mapping of DataFrame
        `rfe_study.claims.comparisons.gaps` of each column of scores.
    """
    made = []
    for score, rows in by_score.items():
        ranges = rows[["gap", "low", "high"]].to_numpy()
        name = score.replace("_", " ")
        made.append(
            rows[["domain", "lower", "upper"]].assign(
                score=name, **{"upper − lower": [with_interval(*row) for row in ranges]}
            )
        )
    return pd.concat(made).set_index(["score", "domain"])


def statistics_alone(scores: Scores) -> dict[str, tuple[tuple[float, float, float], Share]]:
    """For each target what new statistics alone add to F, with its interval, and the gap's share.

    Parameters
    ----------
    scores : Scores
        `rfe_study.claims.adapted_rows.AdaptationRows.on_targets`.
    """
    found = {}
    for domain in TARGETS:
        names = LOWER_BOUND, STATISTICS_ONLY, UPPER_BOUND
        values = {name: scores.of(name, domain) for name in names}
        added = gain(values, STATISTICS_ONLY, LOWER_BOUND)
        share = share_closed(*(values[n] for n in (STATISTICS_ONLY, LOWER_BOUND, UPPER_BOUND)))
        found[domain] = added, share
    return found


def statistics(found: Mapping[str, tuple[tuple[float, float, float], Share]]) -> pd.DataFrame:
    """`statistics_alone` in words, a row a domain; no share of a gap that is not shown."""
    rows = [
        {
            "domain": domain,
            "gain in F": with_interval(*added),
            "share of the gap": "gap not shown" if np.isnan(share.share) else share.text,
        }
        for domain, (added, share) in found.items()
    ]
    return pd.DataFrame(rows).set_index("domain")
