"""The book's own headline, fixed before the rows of phantom 2.0: the exact loss at its best.

"The sampling strategy sets the operating point; between the natural ratio and 80/20 (near four
times the natural share of lesion) the exact loss over all pixels closes at least 80% of the gap
between no embedding and labels with a perfect prior on B, C and D, and at least 40% with a prior
that knows V1 alone, or no target label at all."
"""

from collections.abc import Sequence
from functools import partial
from itertools import permutations

import pandas as pd

from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.contrasts import minus, over_domains, ratio
from rfe_study.claims.effects import (
    GAINS,
    GAP_SHARE,
    MEAN,
    PRECISION_DIFFERENCE,
    SMALLEST_F,
    SMALLEST_GAINS,
)
from rfe_study.claims.evidence import Evidence, Least, Unknown, of_table
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.proof_of_concept import at_margin_1, on_targets
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import Part, Verdict, judge_parts
from rfe_study.methods.adaptation import AT_BEST, PERFECT
from rfe_study.phantom.domains import TARGETS

#: Share of the gap closed with a perfect prior, and with what one could have.
PERFECT_SHARE, REAL_SHARE = 0.8, 0.4

#: The exact loss by class share, with a perfect prior on B: all at one weight and margin.
NATURAL, MIDDLE, PAPERS = map(at_margin_1, ("distribution-aware", "4x", "80/20"))

#: Both ends of the gap. With a perfect prior crops lie at the lesions, so they do for the model
#: without embedding too; with other priors nobody knows where the lesions are.
NONE, NONE_AT_LESIONS, LABELS = (
    "no embedding",
    "no embedding, crops at lesions",
    "labels of V2 and V3",
)

OPERATING_POINT, WITH_PERFECT = "operating point", "perfect prior"
WITH_V1, WITHOUT_LABELS = "V1 alone", "no target label"

#: The headline's sentences, by the name that their parts have as `claim`.
SENTENCES = {
    OPERATING_POINT: "The sampling strategy sets the operating point",
    WITH_PERFECT: f"The exact loss closes {PERFECT_SHARE:.0%} of the gap with a perfect prior",
    WITH_V1: f"... {REAL_SHARE:.0%} with a prior that knows V1 alone",
    WITHOUT_LABELS: f"... {REAL_SHARE:.0%} without any label of the target",
}


def closed(gain: pd.DataFrame, gap: pd.DataFrame) -> Evidence:
    """Share of a gap that a gain closes; unknown if the gap itself is not sure to be above 0."""
    if not of_table(gap).interval()[0] > 0:
        return Unknown(float("nan"))
    return of_table(ratio(gain, gap))


def _closed(domains: Sequence[str], model: str, none: str, labels: str, s: Scores) -> Evidence:
    tables = [
        over_domains([minus(s.of(name, d), s.of(none, d)) for d in domains])
        for name in (model, labels)
    ]
    return closed(*tables)


def _by_domain(claim: str, model: str, none: str, threshold: float) -> list[Part]:
    about = {"claim": claim, "statistic": GAP_SHARE, "threshold": threshold}
    words = f"{model}: at least {threshold:.0%}"
    return [
        Part(
            part=f"{words}, {MEAN}",
            compute=partial(_closed, TARGETS, model, none, LABELS),
            **about,
        ),
        *(
            Part(
                part=f"{d}: {words}",
                main=False,
                compute=partial(_closed, [d], model, none, LABELS),
                **about,
            )
            for d in TARGETS
        ),
    ]


def _more_marked(s: Scores) -> Evidence:
    """How much more recall than precision 80/20 gains over the natural ratio."""
    change = [
        minus(s.of(PAPERS, column=c), s.of(NATURAL, column=c)) for c in ("recall", "precision")
    ]
    return of_table(minus(*change))


def _alike(s: Scores) -> Evidence:
    """The smallest of all differences of average precision, either way round."""
    pairs = permutations((NATURAL, MIDDLE, PAPERS), 2)
    column = "average_precision"
    return Least(
        [of_table(minus(s.of(a, column=column), s.of(b, column=column))) for a, b in pairs]
    )


#: Parts on rows of the proof of concept, whose strategies differ in nothing else.
ON_PROOF = (
    Part(
        claim=OPERATING_POINT,
        part="80/20 gains more recall than precision over the natural ratio, at 0.5",
        statistic=GAINS,
        threshold=0.0,
        smallest=SMALLEST_GAINS,
        compute=_more_marked,
    ),
    Part(
        claim=OPERATING_POINT,
        part=f"without a threshold the ratios are within {SMALLEST_F:g} of each other",
        statistic=PRECISION_DIFFERENCE,
        threshold=-SMALLEST_F,
        compute=_alike,
    ),
    Part(
        claim=WITH_PERFECT,
        part=f"B, 200 crops: at least {PERFECT_SHARE:.0%}",
        statistic=GAP_SHARE,
        threshold=PERFECT_SHARE,
        main=False,
        compute=partial(_closed, ["B"], MIDDLE, NONE, "labels of B"),
    ),
)

#: Parts on rows of the adaptation.
ON_ADAPTATION = (
    *_by_domain(WITH_PERFECT, PERFECT + AT_BEST, NONE_AT_LESIONS, PERFECT_SHARE),
    *_by_domain(WITH_V1, f"RFE, classifier band{AT_BEST}", NONE, REAL_SHARE),
    *_by_domain(WITHOUT_LABELS, f"RFE, own predictions{AT_BEST}", NONE, REAL_SHARE),
)


def judge(
    scores: pd.DataFrame, models: pd.DataFrame, adapted: AdaptationRows, patients: str = VERDICT
) -> dict[str, list[Verdict]]:
    """The verdict on each sentence's parts, by its name in `SENTENCES`.

    Parameters
    ----------
    scores, models : DataFrame
        Rows of the proof of concept.
    adapted : AdaptationRows
    """
    columns = ("f_score", "precision", "recall", "average_precision")
    of_proof = judge_parts(ON_PROOF, on_targets(scores, models, patients, columns))
    of_adaptation = judge_parts(ON_ADAPTATION, adapted.on_targets(columns[:1], patients))
    found = [*of_proof, *of_adaptation]
    return {name: [v for v in found if v.claim == name] for name in SENTENCES}
