import time

import numpy as np
import pytest

from rfe_core import phantom
from rfe_core.domains import DOMAINS, MODALITIES, Patient

PATIENT = Patient("A", "train", 2)
FROZEN = {
    "version": "1.0",
    "lesion_voxels": 5799,
    "brain_voxels": 1786267,
    "means": {"t1": 830.6414, "t2": 1171.599, "flair": 925.4314},
}


@pytest.fixture(scope="module")
def anatomy():
    return phantom.make_anatomy(PATIENT)


@pytest.fixture(scope="module")
def patient():
    return phantom.make_patient(PATIENT)


def test_tissues_are_volume_fractions(anatomy):
    total = anatomy.tissues.sum(0)
    assert anatomy.tissues.min() >= 0
    np.testing.assert_allclose(total[anatomy.brain_mask], 1, atol=1e-3)
    assert total[~anatomy.brain_mask].max() == 0
    assert 1100 < anatomy.brain_mask.sum() / 1000 < 2000  # ml


def test_lesions_lie_in_the_brain_and_are_damaged(anatomy):
    damage = anatomy.tissues[3]
    assert anatomy.lesion_mask.any()
    assert anatomy.brain_mask[anatomy.lesion_mask].all()
    assert np.median(damage[anatomy.lesion_mask]) > 0.4
    # What is not a lesion but looks like one: caps and bright cortex.
    assert (damage[anatomy.brain_mask & ~anatomy.lesion_mask] > 0.3).sum() > 100


def test_same_patient_same_volumes(patient, anatomy):
    again = phantom.make_patient(PATIENT)
    for modality in MODALITIES:
        np.testing.assert_array_equal(patient.images[modality], again.images[modality])
        assert patient.images[modality].dtype == np.float32
        assert patient.images[modality].shape == phantom.SHAPE
    np.testing.assert_array_equal(patient.lesion_mask, anatomy.lesion_mask)


def test_seed_and_patient_change_the_head(anatomy):
    for other in (
        phantom.make_anatomy(PATIENT, seed=1),
        phantom.make_anatomy(Patient("A", "train", 3)),
    ):
        assert (other.lesion_mask != anatomy.lesion_mask).any()
        assert (other.brain_mask != anatomy.brain_mask).mean() > 0.001


def test_one_anatomy_on_four_scanners(anatomy):
    images = {
        letter: phantom.scan(anatomy, domain, np.random.default_rng(0))["flair"]
        for letter, domain in DOMAINS.items()
    }
    for image in images.values():
        assert np.isfinite(image).all() and image[~anatomy.brain_mask].max() == 0
    correlation = np.corrcoef([i[anatomy.brain_mask] for i in images.values()])
    assert correlation[0, 1] < correlation[0, 3]  # 1.5 T is further from A than another 3 T


def test_frozen(patient):
    """Version 1.0 stays what it is, on every machine: a change needs a new version."""
    assert phantom.VERSION == FROZEN["version"]
    assert int(patient.lesion_mask.sum()) == FROZEN["lesion_voxels"]
    assert int(patient.brain_mask.sum()) == pytest.approx(FROZEN["brain_voxels"], abs=5)
    for modality, mean in FROZEN["means"].items():
        assert patient.images[modality][patient.brain_mask].mean() == pytest.approx(mean, rel=1e-5)


def test_a_patient_takes_at_most_four_seconds():
    start = time.process_time()
    phantom.make_patient(PATIENT)
    assert time.process_time() - start < 4.0
