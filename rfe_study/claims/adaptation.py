"""Claims 6 to 12 of the paper, and questions of ours, by the adapted models' scores.

Statistics and thresholds stand here and were fixed before the models were trained. All look at the
test patients of the target.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_study import results
from rfe_study.claims.adapted_rows import AdaptationRows, beyond_upper
from rfe_study.claims.effort import arithmetic
from rfe_study.claims.proof import DIFFERENCE
from rfe_study.claims.resampling import DRAWS
from rfe_study.claims.rows import PATIENTS, by_model
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

#: Claim 10: F by which a model may fall short and still be only slightly inferior.
SLIGHTLY = 0.05

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
    "RFE, NCC from A",
)


#: Columns of scores that the parts look at.
COLUMNS = (
    "f_score",
    "precision",
    "recall",
    "fp_per_slice",
    "lesions",
    "beyond_upper",
    f"lesions_{SMALL}",
    f"detected_{SMALL}",
)


def _mean(s: Scores, domain: str, model: str, column: str = "f_score") -> NDArray:
    return s.mean([model], domain, column)[:, 0]


def _ahead(model: str, other: str, domain: str, s: Scores) -> NDArray:
    return _mean(s, domain, model) - _mean(s, domain, other)


def _ahead_everywhere(model: str, other: str, s: Scores) -> NDArray:
    return np.mean([_ahead(model, other, d, s) for d in TARGETS], axis=0)


def _fewer_false_alarms(domain: str, s: Scores) -> NDArray:
    column = "fp_per_slice"
    return _mean(s, domain, LOWER_BOUND, column) - _mean(s, domain, PAPER, column)


def _by_precision(domain: str, s: Scores) -> NDArray:
    precision, recall = (
        _mean(s, domain, PAPER, column) - _mean(s, domain, LOWER_BOUND, column)
        for column in ("precision", "recall")
    )
    return precision - recall


def _found_small(domain: str, model: str, s: Scores) -> NDArray:
    """Share of all very small lesions, patients pooled; 0 where a resample has none."""
    lesions = _mean(s, domain, model, f"lesions_{SMALL}")
    found = _mean(s, domain, model, f"detected_{SMALL}")
    return np.divide(found, lesions, out=np.zeros_like(found), where=lesions > 0)


def _missed_small(domain: str, s: Scores) -> NDArray:
    return 1 - _found_small(domain, PAPER, s)


def _more_small_found(domain: str, s: Scores) -> NDArray:
    everything = _found_small(domain, f"{PERFECT}, all pixels", s)
    return everything - _found_small(domain, PERFECT, s)


def _found_beyond_upper(model: str, domain: str, s: Scores) -> NDArray:
    """Share of all lesions that a model finds and the upper bound does not."""
    return _mean(s, domain, model, "beyond_upper") / _mean(s, domain, model, "lesions")


def _beyond_training(domain: str, s: Scores) -> NDArray:
    # of the upper bound: what its training of another seed finds
    return _found_beyond_upper(PAPER, domain, s) - _found_beyond_upper(UPPER_BOUND, domain, s)


SHARE = "share of lesions"


def _each(
    claim: int | str, words: str, statistic: str, threshold: float, compute: Callable
) -> list[Part]:
    """The same part for every target."""
    return [
        Part(
            claim=claim,
            part=f"{d}: {words}",
            statistic=statistic,
            threshold=threshold,
            compute=partial(compute, d),
        )
        for d in TARGETS
    ]


PARTS = (
    *_each(6, "better than the lower bound", DIFFERENCE, 0.0, partial(_ahead, PAPER, LOWER_BOUND)),
    *_each(7, "fewer false positives", "components a slice", 0.0, _fewer_false_alarms),
    *_each(7, "precision gains more than recall", "difference of gains", 0.0, _by_precision),
    *_each(8, "most lesions below 10 mm³ missed", SHARE, MISSED, _missed_small),
    Part(
        claim=10,
        part=f"C: at most {SLIGHTLY:g} below the upper bound",
        statistic=DIFFERENCE,
        threshold=-SLIGHTLY,
        compute=partial(_ahead, PAPER, UPPER_BOUND, "C"),
    ),
    *_each(
        11,
        "finds lesions that the upper bound misses",
        SHARE,
        SOME,
        partial(_found_beyond_upper, PAPER),
    ),
    *_each(12, "all pixels find more below 10 mm³, perfect prior", SHARE, 0.0, _more_small_found),
    *_each("ours", "more of those than another upper bound", SHARE, 0.0, _beyond_training),
    *(
        Part(
            claim="ours",
            part=f"better than {other}",
            statistic=DIFFERENCE,
            threshold=0.0,
            compute=partial(_ahead_everywhere, PAPER, other),
        )
        for other in COMPARED
    ),
    Part(
        claim="ours",
        part="a perfect prior is better than NCC",
        statistic=DIFFERENCE,
        threshold=0.0,
        compute=partial(_ahead_everywhere, PERFECT, PAPER),
    ),
    *(
        Part(
            claim="ours",
            part=f"all pixels better than n_E = 100, {words}",
            statistic=DIFFERENCE,
            threshold=0.0,
            compute=partial(_ahead_everywhere, f"{model}, all pixels", model),
        )
        for model, words in ((PAPER, "NCC"), (PERFECT, "perfect prior"))
    ),
)


def stored() -> tuple[pd.DataFrame, pd.DataFrame]:
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
    return AdaptationRows.stored().on_targets(), lesions


def judge(
    rows: pd.DataFrame,
    lesions: pd.DataFrame,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
    parts: Sequence[Part] = PARTS,
) -> dict[str, list[Verdict]]:
    """All parts of the claims on each set of `rfe_study.claims.rows.PATIENTS`.

    Parameters
    ----------
    rows : DataFrame
        From `rfe_study.claims.adapted_rows.AdaptationRows.on_targets`.
    lesions : DataFrame
        Rows of `rfe_study.runs.lesion_hits` on the same patients.

    Raises
    ------
    ValueError
        If a target has no patients, or a model lacks a score on one.
    """
    keys = ["target", "model", "seed", "subject"]
    rows = rows.merge(beyond_upper(lesions), on=keys, how="left", validate="one_to_one")
    models = rows[["model", "seed"]].drop_duplicates().assign(status="finished")
    found = {}
    for which in PATIENTS:
        tables = {}
        for domain, column in product(TARGETS, COLUMNS):
            of_domain = rows[rows["target"] == domain]
            if of_domain.empty:
                raise ValueError(f"scores must hold patients of {domain}, got none")
            needed = models
            if column == "beyond_upper":
                needed = models[models["model"].isin((PAPER, UPPER_BOUND))]
            tables[domain, column] = by_model(of_domain, needed, which, column)
        scores = Scores.even(tables)
        judged = judge_parts(parts, scores, generator=generator, draws=draws, seeds_first=True)
        found[which] = judged + arithmetic()
    return found
