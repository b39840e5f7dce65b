"""A sweep's stored masks as the pictures that the explorers of chapters 07 and 09 show."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rfe_book import style, widgets
from rfe_book.widgets.segmentation_view import OUTCOMES, outcome, slice_scores
from rfe_book.widgets.sweep_tables import KEY
from rfe_study.runs import masks


def check_weights(models: pd.DataFrame, stored: masks.Explorer) -> None:
    """Masks and rows must come from the same weights.

    Raises
    ------
    ValueError
        If they do not, naming the first model for which that is so.
    """
    digests = models.set_index(KEY)["weights"].to_dict()
    for key, at in stored.entries.items():
        if key in digests and digests[key] != stored.weights[at]:
            raise ValueError(
                f"masks must come from the weights that the rows name, not so for {key[0]}, seed "
                f"{key[1]} ({stored.weights[at]}, rows: {digests[key]}); {masks.REMAKE}"
            )


def pictures(names: Sequence[str], seeds: Sequence[int], stored: masks.Explorer) -> dict:
    """The traits that masks fill; a model without a mask has an empty map and no scores.

    `names` are those of the M models in the file.
    """
    truth = np.stack([style.upright(plane) for plane in stored.truth])
    maps = np.zeros((len(truth), len(seeds), len(names), *truth.shape[1:]), np.uint8)
    texts = np.full((*maps.shape[:3], 5), "", object)
    has_mask = np.zeros(maps.shape[1:3], bool)
    for k, seed in enumerate(seeds):
        for m, name in enumerate(names):
            if (name, seed) not in stored.entries:
                continue
            has_mask[k, m] = True
            for s, mask in enumerate(map(style.upright, stored.mask(name, seed))):
                maps[s, k, m] = outcome(mask, truth[s])
                texts[s, k, m] = slice_scores(mask, truth[s])
    about = zip(stored.patients, stored.slices, truth.sum(axis=(1, 2)), strict=True)
    return {
        "captions": [f"{name}, z = {z} ({area} lesion pixels)" for name, z, area in about],
        "images": widgets.encode_stack(
            np.stack([style.upright(plane) for plane in stored.flair]), quality=80
        ),
        "outcomes": [[widgets.encode_stack(m, fast=True) for m in by_seed] for by_seed in maps],
        "has_mask": has_mask.tolist(),
        "slice_scores": texts.tolist(),
        "colours": [list(pair) for pair in OUTCOMES.items()],
    }
