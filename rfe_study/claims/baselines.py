"""Claim 9: the baselines on four scanners, and whether our task was fit to be tested at all."""

import pandas as pd

from rfe_study.claims.contrasts import combined, minus, over_domains
from rfe_study.claims.effects import DIFFERENCE, MEAN, SMALLEST_F
from rfe_study.claims.evidence import of_table
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.rows import of_model
from rfe_study.claims.verdicts import Question, Verdict, judge
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.phantom.domains import TARGETS

#: What the task must be on development patients, neither trivial nor hopeless.
F_ON_A = (0.6, 0.85)

SMALLEST_GAP = 0.10


def setup_parts(baselines: pd.DataFrame, patients: str = VERDICT) -> list[Verdict]:
    """Claim 9: the lower bound does worse on other domains than on A, and labels repair that.

    Two parts, each a mean over the targets, and beside them each domain's own.

    Parameters
    ----------
    baselines : DataFrame
        Rows of one profile, as `rfe train --evaluate` wrote them.
    patients : str
        A key of `rfe_study.claims.heads.PATIENTS`.
    """
    rows = baselines[baselines["role"].isin(PATIENTS[patients])]
    on_a = of_model(rows, LOWER, "A")
    lower = {d: of_model(rows, LOWER, d) for d in TARGETS}
    drops = {d: combined([on_a, lower[d]], (1, -1)) for d in TARGETS}
    repairs = {d: minus(of_model(rows, UPPER[d], d), lower[d]) for d in TARGETS}
    tested = []
    for words, of_domain, whole in (
        ("worse than A", drops, combined([on_a, over_domains(list(lower.values()))], (1, -1))),
        ("repaired by labels", repairs, over_domains(list(repairs.values()))),
    ):
        about = {"claim": 9, "statistic": DIFFERENCE, "threshold": 0.0, "smallest": SMALLEST_F}
        tested.append((Question(part=f"{words}, {MEAN}", **about), of_table(whole)))
        tested += [
            (Question(part=f"{d}: {words}", main=False, **about), of_table(table))
            for d, table in of_domain.items()
        ]
    return judge(tested)


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
            minus(of_model(development, UPPER[d], d), of_model(development, LOWER, d))
            .to_numpy()
            .mean()
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
