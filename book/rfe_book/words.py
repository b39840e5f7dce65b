"""Numbers and names as the chapters' sentences say them."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from rfe_study.claims import verdicts
from rfe_study.claims.verdicts import Verdict

_ANSWERS = {
    verdicts.REPRODUCED: "yes",
    verdicts.CONTRADICTED: "no",
    verdicts.NO_EFFECT: "no relevant difference",
    verdicts.UNDECIDED: "undecided",
}


def answer(verdict: str) -> str:
    """A verdict on a question of ours: yes, no, undecided or no relevant difference."""
    return _ANSWERS[verdict]


def listed(names: Sequence[str]) -> str:
    """``"B, C and D"``; ``"none"`` of nothing."""
    if len(names) < 2:
        return names[0] if names else "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def number(value: float, digits: int = 2, sign: str = "") -> str:
    """``"−0.10"``; with `sign` "+" ``"+0.02"``."""
    return f"{value:{sign}.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """``"+0.02"``, ``"−0.10"``, ``"+0.00"``: no minus before zero."""
    return number(rounded(value, digits), digits, "+")


def rounded(value: float, digits: int) -> float:
    """To so many digits; 0, not −0."""
    return round(value, digits) + 0.0


def with_interval(
    value: float, low: float, high: float, *, digits: int = 2, sign: str = "", alone: str = ""
) -> str:
    """``"0.21 (−0.05 to 0.47)"``; where there is no interval ``"0.21"``, and `alone` behind it."""
    text = number(value, digits, sign)
    if np.isnan(low):
        return text + alone
    return f"{text} ({number(low, digits)} to {number(high, digits)})"


def change(value: float, low: float, high: float) -> str:
    """``"+0.22 (0.13 to 0.30)"``; without an interval if there is one seed."""
    return with_interval(value, low, high, sign="+")


def gained(value: float, low: float, high: float) -> str:
    """``"+0.16 (0.02 to 0.29)"``; ``"+0.16 (one seed)"`` where there is no interval."""
    value, low, high = (rounded(x, 2) for x in (value, low, high))
    return with_interval(value, low, high, sign="+", alone=" (one seed)")


def percent(part: Verdict, *, unit: str = "%", of_ends: str = "%") -> str:
    """``"73% (60% to 87%)"``: a share with its 95% interval."""
    ends = (number(rounded(100 * x, 0), 0) for x in (part.estimate, part.low, part.high))
    value, low, high = ends
    return f"{value}{unit} ({low}{of_ends} to {high}{of_ends})"


def span(numbers: Iterable[float], digits: int = 0) -> str:
    """``"3 to 5"``, or ``"3"`` if all are."""
    numbers = list(numbers)
    ends = (number(rounded(end(numbers), digits), digits) for end in (min, max))
    return " to ".join(dict.fromkeys(ends))


#: How a line that says where rows come from calls their columns.
_BORN = {
    "profile": "profile ",
    "seed": "seeds ",
    "phantom_version": "phantom ",
    "code_version": "code ",
    "torch": "PyTorch ",
    "hardware": "",
    "date": "",
}


def origin(rows: pd.DataFrame, columns: Sequence[str] = tuple(_BORN)) -> str:
    """One line that says where rows come from; differing values are all named."""
    named = {c: ", ".join(map(str, sorted(rows[c].unique()))) for c in columns}
    return "; ".join(f"{_BORN[column]}{values}" for column, values in named.items())


def made_by(rows: pd.DataFrame) -> str:
    """`origin` of the first of rows that one run made."""
    return origin(rows.iloc[:1], ("hardware", "torch", "code_version", "date"))
