"""What a reader of the explorers sees, of made-up views whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import explored
from rfe_book.widgets.prior_explorer import THRESHOLDS, PriorSlice


def scanners(flair=("+3.7", "+5.0", "+3.2", "+3.1")):
    rows = {"T1": ("-1.7", "-1.3", "-1.3", "-1.1"), "T2": ("+1.9", "+2.2", "+1.8", "+2.0")}
    rows["FLAIR"] = flair
    return SimpleNamespace(
        names=[f"{letter}: x" for letter in "ABCD"],
        image_names=list(rows),
        figures=[[["first"], ["last", *row]] for row in rows.values()],
    )


def test_scanners_on_which_lesions_are_hard_to_find():
    said = explored.scanners(scanners())
    assert (said.B, said.D, said.D_t1) == ("5.0", "3.1", "−1.1")
    with pytest.raises(ValueError, match="nearly equal"):
        explored.scanners(scanners(("+3.7", "+5.0", "+2.2", "+3.1")))


def test_channels_that_speak_for_lesion():
    lesion = np.array([[True, False, False, True]])
    features = np.zeros((2, 1, 4))
    features[0, 0], features[1, 0] = (2, 1, 1, 0.1), (0, 1, 1, 9)
    names = "a large lesion", "a look-alike of a lesion", "cortex", "a small lesion"
    places = dict(zip(names, [(0, k) for k in range(4)], strict=True))
    weights = np.array([1.0, -1.0])
    inside = lesion & [True, True, True, False]
    brain = np.array([[True, True, True, False]])
    said = explored.channels(features, inside, brain, weights, places)
    assert (said.bright, said.others, said.alike, said.small) == ("one", 1, "0.71", "0.01")
    with pytest.raises(ValueError, match="signs"):
        explored.channels(features, inside, brain, -weights, places)


def test_one_head_by_both_bounds():
    names = [("lower", "B", 0.1, 0.9), ("lower", "C", 0.6, 0.86)]
    names += [("upper-B", "B", 0.8, 0.9), ("upper-C", "C", 0.7, 0.88)]
    rows = pd.DataFrame(names, columns=["model", "domain", "precision", "recall"])
    rows = rows.assign(seed=0, subject=rows["domain"] + "1")
    said = explored.bounds(rows, ["B1", "C1"])
    assert (said.lower_B, said.upper_B, said.lower_C, said.upper_C) == (10, 80, 86, 88)
    with pytest.raises(ValueError, match="few misses"):
        explored.bounds(rows.replace(0.88, 0.98), ["B1", "C1"])


def n_e_view():
    """Two strategies; the first wants more lesion pixels than the 30 there are."""
    stops = [20, 200, 700, 1000, 2000]
    losses = [[0.2, 0.3]] + [[0.3, 0.301]] * 4
    half = [[n // 2, n // 2, n // 2, min(n // 2, 30)] for n in stops]
    aware = [[n, 0, n, 0] for n in stops[:-1]] + [[1970, 30, 1970, 30]]
    own = {"values": [losses, [[0.25]] * 5]}
    shared = {
        "values": [[[0.1], [0.02], [0.019], [0.01], [0.001]], [[0.1]] * 5],
        "centre": [[0.1, 0.01, 0.001, 0.001, 0.0]] * 2,
        "high": [[0.1] * 5] * 2,
    }
    return SimpleNamespace(
        strategies=["50/50", "distribution-aware"],
        n_e=stops,
        counts=[half, aware],
        measures=[shared, own],
    )


def test_draws_of_a_slice():
    view = n_e_view()
    view.measures.reverse()
    said = explored.draws(view)
    assert (said.n_20, said.n_2000) == ("0.200 and 0.300", "0.300 and 0.301")
    assert (said.lesion, said.brain, said.share) == (30, "2,000", "0.3")


def test_samples_beside_perfect_ones():
    said = explored.sample(n_e_view())
    assert (said.times, said.fell, said.null_fell, said.lesion) == ("2.5", "5", "90", 30)


def test_false_pieces_of_50_50():
    pieces = {"50/50 ACD 20": 1.4, "50/50 ACD 2000": 2.9, "50/50 ACD 20 margin 1": 0.1}
    by_name = pd.DataFrame({"FP a slice": pieces | {"no embedding": 1.3}})
    rows = pd.DataFrame({"seed": [0, 1], "f_score": [0.5, 0.6]})
    rows = rows.assign(model="50/50 ACD 20", domain="B", role="paired")
    said = explored.half(by_name, rows)
    assert (said.pieces, said.control, said.seeds) == ("1.4 to 2.9", "1.3", "0.50 to 0.60")


def test_thresholds_on_a_slice():
    lesion = np.zeros((4, 5), bool)
    lesion[0, 0] = True
    maps = {}
    for size, alike in ((3, 19), (5, 9), (7, 5)):  # background that looks like the lesion
        values = np.full(20, THRESHOLDS[0] - 0.1)
        values[: 1 + alike] = THRESHOLDS[10]
        maps[30, size] = values.reshape(4, 5)
    about = {"image": np.zeros((4, 5), np.uint8), "brain": np.ones((4, 5), bool)}
    chosen = dict.fromkeys(maps, 0.0)
    said = explored.prior(PriorSlice(lesion=lesion, responses=maps, chosen=chosen, **about))
    assert (said.chosen, said.best_3, said.best_5, said.best_7) == ("0.10", "0.10", "0.18", "0.29")


def test_order_of_four_models_on_b():
    names = "lower bound", "no embedding", "RFE, NCC", "statistics only"
    precision = {m: pd.DataFrame([[0.1 * k], [0.1 * k + 0.05]]) for k, m in enumerate(names, 1)}
    with pytest.raises(ValueError, match="the lower bound is not behind with every seed"):
        explored.adaptation(precision, dict.fromkeys(names, pd.DataFrame([[1.0], [2.0]])))
    precision["lower bound"].loc[1] = 0.26
    pieces = {"no embedding": pd.DataFrame([[1.0]]), "RFE, NCC": pd.DataFrame([[2.0], [4.0]])}
    said = explored.adaptation(precision, pieces)
    assert (said.lower, said.paper_pieces) == ("0.10 to 0.26", "2.0 to 4.0")
    precision["RFE, NCC"] -= 0.2
    with pytest.raises(ValueError, match="order of the last three"):
        explored.adaptation(precision, pieces)


def test_exact_values_bend_where_lesion_runs_out():
    view = SimpleNamespace(
        strategies=[["50/50", "", ""], ["80/20", "", ""]],
        n_e=[20, 20000],
        spread=[[0.03, 0], [0.02, 0]],
        wanted=[[[10, 10], [10_000, 10_000]], [[16, 4], [16_000, 4000]]],
        drawn=[[[10, 10], [10_000, 3000]], [[16, 4], [16_000, 3000]]],
    )
    said = explored.exact(view)
    assert said.spread == "0.020 (80/20) and 0.030 (50/50)"
    assert (said.wanted, said.lesion) == ("10,000", "3,000")


def test_switches_that_leave_the_gradient():
    names = ["ours", "threshold 0.99", "dark", "squared ℓ2", "radial error"]
    lengths = [["1.0", "1.0", "1.05", "2", "1.2"], ["1.1", "1.1", "1.12", "2", "1.3"]]
    along = ["0%", "0%", "0%", "75%", "44%"]
    view = SimpleNamespace(
        names=names,
        rows=["length of its gradient", "of that along the embeddings"],
        texts=[list(map(list, zip(draw, along, strict=True))) for draw in lengths],
    )
    said = explored.choices(view)
    assert (said.same, said.less) == ("“threshold 0.99”", "“dark”")
    assert (said.squared, said.radial) == ("75%", "44%")
