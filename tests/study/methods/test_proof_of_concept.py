"""The experiments as data: 36 models and those beside them; what was chosen is the best found."""

from collections import Counter
from dataclasses import asdict, replace
from itertools import product

import pytest
import torch

from rfe_core.fine_tuning import embedding_terms
from rfe_core.sampling import STRATEGIES
from rfe_study import results
from rfe_study.methods.experiments import EXPERIMENTS
from rfe_study.methods.method import COMPARED, GROUPS, HEADLINE, SHOWN_ONCE, Method
from rfe_study.methods.proof_of_concept import (
    CHOSEN,
    DISTANCES,
    EQUAL_WEIGHT_N_E,
    MARGIN_1_N_E,
    MARGIN_1_WEIGHT,
    N_E,
    RATE,
    SEARCH,
    SEARCH_N_E,
    SEARCH_RATES,
    SHARES,
    SHARES_N_E,
    choices,
    controls,
    proof_of_concept,
    rfe,
    search,
)


def of_group(group):
    return [method for method in proof_of_concept() if method.group == group]


def test_36_models_are_all_combinations_of_section_3_2():
    methods = of_group("rfe")
    assert len(methods) == 36 and N_E == (20, 100, 200, 500, 1000, 2000)
    found = {(m.embedding.strategy, m.embedding.distance, m.embedding.n_e) for m in methods}
    assert found == set(product(STRATEGIES, ("cosine", "l2"), N_E))
    for method in methods:
        term = method.embedding
        assert (term.weight, term.margin) == CHOSEN[term.distance]
        assert (term.reduction, term.layers) == ("mean", (0,))
        assert (method.unlabelled, method.primary, method.rate) == (True, "labelled", RATE)
        name = {"cosine": "ACD", "l2": "l2"}[term.distance]
        assert method.name == f"{term.strategy} {name} {term.n_e}"


def test_what_stands_beside_them():
    methods = proof_of_concept()
    assert Counter(method.group for method in methods) == {
        "rfe": 36,
        "all pixels": 14,
        "sum / n": 12,
        "layers": 2,
        "control": 3,
        "bound": 1,
    }
    assert set(GROUPS) == {m.group for listed in EXPERIMENTS.values() for m in listed()}
    exact = [method.embedding for method in of_group("all pixels")]
    assert [(term.strategy, term.n_e) for term in exact] == [
        *((strategy, "all") for strategy in (*STRATEGIES, *SHARES)),
        *(("80/20", n_e) for n_e in MARGIN_1_N_E),
        *product(SHARES, SHARES_N_E),
    ]
    assert {(term.margin, term.distance, term.weight) for term in exact} == {
        (1.0, "cosine", MARGIN_1_WEIGHT)
    }
    assert [m.embedding.layers for m in of_group("layers")] == [(0, 1), (0, 1, 2)]


def test_what_a_verdict_rests_on_has_ten_seeds():
    found = {method.name for method in proof_of_concept() if method.headline}
    ends = product(STRATEGIES, DISTANCES, (20, 2000))
    exact = {f"{s} ACD all margin 1" for s in (*STRATEGIES, "2x", "4x")}
    ends = {f"{s} {distance} {n_e}" for s, distance, n_e in ends}
    assert found == ends | exact | {"no embedding", "labels of B"}
    seeds = Counter(method.seeds for method in proof_of_concept())
    assert seeds == {HEADLINE: 19, 3: 31, SHOWN_ONCE: 18}
    assert {method.seeds for method in search()} == {SHOWN_ONCE}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_names_are_unique_and_stay_unique_in_a_folder(experiment, tmp_path):
    from rfe_study.methods.profiles import PROFILES
    from rfe_study.runs.tuning import Job

    methods = EXPERIMENTS[experiment]()
    jobs = [
        Job(
            profile=PROFILES["smoke"],
            experiment=experiment,
            target="B",
            method=method,
            seed=0,
            baselines=tmp_path,
            weights=tmp_path,
        )
        for method in methods
    ]
    assert len({method.name for method in methods}) == len(methods)
    paths = {job.path() for job in jobs}
    assert len(paths) == len(methods)
    assert {path.parent for path in paths} == {tmp_path / f"smoke-{experiment}-B"}


def test_controls_have_the_same_steps_and_images():
    by_name = {method.name: method for method in controls()}
    nothing, everything = by_name["no embedding"], by_name["labels of B"]
    assert nothing.embedding.weight == 0  # measured, not learnt from
    assert replace(everything, name="", group="bound", primary="labelled") == replace(
        nothing, name="", group="bound"
    )
    for name in ("labelled A only", "labelled A only, statistics of B"):
        assert not by_name[name].unlabelled and by_name[name].embedding is None
        assert by_name[name].statistics_of == ("target" if "statistics of B" in name else "A")
    assert {method.rate for method in by_name.values()} == {RATE}


