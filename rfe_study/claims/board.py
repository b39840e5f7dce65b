"""The paper's claims and what our stored rows say about each: the book's scoreboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from rfe_study import results
from rfe_study.claims import adaptation, headline, proof_of_concept, sampling, told
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.baselines import setup_parts
from rfe_study.claims.effort import PROOF as PROOF_EFFORT
from rfe_study.claims.effort import REAL as REAL_EFFORT
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.rows import ADAPTATION, PROOF, read
from rfe_study.claims.verdicts import (
    CONTRADICTED,
    NO_EFFECT,
    NOT_TESTED,
    OUTCOMES,
    REPRODUCED,
    UNDECIDED,
    Verdict,
    deciding,
)
from rfe_study.methods.profiles import SHOWN
from rfe_study.methods.proof_of_concept import ENDS
from rfe_study.tables import LESIONS, MODELS, SCORES

#: What a verdict means in plain words, where a claim has no line of its own for it.
MEANS = {
    REPRODUCED: "It holds here, too.",
    CONTRADICTED: "It does not hold here.",
    NO_EFFECT: "Whatever difference there is, it is too small to matter.",
    UNDECIDED: "Our numbers leave the question open.",
    NOT_TESTED: "",
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the paper in short words, with its hedges, and the chapter that tests it.

    `chapter` is the label of a chapter. `tested`: where the verdict is on less than the words, or
    on something else, what it is on. `means`: what it means in plain words, by verdict; nothing
    that rows of the same verdict could make false. `setup`: true by construction of our data.
    """

    number: int
    words: str
    chapter: str
    tested: str = ""
    means: Mapping[str, str] = field(default_factory=dict)
    setup: bool = False


CLAIMS = (
    Claim(number=1, words="The divergence of samples from all embeddings falls as n_E grows",
          chapter="ch-divergence",
          means={REPRODUCED: "The curve falls, but so does that of a perfect sample: the fall "
                 "by itself shows nothing."}),
    Claim(number=2, words="With ACD, the target domain is segmented consistently better as n_E "
          "grows", chapter="ch-proof",
          tested=f"F at the two ends, n_E = {ENDS[0]} and {ENDS[1]}, mean of the strategies",
          means={REPRODUCED: "If true labels say which pixels are alike, comparing more of them "
                 "gives better masks."}),
    Claim(number=3, words="80/20 improves F most", chapter="ch-proof",
          means={REPRODUCED: "Of the three mixtures it gives the best masks, at a threshold of "
                 "0.5."}),
    Claim(number=4, words="l2 performs poorly and seems unstable as n_E grows",
          chapter="ch-proof",
          means={UNDECIDED: "We cannot say that l2 is the worse of the two distances."}),
    Claim(number=5, words="Repeating the experiments gives similar results", chapter="ch-proof",
          means={CONTRADICTED: "Trust no single training: the next one may say something else."}),
    Claim(number=6, words="With a noisy prior, models beat the lower bound on B, C and D",
          chapter="ch-adaptation",
          means={UNDECIDED: "We cannot say that the method helps where it would be needed."}),
    Claim(number=7, words="It seems to reduce the number of false positives dramatically",
          chapter="ch-adaptation",
          tested="pieces; and, a reading of ours, whether precision gains more than recall",
          means={UNDECIDED: "We cannot say that there are fewer false alarms."}),
    Claim(number=8, words="Very small lesions are still missed", chapter="ch-adaptation",
          means={REPRODUCED: "A lesion below 10 mm³ is more often missed than found."}),
    Claim(number=9, words="The lower bound does worse off A; upper bounds repair that",
          chapter="ch-baselines", setup=True,
          means={REPRODUCED: "Another scanner costs F, and its labels bring it back: our data "
                 "were made so."}),
    Claim(number=10, words="On C, only slightly inferior to the upper bound",
          chapter="ch-adaptation",
          means={CONTRADICTED: "On C it stays well below what labels of C give."}),
    Claim(number=11, words="It finds some lesions that the upper bound misses",
          chapter="ch-adaptation",
          means={REPRODUCED: "No merit of its own: a second upper bound finds such lesions, "
                 "too."}),
    Claim(number=12, words="Very small lesions are missed, probably because they are more unlikely "
          "to be sampled", chapter="ch-adaptation",
          tested="whether weighing every lesion alike finds more of them, with a perfect prior. "
          "Being seldom drawn is not the cause: with all pixels, or without an embedding loss, as "
          "many are missed",
          means={REPRODUCED: "Give small lesions more weight, and more of them are found."}),
    Claim(number=13, words="50/50 might oversample a class; distribution-aware might undersample "
          "one if n_E is too small", chapter="ch-sampling",
          means={REPRODUCED: "Half and half draws at least twice the true share of lesion; the "
                 "natural ratio, with few pixels, too little."}),
    Claim(number=14, words="n_E = 100 on all patches: a number of embeddings similar to that of "
          "2000 on 200, at lower computational cost", chapter="ch-adaptation",
          tested="pixels and pairs. Steps are "
          f"{REAL_EFFORT[1] // PROOF_EFFORT[1]} times as many, so the training is no cheaper",
          means={REPRODUCED: "Fewer pairs to compare, but no shorter training."}),
)  # fmt: skip


