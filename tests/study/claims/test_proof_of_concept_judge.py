"""Verdicts on made-up scores: planted effects are found, chance is not."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims import operating_points
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.proof_of_concept import judge
from rfe_study.claims.verdicts import CONTRADICTED, NO_EFFECT, REPRODUCED, UNDECIDED
from rfe_study.methods.proof_of_concept import proof_of_concept

METHODS = [method for method in proof_of_concept() if method.group == "rfe"]
SUBJECTS = {f"Btest{k}": "test" for k in (1, 2)}
SUBJECTS |= {f"Bpaired{k:02d}": "paired" for k in range(1, 9)}
RISES = "higher at n_E = 2000 than at 20, ACD"


def flat(method):
    """The same F for each method."""
    return 0.5


def made_up(effect=flat, *, sd=0.0, seeds=(0, 1, 2)):
    """Rows of scores and models: F of a method, plus seed, patient and a random deviation."""
    generator = np.random.default_rng(0)
    of_seed = dict(zip(seeds, generator.normal(0, 0.03, len(seeds)), strict=True))
    of_patient = dict(zip(SUBJECTS, generator.normal(0, 0.05, len(SUBJECTS)), strict=True))
    scores, models = [], []
    for seed in seeds:
        for method in METHODS:
            about = {"seed": seed, "model": method.name, "target": "B"}
            models.append({**about, "status": "finished"})
            for subject, role in SUBJECTS.items():
                f_score = effect(method) + of_seed[seed] + of_patient[subject]
                f_score += sd * generator.normal()
                row = {**about, "domain": "B", "role": role, "subject": subject}
                scores.append({**row, "f_score": f_score})
    order = generator.permutation(len(scores))  # rows come in any order
    return pd.DataFrame(scores).iloc[order], pd.DataFrame(models)


def verdicts(*tables):
    """Verdict by part on paired heads."""
    found = judge(*tables)
    assert list(found) == list(PATIENTS) == ["paper's", VERDICT]
    return {v.part: v for v in found[VERDICT]}


def rising(by):
    """F of the 36 models with ACD rises by so much from n_E = 20 to 2000."""

    def effect(method):
        term = method.embedding
        if method.group != "rfe" or term.distance != "cosine":
            return 0.5
        return 0.5 + by * np.log10(term.n_e) / 2

    return effect


@pytest.mark.parametrize(
    ("by", "expected"),
    [(0.06, REPRODUCED), (0.0, NO_EFFECT), (0.01, NO_EFFECT), (-0.06, CONTRADICTED)],
)
def test_a_planted_rise_is_found(by, expected):
    found = verdicts(*made_up(rising(by), sd=0.004))
    for words in ("", ", 50/50", ", distribution-aware", ", 80/20"):
        verdict = found[RISES + words]
        assert (verdict.claim, verdict.verdict) == (2, expected)
        assert verdict.estimate == pytest.approx(by, abs=0.004)
        assert verdict.low <= verdict.estimate <= verdict.high


def test_a_rise_lost_in_noise_is_undecided():
    assert verdicts(*made_up(rising(0.02), sd=0.3))[RISES].verdict == UNDECIDED


@pytest.mark.parametrize(("better", "expected"), [(0.05, REPRODUCED), (-0.05, CONTRADICTED)])
def test_a_better_strategy_is_found(better, expected):
    def effect(method):
        term = method.embedding
        ahead = method.group == "rfe" and (term.strategy, term.distance) == ("80/20", "cosine")
        return 0.5 + better * ahead

    found = verdicts(*made_up(effect, sd=0.005))
    for other in ("50/50", "distribution-aware"):
        verdict = found[f"80/20 better than {other}, ACD"]
        assert (verdict.claim, verdict.verdict) == (3, expected)
        assert verdict.estimate == pytest.approx(better, abs=0.01)


def test_a_poor_and_unstable_l2_is_found():
    def effect(method):
        term = method.embedding
        if method.group != "rfe" or term.distance != "l2":
            return 0.5
        return 0.4 + 0.08 * (term.n_e in (500, 2000))  # up and down

    found = verdicts(*made_up(effect, sd=0.005))
    assert found["l2 worse than ACD"].verdict == REPRODUCED
    assert found["l2 rougher than ACD from n_E = 200"].verdict == REPRODUCED
    assert found["l2 rougher than ACD from n_E = 200"].estimate == pytest.approx(0.08, abs=0.01)
    steady = verdicts(*made_up(rising(0.0), sd=0.005))
    assert {steady[part].verdict for part in found if "l2" in part} == {NO_EFFECT}


def test_seeds_that_rank_the_models_alike_are_found():
    levels = {m.name: f for m, f in zip(METHODS, np.random.default_rng(5).random(99), strict=False)}
    found = verdicts(*made_up(lambda m: 0.3 + 0.2 * levels[m.name], sd=0.01))
    assert found["the 36 models rank alike"].verdict == REPRODUCED
    assert found["the 36 models rank alike"].estimate > 0.9
    chance = verdicts(*made_up(sd=0.05))
    assert chance["the 36 models rank alike"].verdict == CONTRADICTED


def test_one_seed_leaves_everything_undecided():
    found = verdicts(*made_up(rising(0.1), seeds=(0,)))
    assert {v.verdict for v in found.values() if v.claim != "ours"} == {UNDECIDED}
    assert found[RISES].estimate == pytest.approx(0.1) and np.isnan(found[RISES].low)


def test_each_set_of_patients_is_its_own():
    """An effect on the paper's two patients alone: seen there, not on the paired heads."""
    scores, models = made_up(sd=0.001)
    ahead = (scores["role"] == "test") & scores["model"].str.endswith("ACD 2000")
    found = judge(scores.assign(f_score=scores["f_score"] + 0.1 * ahead), models)
    assert found["paper's"][0].estimate == pytest.approx(0.1, abs=0.01)
    assert found[VERDICT][0].estimate == pytest.approx(0, abs=0.005)


def test_operating_points_stand_side_by_side():
    scores, models = made_up(rising(0.06), sd=0.004)
    none = scores["f_score"].mean() + 0 * scores["f_score"]
    judged = operating_points.judge(scores.assign(average_precision=none), models)
    assert list(judged) == ["at 0.5", "at A's threshold", "threshold-free"]
    table = operating_points.table(judged)
    assert table.index.get_level_values("claim").tolist() == [2, 3, 3, 4, 4]
    line = table.loc[(2, RISES)]
    assert line["at 0.5"].startswith("reproduced: +0.0")
    assert line["at A's threshold"] == "not tested yet: –"  # no such column
    assert line["threshold-free"] == "no relevant effect: +0.000 (0.000 to 0.000)"
