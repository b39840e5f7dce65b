"""Mean Teacher: who teaches, what it forgets, and that the student's own randomness stays."""

import copy
import math

import pytest
import torch

from rfe_core.fine_tuning import Step
from rfe_core.unet import UNet
from rfe_study.methods.mean_teacher import DECAY, MeanTeacher, ramp_up


def network(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return UNet(widths=(4, 6), norm="batch").train()


def step(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(4, 3, 8, 8, generator=generator)
    logits, embeddings = model(images)
    valid = torch.rand(4, 8, 8, generator=generator) < 0.7
    return Step(model, images, logits, embeddings, valid, generator)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_the_ramp_is_the_reference_s():
    assert [ramp_up(s) for s in (0, 0.5, 1, 2)] == pytest.approx(
        [math.exp(-5), math.exp(-1.25), 1, 1]
    )


def test_the_first_teacher_is_the_student_but_for_noise_and_dropout():
    model = network()
    seen, loss = step(model), MeanTeacher(1)
    state = seen.generator.get_state()
    found = loss(seen)
    assert torch.equal(weights(loss.teacher), weights(model))
    again = torch.Generator()
    again.set_state(state)
    noise = (0.1 * torch.randn(4, 3, 8, 8, generator=again)).clamp(-0.2, 0.2)
    teacher = copy.deepcopy(model).train()
    teacher.dropout.eval()
    wanted = teacher(seen.images + noise).logits.sigmoid()
    total, n = 0.0, 0
    for k in (2, 3):
        for y in range(8):
            for x in range(8):
                if seen.valid[k, y, x]:
                    total += (seen.logits[k, 0, y, x].sigmoid() - wanted[k, 0, y, x]).item() ** 2
                    n += 1
    assert found.item() == pytest.approx(total / n, rel=1e-4)


def test_the_teacher_is_the_running_mean_of_the_student():
    model, loss, expected = network(), MeanTeacher(5), None
    for k in range(4):
        now = weights(model).double()
        decay = min(1 - 1 / (k + 1), DECAY)
        expected = now if expected is None else decay * expected + (1 - decay) * now
        loss(step(model, k))
        torch.testing.assert_close(weights(loss.teacher).double(), expected)
        with torch.no_grad():
            for p in model.parameters():
                p += 0.1 * (k + 1)
    assert loss.done == 4


def test_only_the_student_learns():
    model, loss = network(), MeanTeacher(2)
    loss(step(model)).backward()
    assert all(p.grad is None for p in loss.teacher.parameters())
    assert any(p.grad is not None and p.grad.any() for p in model.parameters())
    assert set(map(id, loss.teacher.parameters())).isdisjoint(map(id, model.parameters()))


def test_dropout_of_the_student_is_what_it_would_be_without():
    model = network()
    torch.manual_seed(3)
    model(torch.rand(2, 3, 8, 8))
    plain = torch.rand(1)
    torch.manual_seed(3)
    images = torch.rand(2, 3, 8, 8)
    logits, embeddings = model(images)
    valid = torch.ones(2, 8, 8, dtype=torch.bool)
    MeanTeacher(1)(Step(model, images, logits, embeddings, valid, torch.Generator()))
    assert torch.rand(1) == plain


def test_no_valid_pixel_costs_nothing():
    seen = step(network())
    seen.valid[2:] = False
    assert MeanTeacher(1)(seen).item() == 0


def test_bad_steps_are_refused():
    with pytest.raises(ValueError, match="steps must be >= 1, got 0"):
        MeanTeacher(0)
