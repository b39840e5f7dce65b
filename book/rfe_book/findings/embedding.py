"""What chapter 04 says of the embedding loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_book.findings import Findings, must_hold
from rfe_study.measures.neighbourhood import Agreement


def margin(apart: NDArray[np.float64], limit: float) -> Findings:
    """How far apart pairs of two classes are (n,), and how many (%) are inside a margin."""
    return Findings(
        pairs=f"{apart.size:,}",
        median=f"{np.median(apart):.0f}",
        farthest=f"{apart.max():,.0f}",
        inside=f"{100 * np.mean(apart < limit):.0f}",
    )


def neighbours(found: Agreement) -> Findings:
    """How often neighbours have equal labels, and those pushed apart as well, in per cent."""
    must_hold("of pulled pairs most are of one class", found.pulled_same > 0.5)
    return Findings(
        pulled_same=f"{100 * found.pulled_same:.0f}",
        pushed_same=f"{100 - 100 * found.pushed_other:.0f}",
    )


def growth(reduced: pd.DataFrame) -> Findings:
    """How many times larger each reduction is at the last n_E than at the first (the index)."""
    ratio = reduced.iloc[-1] / reduced.iloc[0]
    must_hold("the sum grows with n_E", ratio["sum"] > ratio["per_embedding"] > 2)
    return Findings(sum=f"{ratio['sum']:,.0f}", per_embedding=f"{ratio['per_embedding']:.0f}")
