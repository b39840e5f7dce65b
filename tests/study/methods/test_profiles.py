"""The profiles keep to the paper, and bad settings are refused."""

from dataclasses import replace

import pytest

from rfe_study.methods.profiles import PROFILES


def test_profiles():
    assert list(PROFILES) == ["smoke", "laptop", "paper"]
    for profile in (PROFILES["laptop"], PROFILES["paper"]):
        assert (profile.epochs, profile.branch_epoch, profile.batch_size) == (50, 35, 12)
        assert (profile.crop, profile.dropout) == (128, 0.5)
    assert round(0.7 * PROFILES["laptop"].patches_per_domain) >= 900
    paper = PROFILES["paper"]
    assert paper.widths == (64, 128, 256, 512) and paper.norm == "none"
    assert (paper.optimizer, paper.momentum, paper.weight_decay) == ("sgd", 0.9, 5e-4)
    assert paper.patches_per_domain == 6000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"branch_epoch": 51}, r"branch_epoch must be in 1..epochs \(50\), got 51"),
        ({"learning_rate": 0.0}, "learning_rate must be > 0, got 0.0"),
        ({"optimizer": "lion"}, "optimizer must be"),
    ],
)
def test_bad_profiles(change, message):
    with pytest.raises(ValueError, match=message):
        replace(PROFILES["laptop"], **change)
