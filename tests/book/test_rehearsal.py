"""A reader's sampler and step against the core's, right and wrong, and the rehearsal of both."""

import numpy as np
import pytest
import torch

from rfe_book import rehearsal
from rfe_core import losses
from rfe_core.batches import Batches
from rfe_core.patches import Patches
from rfe_core.unet import UNet

TOY = torch.tensor([0] * 30 + [-1] * 10 + [1] * 6 + [0] * 10)


def own(labels, n_e, share, generator, *, swapped=False, first=False, twice=False):
    n_lesion = int(n_e * (1 - share if swapped else share) + 0.5)
    parts = []
    for label, n in ((0, n_e - n_lesion), (1, n_lesion)):
        pixels = torch.nonzero(labels == label).squeeze(1)
        order = torch.randperm(len(pixels), generator=generator)
        if first:
            order = torch.arange(len(pixels))
        if twice:
            order = torch.randint(len(pixels), (min(n, len(pixels)),), generator=generator)
        parts.append(pixels[order[:n]])
    return torch.cat(parts)


@pytest.mark.parametrize("wrong", [None, "swapped", "first", "twice"])
def test_a_sampler_is_told_from_a_wrong_one(wrong):
    def sampler(*answer):
        return own(*answer, **({wrong: True} if wrong else {}))

    if wrong == "swapped":
        with pytest.raises(ValueError, match=r"n_e=20, lesion_share=0.2: .* lesion, not 16 and 4"):
            rehearsal.same_counts(sampler, TOY)
        return
    found = {
        "swapped": rehearsal.same_counts(sampler, TOY),
        "twice": rehearsal.none_twice(sampler, TOY),
        "first": rehearsal.each_has_its_chance(sampler, TOY),
    }
    assert found.get(wrong, True) is (wrong is None) and (wrong or all(found.values()))


def patches(seed):
    generator = np.random.default_rng(seed)
    labels = (generator.random((6, 16, 16)) < 0.2).astype(np.uint8)
    images = generator.random((6, 3, 16, 16), dtype=np.float32) + labels[:, None]
    valid, names = np.ones_like(labels, bool), np.array(["x"] * 6)
    return Patches(images=images, labels=labels, valid=valid, subjects=names, slices=np.arange(6))


def step(model, optimizer, images, labels, drawn, *, halves=1, zero=True, order=(0, 2, 3, 1)):
    logits, maps = model(images)
    seen = slice(len(images) * halves // 2)
    h = maps.permute(order).flatten(0, -2)[drawn]
    loss = losses.dice_loss(logits[seen], labels[seen])
    loss = loss + losses.label_embedding_loss(h, labels.flatten()[drawn], reduction="mean")
    if zero:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@pytest.fixture
def case():
    torch.manual_seed(0)
    model = UNet(widths=(2, 4), norm="batch")
    crops = patches(0)
    labels = torch.from_numpy(crops.labels.astype(np.int64))
    drawn = own(labels.flatten(), 60, 0.3, torch.Generator().manual_seed(0))
    return model, torch.from_numpy(crops.images), labels, drawn


@pytest.mark.parametrize(
    ("wrong", "steps", "right"),
    [
        ({}, 1, True),
        ({}, 2, True),
        ({"halves": 2}, 1, False),  # Dice with the unlabelled half
        ({"order": (0, 3, 2, 1)}, 1, False),  # rows of the picture for columns
        ({"zero": False}, 1, True),
        ({"zero": False}, 2, False),
    ],
)
def test_a_step_is_told_from_a_wrong_one(case, wrong, steps, right):
    before = [parameter.clone() for parameter in case[0].parameters()]
    tried = rehearsal.agrees(lambda *batch: step(*batch, **wrong), *case, steps=steps)
    assert tried is right
    assert all(map(torch.equal, before, case[0].parameters()))


def test_a_rehearsal_trains_a_copy_and_tells_how():
    model = UNet(widths=(2, 4), norm="batch")
    before = [parameter.clone() for parameter in model.parameters()]
    generator = np.random.default_rng(0)
    batches = Batches(patches(0), patches(1), batch_size=4, steps=4, generator=generator)
    shown = rehearsal.rehearse(own, step, model, batches, patches(2), n_e=20, every=2).data
    lines = shown.splitlines()
    assert lines[0] == "| steps | loss | F |"
    assert [line.split()[1] for line in lines[2:]] == ["0", "2", "4"]
    assert all(map(torch.equal, before, model.parameters()))


def unfinished(*_):
    raise NotImplementedError("your code")


@pytest.mark.parametrize("code", [(own, unfinished), (unfinished, step)])
def test_a_rehearsal_of_a_stub_is_one_quiet_line(capsys, code):
    batches = Batches(patches(0), batch_size=2, steps=1, generator=np.random.default_rng(0))
    assert rehearsal.rehearse(*code, UNet(widths=(2, 4)), batches, patches(2)) is None
    assert capsys.readouterr().out == "Not yet: your code is missing\n"


def test_a_step_that_returns_a_tensor_is_told_what_to_return(case):
    def forgot_item(model, optimizer, images, labels, drawn):
        return model(images)[0].mean()

    with pytest.raises(TypeError, match=r"must return the loss as a number, .* got Tensor"):
        rehearsal.agrees(forgot_item, *case)