def all_parts(first: int | None = None, *, seed: int = 0) -> dict[int | str, list[Verdict]]:
    """All parts of the claims that stored rows test, by claim; also "ours".

    Claims 1 and 13 on batches of B, claim 1 as published (chapter 06 has more), 2 to 12 on paired
    heads. Tables that have not been made are left out. `first`: of 2 to 12, what the first so many
    seeds alone say. `seed`: of the batches that claims 1 and 13 draw again.
    """
    found: dict[int | str, list[Verdict]] = {}
    if results.exists("representativeness"):
        rows = results.read("representativeness")
        of_b = rows[rows["batch_of"] == "12 B"]
        found[1] = sampling.falls(of_b, "own_flattened", generator=np.random.default_rng(seed))
        found[13] = sampling.class_balance(of_b, generator=np.random.default_rng(seed))
    judged = []
    if results.exists("baselines"):
        rows = results.read("baselines")
        judged += setup_parts(_of_first(first, rows[rows["profile"] == SHOWN]))
    if _swept(PROOF):
        judged += proof_of_concept.judge(
            *(_of_first(first, read(name)) for name in (SCORES, MODELS))
        )[VERDICT]
    if results.exists("baselines") and results.exists(LESIONS) and _swept(ADAPTATION):
        rows, lesions = adaptation.stored()
        tables = {name: _of_first(first, table) for name, table in vars(rows).items()}
        judged += adaptation.judge(AdaptationRows(**tables), _of_first(first, lesions))[VERDICT]
    for part in judged:
        found.setdefault(part.claim, []).append(part)
    return found


def _of_first(first: int | None, rows: pd.DataFrame) -> pd.DataFrame:
    return rows if first is None else rows[rows["seed"] < first]


def headline_parts() -> dict[str, list[Verdict]]:
    """The parts of the book's headline by sentence, from stored rows; empty if there are none."""
    if not (_swept(PROOF) and _swept(ADAPTATION)):
        return {}
    return headline.judge(read(SCORES), read(MODELS), AdaptationRows.stored())


def _swept(experiment: str) -> bool:
    if not all(results.exists(name) for name in (MODELS, SCORES)):
        return False
    return bool((results.read(SCORES)["experiment"] == experiment).any())


def board(parts: dict[int | str, list[Verdict]]) -> pd.DataFrame:
    """A row a claim.

    ``claim`` (number), ``the paper says``, ``verdict``, ``parts`` (how many of several that decide
    are reproduced, as "1 of 2"; empty if all are), ``means`` (the verdict in plain words),
    ``tested`` (what it is on, where the words say more), ``effect`` (of the part that the verdict
    comes from, with its interval, as a sentence) and ``chapter`` (label).
    """
    lines = []
    for claim in CLAIMS:
        own = parts.get(claim.number, [])
        verdict, share, effect = NOT_TESTED, "", ""
        if own:
            first = deciding(own)
            verdict, effect = first.verdict, told.effect(first)
        if own and verdict != REPRODUCED:
            main = [part for part in own if part.main]
            found = sum(part.verdict == REPRODUCED for part in main)
            share = f"{found} of {len(main)}" if len(main) > 1 else ""
        means = claim.means.get(verdict, MEANS[verdict])
        if claim.setup and own:
            verdict += " (setup)"
        tested = claim.tested if own else ""
        lines.append(
            (claim.number, claim.words, verdict, share, means, tested, effect, claim.chapter)
        )
    columns = ["claim", "the paper says", "verdict", "parts", "means", "tested", "effect"]
    return pd.DataFrame(lines, columns=[*columns, "chapter"])


def counted(board: pd.DataFrame) -> dict[str, int]:
    """How many claims have each verdict."""
    plain = board["verdict"].str.removesuffix(" (setup)")
    return {name: int((plain == name).sum()) for name in OUTCOMES}
