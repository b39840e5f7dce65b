"""What chapter 11 says, of made-up rows whose answers are known."""

import pandas as pd
import pytest

from rfe_book.findings import real as findings
from rfe_study.realism import distance

SIZES = ("0_10", "10_30", "30_100", "100_inf")

HOME = pd.DataFrame(
    [
        {"model": "lower", "role": "paired", "domain": "A", "f_score": 0.7},
        {"model": "lower", "role": "paired", "domain": "A", "f_score": 0.8},
        {"model": "lower", "role": "paired", "domain": "B", "f_score": 0.1},
        {"model": "lower", "role": "test", "domain": "A", "f_score": 0.1},
    ]
)


#: Mean Dice and average precision on patients 07 and 19 by set; two seeds are so far from it.
DICE = {"lower": (0.02, 0.4), "four-scanners": (0.03, 0.15), "random-protocols": (0.1, 0.35)}
RANKED = {"lower": (0.05, 0.5), "four-scanners": (0.03, 0.2), "random-protocols": (0.06, 0.45)}
APART = (0.01, 0.1)


def scored():
    """Two seeds of each set; with variety half as much is marked, and less of it is wrong."""
    rows = []
    for model, dice in DICE.items():
        for n, subject in enumerate(("patient07", "patient19")):
            for seed, off in enumerate((-APART[n], APART[n])):
                for darker in (0, 0.1):
                    row = {"model": model, "seed": seed, "subject": subject}
                    row["experiment"] = "no negatives" if darker else "as read"
                    row |= {"f_score": dice[n] + off + darker}
                    row |= {"average_precision": RANKED[model][n] + off}
                    row |= {"precision": 0.5 + darker, "recall": 0.25 - darker}
                    row |= {"lesions": 40, "detected": 20, "lesion_ml": 1.3, "marked_ml": 26}
                    row |= {"marked_lesions": 80, "fp_components": 40}
                    if model != "lower":
                        row |= {"marked_ml": 13, "fp_components": 10, "recall": 0.1}
                    rows.append(row | {f"lesions_{size}": 10 for size in SIZES})
    return pd.DataFrame(rows)


def test_networks_say_their_means_and_ends():
    found = findings.networks(scored(), "patient07")
    assert found.lower_cleaned == "0.12 (0.11 to 0.13)"
    assert found.four_read == "0.03 (0.02 to 0.04)"
    assert (found.seeds, found.lesions, found.load) == (2, 40, "1.3")
    assert found.small == "1.4"  # 10 lesions each of at most 10, 30 and 100 mm3
    assert (found.lower_read_volume, found.lower_read_f1) == ("20", "0.50")
    assert (found.drawn_read_precision, found.drawn_read_recall) == ("50", "10")


def test_networks_need_every_set_and_way_and_as_many_seeds():
    rows = scored()
    of_four = rows["model"] == "four-scanners"
    with pytest.raises(ValueError, match="'no negatives' with four-scanners, got none"):
        findings.networks(rows[~(of_four & (rows["experiment"] == "no negatives"))], "patient07")
    with pytest.raises(ValueError, match="rows must score patient20, got"):
        findings.networks(rows, "patient20")
    for fewer in (rows[~(of_four & (rows["seed"] == 1))], rows[rows["seed"] == 1]):
        with pytest.raises(ValueError, match="all sets have as many seeds"):
            findings.networks(fewer, "patient07")


def test_what_holds_on_both_patients():
    found = findings.together(scored(), HOME)
    assert (found.spread, found.home) == ("0.20", "0.75")


def test_seeds_differ_most_in_the_set_where_they_do():
    rows = scored()
    one = (rows["model"] == "random-protocols") & (rows["seed"] == 1)
    one &= (rows["experiment"] == "no negatives") & (rows["subject"] == "patient19")
    rows.loc[one, "f_score"] += 0.1
    assert findings.together(rows, HOME).spread == "0.30"


@pytest.mark.parametrize(
    ("changed", "home", "what"),
    [
        ({"precision": 0.5}, HOME, "darker means fewer voxels on patient07"),
        ({"f_score": 0.3}, HOME, "patient 07 is lost"),
        ({}, HOME.assign(f_score=0.2), "at home it is more"),
    ],
)
def test_a_sentence_that_is_no_longer_true_stops_the_chapter(changed, home, what):
    with pytest.raises(ValueError, match=f"must not say .*{what}"):
        findings.together(scored().assign(**changed), home)


