"""What chapter 06 says, of made-up rows whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import divergence as findings
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import board, verdicts
from rfe_study.claims.sampling import falls

N_E = (20, 200, 2000)
FLOOR = {"50/50": 0.1, "80/20": 0.02, "distribution-aware": 0.0}


def rows(beyond=0.0):
    """Nulls of 10/n_E; samples keep a floor each, and fall by `beyond` (a share) more."""
    made = []
    for strategy in STRATEGIES:
        for batch in range(3):
            for n_e in N_E:
                null = 10 / n_e
                seen = null * (1 + beyond) + FLOOR[strategy]
                columns = {"shared_flattened": seen, "shared_channel": seen}
                columns |= {"null_flattened": null, "null_channel": null}
                columns["own_flattened"] = null + 0.2 - FLOOR[strategy]
                about = {"batch_of": "12 B", "seed": 0, "strategy": strategy}
                made.append(about | {"batch": batch, "n_e": n_e} | columns)
    half = pd.DataFrame(made)
    return pd.concat([half, half.assign(batch_of="6 A + 6 B")])


def of_b(table):
    return table[table["batch_of"] == "12 B"]


def test_perfect_samples():
    found = findings.perfect([20, 2000], np.array([0.5, 0.016]), np.array([1.6, 0.0159]))
    assert (found.sim_20, found.by_20) == ("0.50", "1.60")
    assert (found.sim_2000, found.by_2000) == ("0.0160", "0.0159")
    with pytest.raises(ValueError, match="exceeds ln 2"):
        findings.perfect([200], np.array([0.1]), np.array([0.2]))


def test_curves_name_floors_and_who_looks_worst():
    found = findings.curves(of_b(rows()))
    assert (found.smallest, found.largest) == (20, 2000)
    assert (found.excess_half, found.excess_fifth, found.excess_aware) == (
        "0.100",
        "0.020",
        "0.000",
    )
    assert (found.worst_own, found.worst_shared) == ("distribution-aware", "50/50")
    assert (found.disagree_to, found.networks, found.batches) == (2000, 1, 3)
    assert (found.null_first, found.null_last) == ("0.50", "0.005")
    assert (found.shared_first, found.shared_last) == ("0.54", "0.045")
    assert (found.own_first, found.own_last) == ("0.66", "0.165")
    assert (found.channel_first, found.channel_last) == ("0.54", "0.045")
    assert (found.null_channel_first, found.null_channel_last) == ("0.50", "0.005")


def test_rulers_may_agree_on_large_samples():
    table = of_b(rows())
    own = table["own_flattened"].where(table["n_e"] < 2000, table["shared_flattened"])
    found = findings.curves(table.assign(own_flattened=own))
    assert (found.disagree_to, found.worst_own) == (200, "distribution-aware")
    own = table["own_flattened"].where(table["n_e"] > 20, table["shared_flattened"])
    with pytest.raises(ValueError, match="for small n_E"):
        findings.curves(table.assign(own_flattened=own))


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("own_flattened", lambda table: table["shared_flattened"], "which strategy looks worst"),
        ("shared_channel", lambda table: 10 / table["n_e"], "keeps a floor"),
        ("null_channel", lambda table: table["n_e"], "all curves fall"),
    ],
)
def test_curves_refuse_what_is_not_so(column, values, sentence):
    table = of_b(rows())
    with pytest.raises(ValueError, match=sentence):
        findings.curves(table.assign(**{column: values(table)}))


def test_a_readers_curves_may_say_otherwise(monkeypatch, capsys):
    monkeypatch.delenv("RFE_STRICT")
    table = of_b(rows())
    findings.curves(table.assign(own_flattened=table["shared_flattened"]))
    assert "may no longer hold that 'for small n_E the edges decide" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("beyond", "verdict", "answer"),
    [(0.0, verdicts.CONTRADICTED, "No"), (1.0, verdicts.REPRODUCED, "Yes")],
)
def test_claim_1_has_two_answers(beyond, verdict, answer):
    found = findings.claim_1(rows(beyond))
    assert found.of_b_own == found.mixed_channel == verdicts.REPRODUCED
    assert found.of_b_own_range == "1.00"
    assert (found.of_b_beyond, found.mixed_beyond, found.answer) == (verdict, verdict, answer)
    assert found.of_b_beyond_flattened_range == ("0.50" if beyond else "0.00")
    assert found.meaning == findings.MEANS[verdict]


def test_claim_1_is_what_the_scoreboard_shows():
    table = rows()
    parts = falls(of_b(table), "own_flattened", generator=np.random.default_rng(0))
    shown = board.board({1: parts}).set_index("claim").loc[1]
    assert findings.claim_1(table).of_b_own == shown["verdict"]
    assert "falls" in shown["the paper says"]
