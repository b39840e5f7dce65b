"""What chapter 11 says, of made-up rows whose answers are known."""

import pandas as pd
import pytest

from rfe_book.findings import real as findings
from rfe_study.realism import distance

SIZES = ("0_10", "10_30", "30_100", "100_inf")


def row(model, seed, dice, experiment="as read", subject="patient07", **more):
    row = {"model": model, "seed": seed, "experiment": experiment, "subject": subject}
    row |= {"f_score": dice, "precision": 0.5, "recall": 0.25, "fp_per_slice": 10 * dice}
    row |= {"lesions": 40, "detected": round(20 * dice), "lesion_ml": 1.3}
    return row | {f"lesions_{size}": 10 for size in SIZES} | more


def scored(subject="patient07", fitted=0.5, drawn=0.3, way="as read"):
    dice = {"lower": 0.1, "four-scanners": 0.2, "random-protocols": drawn, "fitted": fitted}
    return [
        row(model, seed, mean + 0.1 * (seed - 0.5), way, subject)
        for model, mean in dice.items()
        for seed in (0, 1)
    ]


def test_networks_say_their_means_and_ends():
    found = findings.networks(pd.DataFrame(scored()), "patient07")
    assert (found.lower, found.fitted) == ("0.10 (0.05 to 0.15)", "0.50 (0.45 to 0.55)")
    assert (found.best, found.seeds, found.lesions) == ("the fit", 2, 40)
    assert found.best_is == "Even its worst network (0.45) beats the best of all other sets (0.35)"
    assert found.lesson == "Here likeness beat variety with every seed"
    assert (found.load, found.spread) == ("1.3", "0.10")
    assert found.small == "1.4"  # 10 lesions each of at most 10, 30 and 100 mm3
    assert (found.finds_most, found.false_fewest) == ("the fit (25%)", "scanner A (1.0 a slice)")
    assert (found.precision_lower, found.recall_lower) == ("50", "25")


@pytest.mark.parametrize(
    ("fitted", "drawn", "lesson"),
    [
        (0.3, 0.5, "Here variety beat likeness with every seed"),
        (0.5, 0.45, "Here neither likeness nor variety is ahead with every seed"),
    ],
)
def test_networks_say_who_is_ahead(fitted, drawn, lesson):
    found = findings.networks(pd.DataFrame(scored(fitted=fitted, drawn=drawn)), "patient07")
    assert found.lesson == lesson
    close = abs(fitted - drawn) < 0.1
    assert found.best_is.startswith("But its worst" if close else "Even its worst")


def test_networks_need_every_set():
    rows = pd.DataFrame(scored())
    with pytest.raises(ValueError, match=r"with all sets, got none of \['fitted'\]"):
        findings.networks(rows[rows["model"] != "fitted"], "patient07")
    with pytest.raises(ValueError, match="rows must score patient20, got"):
        findings.networks(rows, "patient20")


def test_preparations_are_judged_on_the_development_patient():
    subjects = ("patient07", "patient19")
    rows = [each for subject in subjects for each in scored(subject)]
    worse = [each for subject in subjects for each in scored(subject, 0.1, way="no negatives")]
    found = findings.preparations(pd.DataFrame(rows + worse))
    assert (found.read_dev, found.cleaned_dev, found.cleaned_test) == ("0.275", "0.175", "0.175")
    better = [each for subject in subjects for each in scored(subject, 0.9, way="no negatives")]
    with pytest.raises(ValueError, match="must not say 'scans go in as read"):
        findings.preparations(pd.DataFrame(rows + better))


def adapted_rows(lower=(0.35, 0.30), fitted=(0.2, 0.3), prior=0.01):
    """Dice with the embedding loss and without, means over two seeds, of both models."""
    rows = scored("patient19")
    for model, (rfe, control) in (("lower", lower), ("fitted", fitted)):
        for seed in (0, 1):
            off = 0.1 * (seed - 0.5)
            rows += [
                row(model, seed, rfe + off, "RFE, NCC", "patient19"),
                row(model, seed, control - off, "no embedding", "patient19"),
                row(model, seed, 0.001, "Dice on NCC", "patient19"),
                row(model, seed, 0.2, "labels of the source", "patient19"),
                row(model, seed, 0.02, "NCC prior", "patient19", precision=0.6, recall=prior),
            ]
    return pd.DataFrame([*rows, row("lower", 2, 0.9, subject="patient19")])


def test_adapted_counts_the_seeds_that_were_adapted():
    found = findings.adapted(adapted_rows(), "patient19")
    assert (found.seeds, found.lower_before, found.lower_rfe) == (2, "0.10", "0.35")
    assert found.lower_own == "+0.05 (−0.05 to +0.15 over seeds)"
    assert found.lower_own_says == found.fitted_own_says == "its sign depends on the seed"
    assert found.lower_moves == "gains, with the embedding loss or without"
    assert found.fitted_moves == "loses, with the embedding loss or without"
    assert (found.precision, found.recall, found.dice_most) == ("60", "1.0", "0.001")
    assert found.worth_most == "fitting the phantom to its figures"


def test_adapted_says_which_way():
    found = findings.adapted(adapted_rows(lower=(0.6, 0.05), fitted=(0.4, 0.6)), "patient19")
    assert found.lower_own_says == "it helps with every seed"
    assert found.fitted_own_says == "it harms with every seed"
    assert found.lower_moves == "gains only with the embedding loss"
    assert found.fitted_moves == "gains only without the loss"
    assert found.worth_most == "adapting the lower bound with its prior"
    with pytest.raises(ValueError, match="precise and nearly blind"):
        findings.adapted(adapted_rows(prior=0.1), "patient19")


def test_distances_name_the_nearest_and_the_farthest_group():
    kinds = {"real": 1.0, "scanner A": 0.5, "scanner B": 0.5}
    kinds |= {distance.DRAWN: 0.7, distance.FITTED: 1.0}
    figures = {("flair", group, group): group for group in ("contrast", "texture", "range")}
    figures |= {(m, "edges", "gradient"): "edges" for m in ("t1", "t2", "flair")}
    figures |= {("flair", "spots", "spots"): "spots", ("mask", "shape", "length"): "shape"}
    of_a = {"contrast": 0.8, "spots": 0.1}
    rows = pd.DataFrame(
        [
            {"kind": kind, "subject": "x", "modality": modality, "group": group, "figure": figure}
            | {"value": of_a.get(group, value) if kind == "scanner A" else value}
            for kind, value in kinds.items()
            for modality, group, figure in figures
        ]
    )
    found = findings.distances(rows)
    assert (found.nearest, found.nearest_by) == ("contrast", "0.32")
    assert (found.farthest, found.farthest_by) == ("spots", "3.3")
    assert (found.edge_t1, found.far_fitted, found.length_real) == ("2.0", "0.00", "1.0")
    tempting = rows.copy()
    spotty = (tempting["kind"] == "scanner B") & (tempting["group"] == "spots")
    tempting.loc[spotty, "value"] = 2.0
    with pytest.raises(ValueError, match="tempts more than any phantom"):
        findings.distances(tempting)


def test_origin_names_all():
    born = {"hardware": "cpu", "phantom_version": "1", "date": "2026-01-01"}
    rows = pd.DataFrame([born | {"code_version": code} for code in ("b", "a", "a")])
    assert findings.origin(rows) == "cpu; code a and b; phantom 1; 2026-01-01"
