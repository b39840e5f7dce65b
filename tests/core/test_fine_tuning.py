"""Semi-supervised fine-tuning: who teaches, what is drawn, determinism, resuming, statistics."""

import pickle
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import fine_tuning, losses, training
from rfe_core.fine_tuning import fine_tune
from rfe_core.patches import extract
from rfe_core.random_feature_embedding import PixelEmbeddingLoss
from rfe_core.settings import TrainingSettings
from rfe_core.training import Diverged, build

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = TrainingSettings(
    widths=(4, 6, 8),
    norm="batch",
    epochs=5,
    branch_epoch=3,
    tuning_steps=3,
    batch_size=6,
    optimizer="adam",
    learning_rate=0.01,
)


@pytest.fixture(scope="module")
def sets():
    """Training patches of two domains."""
    subjects = [tiny_subject("Atrain1"), tiny_subject("Btrain1", seed=5, domain="B")]
    return [extract([s], 20, generator=np.random.default_rng(0), size=20)[0] for s in subjects]


def rfe(layers=(0,), **settings):
    return dict.fromkeys(layers, PixelEmbeddingLoss(**{"strategy": "80/20", "n_e": 20} | settings))


def run(sets, settings=TINY, seed=0, **options):
    model = build(settings, 7)  # "the weights of the branch epoch"
    history = fine_tune(model, *sets, settings=settings, seed=seed, progress=False, **options)
    return model, history


