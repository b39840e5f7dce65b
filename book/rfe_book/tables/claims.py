"""Tables of the page of claims: the scoreboard, and each claim part by part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from rfe_book import words
from rfe_study.claims.board import NOT_TESTED
from rfe_study.claims.verdicts import Verdict

#: Where the chapters lie.
BOOK = Path(__file__).parents[2]

_TITLE = re.compile(r"\A\((ch-[\w-]+)\)=\n# (.+)")


def chapters(folder: Path = BOOK) -> dict[str, str]:
    """A link to each chapter, its title, by the label above that."""
    found = {}
    for path in sorted(folder.glob("[0-9]*.ipynb")):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        if title := _TITLE.match("".join(first["source"])):
            found[title[1]] = f"[{title[2]}]({path.name})"
    return found


def scoreboard(board: pd.DataFrame, folder: Path = BOOK) -> pd.DataFrame:
    """A row a claim, by its number: what it says, verdict in bold and chapter with a link.

    Parameters
    ----------
    board : DataFrame
        From `rfe_study.claims.board.board`.
    """
    links = chapters(folder)
    shares = board["parts"].map(lambda share: f", {share} parts reproduced" if share else "")
    marks = board["verdict"].map(lambda verdict: "*" if verdict == NOT_TESTED else "**")
    columns = {
        "The paper says": board["the paper says"].str.replace("n_E", "$n_E$"),
        "Our verdict": marks + board["verdict"] + marks + shares,
        "Chapter": board["chapter"].map(links),
    }
    return pd.DataFrame(columns).set_axis(board["claim"].rename("Claim"))


def parts(found: Iterable[Verdict]) -> pd.DataFrame:
    """A row a part, by claim: its statistic, what it must exceed, and its interval."""
    lines = [
        (
            part.claim,
            part.part.replace("n_E", "$n_E$"),
            part.statistic.replace("n_E", "$n_E$"),
            f"{part.threshold:g}",
            words.interval_text(part.estimate, part.low, part.high),
            part.verdict,
        )
        for part in found
    ]
    columns = ["Claim", "Part", "Statistic", "Above", "Estimate, interval", "Verdict"]
    return pd.DataFrame(lines, columns=columns).set_index(["Claim", "Part"])
