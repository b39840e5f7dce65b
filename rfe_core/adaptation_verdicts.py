"""The verdicts on claims 6 to 12 and 14: `rfe_core.adaptation_claims` computed on stored scores.

Verdicts and intervals are those of `rfe_core.sweep_verdicts`: seeds and patients are drawn again,
with replacement; seeds together for all domains, patients for each domain on its own. All models
of a seed start from the same weights, so comparisons are within seed and patient.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from rfe_core import adaptation, results
from rfe_core.adaptation_claims import LOWER, PAPER, PARTS, UPPER, Scores
from rfe_core.intervals import DRAWS, interval, resample_weights
from rfe_core.lesion_hits import TABLE
from rfe_core.profiles import SHOWN
from rfe_core.shift import TARGETS
from rfe_core.sweep import SCORES
from rfe_core.sweep_claims import Part
from rfe_core.sweep_verdicts import PATIENTS
from rfe_core.verdicts import Verdict, decide, verdict_of

#: Columns of scores that the parts look at.
COLUMNS = ("f_score", "precision", "recall", "fp_per_slice", "lesions", "beyond_upper")
COLUMNS += ("lesions_0_10", "detected_0_10")

#: Claim 14, numbers of Section 3.2: n_E and images of the proof of concept and of the real prior.
PROOF, REAL = (2000, 200), (adaptation.N_E, 4000)


def on_target(scores: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """Scores of the adapted models and of both bounds on the target's own test patients.

    Parameters
    ----------
    scores : DataFrame
        Rows of one profile of the experiment "adaptation", see `rfe_core.sweep`.
    baselines : DataFrame
        Rows of the same profile from `rfe train --evaluate test`.

    Returns
    -------
    DataFrame
        ``target``, ``model``, ``seed``, ``subject``, ``role`` and the scores.
    """
    found = [scores[scores["domain"] == scores["target"]]]
    for target in sorted(scores["target"].unique()):
        names = {"lower": LOWER, f"upper-{target}": UPPER}
        rows = baselines[(baselines["domain"] == target) & baselines["model"].isin(list(names))]
        found.append(rows.assign(target=target, model=rows["model"].map(names)))
    return pd.concat(found, ignore_index=True)


def stored() -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `judge` takes, from stored rows of the profile that the book shows.

    Raises
    ------
    FileNotFoundError
        If a table has not been made.
    ValueError
        If it has no such rows.
    """
    tables = [results.read(name) for name in (SCORES, "baselines", TABLE)]
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
        Rows of `rfe_core.lesion_hits`.

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
        own = found[target, model, following[seed] if model == UPPER else seed, subject]
        missed = found[target, UPPER, seed, subject]
        extra = sum(a > b for a, b in zip(own, missed, strict=True))
        rows.append((target, model, seed, subject, extra))
    return pd.DataFrame(rows, columns=[*keys, "beyond_upper"])


def cubes(rows: pd.DataFrame, roles: Sequence[str]) -> tuple[dict, list[str]]:
    """Scores as arrays (seeds, patients, models) by domain and column, and the models' names.

    Raises
    ------
    ValueError
        If there is no such patient, or a model lacks a score on one.
    """
    chosen = rows[rows["role"].isin(roles)]
    models, seeds = sorted(chosen["model"].unique()), sorted(chosen["seed"].unique())
    arrays = {}
    for domain in TARGETS:
        of_domain = chosen[chosen["target"] == domain]
        subjects = sorted(of_domain["subject"].unique())
        if not subjects:
            raise ValueError(f"scores must hold patients of {domain} of roles {roles}, got none")
        index = pd.MultiIndex.from_product([seeds, subjects])
        for column in COLUMNS:
            wide = of_domain.pivot(index=["seed", "subject"], columns="model", values=column)
            wide = wide.reindex(index, columns=models)
            needed = [PAPER, UPPER] if column == "beyond_upper" else models
            if (lacking := wide[needed].isna().any()).any():
                raise ValueError(
                    f"each model needs {column} on each patient of {domain}, "
                    f"{lacking.idxmax()!r} lacks some"
                )
            shape = (len(seeds), len(subjects), len(models))
            arrays[domain, column] = wide.to_numpy(float).reshape(shape)
    return arrays, models


def judge(
    rows: pd.DataFrame,
    lesions: pd.DataFrame,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
    parts: Sequence[Part] = PARTS,
) -> dict[str, list[Verdict]]:
    """All parts of the claims on each set of `rfe_core.sweep_verdicts.PATIENTS`.

    Parameters
    ----------
    rows : DataFrame
        From `on_target`.
    lesions : DataFrame
        Rows of `rfe_core.lesion_hits` on the same patients.
    """
    keys = ["target", "model", "seed", "subject"]
    rows = rows.merge(beyond_upper(lesions), on=keys, how="left", validate="one_to_one")
    found = {}
    for which, roles in PATIENTS.items():
        values, models = cubes(rows, roles)
        n_seeds = len(values[TARGETS[0], "f_score"])
        n_patients = {d: values[d, "f_score"].shape[1] for d in TARGETS}
        once = Scores(
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


def _verdict(part: Part, once: Scores, again: Scores) -> Verdict:
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
