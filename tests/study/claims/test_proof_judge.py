"""Verdicts on made-up scores: planted effects are found, chance is not, gaps are refused."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims.power import POWER, detectable, noise
from rfe_study.claims.proof import PARTS, judge
from rfe_study.claims.resampling import resample
from rfe_study.claims.rows import PATIENTS, TARGET, by_model
from rfe_study.claims.scores import Scores
from rfe_study.methods.proof import proof_of_concept

METHODS = proof_of_concept()
MODELS = [method.name for method in METHODS]
SUBJECTS = {f"Btest{k}": "test" for k in (1, 2)} | {f"Bextra{k}": "extra" for k in range(1, 7)}


def flat(method):
    """The same F for each method."""
    return 0.5


def made_up(effect=flat, *, sd=0.0, seeds=(0, 1, 2), diverged=(), generator=None):
    """Rows of scores and models: F of a method, plus seed, patient and a random deviation.

    `diverged` holds (model, seed): in the table of models alone.
    """
    generator = generator or np.random.default_rng(0)
    of_seed = dict(zip(seeds, generator.normal(0, 0.03, len(seeds)), strict=True))
    of_patient = dict(zip(SUBJECTS, generator.normal(0, 0.05, len(SUBJECTS)), strict=True))
    scores, models = [], []
    for seed in seeds:
        for method in METHODS:
            status = "diverged" if (method.name, seed) in diverged else "finished"
            models.append({"seed": seed, "model": method.name, "status": status})
            if status == "diverged":
                continue
            for subject, role in SUBJECTS.items():
                f_score = effect(method) + of_seed[seed] + of_patient[subject]
                f_score += sd * generator.normal()
                row = {"seed": seed, "model": method.name, "role": role, "subject": subject}
                scores.append({**row, "f_score": f_score})
    order = generator.permutation(len(scores))  # rows come in any order
    return pd.DataFrame(scores).iloc[order], pd.DataFrame(models)


def verdicts(*tables, draws=400):
    """Verdict by part on all 8 patients."""
    found = judge(*tables, generator=np.random.default_rng(1), draws=draws)
    assert list(found) == list(PATIENTS) == ["paper's 2", "6 further", "all 8"]
    return {v.part: v for v in found["all 8"]}


def rising(by, distance="cosine", end="mean"):
    """F of the 36 models (or sum / n) rises by so much per tenfold n_E."""

    def effect(method):
        term = method.embedding
        if method.group not in ("rfe", "sum / n") or term.distance != distance:
            return 0.5
        return 0.5 + by * np.log10(term.n_e) * (term.reduction == end)

    return effect


@pytest.mark.parametrize(
    ("by", "expected"), [(0.02, "reproduced"), (0.0, "not reproduced"), (-0.02, "not reproduced")]
)
def test_a_planted_rise_is_found(by, expected):
    found = verdicts(*made_up(rising(by), sd=0.002))
    for strategy in ("50/50", "distribution-aware", "80/20"):
        verdict = found[f"F rises with n_E, ACD, {strategy}"]
        assert (verdict.claim, verdict.verdict) == (2, expected)
        assert verdict.estimate == pytest.approx(by, abs=0.002)
        assert verdict.low <= verdict.estimate <= verdict.high


def test_a_rise_lost_in_noise_is_undecided():
    found = verdicts(*made_up(rising(0.01), sd=0.3))
    assert found["F rises with n_E, ACD, 80/20"].verdict == "undecided"


@pytest.mark.parametrize(("better", "expected"), [(0.02, "reproduced"), (-0.02, "not reproduced")])
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
    assert found["l2 worse than ACD"].verdict == "reproduced"
    assert found["l2 rougher than ACD from n_E = 200"].verdict == "reproduced"
    assert found["l2 rougher than ACD from n_E = 200"].estimate == pytest.approx(0.08, abs=0.01)
    steady = verdicts(*made_up(rising(0.0), sd=0.005))
    assert steady["l2 worse than ACD"].verdict != "reproduced"


def test_seeds_that_rank_the_models_alike_are_found():
    levels = dict(zip(MODELS, np.random.default_rng(5).random(len(MODELS)), strict=True))

    def effect(method):
        return 0.3 + 0.2 * levels[method.name] - 0.2 * (method.name == "no embedding")

    found = verdicts(*made_up(effect, sd=0.01))
    assert found["the 36 models rank alike"].verdict == "reproduced"
    assert found["the 36 models rank alike"].estimate > 0.9
    assert found["ACD better than no embedding in each seed"].verdict == "reproduced"
    alike = verdicts(*made_up())["the 36 models rank alike"]  # no ranking at all
    assert (alike.estimate, alike.low, alike.high) == (0, 0, 0)
    chance = verdicts(*made_up(sd=0.05))
    assert chance["the 36 models rank alike"].verdict == "not reproduced"


def test_one_seed_leaves_the_agreement_of_seeds_undecided():
    found = verdicts(*made_up(rising(0.02), seeds=(0,)))
    assert found["the 36 models rank alike"].verdict == "undecided"
    assert np.isnan(found["the 36 models rank alike"].estimate)
    assert found["F rises with n_E, ACD, 80/20"].verdict == "reproduced"


def test_all_pixels_ahead_and_a_steeper_sum_are_found():
    def effect(method):
        ahead = method.group == "all pixels" and method.embedding.n_e == "all"
        return rising(0.03, end="per_embedding")(method) + 0.05 * ahead

    found = verdicts(*made_up(effect, sd=0.005))
    verdict = found["all pixels beat every sampled n_E, 80/20 at margin 1"]
    assert verdict.verdict == "reproduced" and verdict.estimate == pytest.approx(0.05, abs=0.01)
    verdict = found["sum / n rises more steeply than the mean"]
    assert verdict.verdict == "reproduced" and verdict.estimate == pytest.approx(0.03, abs=0.005)


def test_each_set_of_patients_is_its_own():
    """An effect on the two test patients alone: found there, not on the six others."""
    scores, models = made_up()
    rise = scores["model"].str.extract(r"ACD (\d+)$", expand=False).astype(float)
    on_test = scores["role"] == "test"
    scores = scores.assign(f_score=scores["f_score"] + 0.02 * np.log10(rise.fillna(1)) * on_test)
    found = judge(scores, models, generator=np.random.default_rng(1), draws=100)
    estimate = {which: parts[0].estimate for which, parts in found.items() if parts[0].claim == 2}
    assert estimate["paper's 2"] == pytest.approx(0.02)
    assert estimate["6 further"] == pytest.approx(0, abs=1e-12)
    assert estimate["all 8"] == pytest.approx(0.02 / 4)


def test_the_same_generator_gives_the_same_intervals():
    tables = made_up(sd=0.02)
    assert verdicts(*tables) == verdicts(*tables)


# Scores by model


def test_tables_hold_each_score_at_its_place():
    scores, models = made_up(sd=0.1)
    values = by_model(scores, models)
    assert list(values) == sorted(MODELS)
    assert {table.shape for table in values.values()} == {(3, 8)}
    subjects = sorted(SUBJECTS)
    for row in scores.sample(40, random_state=0).itertuples():
        assert values[row.model][row.seed, subjects.index(row.subject)] == row.f_score
    assert by_model(scores, models, "paper's 2")["no embedding"].shape == (3, 2)


def test_a_model_that_diverged_scores_0():
    scores, models = made_up(diverged={("80/20 l2 2000", 1), ("80/20 l2 1000", 2)})
    values = by_model(scores, models)
    assert (values["80/20 l2 2000"][1] == 0).all()
    assert (values["80/20 l2 1000"][2] == 0).all()
    assert sum((table == 0).sum() for table in values.values()) == 2 * 8
    assert (values["80/20 l2 2000"][0] > 0.1).all()
    lower = verdicts(scores, models)["l2 worse than ACD"].estimate
    assert lower == pytest.approx(
        verdicts(*made_up())["l2 worse than ACD"].estimate + 0.5 * 2 / 54, abs=0.01
    )


def test_a_model_that_diverged_in_every_seed_scores_0():
    scores, models = made_up(diverged={("80/20 l2 2000", seed) for seed in (0, 1, 2)})
    values = by_model(scores, models, "6 further")
    assert (values["80/20 l2 2000"] == 0).all() and list(values) == sorted(MODELS)


def test_a_missing_score_is_an_error():
    scores, models = made_up()
    lost = scores[
        (scores["model"] == "50/50 ACD 20")
        & (scores["seed"] == 2)
        & (scores["subject"] == "Btest1")
    ].index
    with pytest.raises(
        ValueError,
        match="each model needs f_score on each patient, '50/50 ACD 20' seed 2 has none on Btest1",
    ):
        judge(scores.drop(lost), models, generator=np.random.default_rng(0))


def test_a_model_without_any_score_is_an_error():
    scores, models = made_up()
    with pytest.raises(ValueError, match="'no embedding' seed 0 has none on Bextra1"):
        by_model(scores[scores["model"] != "no embedding"], models)


def test_no_such_patients_are_an_error():
    scores, models = made_up()
    with pytest.raises(
        ValueError, match=r"scores must hold patients of roles \('test',\), got none"
    ):
        by_model(scores[scores["role"] == "extra"], models, "paper's 2")


def test_resamples_draw_patients_and_seeds():
    """A resampled mean lies between the extremes; weights add up; the plain one is plain."""
    values = np.random.default_rng(0).random((3, 4, 2))
    plain = Scores.even({(TARGET, "f_score"): {"a": values[..., 0], "b": values[..., 1]}})
    both, alone = resample(plain, generator=np.random.default_rng(1), draws=500)
    np.testing.assert_allclose(plain.mean(["a", "b"])[0], values.mean((0, 1)))
    for scores in (both, alone):
        by_seed = scores.of(["a", "b"])
        assert by_seed.shape == (500, 3, 2)
        np.testing.assert_allclose(scores.seeds.sum(1), 1)
        np.testing.assert_allclose(scores.patients[TARGET].sum(1), 1)
        assert (by_seed <= values.max(1) + 1e-12).all()
        assert (by_seed >= values.min(1) - 1e-12).all()
    assert (alone.seeds == 1 / 3).all()
    assert {0, 1 / 3, 2 / 3, 1} == {round(w * 3) / 3 for w in np.unique(both.seeds)}
    # the same patients for all models and seeds
    same = np.repeat(np.arange(4.0)[None], 3, 0)
    plain = Scores.even({(TARGET, "f_score"): {"a": same, "b": same}})
    both, _ = resample(plain, generator=np.random.default_rng(2), draws=50)
    by_seed = both.of(["a", "b"])
    assert (by_seed == by_seed[:, :1, :1]).all()


def test_seeds_drawn_first_are_other_draws_of_the_same_kind():
    tables = {("C", "recall"): {"a": np.arange(12.0).reshape(3, 4)}}
    plain = Scores.even(tables)
    first, _ = resample(plain, generator=np.random.default_rng(0), draws=9, seeds_first=True)
    again, _ = resample(plain, generator=np.random.default_rng(0), draws=9, seeds_first=True)
    last, _ = resample(plain, generator=np.random.default_rng(0), draws=9)
    assert (first.seeds == again.seeds).all() and (first.seeds != last.seeds).any()
    assert first.mean(["a"], "C", "recall").shape == (9, 1)


# Noise and what can be detected


def test_noise_recovers_a_planted_deviation():
    generator = np.random.default_rng(3)
    found = [noise(made_up(sd=0.04, seeds=(0,), generator=generator)[0]) for _ in range(8)]
    assert np.mean(found) == pytest.approx(0.04, rel=0.05)


def test_patients_methods_and_nothing_else_are_no_noise():
    scores, _ = made_up(rising(0.05), seeds=(0,))
    assert noise(scores) == pytest.approx(0, abs=1e-12)


def test_a_single_patient_says_nothing_about_noise():
    """As in the search of the smoke profile; and without a warning."""
    scores, _ = made_up(rising(0.05), sd=0.04, seeds=(0,))
    assert np.isnan(noise(scores[scores["subject"] == scores["subject"].iloc[0]]))


def test_what_is_detectable_shrinks_with_patients_and_seeds():
    few, many = detectable(0.04, patients=2, seeds=1), detectable(0.04, patients=8, seeds=3)
    np.testing.assert_allclose(few["detectable"] / many["detectable"], np.sqrt(24 / 2))
    twice = detectable(0.08, patients=2, seeds=1)
    np.testing.assert_allclose(twice["detectable"], 2 * few["detectable"])
    assert few["part"].tolist() == [p.part for p in PARTS if p.linear]


def test_what_is_detectable_by_hand():
    """The mean of six models less the mean of six others: sd sqrt(1/6 + 1/6) of one patient."""
    table = detectable(0.03, patients=4, seeds=3).set_index("part")["detectable"]
    expected = POWER * 0.03 * np.sqrt(1 / 6 + 1 / 6) / np.sqrt(12)
    assert table["80/20 better than 50/50, ACD"] == pytest.approx(expected)
    x = np.log10([20, 100, 200, 500, 1000, 2000])
    expected = POWER * 0.03 / np.sqrt(((x - x.mean()) ** 2).sum()) / np.sqrt(12)
    assert table["F rises with n_E, ACD, 80/20"] == pytest.approx(expected)


def test_a_detectable_effect_is_found_in_four_of_five_repetitions():
    """The spread of the estimate is what `detectable` says; 2.8 of it are 80% power."""
    sd, generator, found = 0.04, np.random.default_rng(4), []
    compute = PARTS[0].compute
    for _ in range(60):
        tables = {(TARGET, "f_score"): by_model(*made_up(sd=sd, generator=generator))}
        found.append(float(compute(Scores.even(tables))[0]))
    expected = detectable(sd, patients=8, seeds=3)["detectable"][0] / POWER
    assert np.std(found) == pytest.approx(expected, rel=0.3)
