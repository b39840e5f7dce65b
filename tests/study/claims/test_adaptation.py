"""Verdicts on claims 6 to 12 and 14: planted effects are found, chance is not, gaps are refused."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims.adaptation import PARTS, judge
from rfe_study.claims.adapted_rows import AdaptationRows, beyond_upper
from rfe_study.claims.effort import arithmetic
from rfe_study.claims.rows import PATIENTS
from rfe_study.claims.verdicts import NOT_REPRODUCED, REPRODUCED, UNDECIDED
from rfe_study.methods.adaptation import PAPER, PERFECT, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

MODELS = [*(method.name for method in adaptation_methods()), LOWER_BOUND, UPPER_BOUND]
SUBJECTS = [("test", k) for k in (1, 2)] + [("extra", k) for k in range(1, 7)]
EVEN = "10" * 10  # lesions found: every other one of 20


def made_up(effects=None, *, sd=0.0, small=None, found=None, seeds=(0, 1, 2)):
    """Rows and lesions; `effects` adds to columns of a model, `small` are very small ones found.

    `found` maps (model, seed) to a string of 20 lesions.
    """
    generator = np.random.default_rng(0)
    effects, small, found = effects or {}, small or {}, found or {}
    rows, lesions = [], []
    for target in "BCD":
        for role, number in SUBJECTS:
            patient = generator.normal(0, 0.05)
            for model in MODELS:
                for seed in seeds:
                    where = {"target": target, "model": model, "seed": seed}
                    where |= {"subject": f"{target}{role}{number}", "role": role}
                    row = {"f_score": 0.6, "precision": 0.7, "recall": 0.5, "fp_per_slice": 1.0}
                    row = {k: v + patient + sd * generator.normal() for k, v in row.items()}
                    for column, by in effects.get(model, {}).items():
                        row[column] += by
                    row |= {"lesions": 20, "lesions_0_10": 10, "detected_0_10": small.get(model, 5)}
                    rows.append({**where, **row, "domain": target})
                    if model in (PAPER, UPPER_BOUND):
                        text = found.get((model, seed), EVEN)
                        lesions.append({**where, "found": text})
    order = generator.permutation(len(rows))
    return pd.DataFrame(rows).iloc[order], pd.DataFrame(lesions)


def verdicts(*tables, which="all 8"):
    found = judge(*tables, generator=np.random.default_rng(1), draws=300)
    assert list(found) == list(PATIENTS)
    assert all(len(parts) == len(PARTS) + 2 for parts in found.values())
    return {v.part: v for v in found[which]}


def test_a_planted_gain_is_found_on_every_domain_and_its_source_told():
    better = {"f_score": 0.1, "precision": 0.2, "fp_per_slice": -0.5}
    found = verdicts(*made_up({PAPER: better}))
    for domain in "BCD":
        part = found[f"{domain}: better than the lower bound"]
        assert (part.verdict, part.claim) == (REPRODUCED, 6)
        assert part.estimate == pytest.approx(0.1) and part.low == pytest.approx(part.high)
        assert found[f"{domain}: fewer false positives"].verdict == REPRODUCED
        assert found[f"{domain}: fewer false positives"].estimate == pytest.approx(0.5)
        assert found[f"{domain}: precision gains more than recall"].verdict == REPRODUCED
    assert found["better than entropy"].estimate == pytest.approx(0.1)
    assert found["a perfect prior is better than NCC"].verdict == NOT_REPRODUCED
    assert found["C: at most 0.05 below the upper bound"].verdict == REPRODUCED


def test_a_gain_by_recall_is_not_called_one_by_precision():
    found = verdicts(*made_up({PAPER: {"f_score": 0.1, "recall": 0.2}}))
    assert found["B: precision gains more than recall"].verdict == NOT_REPRODUCED


def test_an_effect_on_one_domain_counts_there_alone():
    rows, lesions = made_up()
    rows.loc[(rows["target"] == "C") & (rows["model"] == PAPER), "f_score"] -= 0.1
    found = verdicts(rows, lesions)
    assert found["C: better than the lower bound"].verdict == NOT_REPRODUCED
    assert found["C: at most 0.05 below the upper bound"].verdict == NOT_REPRODUCED
    assert found["B: better than the lower bound"].verdict == UNDECIDED  # exactly none
    assert found["better than no embedding"].estimate == pytest.approx(-0.1 / 3)


def test_chance_is_rarely_called_an_effect():
    found = verdicts(*made_up(sd=0.05))
    ours = [v.verdict for part, v in found.items() if part.startswith("better than")]
    assert ours.count(UNDECIDED) >= len(ours) - 2


def test_very_small_lesions():
    found = verdicts(*made_up(small={PAPER: 2, PERFECT: 2, f"{PERFECT}, all pixels": 6}))
    missed = found["D: most lesions below 10 mm³ missed"]
    assert missed.verdict == REPRODUCED and missed.estimate == pytest.approx(0.8)
    more = found["D: all pixels find more below 10 mm³, perfect prior"]
    assert (more.verdict, more.claim) == (REPRODUCED, 12)
    assert more.estimate == pytest.approx(0.4)
    found = verdicts(*made_up(small={PAPER: 9}))
    assert found["D: most lesions below 10 mm³ missed"].verdict == NOT_REPRODUCED


def test_lesions_beyond_the_upper_bound():
    """PAPER finds 2 of 20 that the bound of its seed misses; another training of the bound 1."""
    found = {(UPPER_BOUND, seed): EVEN for seed in (0, 1, 2)}
    found |= {(PAPER, seed): "11" * 2 + "10" * 8 for seed in (0, 1, 2)}
    rows, lesions = made_up(found=found)
    table = beyond_upper(lesions)
    assert set(table[table["model"] == PAPER]["beyond_upper"]) == {2}
    assert set(table[table["model"] == UPPER_BOUND]["beyond_upper"]) == {0}
    part = verdicts(rows, lesions)["B: finds lesions that the upper bound misses"]
    assert (part.verdict, part.claim) == (REPRODUCED, 11) and part.estimate == pytest.approx(0.1)

    found[UPPER_BOUND, 1] = (
        "11" * 3 + "10" * 7
    )  # what a training of seed 1 finds beyond that of seed 0
    table = beyond_upper(made_up(found=found)[1]).groupby(["model", "seed"])["beyond_upper"].mean()
    assert table[UPPER_BOUND].to_dict() == {0: 3, 1: 0, 2: 0} and table[PAPER].to_dict() == {
        0: 2,
        1: 0,
        2: 2,
    }
    same = verdicts(*made_up())["B: finds lesions that the upper bound misses"]
    assert same.verdict == NOT_REPRODUCED and same.estimate == 0


def test_seeds_are_paired():
    """What a seed does to all models alike cancels."""
    rows, lesions = made_up({PAPER: {"f_score": 0.01}})
    rows["f_score"] += 0.2 * rows["seed"]
    part = verdicts(rows, lesions)["B: better than the lower bound"]
    assert part.verdict == REPRODUCED and part.high - part.low < 1e-9


def test_the_papers_two_patients_are_looked_at_alone():
    rows, lesions = made_up()
    rows.loc[(rows["role"] == "test") & (rows["model"] == PAPER), "f_score"] += 0.1
    name = "B: better than the lower bound"
    assert verdicts(rows, lesions, which="paper's 2")[name].estimate == pytest.approx(0.1)
    assert verdicts(rows, lesions, which="6 further")[name].estimate == pytest.approx(0)
    assert verdicts(rows, lesions)[name].estimate == pytest.approx(0.1 * 2 / 8)


def test_arithmetic_of_claim_14():
    same, cheaper = arithmetic()
    assert same.estimate == 1.0 and same.verdict == REPRODUCED  # 100 x 4000 = 2000 x 200
    assert cheaper.estimate == 20.0 and cheaper.verdict == REPRODUCED


@pytest.mark.parametrize("model", [PAPER, "entropy", UPPER_BOUND])
def test_a_missing_score_is_refused(model):
    rows, lesions = made_up()
    first = rows[(rows["model"] == model) & (rows["target"] == "C")].index[0]
    with pytest.raises(ValueError, match=f"'{model}' seed . has none on C"):
        verdicts(rows.drop(index=first), lesions)


def test_a_missing_lesion_row_is_refused():
    rows, lesions = made_up()
    with pytest.raises((ValueError, KeyError)):
        verdicts(rows, lesions.iloc[1:])


def test_a_domain_without_patients_is_refused():
    rows, lesions = made_up()
    with pytest.raises(ValueError, match="scores must hold patients of D"):
        verdicts(rows[rows["target"] != "D"], lesions)


def test_rows_on_the_target_and_its_bounds_alone():
    rows, _ = made_up()
    mine = rows[~rows["model"].isin([LOWER_BOUND, UPPER_BOUND])].assign(date="2026")
    elsewhere = mine.assign(domain="A")
    bounds = [
        rows[rows["model"] == LOWER_BOUND].assign(model="lower"),
        *(
            rows[(rows["model"] == UPPER_BOUND) & (rows["target"] == d)].assign(
                model=f"upper-{other}"
            )
            for d in "BCD"
            for other in "BCD"
        ),
    ]
    baselines = pd.concat(bounds).drop(columns="target")
    scores = pd.concat([mine.assign(domain=mine["target"]), elsewhere])
    models = mine[["target", "model", "seed"]].drop_duplicates()
    found = AdaptationRows(scores=scores, models=models, baselines=baselines).on_targets()
    assert len(found) == len(rows)
    assert found.groupby("model").size().to_dict() == rows.groupby("model").size().to_dict()
