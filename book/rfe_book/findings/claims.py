"""What the page of claims says of the scoreboard."""

from __future__ import annotations

import pandas as pd

from rfe_book.findings import Findings
from rfe_study.claims import board as boards


def counts(board: pd.DataFrame, models: pd.DataFrame) -> Findings:
    """How many claims there are, how many have each verdict, and the seeds of the models."""
    found = {name.replace(" ", "_"): count for name, count in boards.counted(board).items()}
    return Findings(claims=len(board), seeds=int(models["seed"].nunique()), **found)
