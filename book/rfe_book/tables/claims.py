"""Tables of the page of claims: the scoreboard, the book's headline, and each claim by parts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from rfe_study.claims import headline as headlines
from rfe_study.claims.heads import PATIENTS
from rfe_study.claims.verdicts import (
    CONTRADICTED,
    NO_EFFECT,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    Verdict,
    deciding,
    overall,
)

#: Where the chapters lie.
BOOK = Path(__file__).parents[2]

_TITLE = re.compile(r"\A\((ch-[\w-]+)\)=\n# ")

#: A sign for each verdict, told apart by its shape.
SIGNS = {REPRODUCED: "✓", CONTRADICTED: "✗", NO_EFFECT: "≈", UNDECIDED: "?", NOT_TESTED: "–"}


def chapters() -> dict[str, str]:
    """A link to each chapter, its number, by the label above its title."""
    found = {}
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        if title := _TITLE.match("".join(first["source"])):
            found[title[1]] = f"[Chapter {int(path.name[:2])}]({path.name})"
    return found


def scoreboard(board: pd.DataFrame) -> pd.DataFrame:
    """A row a claim, by its number: what it says with a link to its chapter, verdict with a sign,
    what that means and is on, effect.

    Parameters
    ----------
    board : DataFrame
        From `rfe_study.claims.board.board`.
    """
    links = chapters()
    shares = board["parts"].map(lambda share: f", {share} parts reproduced" if share else "")
    tested = board["tested"].map(lambda words: f" *Tested:* {words}." if words else "")
    columns = {
        "The paper says, in our words": board["the paper says"]
        + board["chapter"].map(links).map(" ({})".format),
        "Our verdict": board["verdict"].map(with_sign) + shares,
        "What it means": board["means"] + tested,
        "Effect, 95% interval": board["effect"],
    }
    return pd.DataFrame(columns).set_axis(board["claim"].rename("Claim"))


def with_sign(verdict: str) -> str:
    """A verdict in words behind its sign, which is read by eyes alone."""
    sign = SIGNS[verdict.removesuffix(" (setup)")]
    mark = "*" if verdict == NOT_TESTED else "**"
    shown = f'<span class="rfe-verdict" aria-hidden="true">{sign}</span>'
    return f"{shown}\N{NO-BREAK SPACE}{mark}{verdict}{mark}"


def headline(parts: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """A row a sentence of the headline that was fixed in advance: verdict and deciding effect.

    Parameters
    ----------
    parts : mapping of str to sequence of Verdict
        From `rfe_study.claims.board.headline_parts`.
    """
    lines = []
    for name, sentence in headlines.SENTENCES.items():
        first = deciding(parts[name])
        effect = f"{first.statistic}: {first.effect}"
        words = sentence.replace("...", "It closes")
        lines.append((words, f"**{first.verdict}**", first.part, effect))
    columns = ["Fixed in advance", "Our verdict", "Decided by", "Effect, 95% interval"]
    return pd.DataFrame(lines, columns=columns).set_index("Fixed in advance")


def parts(found: Iterable[Verdict]) -> pd.DataFrame:
    """A row a part, by claim: its statistic, what it must exceed, effect with interval, verdict."""
    lines = [
        (
            part.claim,
            part.part + ("" if part.main else " (beside)"),
            part.statistic,
            f"{part.threshold:g}".replace("-", "−"),
            part.effect,
            part.verdict,
        )
        for part in found
    ]
    columns = ["Claim", "Part", "Statistic", "Above", "Effect, 95% interval", "Verdict"]
    return pd.DataFrame(lines, columns=columns).set_index(["Claim", "Part"])


def beside(parts: Mapping[int | str, Sequence[Verdict]], others: Iterable[Verdict]) -> pd.DataFrame:
    """Parts that are otherwise on other rows: verdict and effect on all rows, and on those.

    Parameters
    ----------
    parts : mapping of int or str to sequence of Verdict
        From `rfe_study.claims.board.all_parts`.
    others : iterable of Verdict
        Parts of the same names, from other rows; those that are the same are left out.
    """
    named = {(p.claim, p.part): p for own in parts.values() for p in own}
    pairs = [(named[p.claim, p.part], p) for p in others]
    lines = [
        (
            one.claim,
            one.part,
            f"{one.verdict}: {one.effect}",
            f"{other.verdict}: {other.effect}",
        )
        for one, other in pairs
        if one.effect != other.effect
    ]
    columns = ["Claim", "Part", "On all rows", "Without"]
    return pd.DataFrame(lines, columns=columns).set_index(["Claim", "Part"])


def with_fewer(boards: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The claims whose verdict is not the same on all of some boards, a column a board.

    Parameters
    ----------
    boards : mapping of str to DataFrame
        From `rfe_study.claims.board.board`, by the rows they are of.
    """
    verdicts = {name: board.set_index("claim")["verdict"] for name, board in boards.items()}
    found = pd.DataFrame(verdicts).rename_axis("Claim")
    return found[found.nunique(axis=1) > 1]


def overall_table(judged: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """The verdict on each claim of the paper, a column a set of `PATIENTS`, the verdict's first."""
    claims = sorted({p.claim for p in next(iter(judged.values())) if isinstance(p.claim, int)})
    columns = {
        who: {c: overall(p for p in judged[who] if p.claim == c) for c in claims}
        for who in sorted(judged, key=list(PATIENTS).index, reverse=True)
    }
    return pd.DataFrame(columns).rename_axis("claim")
