"""MS lesions for the phantom: how many, how large, where, what shape, and how damaged.

Numbers come from the 30 lesion masks of the open MS database (Lesjak et al. 2018); see `REAL` in
:mod:`rfe_study.realism.fidelity` for the figures the phantom is held against.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage, special
from scipy.spatial.transform import Rotation

from rfe_study.phantom.domains import LEAST_LOAD_ML, PAIRED, Patient, n_patients
from rfe_study.phantom.scanner import smooth_field

# Quantile functions: probability, value. Between the knots log-linear.
COUNT = np.array([[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0], [17, 26, 39, 79, 116, 249, 392]])

LOAD_ML = np.array([[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0], [0.3, 1.2, 5.0, 13.9, 29, 45, 52]])

SIZE_MM3 = np.array([[0.0, 0.06, 0.1, 0.25, 0.5, 0.75, 0.9], [1, 1.2, 2, 6, 17, 46, 110]])

#: Rank correlation of count and load over the patients of the database, on the normal scale.
COUNT_LOAD_CORRELATION = 0.6

#: Density of lesion centres against white matter's own, by distance from the lateral ventricles.
DISTANCE_MM = np.array([0.0, 1, 3, 5, 9, 15, 20, 25, 30, 40, 60, 200])

DENSITY = np.array([12.0, 12, 2.5, 1.9, 1.6, 1.5, 1.1, 0.85, 0.7, 0.55, 0.3, 0.3])

#: Standard deviation of the logarithm of an ellipsoid's axes, and of its rough outline: lesions as
#: long and as rough as those of patients 07 and 19 (`realism.statistics.lesion_statistics`).
STRETCH, ROUGHNESS = 0.55, 0.25

#: How often a lesion that finds too little room is drawn anew, and how often one reaches further
#: for what folds cut off from it.
TRIES, PIECES = 10, 12

#: Share of tissue that a lesion damages, and how it varies between lesions (assumed).
SEVERITY, SEVERITY_SD = 0.80, 0.20


def _quantile(table: np.ndarray, probability):
    return np.exp(np.interp(probability, table[0], np.log(table[1])))


def ranks(patient: Patient, seed: int) -> tuple[float, float]:
    """Ranks of a patient's lesion count and load, in (0, 1), as the database's patients vary.

    A Roberts (R2) sequence over all heads: unlike independent draws it covers mild to severe
    evenly, even with three patients a domain. Of these three, number 1 (V1) gets the median load.
    """
    if patient.role != "train":
        return _ranks(patient, seed)
    trio = [
        Patient(patient.domain, "train", k + 1) for k in range(n_patients(patient.domain, "train"))
    ]
    by_load = sorted((_ranks(p, seed) for p in trio), key=lambda rank: rank[1])
    median = by_load.pop(len(by_load) // 2)
    return [median, *by_load][patient.number - 1]


def _ranks(patient: Patient, seed: int) -> tuple[float, float]:
    start, step = np.array([0.58, 0.78]), np.array([0.7548776662466927, 0.5698402909980532])
    count, other = (start + patient.head * step + seed * np.array([0.61, 0.37])) % 1
    rho = COUNT_LOAD_CORRELATION
    z_count, z_other = special.ndtri(np.clip((count, other), 0.01, 0.99))
    load = special.ndtr(rho * z_count + np.sqrt(1 - rho**2) * z_other)
    if patient.role in PAIRED:  # the same database, its patients below the least load left out
        least = np.interp(np.log(LEAST_LOAD_ML), np.log(LOAD_ML[1]), LOAD_ML[0])
        load = least + (1 - least) * load
    return float(special.ndtr(z_count)), float(load)


def draw_sizes(ranks: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Lesion sizes of one patient, largest first.

    Nine lesions in ten follow the pooled size distribution of the database; the largest tenth
    carries the rest of the load, stretched until the sum is right (confluent lesions).

    Parameters
    ----------
    ranks : (count, load)
        Ranks in (0, 1) among the patients of the database.

    Returns
    -------
    (n,) int64, in mm3 = voxels
    """
    n = round(float(_quantile(COUNT, ranks[0])))
    load = 1000 * _quantile(LOAD_ML, ranks[1])
    rank = (np.arange(n) + rng.random(n)) / n
    bulk = _quantile(SIZE_MM3, np.minimum(rank, 0.9))
    stretch = np.clip((rank - 0.9) / 0.1, 0, 1) ** 2
    low, high = -3.0, 60.0
    for _ in range(50):  # bisection: the sum grows with the exponent
        middle = (low + high) / 2
        low, high = (
            (middle, high) if (bulk * np.exp(middle * stretch)).sum() < load else (low, middle)
        )
    return np.sort(np.maximum(1, np.round(bulk * np.exp(low * stretch))).astype(np.int64))[::-1]


