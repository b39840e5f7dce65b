"""Tables and sentences about scans without T1 or T2, of made-up rows."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rfe_book.findings import modalities as findings
from rfe_book.tables import modalities as tables

F = {"none": 0.7, "t2": 0.65, "t1": 0.6, "t1 t2": 0.5}


@pytest.fixture
def rows():
    """Two seeds and four heads; costs differ by both; without training all but the first fail."""
    return pd.DataFrame(
        {
            "model": model,
            "seed": seed,
            "without": name,
            "subject": f"Bpairdev0{n}",
            "f_score": (f if trained else 0.72 if name == "none" else 0.1)
            + n / 10
            + trained * (0.02 * (2 * seed - 1) + (-1) ** n / 100),
        }
        for trained, model in enumerate(("four-scanners", "modality-dropout"))
        for seed in (0, 1)
        for name, f in F.items()
        for n in range(1, 5)
    )


@pytest.fixture
def real():
    """Patient 07 is lost, 19 is not; the ordinary network has all three images alone."""
    learned = [
        {
            "model": "modality-dropout",
            "seed": seed,
            "subject": subject,
            "experiment": "as read" + (f", without {name}" if name != "none" else ""),
            "f_score": f * share + 0.001 * seed,
        }
        for subject, share in (("patient07", 0.01), ("patient19", 0.5))
        for name, f in F.items()
        for seed in (0, 1)
    ]
    ordinary = {"model": "four-scanners", "seed": 0, "experiment": "as read"}
    scores = {"patient07": 0.04, "patient19": 0.23}
    return pd.DataFrame(
        [*learned, *(ordinary | {"subject": s, "f_score": f} for s, f in scores.items())]
    )


def test_costs_are_paired_by_seed_and_head(rows, real):
    cost = tables.cost(rows)
    np.testing.assert_allclose(cost["mean"], [-0.02, -0.07, -0.12, -0.22])
    half = cost["high"] - cost["mean"]
    np.testing.assert_allclose(half, cost["mean"] - cost["low"])
    # Two seeds 0.04 apart, heads 0.02 apart and no rest: by hand, with one and three degrees.
    squares = np.array([4 * 2 * 0.02**2, 2 * 4 * 0.01**2 / 3])
    freedom = squares.sum() ** 2 / (squares**2 / [1, 3]).sum()
    np.testing.assert_allclose(half, stats.t.ppf(0.975, freedom) * np.sqrt(squares.sum() / 8))
    table = tables.cost_table(rows, real)
    assert list(table.index) == [*tables.THERE.values()]
    assert table.loc["FLAIR alone", "Dice, patient 19"] == "0.251 (0.250 to 0.251)"
    assert table.loc["FLAIR alone", "its difference"].startswith("−0.22 (")
    assert table.loc["FLAIR alone", "F, zeros alone"] == pytest.approx(0.35)


def test_sentences_say_seeds_heads_and_ends(rows, real):
    text = findings.costs(rows, real)
    assert "FLAIR alone* changes F by −0.22" in text and "over 2 seeds and 4 heads" in text
    assert "is below 0.01 on 07" in text and "ordinary networks have 0.04 and 0.23" in text
    assert "from 0.35 (0.35 to 0.35) with all three to 0.25 (0.25 to 0.25) with FLAIR" in text


def test_sentences_that_are_not_so_are_refused(rows, real):
    with pytest.raises(ValueError, match="FLAIR alone costs most"):
        findings.costs(rows.assign(f_score=rows["f_score"].where(rows["without"] != "t2", 0)), real)
    learned = rows["model"] == "modality-dropout"
    for more, what in ((0.1, "FLAIR alone is clearly a loss"), (-0.3, "all else is open")):
        with pytest.raises(ValueError, match=what):
            findings.costs(rows.assign(f_score=rows["f_score"] + more * learned), real)
    with pytest.raises(ValueError, match="patient 07 is lost whatever there is"):
        findings.costs(rows, real.assign(f_score=real["f_score"] + 0.01))


@pytest.mark.parametrize("gone", [slice(1, None), slice(16, None)])
def test_a_patient_must_be_scored_in_each_way_by_each_seed(real, gone):
    with pytest.raises(ValueError, match="patient07 must be scored by each seed in each of"):
        tables.on_patient(real[gone], "patient07")
