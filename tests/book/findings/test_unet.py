"""What chapter 02 says, of networks, gradients and losses whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from rfe_book.findings import unet as findings
from rfe_core import losses
from rfe_core.unet import UNet
from rfe_study.measures import probes

with torch.random.fork_rng():
    torch.manual_seed(0)
    MODEL = UNet(widths=(2, 4), norm="none")


def test_parameters_are_those_of_the_network():
    count = sum(parameter.numel() for parameter in MODEL.parameters())
    found = findings.network(MODEL, UNet(widths=(4, 8), norm="none"))
    assert found.parameters == f"{count:,}" and found.millions == "0.0"
    assert (found.channels, found.channels_full, found.times) == ("2 and 4", "4 and 8", "4")


def test_sides_of_squares():
    rising = np.array([0.1, 0.5, 0.6, 0.7, 0.8, 0.95, 1])
    at_once = np.array([0.5, 0.96, 1, 1, 1, 1, 1])
    found = findings.gradients({"untrained": rising, "trained": at_once})
    assert (found.half_untrained, found.most_untrained) == (3, 11)
    assert (found.half_trained, found.most_trained) == (1, 3)


#: Precision and recall of each cut.
CUTS = {
    "nothing": (0.9, 0.7),
    "finest skip": (0.9, 0.1),
    "all skips": (0, 0),
    "all from below": (0.1, 0.9),
}


def scores(**changes):
    table = pd.DataFrame(CUTS | changes, index=["precision", "recall"]).T
    return table.assign(**{"F-score": table["recall"] / 2})


def test_what_is_left_without_connections():
    stages = probes.stages(MODEL, 8, 8)
    found = findings.skips(scores(), MODEL, stages)
    assert (found.f_whole, found.f_finest, found.f_below) == ("0.35", "0.05", "0.45")
    assert found.recall_finest == "0.10"
    bottom = sum(p.numel() for part in (MODEL.down[1:], MODEL.up) for p in part.parameters())
    count = sum(parameter.numel() for parameter in MODEL.parameters())
    assert found.local_parameters == f"{count - bottom:,}"


@pytest.mark.parametrize(
    "changes",
    [
        {"finest skip": (0.2, 0.8)},
        {"all skips": (0.5, 0.2)},
        {"all from below": (0.7, 0.8)},
    ],
)
def test_a_chapter_that_would_say_what_is_not_so(changes):
    with pytest.raises(ValueError, match="the chapter must not say"):
        findings.skips(scores(**changes), MODEL, probes.stages(MODEL, 8, 8))


def test_pulls_of_a_network_that_says_one_half():
    labels = torch.zeros(1, 10, 10, dtype=torch.long)
    labels[0, 0] = 1
    both = {"Dice loss": losses.dice_loss, "cross entropy": probes.cross_entropy}
    values = {"Dice loss": np.array([0.99, 0]), "cross entropy": np.array([0.5, 0])}
    found = findings.rare_class(both, values, labels)
    assert found.pull_entropy == f"{10 / 90:.3f}"  # each pixel pulls alike
    assert (found.nothing_dice, found.nothing_entropy) == ("0.99", "0.50")


def test_cosines_before_and_after():
    before = {"two lesion pixels": np.ones(2), "two others": np.ones(2)}
    after = dict(before)
    before["one of each"], after["one of each"] = np.array([-1.0, 0.5]), np.array([0.0, 0.5])
    embeddings = np.array([[1, 0, 0, 2], [0, 0, 1, 0]])
    found = findings.relu({"before": before, "after": after}, embeddings)
    assert (found.negative, found.negative_all, found.of_each) == ("50%", "17%", "0.25")
    assert found.empty == "25.0%"


def test_kinds_of_pairs_count_alike():
    before = {"two lesion pixels": np.ones(9), "one of each": -np.ones(1)}
    after = dict.fromkeys(("two lesion pixels", "two others", "one of each"), np.ones(1))
    found = findings.relu({"before": before, "after": after}, np.ones((2, 1)))
    assert (found.negative, found.negative_all) == ("100%", "50%")


def test_air_has_the_cosine_of_its_features():
    image = np.random.default_rng(0).random((1, 3, 8, 8), dtype=np.float32)
    places = {"a large lesion": (2, 3), "air": (2, 3)}
    assert findings.air(MODEL.eval(), image, places).cosine == "1.0"