def place(
    wm: np.ndarray, distance: np.ndarray, room: np.ndarray, sizes, rng: np.random.Generator
) -> np.ndarray:
    """Place lesions of the given sizes, never touching one another.

    A lesion's centre lies in white matter, more often near the ventricles. It is an ellipsoid with
    random axes, rough outline, cut where there is no room.

    Parameters
    ----------
    wm : (X, Y, Z)
        White-matter probability.
    distance : (X, Y, Z)
        Distance from the lateral ventricles in mm.
    room : (X, Y, Z) bool
        Where a lesion may lie.
    sizes : sequence of int
        Wanted voxels of each lesion, largest first.

    Returns
    -------
    (X, Y, Z) int16
        0 = none, k = lesion of ``sizes[k - 1]``. A lesion with no room left stays smaller.
    """
    labels = np.zeros(wm.shape, np.int16)
    closed = ~room
    # the outline is rough, and reaches less far into gray matter
    rough = np.exp(ROUGHNESS * smooth_field(wm.shape, 3, rng)) / (0.3 + wm)
    candidates = np.flatnonzero(room)
    weight = wm.ravel()[candidates].astype(float) + 0.4
    weight *= np.interp(distance.ravel()[candidates], DISTANCE_MM, DENSITY)
    anywhere = np.cumsum(weight)
    near = np.cumsum(weight * np.exp(-distance.ravel()[candidates] / 10.0))
    for k, size in enumerate(sizes, start=1):
        weights = near if size > 300 else anywhere
        box, grown = None, np.zeros(0, bool)
        for _ in range(TRIES):  # folds may leave a large lesion no room: then elsewhere
            centre = _draw_centre(candidates, weights, closed, rng)
            its_box, drawn = _draw_lesion(rough, closed, centre, size, rng)
            if box is None or drawn.sum() > grown.sum():
                box, grown = its_box, drawn
            if grown.sum() > 0.9 * size:
                break
        labels[box][grown] = k
        closed[box] |= ndimage.binary_dilation(grown, np.ones((3, 3, 3), bool))
    return labels


def _draw_lesion(rough, closed, centre, size: int, rng: np.random.Generator):
    """A box and the lesion of `size` voxels in it around `centre`, with axes drawn at random."""
    axes = rng.normal(0, STRETCH, 3)
    axes = np.exp(axes - axes.mean())
    turn = Rotation.random(random_state=rng).as_matrix()
    reach = 2 * np.cbrt(size / 4.19) * np.sqrt(((turn * axes) ** 2).sum(axis=1)) + 2
    box = tuple(
        slice(max(0, int(c - r)), min(n, int(c + r) + 1))
        for c, r, n in zip(centre, reach, rough.shape, strict=True)
    )
    start = [c - b.start for c, b in zip(centre, box, strict=True)]
    return box, _ellipsoid(rough[box], closed[box], start, size, turn / axes)


def _draw_centre(candidates, cumulative, closed, rng) -> tuple[int, ...]:
    for _ in range(1000):
        at = candidates[np.searchsorted(cumulative, rng.random() * cumulative[-1])]
        centre = np.unravel_index(at, closed.shape)
        if not closed[centre]:
            return tuple(int(c) for c in centre)
    raise RuntimeError("no room left for another lesion after 1000 draws")


def _ellipsoid(rough, closed, centre, size: int, metric: np.ndarray) -> np.ndarray:
    """The `size` voxels nearest to the centre in an ellipsoid's own metric, in one piece."""
    x, y, z = (np.arange(n, dtype=np.float32) - c for n, c in zip(rough.shape, centre, strict=True))
    x, y, z = x[:, None, None], y[:, None], z
    far = sum((x * m[0] + y * m[1] + z * m[2]) ** 2 for m in metric.T.astype(np.float32))
    far = np.where(closed, np.inf, far * rough**2)
    far[tuple(centre)] = -1
    order = np.argsort(far, axis=None, kind="stable")
    order = order[: np.isfinite(far).sum()]
    take = size
    for _ in range(PIECES):  # what folds cut off is left out, and voxels further away are taken
        piece = _piece(order[:take], far.shape, centre)
        missing = size - np.count_nonzero(piece)
        if missing <= 0 or take >= len(order):
            break
        take += 2 * missing
    return _piece(order[piece.ravel()[order]][:size], far.shape, centre)


def _piece(voxels, shape, centre) -> np.ndarray:
    """Of some voxels those connected with the centre."""
    drawn = np.zeros(shape, bool)
    drawn.ravel()[voxels] = True
    parts, n = ndimage.label(drawn, np.ones((3, 3, 3)))
    return drawn if n == 1 else parts == parts[tuple(centre)]


def damage(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share of demyelinated tissue: each lesion its own severity, soft edges, uneven inside.

    Around the lesions the white matter is faintly damaged too ("dirty-appearing"), and nobody
    labels that: it is why experts disagree about where a lesion ends.
    """
    severity = rng.normal(SEVERITY, SEVERITY_SD, labels.max() + 1).clip(0.2, 1.1)
    severity[0] = 0
    lesion = ndimage.gaussian_filter(severity.astype(np.float32)[labels], 0.5)
    lesion *= 1 + 0.2 * smooth_field(labels.shape, 4, rng)
    halo = ndimage.gaussian_filter((labels > 0).astype(np.float32), 2.5)
    return np.maximum(lesion, halo * (0.5 + 0.4 * smooth_field(labels.shape, 7, rng)))


def mimics(distance: np.ndarray, gray: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Damage that nobody labels: periventricular caps and patches of bright cortex (assumed)."""
    patchy, patchy_gray = (smooth_field(gray.shape, spacing, rng) for spacing in (12, 10))
    caps = np.exp(-((distance - 1) ** 2) / (2 * 1.5**2)) * np.clip(0.4 + 0.3 * patchy, 0, 0.9)
    return np.maximum(caps, gray * np.clip(0.25 * (patchy_gray - 0.6), 0, 0.5))
