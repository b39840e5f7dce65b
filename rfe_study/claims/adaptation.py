"""Claims 6 to 12 of the paper, and questions of ours, by the adapted models' scores.

Statistics, thresholds and smallest effects stand here and were fixed before the models were
trained. A claim about several domains is read as a mean over them first, over the same heads on
each; single domains stand beside it.
"""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from rfe_study import results
from rfe_study.claims.adapted_rows import AdaptationRows, beyond_upper
from rfe_study.claims.contrasts import log_ratio, minus, over_domains, ratio
from rfe_study.claims.effects import (
    DIFFERENCE,
    FALSE_RATIO,
    GAINS,
    LESION_SHARE,
    MEAN,
    SLIGHTLY,
    SMALLEST_F,
    SMALLEST_FALSE_RATIO,
    SMALLEST_GAINS,
    SMALLEST_SHARE,
)
from rfe_study.claims.effort import arithmetic
from rfe_study.claims.evidence import Evidence, of_table
from rfe_study.claims.heads import PATIENTS
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import Part, Verdict, judge_parts
from rfe_study.methods.adaptation import PAPER, PERFECT
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND
from rfe_study.methods.profiles import SHOWN
from rfe_study.phantom.domains import TARGETS
from rfe_study.tables import LESIONS

#: Lesions called very small: the first class of `rfe_core.metrics.SIZE_EDGES_MM3`, below 10 mm3.
SMALL = "0_10"

#: Claim 8: very small lesions are still missed if more than this share is.
MISSED = 0.5

#: Claim 11: share of all lesions that are called some.
SOME = 0.01

#: Claim 12: the perfect prior, drawn so that each lesion is as likely as any other, whatever its
#: size; `PERFECT` draws by pixel. If small lesions are missed because they are seldom drawn, more
#: of them are found.
EVERY_LESION = f"{PERFECT}, every lesion alike"

ALL_PIXELS = f"{PERFECT}, all pixels"

#: What the paper's method is held against, averaged over the three targets (ours).
COMPARED = (
    "no embedding",
    "labelled A only",
    "statistics only",
    "labels of V1",
    "Dice on NCC",
    "entropy",
    "pseudo-labels",
    "histogram matching",
)

#: Very small lesions found, and all of them.
OF_SMALL = (f"detected_{SMALL}", f"lesions_{SMALL}")

#: Columns of scores that the parts look at.
COLUMNS = ("f_score", "precision", "recall", "fp_per_slice", "lesions", *OF_SMALL)

#: A contrast by seed and head on one domain.
Contrast = Callable[[str, Scores], pd.DataFrame]


def _ahead(model: str, other: str, domain: str, s: Scores, column: str = "f_score") -> pd.DataFrame:
    return minus(s.of(model, domain, column), s.of(other, domain, column))


def _false_alarms_gone(domain: str, s: Scores) -> pd.DataFrame:
    return log_ratio(*(s.of(m, domain, "fp_per_slice") for m in (LOWER_BOUND, PAPER)))


def _by_precision(domain: str, s: Scores) -> pd.DataFrame:
    return minus(*(_ahead(PAPER, LOWER_BOUND, domain, s, c) for c in ("precision", "recall")))


def _found_small(model: str, domain: str, s: Scores) -> pd.DataFrame:
    """Share of all very small lesions, heads pooled."""
    return ratio(*(s.of(model, domain, column) for column in OF_SMALL))


def _missed_small(domain: str, s: Scores) -> pd.DataFrame:
    return 1 - _found_small(PAPER, domain, s)


def _more_small_found(model: str, other: str, domain: str, s: Scores) -> pd.DataFrame:
    return minus(*(_found_small(name, domain, s) for name in (model, other)))


def small_ahead(model: str, other: str, s: Scores) -> Evidence:
    """Share of very small lesions that a model finds less that of another, mean over the targets.

    `s` has the columns `OF_SMALL`.
    """
    return of_table(over_domains([_more_small_found(model, other, d, s) for d in TARGETS]))


def _found_beyond_upper(model: str, domain: str, s: Scores) -> pd.DataFrame:
    """Share of all lesions that a model finds and the upper bound does not."""
    return ratio(s.of(model, domain, "beyond_upper"), s.of(model, domain, "lesions"))


def _beyond_training(domain: str, s: Scores) -> pd.DataFrame:
    # of the upper bound: what its training of another seed finds
    return minus(*(_found_beyond_upper(model, domain, s) for model in (PAPER, UPPER_BOUND)))


