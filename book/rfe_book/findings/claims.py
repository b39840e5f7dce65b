"""What the page of claims says of the scoreboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_study.claims import board as boards
from rfe_study.claims.verdicts import Verdict
from rfe_study.phantom.domains import DOMAINS

TARGETS = tuple(DOMAINS)[1:]

#: Parts of our own questions that the first page speaks of.
NO_EMBEDDING = "better than no embedding"
PERFECT = "a perfect prior is better than NCC"


def counts(board: pd.DataFrame, models: pd.DataFrame) -> Findings:
    """How many claims there are, how many have each verdict, and the seeds of the models."""
    found = {name.replace(" ", "_"): count for name, count in boards.counted(board).items()}
    return Findings(claims=len(board), seeds=int(models["seed"].nunique()), **found)


def headlines(parts: Mapping[int | str, Sequence[Verdict]]) -> str:
    """The three findings of the first page as a Markdown list; refuses what is no longer so.

    Parameters
    ----------
    parts : mapping of int or str to sequence of Verdict
        The parts of each claim, from `rfe_study.claims.board.all_parts`.
    """

    def of(claim: int | str, name: str) -> Verdict:
        (part,) = (part for part in parts[claim] if part.part == name)
        return part

    labels = [of(9, f"labels repair {letter}") for letter in TARGETS]
    least, most = (f"{f(part.estimate for part in labels):.2f}" for f in (min, max))
    must_hold("labels of the other scanner help", all(part.low > 0 for part in labels))
    strategy = of(3, "80/20 better than 50/50, ACD")
    must_hold("80/20 is better than 50/50", strategy.low > 0)
    guessed, perfect = of("ours", NO_EMBEDDING), of("ours", PERFECT)
    must_hold("the guessed prior does not help", guessed.estimate < 0)
    must_hold("a perfect prior is better", perfect.low > 0)
    return f"""\
- **The gap is real.** Labels of the other scanner raise the F-score there by {least} to {most}:
  that is what unlabelled images would have to make up for ([Chapter 3](03-baselines.ipynb)).
- **Which pixels are compared matters.** Drawing 80% background and 20% lesion is better than half
  and half by {strategy.estimate:.2f} in F ([Chapter 7](07-proof-of-concept.ipynb)).
- **The prior decides.** With the paper's guess of where lesions are, the method does not help here:
  {_signed(guessed)} in F against the same training without it. With a perfect one it is
  {perfect.estimate:.2f} better than with the guess ([Chapter 9](09-adaptation.ipynb)).
"""


def _signed(part: Verdict) -> str:
    return f"{part.estimate:+.2f}".replace("-", "−")
