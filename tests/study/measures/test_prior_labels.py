"""How wrong a prior is: counts by hand, wrong pairs against every pair, rows of tiny patients."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_core import metrics
from rfe_study.measures import prior_labels
from rfe_study.measures.prior_labels import (
    BOTH,
    confusion,
    drawn_of_all,
    rows,
    wanted,
    wrong_pair_rate,
)
from rfe_study.methods import adaptation
from rfe_study.methods.method import OWN

COUNTS = np.array([[40, 5], [7, 9], [3, 2]])


def pixels(counts):
    """A prior's label and the true class of each pixel it is sure of."""
    return [(c, t) for c, t in product((0, 1), (0, 1)) for _ in range(counts[c][t])]


def wrong(first, second):
    (said, is_), (other_said, other_is) = first, second
    return (said == other_said) != (is_ == other_is)


def test_confusion_counts_every_voxel():
    labels = np.array([0, 1, -1, 1, 0, 0], np.int8)
    truth = np.array([False, True, True, False, True, False])
    part = np.array([True, True, True, True, True, False])
    assert confusion(labels, truth, part).tolist() == [[1, 1], [1, 1], [0, 1]]


def test_wrong_pairs_of_all_pixels_are_those_one_counts():
    every = pixels(COUNTS)
    expected = np.mean([wrong(a, b) for a, b in product(every, every)])
    drawn = COUNTS[:2].sum(axis=1)
    assert wrong_pair_rate(COUNTS, drawn) == pytest.approx(expected, rel=1e-12)
    labelled = [(0, 0)] * 30 + [(1, 1)] * 4
    both = every + labelled
    expected = np.mean([wrong(a, b) for a, b in product(both, both)])
    assert wrong_pair_rate(COUNTS, drawn, (30, 4)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("drawn", [(8, 2), (5, 5), (1, 0)])
def test_wrong_pairs_of_a_draw_are_its_mean(drawn):
    generator, every = np.random.default_rng(0), np.array(pixels(COUNTS))
    of_class = [every[every[:, 0] == c] for c in (0, 1)]
    rates = []
    for _ in range(400):
        some = [generator.permutation(of_class[c])[: drawn[c]] for c in (0, 1)]
        some = np.concatenate([*some, [(0, 0)] * 6, [(1, 1)] * 2])
        same_said, same = (some[:, k] == some[:, None, k] for k in (0, 1))
        rates.append((same_said != same).mean())
    found = wrong_pair_rate(COUNTS, drawn, (6, 2))
    assert abs(np.mean(rates) - found) < 4 * np.std(rates) / 20 + 1e-12


def test_perfect_labels_make_no_wrong_pair_and_coins_make_half():
    assert wrong_pair_rate(np.array([[40, 0], [0, 9]]), (20, 5)) == 0
    millions = np.full((2, 2), 10**7)
    for drawn in ((1000, 1000), (2 * 10**7, 10**6)):
        assert wrong_pair_rate(millions, drawn) == pytest.approx(0.5, abs=1e-3)


def test_what_is_drawn_of_all():
    assert drawn_of_all(COUNTS, "distribution-aware") == (45, 16)
    assert drawn_of_all(COUNTS, "50/50") == (16, 16)
    assert sum(drawn_of_all(COUNTS, "80/20")) == 56


@pytest.mark.parametrize(
    ("drawn", "message"),
    [((46, 1), r"drawn must be at most \[45, 16\], got \[46, 1\]"), ((0, 0), "must be drawn")],
)
def test_bad_draws_are_refused(drawn, message):
    with pytest.raises(ValueError, match=message):
        wrong_pair_rate(COUNTS, drawn)


@pytest.fixture
def paper_strategies(monkeypatch):
    monkeypatch.setattr(prior_labels, "STRATEGIES", ("distribution-aware", "80/20"))


def test_rows_of_patients_and_of_both(paper_strategies):
    subjects = [tiny_subject(f"Btrain{k}", seed=k, domain="B") for k in (2, 3)]
    maps = []
    for k, subject in enumerate(subjects):
        noise = np.random.default_rng(k).random(subject.shape)
        labels = np.where(noise < 0.1, ~subject.lesion_mask, subject.lesion_mask).astype(np.int8)
        labels[noise > 0.95] = -1
        maps.append(np.where(subject.brain_mask, labels, 0).astype(np.int8))
    found = list(rows(subjects, maps))
    assert [row["subject"] for row in found] == ["Btrain2", "Btrain3", BOTH]
    subject, labels, row = subjects[0], maps[0], found[0]
    sure = subject.brain_mask & (labels >= 0)
    mask, truth = (labels == 1)[sure], subject.lesion_mask[sure]
    assert row["f_score"] == pytest.approx(metrics.f_score(mask, truth))
    assert row["precision"] == pytest.approx(metrics.precision(mask, truth))
    assert row["recall"] == pytest.approx(metrics.recall(mask, truth))
    assert row["unsure"] == pytest.approx((labels[subject.brain_mask] == -1).mean())
    assert row["unsure_lesion"] == pytest.approx((labels[subject.lesion_mask] == -1).mean())
    for strategy in prior_labels.STRATEGIES:
        assert row[f"wrong_{strategy}"] > row[f"wrong_with_a_{strategy}"] > 0
    true = [subject.lesion_mask.astype(np.int8) for subject in subjects]
    for row in rows(subjects, true):
        assert row["f_score"] == 1 and row["unsure"] == row["wrong_80/20"] == 0


def test_a_prior_that_marks_nothing_has_no_row(paper_strategies):
    subjects = [tiny_subject(f"Btrain{k}", seed=k) for k in (2, 3)]
    nothing, true = np.zeros(subjects[0].shape, np.int8), subjects[1].lesion_mask.astype(np.int8)
    assert [row["subject"] for row in rows(subjects, [nothing, true])] == ["Btrain3", BOTH]


def test_the_priors_that_models_are_trained_with_are_measured():
    found = wanted((0, 1))
    assert len(set(found)) == len(found)
    trained = {(m.source, m.v1) for m in adaptation.adaptation_methods()}
    trained -= {("V1", v1) for v1 in (1, 2, 3)}  # true labels, of V1 itself
    assert trained <= {(source, v1) for source, v1, _ in found}
    assert {seed for s, _, seed in found if s in ("NCC", OWN)} == {0, 1}
    assert {seed for s, _, seed in found if s.startswith("classifier")} == {0}


def test_the_table_has_a_row_for_everything_once(paper_strategies, monkeypatch, tmp_path):
    subjects = [tiny_subject(f"Btrain{k}", seed=k, shape=(12, 12, 20)) for k in (2, 3)]
    true = [replace(s).lesion_mask.astype(np.int8) for s in subjects]
    monkeypatch.setattr(prior_labels, "unlabelled_patients", lambda *_: subjects)
    monkeypatch.setattr(prior_labels, "target_labels", lambda *_, **__: true)
    prior_labels.measure_all((0, 1), folder=tmp_path)
    table = prior_labels.results.read("prior_labels", tmp_path)
    assert len(table) == 3 * 3 * len(wanted((0, 1)))
    assert not table.duplicated(["target", "source", "v1", "seed", "subject"]).any()
