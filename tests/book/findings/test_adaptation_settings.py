"""What chapter 09 says of its own settings, of made-up rows whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import adaptation_settings as findings
from rfe_book.tables import adaptation as tables
from rfe_study.claims.headline import NONE_AT_LESIONS
from rfe_study.methods.adaptation import PERFECT

PROOF = {"80/20 ACD 2000": 0.7, "no embedding": 0.45}


def table(f):
    """Two seeds on three heads, with some scatter of its own for each mean."""
    scatter = np.random.default_rng(round(1000 * f)).normal(0, 0.005, (2, 3))
    return pd.DataFrame(f + scatter, columns=list("xyz"))


def scores(perfect, statistics):
    f = {PERFECT: perfect, NONE_AT_LESIONS: 0.6, tables.STATISTICS: statistics, tables.CONTROL: 0.5}
    return {target: {model: table(value) for model, value in f.items()} for target in "BCD"}


def told(perfect=0.595, ranked=0.7, before=PROOF):
    proof = {model: table(value) for model, value in before.items()}
    return findings.true_labels(scores(perfect, 0.65), scores(ranked, 0.65), proof)


def test_true_labels_here_and_in_chapter_7():
    said = told()
    assert said.same.startswith("+0.00") and said.statistics.startswith("−0.06")
    assert said.statistics_ap.startswith("+0.05") and said.here_B.startswith("+0.09")
    assert said.proof_B.startswith("+0.25") and said.weight == "1"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"perfect": 0.64}, "not even true labels help"),
        ({"perfect": 0.2, "ranked": 0.6}, "average precision shows"),
        ({"before": PROOF | {"no embedding": 0.6}}, "chapter 7's settings"),
    ],
)
def test_true_labels_say_nothing_else_than_the_rows(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        told(**changes)


def test_effort_counts_the_papers_steps():
    steps = pd.DataFrame({"variant": ["no embedding", "ACD, n_E = 2000, margin 0.5"]})
    said = findings.effort(steps.assign(seconds=[0.1, 0.2]))
    assert (said.paper, said.more, said.dearer) == ("10,000", "20", "10")  # 667 steps for 34
    with pytest.raises(ValueError, match="takes longer"):
        findings.effort(steps.assign(seconds=[0.1, 2.0]))
