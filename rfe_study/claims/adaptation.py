"""Claims 6 to 12 of the paper, and questions of ours, as statistics of the adapted models' scores.

Statistics and thresholds stand here and were fixed before the models were trained;
`rfe_study.claims.adaptation` computes them. All look at the test patients of the target.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_study import results
from rfe_study.claims.proof import DIFFERENCE
from rfe_study.claims.resampling import DRAWS, interval, resample_weights
from rfe_study.claims.scores import PATIENTS, TargetScores, cubes, on_target
from rfe_study.claims.verdicts import Part, Verdict, decide, verdict_of
from rfe_study.methods import adaptation
from rfe_study.methods.adaptation import PAPER, PERFECT
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND
from rfe_study.methods.profiles import SHOWN
from rfe_study.phantom.domains import TARGETS
from rfe_study.tables import LESIONS, SCORES

#: Claim 14, numbers of Section 3.2: n_E and images of the proof of concept and of the real prior.
PROOF, REAL = (2000, 200), (adaptation.N_E, 4000)

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


def _ahead(model: str, other: str, domain: str, s: TargetScores) -> NDArray:
    return s.mean(domain, model) - s.mean(domain, other)


def _ahead_everywhere(model: str, other: str, s: TargetScores) -> NDArray:
    return np.mean([_ahead(model, other, d, s) for d in TARGETS], axis=0)


def _fewer_false_alarms(domain: str, s: TargetScores) -> NDArray:
    column = "fp_per_slice"
    return s.mean(domain, LOWER_BOUND, column) - s.mean(domain, PAPER, column)


def _by_precision(domain: str, s: TargetScores) -> NDArray:
    precision, recall = (
        s.mean(domain, PAPER, column) - s.mean(domain, LOWER_BOUND, column)
        for column in ("precision", "recall")
    )
    return precision - recall


def _found_small(domain: str, model: str, s: TargetScores) -> NDArray:
    """Share of all very small lesions, patients pooled; 0 where a resample has none."""
    lesions = s.mean(domain, model, f"lesions_{SMALL}")
    found = s.mean(domain, model, f"detected_{SMALL}")
    return np.divide(found, lesions, out=np.zeros_like(found), where=lesions > 0)


def _missed_small(domain: str, s: TargetScores) -> NDArray:
    return 1 - _found_small(domain, PAPER, s)


def _more_small_found(domain: str, s: TargetScores) -> NDArray:
    everything = _found_small(domain, f"{PERFECT}, all pixels", s)
    return everything - _found_small(domain, PERFECT, s)


def _found_beyond_upper(model: str, domain: str, s: TargetScores) -> NDArray:
    """Share of all lesions that a model finds and the upper bound does not."""
    return s.mean(domain, model, "beyond_upper") / s.mean(domain, model, "lesions")


def _beyond_training(domain: str, s: TargetScores) -> NDArray:
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
    tables = [results.read(name) for name in (SCORES, "baselines", LESIONS)]
    scores, baselines, lesions = (rows[rows["profile"] == SHOWN] for rows in tables)
    scores = scores[scores["experiment"] == "adaptation"]
    if scores.empty or lesions.empty:
        raise ValueError(f"tables must hold adapted models of profile {SHOWN!r}, got none")
    return on_target(scores, baselines[baselines["seed"].isin(scores["seed"])]), lesions


def beyond_upper(lesions: pd.DataFrame) -> pd.DataFrame:
    """How many lesions a model finds that the upper bound of its seed does not, by patient.

    For the upper bound itself: what its training of the next seed finds and it does not.

    Parameters
    ----------
    lesions : DataFrame
        Rows of `rfe_study.runs.lesion_hits`.

    Returns
    -------
    DataFrame
        ``target``, ``model``, ``seed``, ``subject``, ``beyond_upper``.
    """
    keys = ["target", "model", "seed", "subject"]
    found = {tuple(row[:-1]): row[-1] for row in lesions[[*keys, "found"]].itertuples(index=False)}
    seeds = sorted(lesions["seed"].unique())
    following = dict(zip(seeds, [*seeds[1:], seeds[0]], strict=True))
    rows = []
    for target, model, seed, subject in found:
        own = found[target, model, following[seed] if model == UPPER_BOUND else seed, subject]
        missed = found[target, UPPER_BOUND, seed, subject]
        extra = sum(a > b for a, b in zip(own, missed, strict=True))
        rows.append((target, model, seed, subject, extra))
    return pd.DataFrame(rows, columns=[*keys, "beyond_upper"])


def judge(
    rows: pd.DataFrame,
    lesions: pd.DataFrame,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
    parts: Sequence[Part] = PARTS,
) -> dict[str, list[Verdict]]:
    """All parts of the claims on each set of `rfe_study.claims.scores.PATIENTS`.

    Parameters
    ----------
    rows : DataFrame
        From `on_target`.
    lesions : DataFrame
        Rows of `rfe_study.runs.lesion_hits` on the same patients.
    """
    keys = ["target", "model", "seed", "subject"]
    rows = rows.merge(beyond_upper(lesions), on=keys, how="left", validate="one_to_one")
    found = {}
    for which, roles in PATIENTS.items():
        values, models = cubes(rows, roles)
        n_seeds = len(values[TARGETS[0], "f_score"])
        n_patients = {d: values[d, "f_score"].shape[1] for d in TARGETS}
        once = TargetScores(
            values=values,
            models=models,
            seeds=np.full((1, n_seeds), 1 / n_seeds),
            patients={d: np.full((1, n), 1 / n) for d, n in n_patients.items()},
        )
        again = replace(
            once,
            seeds=resample_weights(n_seeds, draws, generator),
            patients={d: resample_weights(n, draws, generator) for d, n in n_patients.items()},
        )
        found[which] = [_verdict(part, once, again) for part in parts] + arithmetic()
    return found


def _verdict(part: Part, once: TargetScores, again: TargetScores) -> Verdict:
    return verdict_of(part, float(part.compute(once)[0]), *interval(part.compute(again)))


def arithmetic() -> list[Verdict]:
    """Claim 14 from the paper's own numbers: no run can change it.

    Each image is looked at once an epoch, so n_E times images counts embeddings, and n_E squared
    times images counts pairs, both up to a factor that is the same for both experiments.
    """
    (n_proof, images_proof), (n_real, images_real) = PROOF, REAL
    embeddings = n_real * images_real / (n_proof * images_proof)
    pairs = n_proof**2 * images_proof / (n_real**2 * images_real)
    return [
        Verdict(
            claim=14,
            part=words,
            statistic="ratio",
            threshold=threshold,
            estimate=ratio,
            low=ratio,
            high=ratio,
            verdict=decide(ratio, ratio, threshold),
        )
        for words, ratio, threshold in (
            ("n_E = 100: as many embeddings in an epoch", embeddings, 0.9),
            ("fewer pairs in an epoch", pairs, 1.0),
        )
    ]
