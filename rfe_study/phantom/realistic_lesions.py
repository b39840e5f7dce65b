"""Lesions of a head drawn anew: where they were and as large, but longer and less like balls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from rfe_study.phantom.heads import Anatomy
from rfe_study.phantom.scanner import smooth_field

#: Share of tissue that a lesion damages, and how it varies between lesions (as in the phantom).
SEVERITY, SEVERITY_SD = 0.78, 0.24


def redraw(anatomy: Anatomy, stretch: float, rng: np.random.Generator) -> Anatomy:
    """The same head, each lesion an ellipsoid of its size, cut where cerebrospinal fluid begins.

    Parameters
    ----------
    anatomy : Anatomy
    stretch : float
        Standard deviation of the logarithm of an ellipsoid's axes; 0 makes balls.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        If `stretch` is negative.
    """
    if stretch < 0:
        raise ValueError(f"stretch must be at least 0, got {stretch}")
    labels = ellipsoids(anatomy.lesion_mask, anatomy.tissues[0] < 0.5, stretch, rng)
    csf, gray, white, old = anatomy.tissues
    healthy = np.maximum(1 - csf, 1e-6)
    near = np.clip(4 * ndimage.gaussian_filter(anatomy.lesion_mask.astype(np.float32), 1.5), 0, 1)
    damage = np.maximum((1 - near) * old / healthy, damaged(labels, rng)) * (csf < 1)
    damage = np.clip(damage, 0, 1)
    # Gray and white keep their ratio; where a lesion was, all is white.
    tissue = np.maximum(gray + white, 1e-6)
    share = np.where(gray + white > 0.02, gray / tissue, 0)
    intact = (1 - csf) * (1 - damage)
    tissues = np.stack([csf, share * intact, (1 - share) * intact, (1 - csf) * damage])
    tissues = (tissues * anatomy.brain_mask).astype(np.float32)
    return replace(anatomy, tissues=tissues, lesion_mask=labels > 0)


def ellipsoids(
    lesion_mask: NDArray[np.bool_],
    room: NDArray[np.bool_],
    stretch: float,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """A label for each lesion (26-connected), its voxels drawn anew around the same centre.

    Voxels are taken in order of their distance in the ellipsoid's own metric, as many as the lesion
    had, where there is `room` and no other lesion is next to them.
    """
    old, n = ndimage.label(lesion_mask, np.ones((3, 3, 3)))
    boxes = ndimage.find_objects(old)
    new, closed = np.zeros(old.shape, np.int16), ~room
    sizes = np.bincount(old.ravel(), minlength=n + 1)
    for k in np.argsort(-sizes[1:], kind="stable") + 1:  # the largest first
        points = np.argwhere(old[boxes[k - 1]] == k) + [s.start for s in boxes[k - 1]]
        centre = points[np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1))]
        axes = rng.normal(0, stretch, 3)
        axes = np.exp(axes - axes.mean())
        radius = int(np.ceil(1.5 * axes.max() * np.cbrt(sizes[k]))) + 1
        box = tuple(
            slice(max(0, c - radius), min(m, c + radius + 1))
            for c, m in zip(centre, old.shape, strict=True)
        )
        offset = np.stack(np.mgrid[box], axis=-1) - centre
        turned = offset @ Rotation.random(random_state=rng).as_matrix() / axes
        far = np.where(closed[box], np.inf, (turned**2).sum(axis=-1))
        order = np.argsort(far, axis=None, kind="stable")[: sizes[k]]
        drawn = np.zeros(far.shape, bool)
        drawn.ravel()[order[np.isfinite(far.ravel()[order])]] = True
        new[box][drawn] = k
        closed[box] |= ndimage.binary_dilation(drawn, np.ones((3, 3, 3)))
    return new


def damaged(labels: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.float32]:
    """Share of damaged tissue: each lesion its own severity, soft edges, uneven inside."""
    severity = rng.normal(SEVERITY, SEVERITY_SD, labels.max() + 1).clip(0.2, 1.1)
    severity[0] = 0
    lesion = ndimage.gaussian_filter(severity.astype(np.float32)[labels], 0.7)
    return lesion * (1 + 0.2 * smooth_field(labels.shape, 4, rng))
