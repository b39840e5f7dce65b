"""What the embedding loss costs against n_E: rows of `make bench`, read between and beyond."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

#: Variants of data/results/embedding_cost.csv, and the power of n_E with which each ends.
POWERS = {"pytorch-metric-learning": 2, "z @ z.T": 2, "exact form": 1}


class Cost(NamedTuple):
    """Seconds of one forward and backward pass, and whether n_E lies among those measured."""

    seconds: float
    measured: bool


def cost(rows: pd.DataFrame, variant: str, n_e: float) -> Cost:
    """Seconds at any `n_e`: on straight lines between measurements, in log-log.

    Beyond the last measurement the line goes on with the variant's power of n_E, 2 for pairs and 1
    for the exact form; that is a guess in favour of pairs, whose memory would run out.

    Parameters
    ----------
    rows : DataFrame
        Columns ``variant``, ``n_e``, ``seconds``.
    variant : str
        One of `POWERS`.
    n_e : float
        At least the smallest that was measured.

    Raises
    ------
    ValueError
        If the variant is unknown, or `n_e` is too small.
    """
    if variant not in POWERS:
        raise ValueError(f"variant must be one of {tuple(POWERS)}, got {variant!r}")
    own = rows[rows["variant"] == variant].sort_values("n_e")
    x, y = own["n_e"].to_numpy(float), own["seconds"].to_numpy(float)
    if len(x) == 0 or n_e < x[0]:
        raise ValueError(f"n_e must be >= {x[0] if len(x) else 'a measured one'}, got {n_e}")
    if n_e > x[-1]:
        return Cost(float(y[-1] * (n_e / x[-1]) ** POWERS[variant]), False)
    return Cost(float(np.exp(np.interp(np.log(n_e), np.log(x), np.log(y)))), True)


def reaches(rows: pd.DataFrame, variant: str, seconds: float) -> float:
    """The n_E at which a variant takes so many seconds, beyond its last measurement.

    Raises
    ------
    ValueError
        If it takes them already within the measurements.
    """
    last = int(rows.loc[rows["variant"] == variant, "n_e"].max())
    at_last = cost(rows, variant, last).seconds
    if seconds < at_last:
        raise ValueError(f"seconds must be >= {at_last:g}, those of n_E = {last}, got {seconds:g}")
    return last * (seconds / at_last) ** (1 / POWERS[variant])
