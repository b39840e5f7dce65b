"""What a training ends with: precise statistics, and a threshold calibrated on A."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core.evaluation import patch_f_score, predict
from rfe_core.metrics import f_score
from rfe_core.patches import extract
from rfe_core.training import build
from rfe_study.methods.batch_norm import adapt_statistics
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs.finishing import calibrated_threshold, finish

pytestmark = pytest.mark.usefixtures("one_thread")

SMOKE = PROFILES["smoke"]


@pytest.fixture(scope="module")
def crops():
    """Training and validation crops of one tiny patient."""
    subject = tiny_subject(shape=(70, 70, 60))
    return extract([subject], 24, generator=np.random.default_rng(0), size=32)


def test_no_threshold_is_better_on_the_crops(crops):
    model, (_, validation) = build(SMOKE, 0), crops
    threshold = calibrated_threshold(model, validation)
    best = patch_f_score(model, validation, threshold=threshold)
    probability = predict(model, validation.images)[validation.valid]
    truth = validation.labels[validation.valid]
    for other in np.quantile(probability, np.linspace(0, 1, 60)):
        assert f_score(probability > other, truth) <= best
    assert best > patch_f_score(model, validation, threshold=0.9)


def test_finishing_takes_statistics_first(crops):
    training, validation = crops
    model, other = build(SMOKE, 0), build(SMOKE, 0)
    found = finish(model, [training], validation, batch_size=12)
    adapt_statistics(other, training, batch_size=12)
    for ours, theirs in zip(model.buffers(), other.buffers(), strict=True):
        assert torch.equal(ours, theirs)
    assert found == {"threshold_a": calibrated_threshold(other, validation)}


def test_of_nothing_nothing_is_taken(crops):
    model, other = build(SMOKE, 0), build(SMOKE, 0)
    assert finish(model, [], None, batch_size=12) == {}
    for ours, theirs in zip(model.buffers(), other.buffers(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_network_without_batch_norm_is_calibrated_too(crops):
    model = build(replace(SMOKE, norm="group"), 0)
    found = finish(model, [crops[0]], crops[1], batch_size=12)
    assert 0 <= found["threshold_a"] < 1
