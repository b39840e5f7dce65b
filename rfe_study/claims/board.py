"""The paper's claims and what our stored rows say about each: the book's scoreboard."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rfe_study import results
from rfe_study.claims import adaptation, comparisons, sampling, verdicts
from rfe_study.claims.baselines import setup_parts
from rfe_study.claims.proof import judge
from rfe_study.claims.rows import read
from rfe_study.claims.verdicts import Verdict, overall
from rfe_study.methods.profiles import SHOWN
from rfe_study.tables import CURVES, LESIONS, MODELS, SCORES

NOT_TESTED = "not tested yet"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the paper in short words, and the chapter that tests it.

    `chapter` is the label of a chapter. `setup`: true by construction of our data.
    """

    number: int
    words: str
    chapter: str
    setup: bool = False


CLAIMS = (
    Claim(number=1, words="The divergence of samples from all embeddings falls as n_E grows",
          chapter="ch-divergence"),
    Claim(number=2, words="With ACD, F on the target domain rises with n_E", chapter="ch-proof"),
    Claim(number=3, words="80/20 improves F most", chapter="ch-proof"),
    Claim(number=4, words="l2 performs poorly and becomes unstable as n_E grows",
          chapter="ch-proof"),
    Claim(number=5, words="Repeating the experiments gives similar results", chapter="ch-proof"),
    Claim(number=6, words="With a noisy prior, models beat the lower bound on B, C and D",
          chapter="ch-adaptation"),
    Claim(number=7, words="The gain comes mainly from fewer false positives",
          chapter="ch-adaptation"),
    Claim(number=8, words="Very small lesions are still missed", chapter="ch-adaptation"),
    Claim(number=9, words="The lower bound does worse off A; upper bounds repair that",
          chapter="ch-baselines", setup=True),
    Claim(number=10, words="On C, only slightly inferior to the upper bound",
          chapter="ch-adaptation"),
    Claim(number=11, words="It finds some lesions that the upper bound misses",
          chapter="ch-adaptation"),
    Claim(number=12, words="Small lesions are missed because they are seldom sampled",
          chapter="ch-adaptation"),
    Claim(number=13, words="50/50 oversamples a class; distribution-aware undersamples lesions",
          chapter="ch-sampling"),
    Claim(number=14, words="n_E = 100 on all patches: as many embeddings as 2000 on 200, cheaper",
          chapter="ch-adaptation"),
)  # fmt: skip


def all_parts(seed: int = 0) -> dict[int | str, list[Verdict]]:
    """All parts of the claims that stored rows test, by claim; also "ours".

    Claims 1 and 13 on batches of B, claim 1 as published (chapter 06 has more); 2 to 12 and 14 on
    all test patients. Tables that have not been made are left out. `seed` is that of the intervals.
    """
    found = {}
    if results.exists("representativeness"):
        rows = results.read("representativeness")
        of_b = rows[rows["batch_of"] == "12 B"]
        found[1] = sampling.falls(of_b, "own_flattened", generator=np.random.default_rng(seed))
        found[13] = sampling.class_balance(of_b, generator=np.random.default_rng(seed))
    if results.exists("baselines"):
        rows = results.read("baselines")
        rows = rows[rows["profile"] == SHOWN]
        found[9] = setup_parts(comparisons.gaps(rows, generator=np.random.default_rng(seed)))
    if all(results.exists(name) for name in (MODELS, CURVES, SCORES)):
        judged = judge(read(SCORES), read(MODELS), generator=np.random.default_rng(seed))
        for part in judged["all 8"]:
            found.setdefault(part.claim, []).append(part)
    if results.exists(LESIONS):
        rows = adaptation.stored()
        judged = adaptation.judge(*rows, generator=np.random.default_rng(seed))
        for part in judged["all 8"]:
            found.setdefault(part.claim, []).append(part)
    return found


def board(parts: dict[int | str, list[Verdict]]) -> pd.DataFrame:
    """A row a claim.

    ``claim`` (number), ``the paper says``, ``verdict``, ``parts`` (how many are reproduced, as
    "2 of 3"; empty if all are) and ``chapter`` (label).
    """
    lines = []
    for claim in CLAIMS:
        own = parts.get(claim.number, [])
        verdict, share = overall(own) if own else NOT_TESTED, ""
        if own and verdict != verdicts.REPRODUCED:
            found = sum(part.verdict == verdicts.REPRODUCED for part in own)
            share = f"{found} of {len(own)}"
        if claim.setup and own:
            verdict += " (setup)"
        lines.append((claim.number, claim.words, verdict, share, claim.chapter))
    return pd.DataFrame(lines, columns=["claim", "the paper says", "verdict", "parts", "chapter"])


def counted(board: pd.DataFrame) -> dict[str, int]:
    """How many claims have each verdict."""
    plain = board["verdict"].str.removesuffix(" (setup)")
    names = (verdicts.REPRODUCED, verdicts.NOT_REPRODUCED, verdicts.UNDECIDED)
    return {name: int((plain == name).sum()) for name in (*names, NOT_TESTED)}
