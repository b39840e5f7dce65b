"""Which crops of a target a method sees, whose labels they carry, and what stays unseen."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import checkpoints
from rfe_core.evaluation import predict
from rfe_core.patches import split_slices, stack
from rfe_core.training import build
from rfe_study.methods.method import FROM_A, OWN, SOURCES
from rfe_study.methods.ncc_prior import ncc_labels
from rfe_study.methods.priors import PRIORS, prior_labels
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import crops as crops_runs
from rfe_study.runs.crops import target_labels, training_crops, v1_crops

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
    kept = (crops_runs._of_any_seed, crops_runs._classified, crops_runs._training_patient)
    for each in kept:
        each.cache_clear()
    yield loaded
    for each in kept:  # other tests have other patients
        each.cache_clear()


@pytest.fixture(scope="module")
def sure_network(tmp_path_factory):
    """Weights of a network that is sure of bright T2 and FLAIR, and not of what lies between."""
    model = build(replace(PROFILES["smoke"], widths=(4,)), 0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        block = model.down[0]
        block.conv1.weight[0, 1:, 1, 1] = 1  # T2 + FLAIR, of lesions about 2, else about 1.2
        block.conv2.weight[0, 0, 1, 1] = 1
        for norm in (block.norm1, block.norm2):
            norm.weight.fill_(1)
        model.head.weight[0, 0] = 12
        model.head.bias.fill_(-17)
    path = tmp_path_factory.mktemp("networks") / "branch.safetensors"
    checkpoints.save_weights(path, model)
    return path


@pytest.mark.parametrize(
    ("source", "seen", "n"),
    [
        ("V1", {"Btrain1"}, 20),
        ("true", {"Btrain2", "Btrain3"}, 20),
        *((source, {"Btrain2", "Btrain3"}, 20) for source in (*PRIORS, FROM_A, OWN)),
    ],
)
def test_who_is_seen(source, seen, n, patients, sure_network):
    crops = training_crops(TINY, "B", 0, source, network=sure_network)
    assert set(crops.subjects) <= seen and len(crops) == n
    assert len(set(crops.subjects)) == min(len(seen), 2)
    assert ("Atrain1" in patients) == (source == FROM_A)
    assert ("Btrain1" in patients) == (source in ("V1", *PRIORS))  # V1's labels are used
    assert (crops.labels == 1).any(axis=(1, 2)).all()  # each around what its labels call a lesion


@pytest.mark.parametrize("v1", [2, 3])
def test_any_training_patient_can_play_v1(v1, patients):
    others = {f"Btrain{n}" for n in (1, 2, 3)} - {f"Btrain{v1}"}
    assert set(training_crops(TINY, "B", 0, "brightness", v1=v1).subjects) == others
    assert patients.count(f"Btrain{v1}") == 1  # its labels alone are used
    assert set(training_crops(TINY, "B", 0, "V1", v1=v1).subjects) == {f"Btrain{v1}"}


def test_only_perfect_priors_carry_the_true_labels(monkeypatch):
    """With a prior that marks the whole brain, its crops say so, and no others."""
    asked = set()

    def whole_brain(prior, source, targets, **_):
        asked.update((prior, source.name, target.name) for target in targets)
        return [target.brain_mask.astype(np.int8) for target in targets]

    monkeypatch.setattr(crops_runs, "prior_labels", whole_brain)
    for source in (s for s in SOURCES[1:] if s != OWN):
        crops = training_crops(TINY, "B", 0, source)
        assert np.array_equal(crops.labels, crops.valid) == (source not in ("V1", "true")), source
    sources = [(prior, "Btrain1") for prior in PRIORS] + [("NCC", "Atrain1")]
    assert asked == {(*s, t) for s in sources for t in ("Btrain2", "Btrain3")}


def test_unsure_labels_come_through(monkeypatch):
    def unsure_of_dark(prior, source, targets, **_):
        dark = (target.images["flair"] < 102 for target in targets)
        return [
            np.where(d, -1, t.lesion_mask).astype(np.int8)
            for d, t in zip(dark, targets, strict=True)
        ]

    monkeypatch.setattr(crops_runs, "prior_labels", unsure_of_dark)
    crops = training_crops(TINY, "B", 0, "NCC band")
    assert set(np.unique(crops.labels)) == {-1, 0, 1} and crops.labels.dtype == np.int8


def test_own_predictions_are_what_the_network_is_sure_of(sure_network):
    found = target_labels("laptop", "B", 0, OWN, network=sure_network)
    model = checkpoints.load_model(sure_network)
    for number, labels in zip((2, 3), found, strict=True):
        (subject,) = crops_runs.training_patients("B", number)
        p = predict(model, stack(subject)).transpose(1, 2, 0)
        brain = subject.brain_mask
        np.testing.assert_array_equal(labels[brain] == 1, p[brain] >= 0.9)
        np.testing.assert_array_equal(labels[brain] == 0, p[brain] < 0.1)
        assert not labels[~brain].any()


def test_a_smoke_network_is_never_sure_of_nothing(sure_network):
    for labels in target_labels("smoke", "B", 0, OWN, network=sure_network):
        counts = [np.count_nonzero(labels == label) for label in (1, -1)]
        assert counts[0] == pytest.approx(sum(counts) / 50, rel=0.05)


def test_a_prior_for_all_seeds_is_made_once_and_ncc_for_each(monkeypatch):
    made = []

    def some(prior, source, targets, **_):
        made.append(prior)
        return [target.lesion_mask.astype(np.int8) for target in targets]

    monkeypatch.setattr(crops_runs, "prior_labels", some)
    for seed in (0, 1):
        for source in ("classifier band", "NCC"):
            training_crops(TINY, "B", seed, source)
    assert made == ["classifier band", "NCC", "NCC"]


def test_a_classifier_is_trained_once_and_says_the_same_as_if_asked_for_each(monkeypatch):
    asked, classifier = [], crops_runs.lesion_probability

    def count(source, targets, **options):
        asked.append(source.name)
        return classifier(source, targets, **options)

    monkeypatch.setattr(crops_runs, "lesion_probability", count)
    for source in ("classifier", "classifier band"):
        found = target_labels("laptop", "B", 0, source)
        (v1,), rng = crops_runs.training_patients("B", 1), np.random.default_rng(0)
        others = crops_runs.unlabelled_patients("B", 1, "laptop")
        expected = prior_labels(source, v1, others, generator=rng)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert asked == ["Btrain1"]


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
    for source in ("V1", "true", "NCC", "brightness band"):
        first, again, other = (training_crops(TINY, "C", seed, source) for seed in (3, 3, 4))
        np.testing.assert_array_equal(first.images, again.images)
        assert not np.array_equal(first.images, other.images)


def test_an_unknown_source_is_refused():
    with pytest.raises(ValueError, match="source 'own predictions' needs a network, got none"):
        training_crops(TINY, "B", 0, OWN)
    for source in ("V9", "subset"):
        with pytest.raises(ValueError, match=rf"source must be one of \['V1', .*, got '{source}'"):
            training_crops(TINY, "B", 0, source)