def by_domain(contrast: Contrast, *, words: str, **about) -> list[Part]:
    """A part for the mean over the targets, and one that does not decide for each of them."""

    def on(domains: Sequence[str], s: Scores) -> Evidence:
        return of_table(over_domains([contrast(domain, s) for domain in domains]))

    mean = Part(part=f"{words}, {MEAN}", compute=partial(on, TARGETS), **about)
    each = [
        Part(part=f"{d}: {words}", main=False, compute=partial(on, [d]), **about) for d in TARGETS
    ]
    return [mean, *each]


def _ours(words: str, model: str, other: str, family: str) -> Part:
    """Whether a model is better than another, mean over the targets."""
    contrast = partial(_ahead, model, other)
    return by_domain(contrast, words=words, claim="ours", family=family, **_OF_F)[0]


_OF_F = {"statistic": DIFFERENCE, "threshold": 0.0, "smallest": SMALLEST_F}

_OF_LESIONS = {"statistic": LESION_SHARE, "threshold": 0.0, "smallest": SMALLEST_SHARE}

PARTS = (
    *by_domain(
        partial(_ahead, PAPER, LOWER_BOUND), words="better than the lower bound", claim=6, **_OF_F
    ),
    *by_domain(
        _false_alarms_gone,
        words="fewer false positives",
        claim=7,
        statistic=FALSE_RATIO,
        threshold=0.0,
        smallest=SMALLEST_FALSE_RATIO,
    ),
    *by_domain(
        _by_precision,
        words="precision gains more than recall",
        claim=7,
        statistic=GAINS,
        threshold=0.0,
        smallest=SMALLEST_GAINS,
    ),
    *by_domain(
        _missed_small,
        words="most lesions below 10 mm³ missed",
        claim=8,
        statistic=LESION_SHARE,
        threshold=MISSED,
    ),
    Part(
        claim=10,
        part=f"C: at most {SLIGHTLY:g} below the upper bound",
        statistic=DIFFERENCE,
        threshold=-SLIGHTLY,
        compute=lambda s: of_table(_ahead(PAPER, UPPER_BOUND, "C", s)),
    ),
    *by_domain(
        partial(_found_beyond_upper, PAPER),
        words="finds lesions that the upper bound misses",
        claim=11,
        statistic=LESION_SHARE,
        threshold=SOME,
    ),
    *by_domain(
        partial(_more_small_found, EVERY_LESION, PERFECT),
        words="every lesion equally likely finds more below 10 mm³, perfect prior",
        claim=12,
        **_OF_LESIONS,
    ),
    *by_domain(
        _beyond_training,
        words="more of those than another upper bound",
        claim="ours",
        family="beyond",
        **_OF_LESIONS,
    ),
    *(_ours(f"better than {other}", PAPER, other, "better than") for other in COMPARED),
    _ours("a perfect prior is better than NCC", PERFECT, PAPER, "prior"),
    _ours("all pixels better than n_E = 100, perfect prior", ALL_PIXELS, PERFECT, "all pixels"),
)


def stored() -> tuple[AdaptationRows, pd.DataFrame]:
    """What `judge` takes, from stored rows of the profile that the book shows.

    Raises
    ------
    FileNotFoundError
        If a table has not been made.
    ValueError
        If it has no such rows.
    """
    lesions = results.read(LESIONS)
    lesions = lesions[lesions["profile"] == SHOWN]
    if lesions.empty:
        raise ValueError(f"{LESIONS} must hold rows of profile {SHOWN!r}, got none")
    return AdaptationRows.stored(), lesions


def judge(rows: AdaptationRows, lesions: pd.DataFrame) -> dict[str, list[Verdict]]:
    """All parts of the claims on each set of `rfe_study.claims.heads.PATIENTS`.

    Parameters
    ----------
    rows : AdaptationRows
    lesions : DataFrame
        Rows of `rfe_study.runs.lesion_hits` on the same patients.

    Raises
    ------
    ValueError
        If a target has no patients, or a model lacks a score on one.
    """
    extra, found = beyond_upper(lesions), {}
    for which in PATIENTS:
        scores = rows.on_targets(COLUMNS, which)
        beyond = rows.on_targets(["beyond_upper"], which, extra)
        scores = Scores(tables={**scores.tables, **beyond.tables})
        found[which] = judge_parts(PARTS, scores) + arithmetic()
    return found
