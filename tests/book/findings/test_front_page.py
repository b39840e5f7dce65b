"""The three findings of the first page say what the parts of claims say, or stop the page."""

import re
from dataclasses import replace

import pytest

from rfe_book.findings import front_page
from rfe_book.findings.claims import part_of
from rfe_study.claims import board, operating_points
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.rows import read
from rfe_study.claims.verdicts import REPRODUCED, UNDECIDED
from rfe_study.tables import MODELS, SCORES


@pytest.fixture(scope="module")
def parts():
    return board.all_parts()


@pytest.fixture(scope="module")
def ranked():
    return operating_points.judge(read(SCORES), read(MODELS))["threshold-free"]


@pytest.fixture(scope="module")
def f():
    return AdaptationRows.stored().by_target()


def changed(parts, claim, name, **values):
    return {**parts, claim: [replace(p, **values) if p.part == name else p for p in parts[claim]]}


def test_each_headline_is_a_sentence_with_the_number_of_its_part(parts):
    lines = front_page.headlines(parts).split("- **")[1:]
    of = [(9, front_page.REPAIRED), (2, front_page.RISES_FIFTH), ("ours", front_page.NO_EMBEDDING)]
    assert len(lines) == len(of)
    for line, (claim, name) in zip(lines, of, strict=True):
        number = f"{part_of(parts[claim], name).estimate:z.2f}".replace("-", "−")
        assert re.findall(r"[−+]?\d\.\d+", line) == [number]
        assert len(re.findall(r"\.(?=\s)", line)) == 1 and " to 0." not in line
    assert "from each scanner" in lines[1]


def test_in_full_they_have_intervals(parts):
    full = front_page.in_full(parts)  # of the stored rows
    for value, claim, name in (
        (full.ahead, 3, front_page.AHEAD),
        (full.fifth, 2, front_page.RISES_FIFTH),
        (full.on_d, 9, front_page.ON_D),
    ):
        part = part_of(parts[claim], name)
        assert value == f"{part.estimate:.2f} ({part.low:.2f} to {part.high:.2f})"
    statistics = part_of(parts["ours"], front_page.STATISTICS)
    assert full.statistics.startswith(f"{-statistics.estimate:.2f} ({-statistics.high:.2f} to")


def test_they_need_that_without_a_threshold_both_are_alike(parts, f):
    ranked = [replace(part_of(parts[3], front_page.AHEAD), verdict=REPRODUCED)]
    with pytest.raises(ValueError, match="80/20 and 50/50 are alike"):
        front_page.in_full(parts, ranked, f)


@pytest.mark.parametrize(
    ("claim", "name", "values"),
    [
        (9, front_page.REPAIRED, {"low": -0.01}),
        (9, front_page.ON_D, {"verdict": UNDECIDED}),
        (9, front_page.ON_D, {"estimate": 0.3}),
        (2, front_page.RISES_FIFTH, {"estimate": 0.1}),
        (2, front_page.RISES, {"low": -0.01}),
        (3, front_page.AHEAD, {"low": -0.01}),
        ("ours", front_page.NO_EMBEDDING, {"estimate": 0.05}),
        ("ours", front_page.STATISTICS, {"high": 0.01}),
    ],
)
def test_a_finding_that_no_longer_holds_stops_the_page(parts, ranked, f, claim, name, values):
    with pytest.raises(ValueError, match="must not say"):
        front_page.in_full(changed(parts, claim, name, **values), ranked, f)


@pytest.mark.parametrize(
    ("claim", "name", "values"),
    [
        (9, front_page.REPAIRED, {"low": -0.01}),
        (2, front_page.RISES_FIFTH, {"low": -0.01}),
        ("ours", front_page.NO_EMBEDDING, {"estimate": -0.05}),
    ],
)
def test_so_does_a_sentence(parts, claim, name, values):
    with pytest.raises(ValueError, match="must not say"):
        front_page.headlines(changed(parts, claim, name, **values))
