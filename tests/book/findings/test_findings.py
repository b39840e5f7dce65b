"""Findings are words under names; a sentence that does not hold is refused."""

import pytest

from rfe_book.findings import Findings, must_hold


def test_names_give_words():
    found = Findings(cases=6, dice_low="0.05")
    assert (found.cases, found.dice_low) == (6, "0.05")
    assert repr(found) == "cases: 6\ndice_low: 0.05"


def test_an_unknown_name_says_what_is_near():
    with pytest.raises(AttributeError, match=r"no finding 'dice_lo'; near it: \['dice_low'\]"):
        _ = Findings(dice_low="0.05").dice_lo


@pytest.mark.parametrize("value", [0.05, None, True])
def test_a_value_must_be_words(value):
    with pytest.raises(TypeError, match="dice must be words or an int, got"):
        Findings(dice=value)


def test_findings_are_not_set():
    with pytest.raises(AttributeError, match="computed, not set: dice"):
        Findings(dice="0.05").dice = "0.9"


def test_a_sentence_must_hold():
    must_hold("two is more than one", 2 > 1)
    with pytest.raises(ValueError, match="must not say 'one is more than two'"):
        must_hold("one is more than two", 1 > 2)


def test_a_readers_notebook_that_is_older_than_the_rows_goes_on(monkeypatch, capfd):
    monkeypatch.delenv("RFE_STRICT")
    must_hold("two is more than one", 2 > 1)
    must_hold("one is more than two", 1 > 2)
    line = (
        "These rows are newer than this text: it may no longer hold that 'one is more than two'\n"
    )
    assert capfd.readouterr() == (line, "")
