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


def row(model, seed, dice, experiment="as read", subject="patient07"):
    row = {"model": model, "seed": seed, "experiment": experiment, "subject": subject}
    darker = 0.1 * (experiment == "no negatives")
    row |= {"f_score": dice, "precision": 0.5 + darker, "recall": 0.25 - darker}
    row |= {"average_precision": dice / 2}
    row |= {"lesions": 40, "detected": 20, "lesion_ml": 1.3, "marked_ml": 26}
    row |= {"marked_lesions": 80, "fp_components": 40}
    return row | {f"lesions_{size}": 10 for size in SIZES}


def scored(read=(0.01, 0.4), cleaned=(0.1, 0.5), drawn=(0.02, 0.1)):
    """Two seeds of scanner A, one of all four, half as good, and one of drawn protocols."""
    rows = []
    for way, means in (("as read", read), ("no negatives", cleaned)):
        for subject, mean, other in zip(("patient07", "patient19"), means, drawn, strict=True):
            rows += [row("lower", seed, mean + 0.1 * seed - 0.05, way, subject) for seed in (0, 1)]
            for variant, dice in (("four-scanners", mean / 2), ("random-protocols", other)):
                less = {"marked_ml": 13, "fp_components": 10}
                rows.append(row(variant, 0, dice, way, subject) | less)
    return pd.DataFrame(rows)


def test_networks_say_their_means_and_ends():
    found = findings.networks(scored(), "patient07")
    assert found.lower_cleaned == "0.10 (0.05 to 0.15)"
    assert found.four_cleaned == "0.05 (one seed)"
    assert (found.seeds, found.four_seeds, found.drawn_seeds) == ("2 seeds", "one seed", "one seed")
    assert (found.lesions, found.load) == (40, "1.3")
    assert found.small == "1.4"  # 10 lesions each of at most 10, 30 and 100 mm3
    assert (found.lower_read_volume, found.lower_read_f1) == ("20", "0.50")
    assert (found.four_read_precision, found.four_read_recall) == ("50", "25")


def test_networks_need_every_set_and_way():
    rows = scored()
    with pytest.raises(ValueError, match="'no negatives' with four-scanners, got none"):
        of_four = rows["model"] == "four-scanners"
        findings.networks(rows[~(of_four & (rows["experiment"] == "no negatives"))], "patient07")
    with pytest.raises(ValueError, match="rows must score patient20, got"):
        findings.networks(rows, "patient20")


def test_what_holds_on_both_patients():
    found = findings.together(scored(), HOME)
    assert (found.spread, found.home) == ("0.10", "0.75")


@pytest.mark.parametrize(
    ("changed", "home", "what"),
    [
        ({"precision": 0.5}, HOME, "darker means fewer voxels on patient07"),
        ({"f_score": 0.3}, HOME, "patient 07 is lost"),
        ({}, HOME.assign(f_score=0.2), "at home it is more"),
        ({"marked_ml": 26}, HOME, "variety marks less on patient07"),
        ({"fp_components": 40}, HOME, "variety is better by lesions on patient07"),
    ],
)
def test_a_sentence_that_is_no_longer_true_stops_the_chapter(changed, home, what):
    with pytest.raises(ValueError, match=f"must not say .*{what}"):
        findings.together(scored().assign(**changed), home)


@pytest.mark.parametrize(
    ("drawn", "what"),
    [
        ((0.02, 0.5), "ranks no better on patient19"),
        ((0.001, 0.1), "pay on the first alone: patient07"),
        ((0.02, 0.42), "pay on the first alone: patient19"),
    ],
)
def test_what_is_said_of_variety_must_hold(drawn, what):
    with pytest.raises(ValueError, match=what):
        findings.together(scored(drawn=drawn), HOME)


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
