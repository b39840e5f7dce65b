"""Which crops of a target a method sees, whose labels they carry, and what stays unseen."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_core.patches import split_slices
from rfe_study.methods.method import SOURCES
from rfe_study.methods.ncc_prior import ncc_labels
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import crops as crops_runs
from rfe_study.runs.crops import training_crops, v1_crops

TINY = replace(PROFILES["smoke"], crop=16, target_crops=20)


@pytest.fixture(autouse=True)
def patients(monkeypatch):
    """Three tiny training patients of each domain instead of phantoms; what is loaded."""
    loaded = []

    def subjects(who, **_):
        loaded.extend(p.name for p in who)
        return [
            tiny_subject(p.name, seed=10 * ord(p.domain) + p.number, domain=p.domain) for p in who
        ]

    monkeypatch.setattr(crops_runs, "phantom_subjects", subjects)
    return loaded


@pytest.mark.parametrize(
    ("source", "seen", "n"),
    [
        ("V1", {"Btrain1"}, 20),
        ("true", {"Btrain2", "Btrain3"}, 20),
        ("NCC", {"Btrain2", "Btrain3"}, 20),
        ("NCC from A", {"Btrain2", "Btrain3"}, 20),
    ],
)
def test_who_is_seen(source, seen, n, patients):
    crops = training_crops(TINY, "B", 0, source)
    assert set(crops.subjects) <= seen and len(crops) == n
    assert len(set(crops.subjects)) == min(len(seen), 2)
    assert ("Atrain1" in patients) == (source == "NCC from A")
    assert ("Btrain1" in patients) == (source in ("V1", "NCC"))  # V1's labels are used
    assert crops.labels.any(axis=(1, 2)).all()  # each around what its labels call a lesion


def test_only_perfect_priors_carry_the_true_labels(monkeypatch):
    """With a prior that marks the whole brain, its crops say so, and no others."""
    asked = set()

    def whole_brain(source, targets, *, generator):
        asked.update((source.name, target.name) for target in targets)
        return [target.brain_mask for target in targets]

    monkeypatch.setattr(crops_runs, "ncc_labels", whole_brain)
    for source in SOURCES[1:]:
        crops = training_crops(TINY, "B", 0, source)
        assert np.array_equal(crops.labels, crops.valid) == source.startswith("NCC"), source
    sources = ("Btrain1", "Atrain1")
    assert asked == {(s, t) for s in sources for t in ("Btrain2", "Btrain3")}


def test_the_prior_is_that_of_the_labelled_patient():
    source, target = tiny_subject("Btrain1", seed=1), tiny_subject("Btrain2", seed=2)
    (found,) = ncc_labels(source, [target], generator=np.random.default_rng(0))
    assert found.dtype == bool and found.shape == target.lesion_mask.shape
    assert not found[~target.brain_mask].any() and found.any()
    hidden = replace(target, lesion_mask=None)  # the target's own labels are not looked at
    again = ncc_labels(source, [hidden], generator=np.random.default_rng(0))
    np.testing.assert_array_equal(again, [found])
    stranger = tiny_subject("Atrain1", seed=9)
    (other,) = ncc_labels(stranger, [target], generator=np.random.default_rng(0))
    assert not np.array_equal(other, found)


def test_the_curve_of_v1_never_looks_at_what_is_trained_on():
    training, watched = v1_crops(TINY, "B", 0)
    side = split_slices(60)
    assert set(side[training.slices]) == {0} and set(side[watched.slices]) == {1}
    np.testing.assert_array_equal(training.images, training_crops(TINY, "B", 0, "V1").images)


def test_same_seed_same_crops():
    for source in SOURCES[1:]:
        first, again, other = (training_crops(TINY, "C", seed, source) for seed in (3, 3, 4))
        np.testing.assert_array_equal(first.images, again.images)
        assert not np.array_equal(first.images, other.images)


def test_an_unknown_source_is_refused():
    for source in ("V9", "subset"):
        with pytest.raises(ValueError, match=rf"source must be one of \['V1', .*, got '{source}'"):
            training_crops(TINY, "B", 0, source)
