"""Tables and verdicts of the baselines, on rows made here whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from rfe_book import words
from rfe_book.tables import baselines as baselines_tables
from rfe_study.claims import baselines, comparisons
from rfe_study.claims.rows import detection, of_model
from rfe_study.claims.scores import Scores

MEANS = {  # F of each model on each domain
    "lower": {"A": 0.8, "B": 0.5, "C": 0.7, "D": 0.6},
    "upper-B": {"A": 0.7, "B": 0.75, "C": 0.5, "D": 0.5},
    "upper-C": {"A": 0.7, "B": 0.5, "C": 0.75, "D": 0.5},
    "upper-D": {"A": 0.7, "B": 0.5, "C": 0.5, "D": 0.71},
}
BORN = {"phantom_version": "1.0-x", "code_version": "abc", "torch": "2", "hardware": "cpu"}


def made_up(role="test", patients=4, seeds=(0, 1, 2), means=MEANS):
    """Rows whose mean is exactly the table's: a seed adds -0.1, 0, 0.1; patients alternate."""
    return pd.DataFrame(
        [
            {
                **{"profile": "laptop", "role": role, "model": model, "seed": seed},
                **{"domain": domain, "subject": f"{domain}{role}{number}"},
                "f_score": mean + 0.1 * (seed - 1) + 0.05 * (-1) ** number,
                **{"lesions_0_10": 10, "detected_0_10": number},
                **{"lesions_10_30": 4, "detected_10_30": 2 + seed // 2},
                **{"lesions_30_100": 1, "detected_30_100": 1},
                **{"lesions_100_inf": 0, "detected_100_inf": 0},
                **BORN,
                "date": "2026-01-02",
            }
            for model, by_domain in means.items()
            for domain, mean in by_domain.items()
            for seed in seeds
            for number in range(1, patients + 1)
        ]
    )


@pytest.fixture
def table():
    return made_up()


def test_scores_are_seeds_by_patients(table):
    wide = of_model(table, "lower", "A")
    assert wide.shape == (3, 4)
    assert wide.loc[2, "Atest2"] == pytest.approx(0.8 + 0.1 + 0.05)


def test_scores_with_a_gap_are_refused(table):
    with pytest.raises(ValueError, match=r"each seed of lower must have a f_score .* of B, 1 miss"):
        of_model(
            table.drop(index=table.query("model == 'lower' and domain == 'B'").index[0]),
            "lower",
            "B",
        )
    with pytest.raises(ValueError, match="upper-A"):
        of_model(table, "upper-A", "A")


def test_gaps_are_paired_and_drops_are_not(table):
    gaps = comparisons.gaps(table).set_index("domain")
    assert gaps["gap"].to_dict() == pytest.approx({"B": 0.25, "C": 0.05, "D": 0.11})
    # seeds and patients move both models alike, so nothing is left of them in the gap
    np.testing.assert_allclose(gaps[["low", "high"]].sub(gaps["gap"], axis=0), 0, atol=1e-12)
    assert gaps["drop"].to_dict() == pytest.approx({"B": 0.3, "C": 0.1, "D": 0.2})
    assert (gaps["drop_low"] < gaps["drop"]).all() and (gaps["drop_high"] > gaps["drop"]).all()
    assert (gaps["seeds"] == 3).all() and (gaps["patients"] == 4).all()


def test_gaps_are_over_the_seeds_of_both_bounds(table):
    gone = (table["model"] == "upper-C") & (table["seed"] == 2)
    row = comparisons.gaps(table[~gone]).set_index("domain").loc["C"]
    assert row["seeds"] == 2
    assert row[["lower", "upper", "gap"]].tolist() == pytest.approx([0.65, 0.7, 0.05])


def test_setup_claim_names_each_part():
    parts = baselines.setup_parts(made_up("paired"))
    claim = baselines_tables.setup_claim(parts)
    assert claim.loc["B: repaired by labels"].tolist() == ["+0.250 (0.250 to 0.250)", "reproduced"]
    assert "worse than A, mean of B, C, D" in claim.index


def scores(statistics, upper=0.8):
    """F of both bounds and of new statistics alone on two heads, the same on all domains."""
    heads = pd.Index(["one", "other"], name="head")
    means = {"lower bound": 0.4, "upper bound": upper, "statistics only": statistics}
    tables = {
        (d, model, "f_score"): pd.DataFrame([[f, f + 0.1]] * 2, columns=heads)
        for d in "BCD"
        for model, f in means.items()
    }
    return Scores(tables=tables)


def test_statistics_alone_close_a_share_of_the_gap():
    found = baselines_tables.statistics_alone(scores(0.7))
    added, share = found["C"]
    assert added == pytest.approx((0.3, 0.3, 0.3)) and share.share == pytest.approx(0.75)
    row = baselines_tables.statistics(found).loc["C"]
    assert row.tolist() == ["0.30 (0.30 to 0.30)", "75% (75% to 75%)"]


def test_a_gap_that_is_not_shown_has_no_share():
    found = baselines_tables.statistics_alone(scores(0.7, upper=0.4))
    assert baselines_tables.statistics(found).loc["D", "share of the gap"] == "gap not shown"


@pytest.mark.parametrize(
    ("ends", "word"), [((0.1, 0.2), "yes"), ((-0.1, 0.2), "undecided"), ((-0.2, -0.1), "no")]
)
def test_reading_of_an_interval(ends, word):
    assert comparisons.reading(*ends) == word


def test_table_says_mean_and_spread_of_seeds(table):
    text = baselines_tables.score_table(pd.concat([table, made_up("extra", patients=2)]), "test")
    assert text.loc["lower bound", "A"] == "0.80 ± 0.10"
    assert list(text.index) == ["lower bound", "upper bound B", "upper bound C", "upper bound D"]


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, [True, True, True]),
        ({"lower": {"A": 0.9}}, [False, True, True]),
        ({"upper-B": {"B": 0.59}}, [True, False, True]),
        ({"upper-D": {"D": 0.69}}, [True, True, False]),
    ],
)
def test_gate_of_the_development_patients(changes, holds):
    means = {model: {**MEANS[model], **changes.get(model, {})} for model in MEANS}
    gate = baselines.development_gate(made_up("dev", means=means))
    assert gate["holds"].tolist() == holds


def test_detection_pools_lesions_of_all_patients(table):
    found = detection(table).set_index(["model", "domain", "seed", "size"])["found"]
    assert found["lower", "B", 0, "0-10"] == pytest.approx((1 + 2 + 3 + 4) / 40)
    assert found["lower", "B", 2, "10-30"] == pytest.approx(0.75)
    assert np.isnan(found["upper-C", "D", 1, "> 100"])


def test_origin_names_all_that_differ(table):
    table.loc[0, "code_version"] = "def"
    line = words.origin(table)
    assert line.startswith("profile laptop; seeds 0, 1, 2; phantom 1.0-x; code abc, def;")


def test_settings_stand_beside_each_other():
    made = baselines_tables.profiles(["smoke", "paper"])
    assert made.loc["patches_per_domain"].tolist() == ["36", "6000"]
    assert "name" not in made.index


def test_parts_are_the_gaps_of_several_scores(table):
    rows = baselines_tables.parts({name: comparisons.gaps(table) for name in ("recall", "f_score")})
    first = rows.loc[("recall", "B")]
    assert first["upper − lower"] == "0.25 (0.25 to 0.25)"
    assert first["lower"] == pytest.approx(0.5) and ("f score", "D") in rows.index
