"""Rows on the noise of the prior, on tiny patients."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from synthetic import tiny_subject

from rfe_core import metrics, ncc, prior
from rfe_core.prior import extract_templates
from rfe_study.measures.prior_quality import TABLE, brightness, measure, score
from rfe_study.tables import TABLES

SETTINGS, SEEDS = [(30, 5), (4, 3)], (0, 1)


@pytest.fixture(scope="module")
def target():
    return [tiny_subject(f"Btrain{k}", seed=k, domain="B") for k in (1, 2, 3)]


@pytest.fixture(scope="module")
def other():
    return tiny_subject("Atrain1", seed=9)


@pytest.fixture(scope="module")
def rows(target, other):
    return list(measure("B", target, other, settings=SETTINGS, seeds=SEEDS))


def test_a_row_for_everything_once(rows):
    keys = [tuple(row[name] for name in TABLES[TABLE].key) for row in rows]
    assert len(set(keys)) == len(rows) == 3 * (2 + 1 + 2 + 2)
    of_a = [row for row in rows if row["source"] == "Atrain1"]
    assert {(row["method"], row["wanted"], row["size"]) for row in of_a} == {
        ("NCC", 30, 5),
        ("brightness", 0, 1),
    }


def test_a_row_is_the_core_s_numbers(rows, target):
    v1, v2 = target[:2]
    generator = np.random.default_rng(0)
    templates = extract_templates(v1.images["flair"], v1.lesion_mask, 4, 3, generator=generator)
    responses = [ncc.response(s.images["flair"], templates, s.brain_mask) for s in (v1, v2)]
    threshold = prior.best_threshold(responses[0], v1.lesion_mask)
    mask = prior.prior_mask(responses[1], threshold)
    (row,) = [
        row
        for row in rows
        if (row["wanted"], row["seed"], row["subject"]) == (4, 0, "Btrain2")
        and (row["method"], row["source"]) == ("NCC", "Btrain1")
    ]
    assert row["templates"] == 4 and row["threshold"] == threshold
    assert row["f_score"] == metrics.f_score(mask, v2.lesion_mask)
    assert row["precision"] == metrics.precision(mask, v2.lesion_mask)
    assert row["recall"] == metrics.recall(mask, v2.lesion_mask)
    assert (row["marked"], row["lesion"]) == (mask.sum(), v2.lesion_mask.sum())


def test_fewer_lesions_than_wanted_are_told(rows):
    papers = [row for row in rows if row["method"] == "NCC" and row["wanted"] == 30]
    assert papers and all(4 < row["templates"] < 30 for row in papers)


def test_on_its_own_patient_the_threshold_is_the_best_one(rows):
    for row in rows:
        assert row["f_score"] <= row["best_f_score"] + 1e-12
        if row["source"] == row["subject"]:
            assert row["f_score"] == pytest.approx(row["best_f_score"])


def test_brightness_finds_bright_lesions_and_ncc_does_not_see_brightness(target):
    subject = target[0]
    values = brightness(subject)
    assert values[~subject.brain_mask].max() == 0
    threshold = prior.best_threshold(values, subject.lesion_mask)
    assert metrics.f_score(values >= threshold, subject.lesion_mask) > 0.99


def test_area_under_curve_is_mann_whitney_s(target):
    subject = target[0]
    generator = np.random.default_rng(0)
    values = generator.integers(0, 9, subject.shape) / 8 + 0.1 * subject.lesion_mask
    inside = subject.brain_mask
    lesion = subject.lesion_mask
    statistic = mannwhitneyu(values[lesion], values[inside & ~lesion]).statistic
    expected = statistic / (lesion.sum() * (inside & ~lesion).sum())
    assert score(values, 0.5, subject)["auc"] == pytest.approx(expected)
