"""Tables and sentences of chapter 09, on made-up rows whose answers are known."""

import adaptation_rows
import pytest

from rfe_book.tables import adaptation, gains
from rfe_book.tables.adaptation import BOUND, CONTROL
from rfe_book.tables.gains import MORE
from rfe_book.words import listed
from rfe_study.claims.comparisons import means
from rfe_study.methods.adaptation import PAPER, adaptation_methods

NAMES = adaptation_rows.NAMES


@pytest.fixture(scope="module")
def rows():
    return adaptation_rows.rows()


def by_plan(plan):
    """F of 0.5 and what `plan` has for (model, target); seeds and patients differ."""
    return adaptation_rows.rows(
        lambda target, model, seed, domain: 0.5 + 0.02 * seed + plan.get((model, target), 0)
    )


def test_differences_are_paired():
    rows = by_plan({(PAPER, "B"): 0.1, (PAPER, "C"): -0.1, ("lower", "B"): -0.2})
    by_target = rows.by_target()
    table = means(by_target["B"], over=CONTROL)
    assert CONTROL not in table.index
    assert table.loc[PAPER].tolist() == pytest.approx([0.1, 0.1, 0.1])
    plain = means(by_target["B"]).loc[CONTROL]
    assert plain["low"] < plain["mean"] < plain["high"]


def test_sentences_follow_the_rows():
    by_target = by_plan({(PAPER, "B"): 0.1, (PAPER, "C"): -0.1}).by_target()
    assert gains.sentence(by_target, PAPER, CONTROL) == (
        "on B better, 0.100 (0.100 to 0.100); on C worse, −0.100 (−0.100 to −0.100); "
        "on D not told apart, 0.000 (0.000 to 0.000)"
    )
    told = gains.sentence(by_target, PAPER, CONTROL, words=MORE, where="made for")
    assert told.startswith("made for B more, ") and "; made for C fewer, " in told
    counted = gains.counted(by_target, PAPER, CONTROL)
    assert counted == "better on B, worse on C"
    assert gains.counted(by_target, BOUND, CONTROL) == "better on none, worse on none"
    assert [listed(["B", "C", "D"][:n]) for n in range(4)] == ["none", "B", "B and C", "B, C and D"]


def test_table_of_methods_says_who_knows_what():
    table = adaptation.methods_table().droplevel("group")
    assert list(table.index) == NAMES
    true = set(table.index[table["labels"] == "true"])
    perfect = {name for name in NAMES if name.startswith("RFE, perfect prior")}
    assert len(perfect) == 6
    assert true == perfect | {"labels of V1", "RFE, labels of V1, exact 4x", BOUND} | {
        f"labels of V1, V1 is patient {n}" for n in (2, 3)
    }
    assert table.loc[PAPER].tolist() == [
        "V2, V3", "NCC, templates of V1", "A", "embedding loss, n_E = 100"
    ]  # fmt: skip
    assert table.loc[CONTROL, ["labels", "further"]].tolist() == ["", ""]
    assert table.loc["labelled A only", "images"] == "none"
    assert table.loc["RFE, NCC, all pixels", "further"].endswith("n_E = all")
    both = {m.name for m in adaptation_methods() if m.primary == "both"}
    assert set(table.index[table["Dice on"] == "A and target"]) == both
