"""What the rows say: means by hand, and wrong pairs by drawing them."""

import numpy as np
import pandas as pd
import pytest

from rfe_core import prior_noise


def rows():
    """Two draws for V1 and V2 of B, templates of B and of A, and brightness."""
    made = []
    for method, source, seeds in (
        ("NCC", "Btrain1", (0, 1)),
        ("NCC", "Atrain1", (0, 1)),
        ("brightness", "Btrain1", (0,)),
        ("brightness", "Atrain1", (0,)),
    ):
        for seed in seeds:
            for patient in (1, 2, 3):
                own = source == "Btrain1"
                f = 0.1 * patient + 0.02 * seed + (0 if own else 0.5)
                made.append(
                    {
                        "method": method,
                        "target": "B",
                        "source": source,
                        "subject": f"Btrain{patient}",
                        "wanted": 30 if method == "NCC" else 0,
                        "templates": 27 if method == "NCC" else 0,
                        "size": 5 if method == "NCC" else 1,
                        "seed": seed,
                        "threshold": 0.6 + 0.01 * seed,
                        "f_score": f + (0.05 if method == "brightness" else 0),
                        "precision": 0.25,
                        "recall": 0.5,
                        "best_f_score": f + 0.1,
                        "auc": 0.7,
                        "marked": 200,
                        "lesion": 100,
                        "brain": 10_000,
                    }
                )
    extra = made[0] | {"wanted": 1, "templates": 1, "f_score": 0.9}
    return pd.DataFrame([*made, extra])


def test_setting_of_the_paper():
    kept = prior_noise.paper_setting(rows())
    assert len(kept) == len(rows()) - 1 and 0.9 not in set(kept["f_score"])


def test_thresholds_are_those_chosen_on_the_patient():
    assert prior_noise.thresholds(rows(), "Btrain1", seed=1) == {(30, 5): 0.61}
    assert set(prior_noise.thresholds(rows(), "Btrain1", seed=0)) == {(30, 5), (1, 5)}


def test_summary_averages_draws():
    table = prior_noise.summary(prior_noise.paper_setting(rows()))
    row = table.loc["B", "Btrain2"]
    assert row["Dice"] == pytest.approx(0.21) and row["Dice, of A"] == pytest.approx(0.71)
    assert row["Dice, brightness"] == pytest.approx(0.25)
    assert row["lesion (% of brain)"] == pytest.approx(1)


def test_findings_are_over_unseen_patients():
    found = prior_noise.findings(prior_noise.paper_setting(rows()))
    assert (found["dice_low"], found["dice_high"]) == pytest.approx((0.21, 0.31))
    assert found["cases"] == found["bright_wins"] == 2
    assert found["precision_mean"] == pytest.approx(25)
    assert found["other_mean"] == pytest.approx(0.76)
    assert found["transfer_loss"] == pytest.approx(0.1)
    assert found["templates_B"] == 27


@pytest.mark.parametrize(("p", "q", "share"), [(0.1, 0.02, 0.2), (0.9, 0.3, 0.5), (1, 0, 0.2)])
def test_wrong_pairs_by_drawing_them(p, q, share):
    generator, n = np.random.default_rng(0), 400_000
    said = generator.random((2, n)) < share
    true = generator.random((2, n)) < np.where(said, p, q)
    is_wrong = (said[0] == said[1]) != (true[0] == true[1])
    apart = said[0] != said[1]
    expected = is_wrong.mean(), is_wrong[apart].mean()
    assert prior_noise.wrong_pairs(p, q, share) == pytest.approx(expected, abs=4e-3)


def test_wrong_pairs_by_domain_pools_voxels():
    found = prior_noise.wrong_pairs_by_domain(prior_noise.paper_setting(rows())).loc["B"]
    # of 400 marked voxels 100 are lesion; 100 of 200 lesion voxels are among the 19,600 others
    assert (found["p (%)"], found["q (%)"]) == pytest.approx((25, 100 * 100 / 19_600))
    wrong, apart = prior_noise.wrong_pairs(0.25, 100 / 19_600)
    assert (found["wrong (%)"], found["apart (%)"]) == pytest.approx((100 * wrong, 100 * apart))


def test_wrong_pairs_refuse():
    with pytest.raises(ValueError, match=r"missed must be in \[0, 1\], got 1.5"):
        prior_noise.wrong_pairs(0.5, 1.5)
