"""The pixels that a view of outcomes should draw, from its traits and the masks it was given."""

import numpy as np

from rfe_book.style import upright
from rfe_book.widgets import decode_stack
from rfe_book.widgets.segmentation_view import OUTCOMES, outcome

#: Canvas pixels a pixel, in both explorers.
ZOOM = 3


def picture(view, stored, s, mask):
    """What should be on a canvas: the enlarged slice, and the marks' patterns on it."""
    image = decode_stack(view.images, len(stored.flair))[s]
    kinds = np.zeros(image.shape[:2])
    if mask is not None:
        kinds = outcome(upright(mask), upright(stored.truth[s]))
    image, kinds = (np.kron(a, np.ones((ZOOM, ZOOM) + (1,) * (a.ndim - 2))) for a in (image, kinds))
    padded = np.pad(kinds, 1)
    around = np.array([padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]])
    edge = (around != kinds).any(axis=0)
    beside_missed = (kinds == 0) & (around == 3).any(axis=0)
    y, x = np.indices(kinds.shape)
    ink = (kinds == 1) | ((kinds == 2) & (edge | ((x + y) % 4 < 2))) | ((kinds == 3) & edge)
    palette = [[0, 0, 0]] + [[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in OUTCOMES.values()]
    colour = np.array(palette)[np.where(beside_missed, 3, kinds).astype(int)]
    return np.where((ink | beside_missed)[..., None], colour, image)
