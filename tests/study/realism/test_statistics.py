"""Figures of a scan are those that went into it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from synthetic import CSF, GRAY, HEAD_SHAPE, LESION, layered_head

from rfe_study.realism import statistics


def values(rows):
    return {f"{r['modality']} {r['figure']}": r["value"] for r in rows}


def test_contrasts_and_percentiles():
    rows, histograms = statistics.image_statistics(layered_head())
    found = values(rows)
    for m in ("t1", "t2", "flair"):
        assert found[f"{m} gray"] == pytest.approx(GRAY[m], rel=1e-5)
        assert found[f"{m} csf"] == pytest.approx(CSF[m], rel=1e-5)
        assert found[f"{m} lesion"] == pytest.approx(LESION, rel=1e-5)
        assert found[f"{m} fine"] == pytest.approx(0, abs=1e-3)
        assert histograms[m].sum() == pytest.approx(1)
    assert found["t2 p99"] == pytest.approx(CSF["t2"], rel=1e-5)
    assert found["t2 gradient"] > found["t1 gradient"] > 0


def test_noise_is_found_in_the_finest_scale():
    found = values(statistics.image_statistics(layered_head(0.05))[0])
    # what a Gaussian of 1 voxel leaves of white noise is 4.5% of its variance
    assert found["flair fine"] == pytest.approx(0.05 * np.sqrt(1 - 2 * 0.0635 + 0.0224), rel=0.05)
    assert found["flair coarse"] < found["flair medium"] < 0.4 * found["flair fine"]


def test_units_of_the_file_do_not_matter():
    one = layered_head(0.03)
    other = replace(one, images={m: 7 * image for m, image in one.images.items()})
    first, second = (values(statistics.image_statistics(s)[0]) for s in (one, other))
    assert first == pytest.approx(second, rel=1e-4)


def test_an_unlabelled_patient_has_no_lesion_figures():
    found = values(statistics.image_statistics(layered_head(lesion=False))[0])
    assert "t1 lesion" not in found and "t1 gray" in found
    with pytest.raises(ValueError, match="x: lesion figures need a lesion mask with a lesion"):
        statistics.lesion_statistics(layered_head(lesion=False))


def test_lesion_figures():
    found = values(statistics.lesion_statistics(layered_head()))
    assert found["mask count"] == 1 and found["mask median size (mm3)"] == 54
    assert found["mask load (ml)"] == pytest.approx(0.054)
    assert found["mask faces"] == pytest.approx(54 / (7.25 * 27 ** (2 / 3)))
    assert found["mask brain (ml)"] == pytest.approx(2 * layered_head().brain_mask.sum() / 1000)


def test_faces_of_a_ball_are_about_one():
    ball = replace(
        layered_head(), lesion_mask=((np.indices(HEAD_SHAPE) - 23.5) ** 2).sum(axis=0) < 81
    )
    found = values(statistics.lesion_statistics(ball))
    assert found["mask faces"] == pytest.approx(1, abs=0.03)
    assert found["mask length"] == pytest.approx(1, abs=0.01)


def test_length_of_a_rod_is_its_ratio():
    rod = np.zeros(HEAD_SHAPE, bool)
    rod[20:32, 20:23, 20:23] = True  # 12 x 3 x 3
    found = values(statistics.lesion_statistics(replace(layered_head(), lesion_mask=rod)))
    assert found["mask length"] == pytest.approx(4, rel=0.02)


def test_bright_spots_are_counted_and_lesions_left_out():
    subject = layered_head()
    assert statistics.bright_spots(subject) == {"spots": 0, "spots_ml": 0}
    flair = subject.images["flair"].copy()
    flair[10:12, 20, 20:22] = flair[30, 30, 30:33] = 160  # four voxels, three in a row
    flair[14, 30, 30] = 160  # too small
    flair[24, 22, 22] = 160  # beside the lesion
    found = statistics.bright_spots(replace(subject, images=subject.images | {"flair": flair}))
    litres = 2 * subject.brain_mask.sum() / 1e6
    assert found["spots"] == pytest.approx(2 / litres)
    assert found["spots_ml"] == pytest.approx(7 * 2 / 1000 / litres)


def test_a_scan_without_tissues_is_refused():
    flat = layered_head()
    t1 = np.where(flat.brain_mask, np.float32(100), np.float32(0))
    t1[24, 24, 24], t1[24, 24, 25] = 101, 102
    with pytest.raises(ValueError, match="x: T1 must show three tissues, got no"):
        statistics.tissue_masks(replace(flat, images=flat.images | {"t1": t1}))


def test_negatives_become_zero_and_air_too():
    subject = layered_head()
    t1 = subject.images["t1"] - 50 * ~subject.brain_mask
    t1[24, 24, 24] = -30
    cleaned = statistics.without_negatives(
        replace(subject, images=subject.images | {"t1": t1.astype(np.float32)})
    )
    assert cleaned.images["t1"].min() == 0 and cleaned.images["t1"].dtype == np.float32
    keep = subject.brain_mask & (t1 > 0)
    np.testing.assert_array_equal(cleaned.images["t1"][keep], subject.images["t1"][keep])


def test_texture_against_scipy():
    image = np.random.default_rng(0).random((20, 20, 20)).astype(np.float32)
    where = np.ones(image.shape, bool)
    found = statistics.texture(image, where)
    band = ndimage.gaussian_filter(image, 1.0) - ndimage.gaussian_filter(image, 2.0)
    sd = 1.4826 * np.median(abs(band - np.median(band)))
    assert found["medium"] == pytest.approx(sd, rel=1e-5)
