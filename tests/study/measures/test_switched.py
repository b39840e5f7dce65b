"""A switched choice changes what it says and nothing else; numbers are those of plain loops."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core.losses import embedding_loss
from rfe_core.patches import extract_all
from rfe_core.unet import UNet
from rfe_study.measures import switched
from rfe_study.measures.switched import SIDES
from rfe_study.measures.switches import OURS, SWITCHES

SMALL = replace(OURS, n_e=20)


@pytest.fixture(scope="module")
def batch():
    torch.manual_seed(0)
    subject, generator = tiny_subject(shape=(70, 70, 60)), np.random.default_rng(0)
    halves = [extract_all([subject], 2, generator=generator, size=32) for _ in range(2)]
    model = UNet(widths=(4, 8, 8, 8), norm="none")
    seen = switched.see(model, *halves)
    assert model.embeddings == "relu" and model.training
    return seen


def drawn(batch, choices):
    samples = switched.draw(batch, choices)
    index = torch.cat([samples[side].indices for side in SIDES])
    maps = batch.maps[choices.embeddings].movedim(1, -1).flatten(0, -2)
    return maps[index].double(), batch.labels.flatten()[index]


def test_a_batch_holds_embeddings_before_and_after_the_relu(batch):
    before, after = batch.maps["linear"], batch.maps["relu"]
    assert (before < 0).any() and torch.equal(before.relu(), after)
    assert batch.labelled.tolist() == [True, True, False, False]


@pytest.mark.parametrize("distance", ["cosine", "angular", "l2", "l2_squared"])
def test_loss_and_gradient_are_those_of_eq_2(batch, distance):
    choices = replace(SMALL, distance=distance, reduction="sum", weight=3.0)
    h, labels = drawn(batch, choices)
    found = switched.compare(h, labels, choices)
    h.requires_grad_()
    same = labels[:, None] == labels
    loss = embedding_loss(h, same, distance=distance, margin=choices.margin)
    (gradient,) = torch.autograd.grad(3 * loss, h)
    assert found["loss"] == pytest.approx(loss.item())
    assert found["part"] == pytest.approx(3 * loss.item())
    assert found["gradient"] == pytest.approx(gradient.norm().item())
    if distance == "cosine":
        assert found["along"] < 1e-9


def test_reductions_are_powers_of_n(batch):
    h, labels = drawn(batch, SMALL)
    by = {
        reduction: switched.compare(h, labels, replace(SMALL, reduction=reduction))
        for reduction in ("sum", "per_embedding", "mean")
    }
    n = len(h)
    for key in ("loss", "gradient"):
        assert by["sum"][key] == pytest.approx(n * by["per_embedding"][key])
        assert by["sum"][key] == pytest.approx(n**2 * by["mean"][key])


def test_without_its_test_a_hinge_acts_as_one_of_margin_1(batch):
    h, labels = drawn(batch, SMALL)
    found = switched.compare(h, labels, replace(SMALL, gradient="no hinge test"))
    wide = switched.compare(h, labels, replace(SMALL, margin=1.0))
    assert found["gradient"] == pytest.approx(wide["gradient"])
    assert found["loss"] == switched.compare(h, labels, SMALL)["loss"] < wide["loss"]


def test_the_radial_error_lengthens_equal_vectors_and_keeps_the_loss():
    h, labels = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([1, 1])
    wrong = replace(OURS, gradient="radial error", weight=1.0)
    assert switched.compare(h.double(), labels, wrong)["loss"] == 0
    lengths = switched.steps(h, labels, wrong, number=3, rate=0.1)
    assert (np.diff(lengths) > 0).all() and lengths[0] == 2
    true = switched.steps(h, labels, replace(OURS, weight=1.0), number=3, rate=0.1)
    assert true == pytest.approx(np.full(4, 2.0))


def test_which_pixels_may_be_drawn(batch):
    brain = switched.may_be_drawn(batch, "brain")
    assert torch.equal(brain, batch.valid)
    assert switched.may_be_drawn(batch, "all").all()
    bright = switched.may_be_drawn(batch, "not dark").numpy()
    assert (bright == (batch.images.min(axis=1) >= 0.1)).all()
    for choices in (SMALL, replace(SMALL, drawn_from="not dark")):
        part = switched.may_be_drawn(batch, choices.drawn_from).flatten()
        for sample in switched.draw(batch, choices).values():
            assert part[sample.indices].all()


def test_the_release_draws_fewer_where_pixels_are_ignored(batch):
    assert switched.released_counts(torch.tensor([0] * 45 + [1] * 5), 20, pixels=100) == (9, 0)
    assert switched.released_counts(torch.tensor([0] * 95 + [1] * 5), 20, pixels=100) == (19, 0)
    aware = replace(OURS, strategy="distribution-aware")
    all_of, of_brain = (
        switched.draw(batch, replace(aware, fraction_of=which)) for which in ("all", "brain")
    )
    assert sum(all_of["labelled"].drawn) < sum(of_brain["labelled"].drawn) == 200
    assert all_of["unlabelled"].drawn == of_brain["unlabelled"].drawn


def test_every_switch_is_measured_and_moves_something(batch):
    found = switched.all_switches(batch)
    assert len(found) == len(SWITCHES) and SWITCHES[0].choices == OURS
    assert len({switch.word for switch in SWITCHES}) == len(SWITCHES)
    assert all(np.isfinite(list(numbers.values())).all() for numbers in found)
    by = {switch.word: numbers for switch, numbers in zip(SWITCHES, found, strict=True)}
    only = {
        word: {key for key, value in by[word].items() if value != by["ours"][key]}
        for word in ("own-edges", "threshold", "radial", "no-hinge")
    }
    assert only["own-edges"] == {"jsd"} and only["threshold"] <= {"f_score"}
    assert only["radial"] == {"gradient", "along"} and only["no-hinge"] <= {"gradient", "along"}


def test_cosines_of_two_classes_and_dark_pixels(batch):
    after, before = (switched.cosines_between(batch, name) for name in ("relu", "linear"))
    assert after.min() >= 0 > before.min() and after.max() <= 1 + 1e-12
    _, labels = drawn(batch, OURS)
    assert len(after) == int((labels == 1).sum() * (labels == 0).sum())
    dark = switched.lost_to_darkness(batch)
    lesion = batch.valid & (batch.labels == 1)
    expected = (batch.images.min(axis=1) < 0.1)[lesion.numpy()].mean()
    assert dark["lesion"] == pytest.approx(expected)
    assert switched.effect_of_filled_zeros(batch) < 1e-4


def test_scores_at_thresholds():
    probability, lesion = np.array([0.6, 0.995, 0.2]), np.array([True, True, False])
    assert switched.scores_at(probability, lesion, (0.5, 0.99)) == [1, pytest.approx(2 / 3)]
