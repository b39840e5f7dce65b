"""Profiles: stored rows carry a hash of their values, so these must stay as they are."""

import hashlib
import json
from dataclasses import asdict

import pytest

from rfe_core.settings import TrainingSettings
from rfe_study.methods.profiles import PROFILES, Profile

HASHES = {"smoke": "c545afe815a1", "laptop": "fae183e2b0c8", "paper": "219f2139c022"}


@pytest.mark.parametrize("name", HASHES)
def test_the_hash_of_a_profile_is_that_of_the_stored_rows(name):
    values = json.dumps(asdict(PROFILES[name]), sort_keys=True)
    assert hashlib.sha256(values.encode()).hexdigest()[:12] == HASHES[name]


def test_a_profile_is_the_settings_that_the_core_takes():
    assert list(PROFILES) == list(HASHES)
    assert all(isinstance(p, TrainingSettings) for p in PROFILES.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subset": 0}, "subset must be >= 1, got 0"),
        ({"target_crops": -3}, "target_crops must be >= 1, got -3"),
        ({"tuning_steps": 0}, "tuning_steps must be an integer >= 1, got 0"),
        ({"branch_epoch": 51}, "branch_epoch must be in 1..50, got 51"),
        ({"learning_rate": float("nan")}, "learning_rate must be a finite number > 0, got nan"),
        ({"optimizer": "lion"}, r"optimizer must be one of \('adam', 'sgd'\), got 'lion'"),
    ],
)
def test_bad_settings(change, message):
    with pytest.raises(ValueError, match=message):
        Profile(**(asdict(PROFILES["laptop"]) | change))
