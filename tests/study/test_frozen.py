"""Stored rows stay true: today's code still makes the patients and the trainings they come from.

Floating-point sums differ in the last digits between processors, so images and weights are compared
with a tolerance and masks by their SHA-256. After a change that keeps both, give the new source the
name of the old phantom in `provenance.FROZEN`; after one that does not, raise `phantom.VERSION`.
"""

import hashlib

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core.fine_tuning import fine_tune
from rfe_core.patches import extract
from rfe_core.training import build, train_supervised
from rfe_study import provenance
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import Patient
from rfe_study.phantom.heads import make_patient
from rfe_study.versions import code_version


def sha256(array):
    return hashlib.sha256(np.packbits(array).tobytes()).hexdigest()


def test_the_source_of_the_phantom_has_its_frozen_name():
    assert code_version(provenance.PHANTOM) in provenance.FROZEN
    assert provenance.phantom_version() == "2.0-1ac361a31cd6"


@pytest.mark.slow
def test_the_phantom_is_the_one_of_the_stored_rows():
    made = make_patient(Patient("B", "train", 2))
    assert sha256(made.lesion_mask).startswith("037ef4ca4b73e761")
    assert sha256(made.brain_mask).startswith("6ce3b12cff8676b1")
    means = {m: float(image[made.brain_mask].mean()) for m, image in made.images.items()}
    assert means == pytest.approx({"t1": 773.099, "t2": 1168.304, "flair": 993.244}, rel=1e-6)
    some = made.images["flair"][60:100:13, 90:120:11, 80].ravel()[[0, 2, 3, 5, 6, 7, 9, 10]]
    there = [1057.0062, 1067.0347, 1098.4110, 816.4835]
    there += [624.3647, 1105.1793, 1040.1210, 1055.6584]
    assert some == pytest.approx(there, rel=1e-5)


@pytest.mark.usefixtures("one_thread")
def test_training_is_the_one_of_the_stored_rows():
    """Two epochs of the lower bound, one of fine-tuning with an embedding loss."""
    subject, profile = tiny_subject(shape=(70, 70, 60)), PROFILES["smoke"]
    (crops, _) = extract([subject], 24, generator=np.random.default_rng(0), size=32)
    model = build(profile, 0)
    options = {"settings": profile, "seed": 0, "progress": False}
    first = train_supervised(model, crops, **options)
    rfe = RandomFeatureEmbedding(strategy="80/20", n_e=20)
    second = fine_tune(model, crops, crops, embedding=rfe.losses(), **options)
    losses = [row["loss"] for row in first + second]
    assert losses == pytest.approx([0.97942132, 0.97832763, 1.50719305], rel=1e-5)
    weights = torch.cat([p.detach().flatten() for p in model.parameters()])
    some = [-0.1482174, 0.0049673, -0.1783486, 0.1698285, 0.0472329, -0.0987471]
    assert weights[::1600].tolist() == pytest.approx(some, abs=1e-4)
