import numpy as np
import pytest
from scipy import ndimage

from rfe_study.phantom import lesions
from rfe_study.phantom.domains import DOMAINS, LEAST_LOAD_ML, PAIRED, Patient, patients
from rfe_study.phantom.lesions import COUNT, LOAD_ML, damage, draw_sizes, mimics, place, ranks


@pytest.mark.parametrize("rank", [0.02, 0.3, 0.5, 0.8, 0.98])
def test_sizes_follow_count_and_load(rank):
    sizes = draw_sizes((rank, rank), np.random.default_rng(0))
    count = np.exp(np.interp(rank, COUNT[0], np.log(COUNT[1])))
    assert len(sizes) == round(count)
    assert (np.diff(sizes) <= 0).all() and sizes[-1] >= 1
    load = np.exp(np.interp(rank, LOAD_ML[0], np.log(LOAD_ML[1])))
    least = sizes[int(0.1 * len(sizes)) :].sum() / 1000  # nine in ten alone may weigh more
    assert max(load, least) * 0.8 < sizes.sum() / 1000 < max(load, least) * 1.3


def test_sizes_are_reproducible():
    first, second = (draw_sizes((0.5, 0.5), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def load(patient, seed=0):
    return draw_sizes(ranks(patient, seed), np.random.default_rng(0)).sum() / 1000


@pytest.mark.parametrize("letter", DOMAINS)
@pytest.mark.parametrize("seed", [0, 1])
def test_v1_has_the_median_load_of_its_domain(letter, seed):
    loads = [load(patient, seed) for patient in patients([letter], ["train"])]
    assert loads[0] == pytest.approx(np.median(loads))
    assert loads[1] < loads[0] < loads[2]


@pytest.mark.parametrize("role", PAIRED)
def test_paired_heads_have_the_same_load_on_each_scanner_and_at_least_the_least(role):
    found = np.array([[ranks(p, 0) for p in patients([letter], [role])] for letter in DOMAINS])
    assert (found == found[0]).all()
    loads = [load(p) for p in patients("A", [role])]
    assert min(loads) >= LEAST_LOAD_ML
    if len(loads) > 20:  # above the least they are the database's
        least = np.interp(np.log(LEAST_LOAD_ML), np.log(LOAD_ML[1]), LOAD_ML[0])
        median = np.exp(np.interp((1 + least) / 2, LOAD_ML[0], np.log(LOAD_ML[1])))
        assert np.median(loads) == pytest.approx(median, rel=0.15)
        assert 35 < max(loads) < 55


def test_ranks_differ_between_heads():
    everyone = patients("ABCD", ["train", "test"]) + patients("A", PAIRED)
    assert len({ranks(p, 0) for p in everyone}) == len(everyone)
    assert ranks(Patient("B", "test", 1), 0) != ranks(Patient("B", "test", 1), 1)


def block(n=40):
    wm = np.zeros((n, n, n), np.float32)
    wm[5:-5, 5:-5, 5:-5] = 0.9
    distance = np.abs(np.arange(n, dtype=np.float32) - n / 2)[:, None, None] * np.ones_like(wm)
    return wm, distance


def test_lesions_have_the_wanted_sizes_and_stay_apart():
    wm, distance = block()
    sizes = np.array([900, 120, 40, 17, 6, 2, 1, 1])
    labels = place(wm, distance, wm > 0, sizes, np.random.default_rng(1))
    drawn = np.bincount(labels.ravel())[1:]
    assert (drawn <= sizes).all() and (drawn >= 0.9 * sizes - 1).all()
    _, found = ndimage.label(labels > 0, np.ones((3, 3, 3)))
    assert found == len(sizes)  # connected each, touching none
    assert (wm[labels > 0] > 0).all()


def test_stretch_makes_lesions_long(monkeypatch):
    wm, distance = block(60)
    monkeypatch.setattr(lesions, "ROUGHNESS", 0.0)

    def length(stretch, seed):
        monkeypatch.setattr(lesions, "STRETCH", stretch)
        drawn = place(wm, distance, wm > 0, [400], np.random.default_rng(seed))
        extent = np.linalg.eigvalsh(np.cov(np.argwhere(drawn).T))
        return np.sqrt(extent[-1] / extent[0])

    balls, long = ([length(stretch, seed) for seed in range(9)] for stretch in (0.0, 0.6))
    assert np.median(balls) < 1.15 and np.median(long) > 1.5


def test_a_full_brain_is_an_error():
    wm, distance = np.zeros((6, 6, 6), np.float32), np.ones((6, 6, 6), np.float32)
    wm[2, 2, 2] = 1
    with pytest.raises(RuntimeError, match="no room left"):
        place(wm, distance, wm > 0, [1, 1], np.random.default_rng(0))


def test_damage_is_deep_in_lesions_and_faint_around_them():
    labels = np.zeros((40, 40, 40), np.int16)
    for k, at in enumerate(np.ndindex(2, 2, 2), start=1):
        labels[tuple(slice(8 + 16 * a, 14 + 16 * a) for a in at)] = k
    found = damage(labels, np.random.default_rng(0))
    around = ndimage.binary_dilation(labels > 0, iterations=2) & (labels == 0)
    assert 0.5 < found[labels > 0].mean() < 0.9
    assert 0.05 < found[around].mean() < 0.6 * found[labels > 0].mean()
    assert found[0, 0, 0] < 0.05


def test_mimics_lie_at_the_ventricles_and_in_gray_matter():
    distance = np.full((30, 30, 30), 40, np.float32)
    distance[:3] = 1
    gray = np.zeros_like(distance)
    gray[20:] = 1
    found = mimics(distance, gray, np.random.default_rng(0))
    assert 0.2 < found[:3].mean() < 0.6
    assert not found[3:20].any() and 0 < found[20:].max() <= 0.5
