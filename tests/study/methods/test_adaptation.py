"""The methods of the adaptation: what each may know, equal budgets, and settings from V1 alone."""

from collections import Counter
from dataclasses import replace

import pytest

from rfe_study import results
from rfe_study.claims.adaptation import COMPARED
from rfe_study.methods import adaptation
from rfe_study.methods.adaptation import (
    PAPER,
    PERFECT,
    RATE,
    SEARCH_RATES,
    SEARCH_WEIGHTS,
    WEIGHTS,
    search,
)
from rfe_study.methods.method import Method

BY_NAME = {method.name: method for method in adaptation.adaptation_methods()}


def test_the_papers_method_is_section_3_2():
    term = BY_NAME[PAPER].embedding
    assert (term.strategy, term.n_e, term.distance, term.margin) == ("80/20", 100, "cosine", 1.0)
    assert BY_NAME[PAPER].source == "NCC" and BY_NAME[PAPER].primary == "labelled"


def test_methods_differ_in_the_one_thing_they_are_named_after():
    paper = BY_NAME[PAPER]

    def with_name(name, **changes):
        group = BY_NAME[name].group
        return replace(paper, name=name, group=group, **changes) == BY_NAME[name]

    assert with_name(PERFECT, source="true")
    assert with_name("RFE, NCC from A", source="NCC from A")
    assert with_name(f"{PAPER}, all pixels", embedding=replace(paper.embedding, n_e="all"))
    assert with_name("no embedding", embedding=replace(paper.embedding, weight=0.0))
    assert with_name("labelled A only", embedding=None, unlabelled=False)
    assert with_name("statistics only", embedding=None, unlabelled=False, statistics=True)
    assert with_name("Dice on NCC", embedding=None, primary="both")
    assert with_name("labels of V1", embedding=None, primary="both", source="V1")
    assert with_name("labels of V2 and V3", embedding=None, primary="both", source="true")
    assert with_name("histogram matching", embedding=None, match_histograms=True)
    for kind in ("entropy", "pseudo-labels"):
        assert with_name(kind, embedding=None, self_training=BY_NAME[kind].self_training)


def test_all_compared_models_are_there_and_take_the_same_steps():
    assert {*COMPARED, PAPER, PERFECT} <= BY_NAME.keys() and len(BY_NAME) == 14
    assert {method.rate for method in BY_NAME.values()} == {RATE}


def test_only_the_bound_and_perfect_priors_know_labels_of_v2_and_v3():
    known = {name for name, method in BY_NAME.items() if method.source == "true"}
    assert known == {PERFECT, f"{PERFECT}, all pixels", "labels of V2 and V3"}
    assert not any(method.source == "subset" for method in BY_NAME.values())


def test_the_search_has_equal_budgets():
    found = Counter(method.name.rsplit(" ", 2)[0] for method in search() if "weight" in method.name)
    assert found == dict.fromkeys(SEARCH_WEIGHTS, 3) and WEIGHTS.keys() == SEARCH_WEIGHTS.keys()
    assert {method.source for method in search()} == {"NCC"}
    assert {method.rate for method in search() if "weight" in method.name} == {RATE}


def found_by_search():
    """Mean F on V1 over the targets, of each setting of the laptop profile's search."""
    scores = results.read("sweep-scores")
    mine = (scores["experiment"] == "adaptation-search") & (scores["profile"] == "laptop")
    scores = scores[mine]
    assert {*zip(scores["target"], scores["subject"], strict=True)} == {
        (d, f"{d}train1") for d in "BCD"
    }
    means = scores.groupby("model")["f_score"].mean()
    assert set(means.index) == {method.name for method in search()}
    return means


def test_settings_are_the_best_on_v1():
    means = found_by_search()
    rates = {rate: means[f"no embedding rate {rate:g}"] for rate in SEARCH_RATES}
    assert max(rates, key=rates.get) == RATE
    for kind, weights in SEARCH_WEIGHTS.items():
        of_weight = {w: means[f"{kind} weight {w:g}"] for w in weights}
        assert max(of_weight, key=of_weight.get) == WEIGHTS[kind]


@pytest.mark.parametrize("changes", [{"source": "V9"}, {"group": "x"}])
def test_bad_methods_are_refused(changes):
    name = next(iter(changes))
    with pytest.raises(ValueError, match=f"{name} must be one of .*, got '{changes[name]}'"):
        Method(**{"name": "x", "group": "control", "rate": 1.0} | changes)


def test_settings_hold_what_decides_and_nothing_else():
    method = BY_NAME[PAPER]
    assert replace(method, group="rival").settings == method.settings
    assert method.settings.keys() == {"name", "rate", "embedding", "source"}
    plain = Method(name="x", group="control", rate=1.0)
    assert plain.settings == {"name": "x", "rate": 1.0}
    assert plain.columns == {"group": "control", "rate": 1.0}
    assert BY_NAME["entropy"].columns == {
        "group": "rival",
        "rate": RATE,
        "source": "NCC",
        "lambda": WEIGHTS["entropy"],
    }
