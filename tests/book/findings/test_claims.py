"""The page of claims says what the parts of claims say."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from rfe_book.findings import claims
from rfe_book.findings.front_page import NO_EMBEDDING
from rfe_study.claims import board, headline, proof_of_concept
from rfe_study.claims.rows import ADAPTATION, PROOF, read
from rfe_study.claims.verdicts import CONTRADICTED, NO_EFFECT, REPRODUCED, UNDECIDED, overall
from rfe_study.methods.adaptation import PAPER, PERFECT, adaptation_methods
from rfe_study.tables import MODELS


@pytest.fixture(scope="module")
def parts():
    return board.all_parts()


@pytest.fixture(scope="module")
def advance():
    return board.headline_parts()


def changed(parts, claim, name, **values):
    return {**parts, claim: [replace(p, **values) if p.part == name else p for p in parts[claim]]}


def test_three_seeds_would_have_misled(parts):
    worse = claims.part_of(parts[4], proof_of_concept.WORSE)
    told = {"estimate": -0.025, "low": -0.035, "high": -0.016, "verdict": CONTRADICTED}
    fewer = changed(parts, 4, worse.part, **told)
    said = claims.with_fewer(fewer, parts)
    assert said.l2_fewer == "−0.025 (−0.035 to −0.016)"
    assert said.l2_all.startswith(f"{worse.estimate:.3f} (".replace("-", "−"))
    with pytest.raises(ValueError, match="three seeds contradict claim 4"):
        claims.with_fewer(parts, parts)
    with pytest.raises(ValueError, match="all of them leave it open"):
        claims.with_fewer(fewer, fewer)


def test_the_training_that_came_late_is_told_with_what_it_turns(parts):
    fewer = claims.part_of(parts[7], "fewer false positives, mean of B, C, D")
    alone = claims.part_of(parts[7], "D: fewer false positives")
    ours = claims.part_of(parts["ours"], NO_EMBEDDING)
    without = [(fewer, CONTRADICTED), (alone, NO_EFFECT), (ours, UNDECIDED)]
    turned = [(part, replace(part, verdict=verdict)) for part, verdict in without]
    said = claims.late({7: (UNDECIDED, CONTRADICTED)}, turned)
    assert said.training == "“RFE, NCC” on D, seed 3" and said.parts == 3
    assert said.without == "claim 7 would be contradicted"
    more = {c: (UNDECIDED, CONTRADICTED) for c in (6, 7)} | {11: (REPRODUCED, UNDECIDED)}
    told = "claims 6 and 7 would be contradicted and claim 11 would be undecided"
    assert claims.late(more, turned).without == told
    with pytest.raises(ValueError, match="one training decides verdicts"):
        claims.late({}, turned)


def test_a_reader_may_have_rows_in_which_no_training_turns_a_claim(monkeypatch, capsys):
    monkeypatch.delenv("RFE_STRICT")
    assert claims.late({}, []).parts == 0
    assert "may no longer hold that 'one training decides verdicts" in capsys.readouterr().out


def test_no_reproduced_claim_says_that_the_method_helps(parts):
    found = board.board(parts)
    assert claims.reproduced(found, parts["ours"]).another.startswith("−2 points (")
    helps = found["verdict"].where(found["claim"] != 6, REPRODUCED)
    with pytest.raises(ValueError, match="no other claims are reproduced"):
        claims.reproduced(found.assign(verdict=helps), parts["ours"])


def test_the_headline_fixed_in_advance_is_told_as_it_came(advance):
    found = claims.in_advance(advance)
    (perfect,) = (part for part in advance[headline.WITH_PERFECT] if part.main)
    assert found.perfect == claims.share_of(perfect) and found.held == "none"
    better = [replace(p, high=0.9) if p.main else p for p in advance[headline.WITH_PERFECT]]
    with pytest.raises(ValueError, match="must not say 'a perfect prior falls short'"):
        claims.in_advance({**advance, headline.WITH_PERFECT: better})
    parts = advance[headline.WITHOUT_LABELS]
    harmless = [replace(p, high=0.01) if p.main else p for p in parts]
    with pytest.raises(ValueError, match="without labels it does harm, too"):
        claims.in_advance({**advance, headline.WITHOUT_LABELS: harmless})


def test_sentences_that_hold_are_counted(advance):
    held = {
        name: [replace(p, verdict=REPRODUCED) for p in found] if "prior" in name else found
        for name, found in advance.items()
    }
    assert claims.in_advance(held).held == "one"


def test_numbers_as_words(advance):
    (part,) = (part for part in advance[headline.WITH_V1] if part.main)
    part = replace(part, estimate=-0.342, low=-0.656, high=0.029)
    assert claims.share_of(part) == "−34% (−66 to 3)"
    assert claims.effect(part, sign="+") == "−0.34 (−0.66 to 0.03)"
    assert claims.effect(part, -1) == "0.34 (−0.03 to 0.66)"


def test_trainings_are_counted_against_what_was_planned():
    lists = {(PROOF, "B"): claims.proof_of_concept_models()}
    lists |= {(ADAPTATION, target): adaptation_methods() for target in "BCD"}
    names = ["experiment", "target", "model", "seed"]
    all_of = [(*key, m.name, k) for key, own in lists.items() for m in own for k in range(m.seeds)]
    models = pd.DataFrame(all_of, columns=names)
    columns = {"claim": [1, 2], "verdict": ["reproduced (setup)", "contradicted"]}
    found = claims.counts(pd.DataFrame(columns), models)
    assert (found.claims, found.planned) == (2, len(models))
    assert (found.reproduced, found.contradicted, found.no_relevant_effect) == (1, 1, 0)
    late = (models["target"] != "B") & (models["model"] == PAPER) & (models["seed"] > 6)
    gone = late | ((models["target"] == "D") & (models["model"] == PERFECT))
    with pytest.raises(ValueError, match="all trainings that the design asks for were made"):
        claims.counts(pd.DataFrame(columns), models[~gone])


def test_the_readme_says_what_the_parts_say(parts, advance):
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert "did not hold in any of its four sentences" in readme
    both = [read(MODELS, experiment=name) for name in (PROOF, ADAPTATION)]
    planned = claims.counts(board.board(parts), pd.concat(both)).planned
    assert f"All {planned} trainings that were planned were made." in readme
    assert all(overall(found) != REPRODUCED for found in advance.values())
    said = {2: REPRODUCED, 3: REPRODUCED, 4: UNDECIDED, 5: CONTRADICTED, 9: REPRODUCED}
    said |= {10: CONTRADICTED, 12: REPRODUCED}
    assert {claim: overall(parts[claim]) for claim in said} == said
    nothing = claims.part_of(parts["ours"], NO_EMBEDDING)
    assert nothing.verdict == NO_EFFECT and "no relevant effect against the same steps" in readme
