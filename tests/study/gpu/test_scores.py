"""Scores on a device are those of the study, of the same network on the same head."""

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import metrics, prior
from rfe_core.evaluation import patch_f_score, probability_map
from rfe_core.patches import extract
from rfe_core.training import build
from rfe_study.gpu import crop_scores, scores
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import scoring

SMOKE = PROFILES["smoke"]


@pytest.fixture(scope="module")
def subject():
    return tiny_subject()


def test_a_head_scores_as_the_study_scores_it(subject):
    model = build(SMOKE, seed=0).eval()
    head = scores.OnDevice(scores.cut(subject, "dev", model.multiple), "cpu")
    found = scores.probability(model, head)
    whole = probability_map(model, subject)
    x, y, z = head.head.slices
    # Images travel in half precision, and the study's boxes are tighter where the brain is small.
    far = np.abs(found.numpy().transpose(1, 2, 0) - whole[x, y, z])
    assert far.max() < 0.02
    assert (far > 0.002).mean() < 0.002
    exact = torch.from_numpy(whole[x, y, z].transpose(2, 0, 1).copy())
    for threshold in (float(np.median(whole[subject.brain_mask])), None):
        ours = scoring.scores_of(whole, subject, threshold)
        theirs = scores.scores_of(exact, head, threshold)
        assert theirs == pytest.approx({"domain": "A", **ours, "subject": subject.name})


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_and_threshold_are_the_cores(seed):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 9, 200).astype(np.float32) / 8  # many ties
    truth = rng.random(200) < score
    tensors = torch.from_numpy(score), torch.from_numpy(truth)
    assert scores.average_precision(*tensors) == pytest.approx(
        metrics.average_precision(score, truth)
    )
    assert scores.best_threshold(*tensors) == pytest.approx(prior.best_threshold(score, truth))


@pytest.mark.parametrize("seed", range(5))
def test_false_components_are_the_cores(seed):
    rng = np.random.default_rng(seed)
    prediction, truth = rng.random((2, 7, 8, 9)) < [[[[0.08]]], [[[0.05]]]]
    ours = metrics.false_positive_components(prediction, truth)
    assert scores.false_components(torch.from_numpy(prediction), torch.from_numpy(truth)) == ours
    assert scores.false_components(torch.zeros(2, 2, 2) > 0, torch.zeros(2, 2, 2) > 0) == 0


def test_crops_are_watched_as_the_core_watches_them(subject):
    crops, _ = extract([subject], 8, size=32, generator=np.random.default_rng(0))
    model = build(SMOKE, seed=1)
    assert crop_scores.patch_f_score(model, crops) == pytest.approx(patch_f_score(model, crops))
