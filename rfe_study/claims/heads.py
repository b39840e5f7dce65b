"""Which heads enter a statistic, and what is known of them before a network is trained."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rfe_study.phantom.domains import PAIRED, Patient
from rfe_study.phantom.lesions import LOAD_ML, ranks

#: The heads of all verdicts: each is scanned by all four scanners.
VERDICT = "paired heads"

#: Sets of patients that a claim is looked at on, by role: Table 1's own, and those of the verdict.
#: The further ones of role "extra" enter no statistic.
PATIENTS = {"paper's": ("test",), VERDICT: ("paired",)}


def head(subject: str) -> str:
    """What patients of one head have in common: ``"paired07"`` of ``"Bpaired07"``.

    Of a patient whose head nobody else has, the whole name.
    """
    return subject[1:] if subject[1:].rstrip("0123456789") in PAIRED else subject


def log_load(heads: Sequence[str]) -> NDArray[np.float64] | None:
    """Logarithm of the lesion load (ml) that each paired head was dealt; None for other heads.

    Dealt by a sequence, not drawn: the loads of a set are as in the database by design, so an
    interval need not allow for other loads.
    """
    loads = [_log_load(name) for name in heads]
    return None if None in loads else np.array(loads)


@cache
def _log_load(name: str) -> float | None:
    role = name.rstrip("0123456789")
    if role not in PAIRED:
        return None
    rank = ranks(Patient("A", role, int(name.removeprefix(role))), 0)[1]
    return float(np.interp(rank, LOAD_ML[0], np.log(LOAD_ML[1])))
