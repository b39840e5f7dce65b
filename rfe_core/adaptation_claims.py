"""Claims 6 to 12 of the paper, and questions of ours, as statistics of the adapted models' scores.

Statistics and thresholds stand here and were fixed before the models were trained;
`rfe_core.adaptation_verdicts` computes them. All look at the test patients of the target.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rfe_core.shift import TARGETS
from rfe_core.sweep_claims import DIFFERENCE, Part

#: Names of the bounds beside those of `rfe_core.adaptation`.
LOWER, UPPER = "lower bound", "upper bound"
PAPER = "RFE, NCC"
PERFECT = "RFE, perfect prior"

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Scores on the target's patients, and K ways to weigh seeds and patients.

    Attributes
    ----------
    values : mapping of (domain, column) to (seeds, patients, models)
    models : sequence of str
        Names along the last axis.
    seeds : (K, seeds)
        How often a seed was drawn, as a share.
    patients : mapping of domain to (K, patients)
    """

    values: Mapping[tuple[str, str], NDArray[np.float64]]
    models: Sequence[str]
    seeds: NDArray[np.float64]
    patients: Mapping[str, NDArray[np.float64]]

    def mean(self, domain: str, model: str, column: str = "f_score") -> NDArray[np.float64]:
        """A model's score on a domain, averaged over seeds and patients, (K,)."""
        values = self.values[domain, column][..., self.models.index(model)]
        return np.einsum("ks,sp,kp->k", self.seeds, values, self.patients[domain])


def _ahead(model: str, other: str, domain: str, s: Scores) -> NDArray:
    return s.mean(domain, model) - s.mean(domain, other)


def _ahead_everywhere(model: str, other: str, s: Scores) -> NDArray:
    return np.mean([_ahead(model, other, d, s) for d in TARGETS], axis=0)


def _fewer_false_alarms(domain: str, s: Scores) -> NDArray:
    column = "fp_per_slice"
    return s.mean(domain, LOWER, column) - s.mean(domain, PAPER, column)


def _by_precision(domain: str, s: Scores) -> NDArray:
    precision, recall = (
        s.mean(domain, PAPER, column) - s.mean(domain, LOWER, column)
        for column in ("precision", "recall")
    )
    return precision - recall


def _found_small(domain: str, model: str, s: Scores) -> NDArray:
    """Share of all very small lesions, patients pooled; 0 where a resample has none."""
    lesions = s.mean(domain, model, f"lesions_{SMALL}")
    found = s.mean(domain, model, f"detected_{SMALL}")
    return np.divide(found, lesions, out=np.zeros_like(found), where=lesions > 0)


def _missed_small(domain: str, s: Scores) -> NDArray:
    return 1 - _found_small(domain, PAPER, s)


def _more_small_found(domain: str, s: Scores) -> NDArray:
    everything = _found_small(domain, f"{PERFECT}, all pixels", s)
    return everything - _found_small(domain, PERFECT, s)


def _found_beyond_upper(model: str, domain: str, s: Scores) -> NDArray:
    """Share of all lesions that a model finds and the upper bound does not."""
    return s.mean(domain, model, "beyond_upper") / s.mean(domain, model, "lesions")


def _beyond_training(domain: str, s: Scores) -> NDArray:
    # of the upper bound: what its training of another seed finds
    return _found_beyond_upper(PAPER, domain, s) - _found_beyond_upper(UPPER, domain, s)


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
    *_each(6, "better than the lower bound", DIFFERENCE, 0.0, partial(_ahead, PAPER, LOWER)),
    *_each(7, "fewer false positives", "components a slice", 0.0, _fewer_false_alarms),
    *_each(7, "precision gains more than recall", "difference of gains", 0.0, _by_precision),
    *_each(8, "most lesions below 10 mm³ missed", SHARE, MISSED, _missed_small),
    Part(
        claim=10,
        part=f"C: at most {SLIGHTLY:g} below the upper bound",
        statistic=DIFFERENCE,
        threshold=-SLIGHTLY,
        compute=partial(_ahead, PAPER, UPPER, "C"),
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
