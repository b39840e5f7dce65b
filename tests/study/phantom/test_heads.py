from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import heads
from rfe_study.phantom.domains import DOMAINS, Patient, patients

pytestmark = pytest.mark.slow  # makes whole heads

PATIENT = Patient("A", "train", 2)


@pytest.fixture(scope="module")
def patient():
    return heads.make_patient(PATIENT)


@pytest.fixture(scope="module")
def anatomy(patient):
    return heads._kept_anatomy(PATIENT, 0)  # which the patient was made of


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
    again = heads.scan_patient(anatomy, PATIENT)
    for modality in MODALITIES:
        np.testing.assert_array_equal(patient.images[modality], again.images[modality])
        assert patient.images[modality].dtype == np.float32
        assert patient.images[modality].shape == heads.SHAPE
    np.testing.assert_array_equal(patient.lesion_mask, anatomy.lesion_mask)


def test_paired_patients_share_a_head_and_no_noise(monkeypatch, ball_anatomy):
    asked = []

    def make(patient, seed):
        asked.append((patient.name, seed))
        return ball_anatomy

    monkeypatch.setattr(heads, "make_anatomy", make)
    heads._kept_anatomy.cache_clear()
    monkeypatch.setattr(heads, "DOMAINS", dict.fromkeys(DOMAINS, DOMAINS["A"]))  # noise alone
    four = [heads.make_patient(p) for p in patients(DOMAINS, ["paired"]) if p.number == 7]
    heads._kept_anatomy.cache_clear()
    assert asked == [("Apaired07", 0)]  # drawn once for all four
    first = four[0].images["t2"]
    for other in four[1:]:
        np.testing.assert_array_equal(other.lesion_mask, four[0].lesion_mask)
        noise = (other.images["t2"] - first)[ball_anatomy.brain_mask]
        assert 10 < noise.std() < 150
    same = heads.scan_patient(ball_anatomy, Patient("A", "paired", 7))
    np.testing.assert_array_equal(same.images["t2"], first)


def test_the_edge_of_the_brain_fades(ball_anatomy):
    quiet = replace(DOMAINS["C"], noise=0.0, bias=0.0)
    image = heads.scan(ball_anatomy, quiet, np.random.default_rng(0))["t2"]
    mask = ball_anatomy.brain_mask
    edge = mask & ~ndimage.binary_erosion(mask)
    deep = ndimage.binary_erosion(mask, iterations=3) & ~ndimage.binary_erosion(mask, iterations=4)
    assert not image[~mask].any() and image[edge].mean() < 0.5 * image[deep].mean()


def test_unevenness_is_the_heads_own(ball_anatomy):
    bright = {"t2": np.full(ball_anatomy.brain_mask.shape, 2, np.float32)}
    quiet = replace(DOMAINS["A"], noise=0.0)
    plain, uneven = (
        heads.scan(head, quiet, np.random.default_rng(0))
        for head in (ball_anatomy, replace(ball_anatomy, uneven=bright))
    )
    np.testing.assert_allclose(uneven["t2"], 2 * plain["t2"], rtol=1e-5)
    np.testing.assert_array_equal(uneven["t1"], plain["t1"])


def test_seed_and_patient_change_the_head(monkeypatch):
    """From its first step on: where the brain lies."""

    class Warped(Exception):
        pass

    def stop(rng, population, warp=heads.atlas.warp):
        raise Warped(warp(rng, population)[0])

    monkeypatch.setattr(heads.atlas, "warp", stop)
    found = []
    for who, seed in ((PATIENT, 0), (PATIENT, 0), (PATIENT, 1), (Patient("A", "train", 3), 0)):
        with pytest.raises(Warped) as warped:
            heads.make_anatomy(who, seed=seed)
        found.append(warped.value.args[0])
    first, again, *others = found
    np.testing.assert_array_equal(first, again)
    assert all(abs(other - first).mean() > 0.5 for other in others)


def test_one_anatomy_on_four_scanners(anatomy, monkeypatch):
    monkeypatch.setattr(heads, "MODALITIES", ("flair",))
    images = {
        letter: heads.scan(anatomy, domain, np.random.default_rng(0))["flair"]
        for letter, domain in DOMAINS.items()
    }
    for image in images.values():
        assert np.isfinite(image).all() and image[~anatomy.brain_mask].max() == 0
    correlation = np.corrcoef([i[anatomy.brain_mask] for i in images.values()])
    assert correlation[0, 1] < correlation[0, 3]  # 1.5 T is further from A than another 3 T