@pytest.mark.parametrize("n_e", N_E)
@pytest.mark.parametrize("name", DISTANCES)
def test_sum_over_n_weighs_as_the_mean_at_200(name, n_e):
    """As a part of the loss: ten times as much at 2000, a tenth at 20."""
    by_name = {method.name: method for method in proof_of_concept()}
    mean, total = (by_name[f"80/20 {name} {n_e}{end}"].embedding for end in ("", " sum/n"))
    source = torch.Generator().manual_seed(0)
    levels = [torch.rand(4, 3, 60, 60, generator=source, dtype=torch.float64)]
    labels = (torch.rand(4, 60, 60, generator=source) < 0.3).long()
    labelled = torch.tensor([True, True, False, False])

    def part(settings):
        draw = torch.Generator().manual_seed(1)
        return settings.weight * float(
            embedding_terms(levels, labels, labelled, settings.losses(), generator=draw)[0].loss
        )

    assert EQUAL_WEIGHT_N_E == 200
    assert part(total) == pytest.approx(part(mean) * n_e / 200, rel=1e-9)
    assert total.reduction == "per_embedding" and total.n_e == mean.n_e == n_e


def test_the_search_has_equal_budgets():
    methods = search()
    terms = [method for method in methods if method.embedding is not None]
    found = Counter(method.embedding.distance for method in terms)
    assert found["cosine"] == found["l2"] == 9
    for distance in CHOSEN:
        tried = {
            (m.embedding.weight, m.embedding.margin)
            for m in terms
            if m.embedding.distance == distance
        }
        assert tried == set(product(*SEARCH[distance].values())) and len(tried) == 9
        assert CHOSEN[distance] in tried
    assert (1.0, 1.0) in set(product(*SEARCH["cosine"].values()))  # the paper's own
    assert (0.01, 1000.0) in set(product(*SEARCH["l2"].values()))
    assert {(m.embedding.n_e, m.embedding.strategy, m.rate) for m in terms} == {
        (SEARCH_N_E, "80/20", RATE)
    }
    rates = Counter((m.rate, m.primary) for m in methods if m.embedding is None)
    assert rates == dict.fromkeys(product(SEARCH_RATES, ("labelled", "both")), 1)
    assert RATE in SEARCH_RATES


def test_a_choice_is_switched_alone():
    """But for two that have all numbers of the text, or of the code."""
    ours, *others = choices()
    found_best = {m.name: m.embedding for m in search()}["ACD weight 10 margin 0.5"]
    assert ours.embedding == found_best and ours.embeddings == "relu"
    changed = {}
    for method in others:
        own, base = asdict(method.embedding), asdict(ours.embedding)
        changed[method.name] = {k for k, v in own.items() if v != base.get(k)}
        changed[method.name] |= {"embeddings"} if method.embeddings != "relu" else set()
        assert (method.rate, method.seeds, method.group) == (RATE, COMPARED, "choice")
    assert changed == {
        "before the ReLU": {"embeddings"},
        "as printed": {"reduction", "weight", "margin"},
        "squared l2": {"distance", "weight", "margin"},
        "radial error": {"gradient"},
        "as released": {"reduction", "weight", "margin", "embeddings"},
        "angular": {"distance"},
        "l2 as printed": {"reduction", "weight", "margin", "distance"},
    }


def found_by_search():
    """Mean F on development patients of each model of the laptop profile's search."""
    scores = results.read("sweep-scores")
    scores = scores[(scores["experiment"] == "search") & (scores["profile"] == "laptop")]
    assert set(scores["role"]) == {"dev", "pairdev"}
    means = scores.groupby(["seed", "model"])["f_score"].mean().groupby("model").mean()
    assert set(means.index) == {method.name for method in search()}
    return means


def test_the_chosen_rate_is_the_largest_near_the_best_of_the_search():
    """By the mean of both references: without an embedding loss, and with the labels of B."""
    means = found_by_search()
    of_rate = {
        rate: (means[f"no embedding rate {rate:g}"] + means[f"labels of B rate {rate:g}"]) / 2
        for rate in SEARCH_RATES
    }
    near = [rate for rate, f_score in of_rate.items() if f_score >= max(of_rate.values()) - 0.01]
    assert max(near) == RATE, of_rate


def test_the_weight_of_the_exact_loss_is_the_best_at_its_margin():
    means = found_by_search()
    tried = {
        weight: means[f"ACD weight {weight:g} margin 1"] for weight in SEARCH["cosine"]["weight"]
    }
    assert max(tried, key=tried.get) == MARGIN_1_WEIGHT, tried


@pytest.mark.parametrize("name", DISTANCES)
def test_the_chosen_weight_and_margin_are_the_best_of_the_search(name):
    means, distance = found_by_search(), DISTANCES[name]
    tried = {
        (weight, margin): means[f"{name} weight {weight:g} margin {margin:g}"]
        for weight, margin in product(*SEARCH[distance].values())
    }
    assert max(tried, key=tried.get) == CHOSEN[distance], tried


def test_columns_say_all_settings():
    term = rfe("80/20", "l2", 100, layers=(0, 1))
    method = Method(name="x", group="rfe", rate=RATE, embedding=term)
    weight, margin = CHOSEN["l2"]
    assert method.columns == {
        "group": "rfe",
        "rate": RATE,
        "statistics": "both",
        "strategy": "80/20",
        "n_e": 100,
        "distance": "l2",
        "margin": margin,
        "reduction": "mean",
        "layers": "0+1",
        "lambda": weight,
    }
    plain = Method(name="x", group="control", rate=RATE)
    assert plain.columns == {"group": "control", "rate": RATE, "statistics": "both"}


def test_an_unknown_group_is_refused():
    with pytest.raises(ValueError, match=r"group must be one of \('search', .*, got 'other'"):
        Method(name="x", group="other", rate=RATE)