def same_weights(a, b):
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def without_time(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def relabelled(patches):
    return replace(patches, labels=1 - patches.labels)


def test_target_labels_teach_nothing_without_an_embedding_term(sets):
    labelled, target = sets
    model, history = run(sets)
    assert same_weights(model, run([labelled, relabelled(target)])[0])
    assert not same_weights(model, run([relabelled(labelled), target])[0])
    images = replace(target, images=target.images + 1)  # batch norm sees them
    assert not same_weights(model, run([labelled, images])[0])
    assert set(history[0]) == {"epoch", "loss", "dice_loss", "seconds"}


def test_target_labels_teach_as_the_prior_of_an_embedding_term(sets):
    labelled, target = sets
    model, history = run(sets, embedding=rfe())
    assert not same_weights(model, run([labelled, relabelled(target)], embedding=rfe())[0])
    for row in history:
        assert row["loss"] == pytest.approx(row["dice_loss"] + row["embedding_loss"], rel=1e-5)


def test_unsure_target_labels_take_no_part(sets):
    """Whatever they are otherwise, with an embedding term or as labels of the Dice loss."""
    labelled, target = sets
    unsure = np.random.default_rng(1).random(target.labels.shape) < 0.3
    hidden = replace(target, labels=np.where(unsure, -1, target.labels).astype(np.int8))
    outside = replace(target, valid=target.valid & ~unsure)
    for options in ({"embedding": rfe()}, {"embedding": rfe(n_e="all")}, {"primary": "both"}):
        model, history = run([labelled, hidden], **options)
        other, same = run([labelled, outside], **options)
        assert same_weights(model, other) and without_time(history) == without_time(same)
        assert not same_weights(model, run(sets, **options)[0])


def test_self_training_sees_the_step_and_no_label(sets):
    seen = []

    class Watching(NamedTuple):
        weight: float = 0.5

        def loss(self, step):
            seen.append(step)
            return step.embeddings[3:].mean()

    model, history = run(sets, self_training=Watching())
    step = seen[0]
    assert step.model is model and len(seen) == 6
    assert [len(x) for x in (step.images, step.logits, step.embeddings, step.valid)] == [6] * 4
    assert step.embeddings.shape == (6, 4, 20, 20) and step.valid.dtype == torch.bool
    for row in history:
        total = row["dice_loss"] + 0.5 * row["self_training_loss"]
        assert row["loss"] == pytest.approx(total, rel=1e-5)
    labelled, target = sets
    assert same_weights(model, run([labelled, relabelled(target)], self_training=Watching())[0])
    assert not same_weights(model, run(sets)[0])


def test_target_labels_teach_if_primary_is_both(sets):
    labelled, target = sets
    model, _ = run(sets, primary="both")
    assert not same_weights(model, run([labelled, relabelled(target)], primary="both")[0])
    assert not same_weights(model, run(sets)[0])


@pytest.mark.parametrize(
    ("primary", "expected"), [("labelled", slice(3)), ("both", slice(6))], ids=["labelled", "both"]
)
def test_the_dice_loss_sees_its_half(sets, monkeypatch, primary, expected):
    seen = []
    real = losses.dice_loss

    def watch(logits, labels, valid):
        seen.append((logits.shape, labels.numpy().copy(), valid.numpy().copy()))
        return real(logits, labels, valid)

    batches = []
    real_tensors = training.as_tensors
    monkeypatch.setattr(fine_tuning, "dice_loss", watch)
    monkeypatch.setattr(
        fine_tuning,
        "as_tensors",
        lambda batch, model: batches.append(batch) or real_tensors(batch, model),
    )
    run(sets, primary=primary)
    assert len(seen) == len(batches) == 6
    for (shape, labels, valid), batch in zip(seen, batches, strict=True):
        assert shape[0] == len(labels) == len(batch.labels[expected])
        assert (labels == batch.labels[expected]).all() and (valid == batch.valid[expected]).all()
        assert batch.source.tolist() == [0, 0, 0, 1, 1, 1]


def test_labelled_alone_is_the_same_half_and_nothing_else(sets, monkeypatch):
    batches = []
    real = training.as_tensors
    monkeypatch.setattr(
        fine_tuning, "as_tensors", lambda batch, model: batches.append(batch) or real(batch, model)
    )
    run(sets[:1])
    assert [len(batch.images) for batch in batches] == [3] * 6
    alone = [batch.images for batch in batches[:3]]
    batches.clear()
    run(sets)
    assert [len(batch.images) for batch in batches] == [6] * 6
    # of the first epoch; later ones follow a shuffle of the other set too
    assert all((a == b.images[:3]).all() for a, b in zip(alone, batches, strict=False))


def test_different_n_e_see_the_same_batches_and_dropout(sets):
    """With weight 0 nothing is learnt from what is drawn, so the weights are those without it."""
    plain = run(sets)[0]
    for n_e in (20, 100, "all"):
        model, history = run(sets, embedding=rfe(n_e=n_e, weight=0.0))
        assert same_weights(plain, model)
        assert history[0]["embedding_loss"] > 0
        assert history[0]["loss"] == history[0]["dice_loss"]


def test_history_counts_what_is_drawn(sets):
    _, history = run(sets, embedding=rfe(n_e=20, strategy="50/50"))
    assert [row["epoch"] for row in history] == [4, 5]
    for row in history:
        assert row["drawn_labelled_lesion"] == row["drawn_unlabelled_background"] == 10
        assert row["short"] == 0 and row["length_lesion"] > 0
    _, history = run(sets, embedding=rfe(n_e=2000, strategy="50/50"))
    assert history[0]["short"] == 1 and history[0]["drawn_labelled_lesion"] < 1000


def test_embedding_losses_of_layers_are_summed(sets):
    one, two, both = (
        run(sets, replace(TINY, tuning_steps=1, epochs=4), embedding=rfe(n_e="all", layers=layers))
        for layers in ((0,), (1,), (0, 1))
    )
    a, b, total = (history[0]["embedding_loss"] for _, history in (one, two, both))
    assert total == pytest.approx(a + b, rel=1e-6)


@pytest.mark.parametrize("embedding", [None, rfe(), rfe(n_e="all"), rfe(distance="l2", margin=5.0)])
def test_same_seed_same_weights_and_other_seed_others(sets, embedding):
    model, history = run(sets, embedding=embedding)
    again, again_history = run(sets, embedding=embedding)
    assert same_weights(model, again) and without_time(history) == without_time(again_history)
    assert not same_weights(model, run(sets, seed=1, embedding=embedding)[0])


class Killed(BaseException):
    pass


@pytest.mark.parametrize("steps", [4, 7, 8], ids=lambda n: f"killed in step {n}")
def test_a_killed_fine_tuning_resumes_bit_for_bit(sets, tmp_path, monkeypatch, steps):
    """Three steps an epoch: in the first step of the second epoch, and in the third epoch."""
    longer = replace(TINY, epochs=6)
    whole, history = run(sets, longer, embedding=rfe())
    calls, real = [], fine_tuning.embedding_terms

    def killing(*args, **kwargs):
        calls.append(1)
        if len(calls) == steps:
            raise Killed
        return real(*args, **kwargs)

    options = {"embedding": rfe(), "checkpoint": tmp_path / "state.safetensors"}
    with monkeypatch.context() as patch:
        patch.setattr(fine_tuning, "embedding_terms", killing)
        with pytest.raises(Killed):
            run(sets, longer, **options)
    torch.rand(3)  # whatever else happens in between
    resumed, resumed_history = run(sets, longer, **options)
    assert same_weights(whole, resumed)
    assert without_time(history) == without_time(resumed_history)


def test_divergence_carries_its_history_through_pickling(sets, monkeypatch):
    calls, real = [], losses.dice_loss

    def breaking(*args):
        calls.append(1)
        return real(*args) * (float("nan") if len(calls) == 5 else 1)

    monkeypatch.setattr(fine_tuning, "dice_loss", breaking)
    with pytest.raises(
        Diverged, match=r"got nan at epoch 5, step 2 with learning rate 0\.01;"
    ) as met:
        run(sets)
    error = met.value
    assert [row["epoch"] for row in error.history] == [4] and error.history[0]["dice_loss"] > 0
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is Diverged
    assert str(again) == str(error) and again.history == error.history


def test_an_infinite_learning_rate_diverges(sets):
    with pytest.raises(Diverged, match="loss must be finite, got nan at epoch 4"):
        run(sets, replace(TINY, learning_rate=1e30))


@pytest.mark.slow
def test_the_embedding_loss_is_learnt(sets):
    """Pixels of the two classes differ in brightness; the Dice loss alone gets less far."""
    longer = replace(TINY, epochs=12, tuning_steps=5)
    for settings in ({"n_e": 50}, {"n_e": "all"}, {"n_e": 50, "distance": "l2", "margin": 5.0}):
        _, history = run(sets, longer, embedding=rfe(weight=20.0, **settings))
        first, last = history[0]["embedding_loss"], history[-1]["embedding_loss"]
        assert last < 0.6 * first, (settings, first, last)
        _, untaught = run(sets, longer, embedding=rfe(**settings, weight=0.0))
        assert last < 0.8 * untaught[-1]["embedding_loss"], settings


def test_bad_settings(sets):
    with pytest.raises(ValueError, match='primary must be "labelled" or "both", got \'target\''):
        run(sets, primary="target")
    for settings in ({"embedding": rfe()}, {"primary": "both"}):
        with pytest.raises(ValueError, match="unlabelled patches are needed for an embedding term"):
            run(sets[:1], **settings)
    with pytest.raises(ValueError, match=r"layers must be in 0..1, .* got \(3,\)"):
        run(sets, embedding=rfe(layers=(3,)))


def test_an_embedding_loss_that_ignores_another_label_is_refused(sets):
    with pytest.raises(ValueError, match=r"ignore_index .* must be -1 here, got \{255\}"):
        run(sets, embedding={0: PixelEmbeddingLoss(4, ignore_index=255)})