@pytest.mark.parametrize(
    ("model", "subject", "score", "more", "what"),
    [
        ("four-scanners", "patient07", "marked_ml", 13, "marks less on patient07"),
        ("random-protocols", "patient19", "marked_ml", 13, "marks less on patient19"),
        ("random-protocols", "patient07", "fp_components", 30, "better by lesions on patient07"),
        ("four-scanners", "patient19", "fp_components", 30, "better by lesions on patient19"),
        ("four-scanners", "patient07", "f_score", -0.02, "more Dice on patient07"),
        ("random-protocols", "patient07", "f_score", -0.09, "more Dice on patient07"),
        ("four-scanners", "patient07", "average_precision", 0.03, "only drawn protocols rank"),
        ("random-protocols", "patient07", "average_precision", -0.02, "only drawn protocols rank"),
        ("random-protocols", "patient19", "f_score", 0.1, "variety is worse on patient19"),
        ("four-scanners", "patient19", "average_precision", 0.4, "variety is worse on patient19"),
        ("random-protocols", "patient19", "recall", 0.5, "misses most on patient19"),
    ],
)
def test_what_is_said_of_variety_must_hold(model, subject, score, more, what):
    rows = scored()
    rows.loc[(rows["model"] == model) & (rows["subject"] == subject), score] += more
    with pytest.raises(ValueError, match=what):
        findings.together(rows, HOME)


def figures_of(kinds, of):
    groups = {("flair", group, group): group for group in distance.GROUPS}
    return pd.DataFrame(
        [
            {"kind": kind, "subject": "x", "modality": modality, "group": group, "figure": figure}
            | {"value": of.get(kind, {}).get(group, value)}
            for kind, value in kinds.items()
            for modality, group, figure in groups
        ]
    )


def test_distances_name_the_nearest_and_the_farthest_group():
    kinds = {"real": 1.0, "scanner A": 0.9, "scanner B": 0.7, distance.DRAWN: 0.8}
    of = {"scanner A": {"shape": 1.0, "range": 0.8}, "scanner B": {"spots": 0.6}}
    found = findings.distances(figures_of(kinds, of))
    assert (found.nearest, found.nearest_by) == ("shape", "0.00")
    assert (found.farthest, found.farthest_by) == ("range", "0.32")
    assert (found.most, found.most_by, found.spots_B) == ("scanner B", "0.55", "1")
    assert found.most_in == "spots"
    changes = {
        "scanner A is nearest": {"scanner A": dict.fromkeys(distance.GROUPS, 0.7)},
        "in shape most of all": {"scanner A": {"contrast": 1.0, "range": 0.8}},
        "B is farthest, in spots": {"scanner B": {"edges": 0.6}},
    }
    for what, changed in changes.items():
        with pytest.raises(ValueError, match=f"must not say ['\"]{what}"):
            findings.distances(figures_of(kinds, of | changed))


def histogram(kind, shares):
    about = {"kind": kind, "subject": "x", "modality": "flair"}
    return [about | {"bin": k, "low": 0.5 * k, "share": share} for k, share in enumerate(shares)]


def test_full_brightness_is_where_the_brightest_per_mille_begins():
    rows = pd.DataFrame(
        histogram("real", [0.5, 0.4995, 0.0005, 0, 0])
        + histogram("scanner A", [0.5, 0.4, 0.05, 0.0495, 0.0005])
    )
    full = findings.full_brightness(rows)
    assert full.to_dict() == {"real": 1.0, "scanner A": 2.0}
    found = findings.brightness(rows)
    assert (found.white_A, found.white_real, found.brighter) == ("0.50", "1.00", "2.0")
    with pytest.raises(ValueError, match=r"must reach 99.9% of the brain"):
        findings.full_brightness(rows.assign(share=0.1))


def test_origin_names_all():
    born = {"hardware": "cpu", "phantom_version": "1", "date": "2026-01-01"}
    rows = pd.DataFrame([born | {"code_version": code} for code in ("b", "a", "a")])
    assert findings.origin(rows) == "cpu; code a, b; phantom 1; 2026-01-01"
