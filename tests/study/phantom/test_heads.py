import numpy as np
import pytest

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import heads
from rfe_study.phantom.domains import DOMAINS, Patient

pytestmark = pytest.mark.slow  # makes whole heads

PATIENT = Patient("A", "train", 2)


@pytest.fixture(scope="module")
def anatomy():
    return heads.make_anatomy(PATIENT)


@pytest.fixture(scope="module")
def patient():
    return heads.make_patient(PATIENT)


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
    again = heads.make_patient(PATIENT)
    for modality in MODALITIES:
        np.testing.assert_array_equal(patient.images[modality], again.images[modality])
        assert patient.images[modality].dtype == np.float32
        assert patient.images[modality].shape == heads.SHAPE
    np.testing.assert_array_equal(patient.lesion_mask, anatomy.lesion_mask)


def test_seed_and_patient_change_the_head(anatomy):
    for other in (
        heads.make_anatomy(PATIENT, seed=1),
        heads.make_anatomy(Patient("A", "train", 3)),
    ):
        assert (other.lesion_mask != anatomy.lesion_mask).any()
        assert (other.brain_mask != anatomy.brain_mask).mean() > 0.001


def test_one_anatomy_on_four_scanners(anatomy):
    images = {
        letter: heads.scan(anatomy, domain, np.random.default_rng(0))["flair"]
        for letter, domain in DOMAINS.items()
    }
    for image in images.values():
        assert np.isfinite(image).all() and image[~anatomy.brain_mask].max() == 0
    correlation = np.corrcoef([i[anatomy.brain_mask] for i in images.values()])
    assert correlation[0, 1] < correlation[0, 3]  # 1.5 T is further from A than another 3 T
