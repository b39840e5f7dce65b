"""Verdicts on claims 6 to 12 and 14: planted effects are found, chance is not, gaps are refused."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims.adaptation import EVERY_LESION, PARTS, judge
from rfe_study.claims.adapted_rows import AdaptationRows, beyond_upper
from rfe_study.claims.effort import arithmetic
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.verdicts import CONTRADICTED, NO_EFFECT, NOT_TESTED, REPRODUCED, overall
from rfe_study.methods.adaptation import PAPER, PERFECT
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

MODELS = [PAPER, PERFECT, EVERY_LESION, "no embedding", LOWER_BOUND, UPPER_BOUND]
SUBJECTS = [("test", f"{k}") for k in (1, 2)] + [("paired", f"{k:02d}") for k in range(1, 7)]
EVEN = "10" * 10  # lesions found: every other one of 20
BETTER, ALARMS = "better than the lower bound", "fewer false positives"
MEAN = ", mean of B, C, D"


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


def as_stored(rows):
    """Rows of adapted models and baselines, as `rfe sweep` and `rfe train` write them."""
    bound = rows["model"].isin([LOWER_BOUND, UPPER_BOUND])
    theirs, mine = rows[bound], rows[~bound]
    upper = theirs["model"] == UPPER_BOUND
    theirs = theirs.assign(model=("upper-" + theirs["target"]).where(upper, "lower"))
    models = mine[["target", "model", "seed"]].drop_duplicates().assign(status="finished")
    return AdaptationRows(scores=mine, models=models, baselines=theirs.drop(columns="target"))


def verdicts(rows, lesions, which=VERDICT):
    found = judge(as_stored(rows), lesions)
    assert list(found) == list(PATIENTS)
    assert all(len(parts) == len(PARTS) + 2 for parts in found.values())
    return {v.part: v for v in found[which]}


def test_a_planted_gain_is_found_everywhere_and_its_source_told():
    better = {"f_score": 0.1, "precision": 0.2, "fp_per_slice": -0.5}
    found = verdicts(*made_up({PAPER: better}))
    mean = found[BETTER + MEAN]
    assert (mean.verdict, mean.claim, mean.main) == (REPRODUCED, 6, True)
    assert mean.estimate == pytest.approx(0.1) and mean.low == pytest.approx(mean.high)
    for domain in "BCD":
        part = found[f"{domain}: {BETTER}"]
        assert (part.verdict, part.claim, part.main) == (REPRODUCED, 6, False)
        assert found[f"{domain}: {ALARMS}"].verdict == REPRODUCED
        assert found[f"{domain}: precision gains more than recall"].verdict == REPRODUCED
    assert found[ALARMS + MEAN].estimate == pytest.approx(np.log(2), abs=0.05)  # half are gone
    assert found["better than no embedding" + MEAN].estimate == pytest.approx(0.1)
    assert found["better than entropy" + MEAN].verdict == NOT_TESTED
    assert found["a perfect prior is better than NCC" + MEAN].verdict == CONTRADICTED
    assert found["C: at most 0.05 below the upper bound"].verdict == REPRODUCED


def test_a_gain_by_recall_is_not_called_one_by_precision():
    found = verdicts(*made_up({PAPER: {"f_score": 0.1, "recall": 0.2}}))
    assert found["precision gains more than recall" + MEAN].verdict == CONTRADICTED
    assert found["better than no embedding" + MEAN].verdict == REPRODUCED
    assert found[ALARMS + MEAN].verdict == NO_EFFECT


def test_a_domain_alone_can_contradict():
    rows, lesions = made_up({PAPER: {"f_score": 0.1}})
    rows.loc[(rows["target"] == "C") & (rows["model"] == PAPER), "f_score"] -= 0.2
    found = verdicts(rows, lesions)
    assert found[f"B: {BETTER}"].verdict == REPRODUCED
    assert found[f"C: {BETTER}"].verdict == CONTRADICTED
    assert found["C: at most 0.05 below the upper bound"].verdict == CONTRADICTED
    assert found[BETTER + MEAN].estimate == pytest.approx(0.1 / 3)
    assert overall(v for v in found.values() if v.claim == 6) == CONTRADICTED


def test_chance_is_rarely_called_an_effect():
    found = verdicts(*made_up(sd=0.05))
    claimed = {v.part for v in found.values() if v.verdict in (REPRODUCED, CONTRADICTED)}
    sure = ("at most 0.05", "n_E = 100", "fewer pairs", "finds lesions that", "missed")
    assert not [part for part in claimed if not any(words in part for words in sure)]


def test_very_small_lesions():
    found = verdicts(*made_up(small={PAPER: 2, PERFECT: 2, EVERY_LESION: 6}))
    missed = found["most lesions below 10 mm³ missed" + MEAN]
    assert missed.verdict == REPRODUCED and missed.estimate == pytest.approx(0.8)
    more = found["every lesion equally likely finds more below 10 mm³, perfect prior" + MEAN]
    assert (more.verdict, more.claim) == (REPRODUCED, 12)
    assert more.estimate == pytest.approx(0.4)
    found = verdicts(*made_up(small={PAPER: 9}))
    assert found["D: most lesions below 10 mm³ missed"].verdict == CONTRADICTED
    same = found["every lesion equally likely finds more below 10 mm³, perfect prior" + MEAN]
    assert same.verdict == NO_EFFECT


def test_lesions_beyond_the_upper_bound():
    """PAPER finds 2 of 20 that the bound of its seed misses; another training of the bound 1."""
    found = {(UPPER_BOUND, seed): EVEN for seed in (0, 1, 2)}
    found |= {(PAPER, seed): "11" * 2 + "10" * 8 for seed in (0, 1, 2)}
    rows, lesions = made_up(found=found)
    table = beyond_upper(lesions)
    assert set(table[table["model"] == PAPER]["beyond_upper"]) == {2}
    assert set(table[table["model"] == UPPER_BOUND]["beyond_upper"]) == {0}
    part = verdicts(rows, lesions)["finds lesions that the upper bound misses" + MEAN]
    assert (part.verdict, part.claim) == (REPRODUCED, 11) and part.estimate == pytest.approx(0.1)

    found[UPPER_BOUND, 1] = "11" * 3 + "10" * 7  # what a training of seed 1 finds beyond seed 0's
    table = beyond_upper(made_up(found=found)[1]).groupby(["model", "seed"])["beyond_upper"].mean()
    assert table[UPPER_BOUND].to_dict() == {0: 3, 1: 0, 2: 0}
    assert table[PAPER].to_dict() == {0: 2, 1: 0, 2: 2}
    same = verdicts(*made_up())["B: finds lesions that the upper bound misses"]
    assert same.verdict == CONTRADICTED and same.estimate == 0


def test_seeds_are_paired():
    """What a seed does to all models alike cancels."""
    rows, lesions = made_up({PAPER: {"f_score": 0.04}})
    rows["f_score"] += 0.2 * rows["seed"]
    part = verdicts(rows, lesions)[BETTER + MEAN]
    assert part.verdict == REPRODUCED and part.high - part.low < 1e-9


def test_the_papers_patients_are_looked_at_alone():
    rows, lesions = made_up()
    rows.loc[(rows["role"] == "test") & (rows["model"] == PAPER), "f_score"] += 0.1
    assert verdicts(rows, lesions, "paper's")[BETTER + MEAN].estimate == pytest.approx(0.1)
    assert verdicts(rows, lesions)[BETTER + MEAN].estimate == pytest.approx(0)


def test_arithmetic_of_claim_14():
    same, cheaper = arithmetic()
    assert same.estimate == 1.0 and same.verdict == REPRODUCED  # 100 x 4000 = 2000 x 200
    assert cheaper.estimate == 20.0 and cheaper.verdict == REPRODUCED


@pytest.mark.parametrize("model", [PAPER, "no embedding", UPPER_BOUND])
def test_a_missing_score_is_refused(model):
    rows, lesions = made_up()
    chosen = (rows["model"] == model) & (rows["target"] == "C") & (rows["role"] == "paired")
    with pytest.raises(ValueError, match=f"'{model}' seed . has none on paired"):
        verdicts(rows.drop(index=rows[chosen].index[0]), lesions)


def test_a_missing_lesion_row_is_refused():
    rows, lesions = made_up()
    with pytest.raises((ValueError, KeyError)):
        verdicts(rows, lesions.drop(index=lesions[lesions["role"] == "paired"].index[0]))


def test_a_domain_without_patients_is_refused():
    rows, lesions = made_up()
    with pytest.raises(ValueError, match="scores must hold patients of D"):
        judge(
            AdaptationRows(
                scores=(found := as_stored(rows)).scores[found.scores["target"] != "D"],
                models=found.models,
                baselines=found.baselines,
            ),
            lesions,
        )
