"""What the rows say: means by hand, and wrong pairs by drawing them."""

import numpy as np
import pytest
import torch
from prior_rows import rows

from rfe_book.tables import prior
from rfe_core.losses import label_embedding_loss
from rfe_study import results
from rfe_study.measures import prior_quality


def test_setting_of_the_paper():
    kept = prior.paper_setting(rows())
    assert len(kept) == len(rows()) - 1 and 0.9 not in set(kept["f_score"])


def test_thresholds_are_those_chosen_on_the_patient():
    assert prior.thresholds(rows(), "Btrain1", seed=1) == {(30, 5): 0.61}
    assert set(prior.thresholds(rows(), "Btrain1", seed=0)) == {(30, 5), (1, 5)}


def test_summary_averages_draws():
    table = prior.summary(prior.paper_setting(rows()))
    row = table.loc["B", "Btrain2"]
    assert row["Dice"] == pytest.approx(0.21) and row["Dice, of A"] == pytest.approx(0.71)
    assert row["Dice, brightness"] == pytest.approx(0.25)
    assert row["lesion (% of brain)"] == pytest.approx(1)


def test_setting_is_by_number_and_size():
    grid = prior.by_setting(rows(), "B", seed=0)
    assert grid.columns.tolist() == ["5 × 5 × 5"] and grid.index.name == "templates"
    assert grid.loc[30, "5 × 5 × 5"] == pytest.approx(0.25)


@pytest.mark.parametrize(("p", "q", "share"), [(0.1, 0.02, 0.2), (0.9, 0.3, 0.5), (1, 0, 0.2)])
def test_wrong_pairs_by_drawing_them(p, q, share):
    generator, n = np.random.default_rng(0), 400_000
    said = generator.random((2, n)) < share
    true = generator.random((2, n)) < np.where(said, p, q)
    is_wrong = (said[0] == said[1]) != (true[0] == true[1])
    apart = said[0] != said[1]
    expected = is_wrong.mean(), is_wrong[apart].mean()
    assert prior.wrong_pairs(p, q, share) == pytest.approx(expected, abs=4e-3)


def test_wrong_pairs_by_domain_pools_voxels():
    found = prior.wrong_pairs_by_domain(prior.paper_setting(rows())).loc["B"]
    # of 400 marked voxels 100 are lesion; 100 of 200 lesion voxels are among the 19,600 others
    assert (found["p (%)"], found["q (%)"]) == pytest.approx((25, 100 * 100 / 19_600))
    wrong, apart = prior.wrong_pairs(0.25, 100 / 19_600)
    assert (found["wrong (%)"], found["apart (%)"]) == pytest.approx((100 * wrong, 100 * apart))


def test_wrong_pairs_refuse():
    with pytest.raises(ValueError, match=r"missed must be in \[0, 1\], got 1.5"):
        prior.wrong_pairs(0.5, 1.5)


def noisy_loss(angle, p, q):
    """Mean of Eq. 2 over pairs: 100 pixels called lesion, 400 called background, in a plane.

    Of the first p are lesion, of the second q; lesion lies at an angle from background.
    """
    true = np.concatenate([np.arange(100) < 100 * p, np.arange(400) < 400 * q])
    called = np.arange(500) < 100
    h = np.where(true[:, None], [np.cos(angle), np.sin(angle)], [1.0, 0.0])
    options = {"distance": "cosine", "margin": 1.0, "reduction": "mean"}
    labels = torch.from_numpy(called.astype(int))
    return float(label_embedding_loss(torch.from_numpy(h), labels, **options))


@pytest.mark.parametrize(("p", "q"), [(1.0, 0.0), (0.5, 0.05), (0.1, 0.05), (0.04, 0.1)])
def test_pull_is_that_of_the_pairs(p, q):
    a, b = prior.pull(p, q)
    for angle in (0.2, 1.0):
        nu = np.array([[np.cos(angle), np.sin(angle)], [1.0, 0.0]])
        left = 0.2 * a * nu[0] - 0.8 * b * nu[1]
        expected = 0.2**2 + 0.8**2 - left @ left
        assert noisy_loss(angle, p, q) == pytest.approx(expected)
    apart = noisy_loss(1.0, p, q) < noisy_loss(0.2, p, q)
    assert apart == (a > 0)  # else the loss is lower where lesion lies nearer to background


def test_pull_of_a_perfect_and_of_a_useless_prior():
    assert prior.pull(1, 0) == (1, 1)
    assert prior.pull(0.04, 0.01)[0] == pytest.approx(0)
    assert prior.pull(0.01, 0.01, share=0.5) == pytest.approx((0, 0))
    with pytest.raises(ValueError, match="share must lie between 0 and 1, got 0"):
        prior.pull(0.5, 0.5, share=0)
    with pytest.raises(ValueError, match=r"precision must be in \[0, 1\], got 2"):
        prior.pull(2, 0.5)


def test_pull_by_domain_uses_the_rows():
    rows = prior.paper_setting(results.read(prior_quality.TABLE))
    table = prior.pull_by_domain(rows)
    for _, line in table.iterrows():
        a, b = prior.pull(line["p (%)"] / 100, line["q (%)"] / 100)
        assert (line["a"], line["b"]) == pytest.approx((a, b))
