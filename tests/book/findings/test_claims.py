"""The first page's findings are what the parts of claims say."""

from dataclasses import replace

import pytest

from rfe_book.findings import claims
from rfe_study.claims import board


@pytest.fixture(scope="module")
def parts():
    return board.all_parts()


def changed(parts, claim, name, **values):
    return {**parts, claim: [replace(p, **values) if p.part == name else p for p in parts[claim]]}


def test_headlines_carry_the_numbers_of_the_parts(parts):
    text = claims.headlines(parts)
    (strategy,) = (p for p in parts[3] if p.part == "80/20 better than 50/50, ACD")
    assert f"by {strategy.estimate:.2f} in F" in text and text.count("\n- **") == 2


@pytest.mark.parametrize(
    ("claim", "name", "values"),
    [
        (9, "labels repair B", {"low": -0.01}),
        (3, "80/20 better than 50/50, ACD", {"low": -0.01}),
        ("ours", claims.NO_EMBEDDING, {"estimate": 0.02}),
        ("ours", claims.PERFECT, {"low": 0.0}),
    ],
)
def test_a_finding_that_no_longer_holds_stops_the_page(parts, claim, name, values):
    with pytest.raises(ValueError, match="must not say"):
        claims.headlines(changed(parts, claim, name, **values))
