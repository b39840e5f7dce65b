"""Rows of what it costs to do without T1 or T2, of tiny patients and networks."""

import pytest
from synthetic import tiny_subject

from rfe_core import checkpoints
from rfe_core.evaluation import score, segment
from rfe_core.patches import stack
from rfe_core.training import build
from rfe_study import results
from rfe_study.measures import modalities
from rfe_study.methods.modalities import blanked
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import patients

BORN = {"code_version": "abc", "wall_s": 1.0}


@pytest.fixture
def weights(tmp_path, monkeypatch, one_thread):
    """Smoke networks of both kinds; of seed 1 without modality dropout."""
    for seed, names in ((0, (modalities.FOUR, modalities.DROPOUT)), (1, (modalities.FOUR,))):
        for number, name in enumerate(names):
            path = tmp_path / f"smoke-{name}-seed{seed}.safetensors"
            checkpoints.save_weights(path, build(PROFILES["smoke"], number), BORN)
    monkeypatch.setattr(modalities, "phantom_subjects", lambda who, **_: [tiny(*who)])
    return tmp_path


def tiny(patient):
    return tiny_subject(patient.name, seed=patient.head, domain=patient.domain, shape=(20, 20, 16))


def test_a_row_for_each_network_head_and_set_of_modalities(weights):
    modalities.measure_all((0, 1), weights, profile="smoke", folder=weights)
    rows = results.stored("modalities", weights).set_index(["model", "without"])
    assert len(rows) == 2 * 4 and set(rows["seed"]) == {0}
    model = checkpoints.load_model(weights / f"smoke-{modalities.DROPOUT}-seed0.safetensors")
    subject = tiny(patients("B", ["pairdev"])[0])
    mask = segment(model, subject, images=blanked(stack(subject), ["t2"]))
    there = rows.loc[modalities.DROPOUT, "t2"]
    assert there["f_score"] == pytest.approx(score(mask, subject)["f_score"], rel=1e-5)
    assert there["subject"] == "Bpairdev01"


def test_seeds_without_the_network_are_refused(weights):
    with pytest.raises(
        ValueError, match=r"hold one of modality-dropout in .* \(\[0\]\), got \[1\]"
    ):
        modalities.measure_all((1,), weights, profile="smoke", folder=weights)
