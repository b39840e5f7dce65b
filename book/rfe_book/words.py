"""Numbers and names as the chapters' sentences say them."""

from collections.abc import Sequence

import pandas as pd

from rfe_study.claims import verdicts

_ANSWERS = {
    verdicts.REPRODUCED: "yes",
    verdicts.CONTRADICTED: "no",
    verdicts.NO_EFFECT: verdicts.NO_EFFECT,
    verdicts.UNDECIDED: "undecided",
}


def answer(verdict: str) -> str:
    """A verdict on a question of ours: ``"yes"``, ``"no"``, ``"undecided"`` or no effect."""
    return _ANSWERS[verdict]


def listed(names: Sequence[str]) -> str:
    """``"B, C and D"``; ``"none"`` of nothing."""
    if len(names) < 2:
        return names[0] if names else "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def with_interval(value: float, low: float, high: float) -> str:
    """``"0.21 (0.15 to 0.27)"``."""
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def origin(table: pd.DataFrame) -> str:
    """One line that says where rows come from; differing values are all named."""

    def named(column: str) -> str:
        return ", ".join(str(value) for value in sorted(table[column].unique()))

    parts = [
        f"profile {named('profile')}",
        f"seeds {named('seed')}",
        f"phantom {named('phantom_version')}",
        f"code {named('code_version')}",
        f"PyTorch {named('torch')}",
        f"{named('hardware')}",
        f"{named('date')}",
    ]
    return "; ".join(parts)


def interval_text(value: float, low: float, high: float) -> str:
    """``"0.012 (−0.003 to 0.027)"``."""
    return f"{value:.3f} ({low:.3f} to {high:.3f})".replace("-", "−")
