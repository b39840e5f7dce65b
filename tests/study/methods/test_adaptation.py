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
from rfe_study.methods.method import HEADLINE, OWN, SHOWN_ONCE, Method
from rfe_study.methods.self_training import KINDS

BY_NAME = {method.name: method for method in adaptation.adaptation_methods()}


def test_the_papers_method_is_section_3_2():
    term = BY_NAME[PAPER].embedding
    assert (term.strategy, term.n_e, term.distance, term.margin) == ("80/20", 100, "cosine", 1.0)
    assert BY_NAME[PAPER].source == "NCC" and BY_NAME[PAPER].primary == "labelled"


def test_methods_differ_in_the_one_thing_they_are_named_after():
    paper = BY_NAME[PAPER]

    def with_name(name, **changes):
        about = {"group": BY_NAME[name].group, "seeds": BY_NAME[name].seeds}
        return replace(paper, name=name, **about, **changes) == BY_NAME[name]

    assert with_name(PERFECT, source="true")
    assert with_name("RFE, NCC from A", source="NCC from A")
    assert with_name(f"{PAPER}, all pixels", embedding=replace(paper.embedding, n_e="all"))
    assert with_name("no embedding", embedding=replace(paper.embedding, weight=0.0))
    assert with_name("labelled A only", embedding=None, unlabelled=False)
    assert with_name("statistics only", embedding=None, unlabelled=False, statistics="target")
    assert with_name("Dice on NCC", embedding=None, primary="both")
    assert with_name("labels of V1", embedding=None, primary="both", source="V1")
    assert with_name("labels of V2 and V3", embedding=None, primary="both", source="true")
    assert with_name("histogram matching", embedding=None, match_histograms=True)
    for kind in KINDS:
        assert with_name(kind, embedding=None, self_training=BY_NAME[kind].self_training)
    assert with_name("RFE, classifier band", source="classifier band")
    assert with_name("RFE, own predictions", source=OWN)
    band = {"embedding": None, "primary": "both", "source": "classifier band"}
    assert with_name("Dice on classifier band", **band)
    measured = replace(paper.embedding, weight=0.0)
    assert with_name("no embedding", embedding=measured)
    assert with_name("no embedding, crops at lesions", embedding=measured, source="true")
    alike = replace(paper.embedding, lesionwise=True)
    assert with_name(f"{PERFECT}, every lesion alike", source="true", embedding=alike)


def test_exact_losses_differ_by_prior_and_share():
    best = BY_NAME[f"{PERFECT}, exact 4x"]
    assert (best.embedding.strategy, best.embedding.n_e, best.embedding.margin) == ("4x", "all", 1)
    for source, words in {
        "NCC": "NCC",
        "NCC band": "NCC band",
        "brightness band": "brightness band",
        "classifier band": "classifier band",
        OWN: "own predictions",
        "V1": "labels of V1",
    }.items():
        other = BY_NAME[f"RFE, {words}, exact 4x"]
        assert replace(other, name=best.name, source="true", seeds=best.seeds) == best
        assert other.source == source
    for share, strategy in (("1x", "distribution-aware"), ("2x", "2x")):
        other = BY_NAME[f"{PERFECT}, exact {share}"]
        assert other.embedding == replace(best.embedding, strategy=strategy)


def test_luck_is_the_same_with_another_v1():
    others = [method for method in BY_NAME.values() if method.group == "luck"]
    assert len(others) == 6 and {method.v1 for method in others} == {2, 3}
    for method in others:
        first = BY_NAME[method.name.removesuffix(f", V1 is patient {method.v1}")]
        same = {"name": first.name, "group": first.group, "v1": 1, "seeds": first.seeds}
        assert replace(method, **same) == first
    assert {method.v1 for method in BY_NAME.values() if method.group != "luck"} == {1}


def test_what_a_headline_rests_on_has_ten_seeds():
    found = {name for name, method in BY_NAME.items() if method.headline}
    assert found == {
        PAPER,
        PERFECT,
        f"{PERFECT}, all pixels",
        f"{PERFECT}, every lesion alike",
        f"{PERFECT}, exact 1x",
        f"{PERFECT}, exact 4x",
        "RFE, classifier band, exact 4x",
        "RFE, own predictions, exact 4x",
        "no embedding",
        "no embedding, crops at lesions",
        "statistics only",
        "labels of V1",
        "labels of V2 and V3",
    }
    seeds = Counter(method.seeds for method in BY_NAME.values())
    assert seeds == {HEADLINE: 13, 3: 11, SHOWN_ONCE: 12}
    assert {method.seeds for method in search()} == {SHOWN_ONCE}


def test_all_compared_models_are_there_and_take_the_same_steps():
    assert {*COMPARED, PAPER, PERFECT} <= BY_NAME.keys() and len(BY_NAME) == 36
    assert {method.rate for method in BY_NAME.values()} == {RATE}


def test_only_the_bound_and_perfect_priors_know_labels_of_v2_and_v3():
    known = {name for name, method in BY_NAME.items() if method.source == "true"}
    shares = ("exact 1x", "exact 2x", "exact 4x", "all pixels", "every lesion alike")
    control = "no embedding, crops at lesions"  # which learns nothing from where they are
    assert known == {PERFECT, *(f"{PERFECT}, {s}" for s in shares), "labels of V2 and V3", control}
    assert not any(method.source == "subset" for method in BY_NAME.values())


def test_the_search_has_equal_budgets():
    found = Counter(method.name.rsplit(" ", 2)[0] for method in search() if "weight" in method.name)
    assert found == dict.fromkeys(SEARCH_WEIGHTS, 3) and WEIGHTS.keys() == SEARCH_WEIGHTS.keys()
    assert all(WEIGHTS[term] in weights for term, weights in SEARCH_WEIGHTS.items())
    assert {method.source for method in search()} == {"NCC", "classifier band"}
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "V9"}, "source must be one of .*, got 'V9'"),
        ({"group": "x"}, "group must be one of .*, got 'x'"),
        ({"v1": 4}, "v1 must be 1, 2 or 3, got 4"),
    ],
)
def test_bad_methods_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Method(**{"name": "x", "group": "control", "rate": 1.0} | changes)


def test_settings_hold_what_decides_and_nothing_else():
    method = BY_NAME[PAPER]
    assert replace(method, group="rival", seeds=1).settings == method.settings
    other = replace(method, v1=2)
    assert other.settings == {**method.settings, "v1": 2}
    assert other.columns == {**method.columns, "v1": 2}
    assert method.settings.keys() == {"name", "rate", "embedding", "source"}
    plain = Method(name="x", group="control", rate=1.0)
    assert plain.settings == {"name": "x", "rate": 1.0}
    assert plain.columns == {"group": "control", "rate": 1.0, "statistics": "both"}
    assert BY_NAME["entropy"].columns == {
        "group": "rival",
        "rate": RATE,
        "statistics": "both",
        "source": "NCC",
        "lambda": WEIGHTS["entropy"],
    }
