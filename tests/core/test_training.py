"""Training learns, is deterministic, resumes bit for bit and fails early."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import losses, training
from rfe_core.evaluation import score, segment
from rfe_core.patches import extract
from rfe_core.settings import TrainingSettings
from rfe_core.training import build, train_supervised

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = TrainingSettings(
    widths=(4, 8),
    norm="batch",
    epochs=4,
    branch_epoch=2,
    optimizer="adam",
    learning_rate=0.02,
)


@pytest.fixture(scope="module")
def subject():
    return tiny_subject()


@pytest.fixture(scope="module")
def split(subject):
    return extract([subject], 36, generator=np.random.default_rng(0), size=24)


def run(split, settings=TINY, seed=0, **options):
    model = build(settings, seed)
    history = train_supervised(
        model, split[0], settings=settings, seed=seed, progress=False, **options
    )
    return model, history


def same_weights(a, b):
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def without_time(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def test_it_learns(split, subject):
    settings = replace(TINY, epochs=30)
    model, history = run(split, settings, validation={"A": split[1]})
    assert [row["epoch"] for row in history] == list(range(1, 31))
    assert history[-1]["loss"] < 0.3 < history[0]["loss"]
    assert history[-1]["f_A"] > 0.8
    row = score(segment(model, subject), subject)
    assert row["f_score"] > 0.8
    assert not model.training


def test_same_seed_same_weights_and_other_seed_others(split):
    assert same_weights(run(split)[0], run(split)[0])
    assert not same_weights(run(split)[0], run(split, seed=1)[0])


def test_the_global_generator_is_left_alone(split):
    before = torch.get_rng_state()
    run(split)
    assert torch.equal(before, torch.get_rng_state())


class Killed(BaseException):
    pass


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("when", ["between an epoch and its state", "in the middle of an epoch"])
def test_a_killed_run_resumes_bit_for_bit(split, tmp_path, optimizer, when, monkeypatch):
    settings = replace(TINY, optimizer=optimizer, weight_decay=1e-3)
    uninterrupted, history = run(split, settings, validation={"A": split[1]})

    def kill(model, history):
        if len(history) == 3:
            raise Killed

    checkpoint = tmp_path / "state.safetensors"
    options = {"validation": {"A": split[1]}, "checkpoint": checkpoint}
    with pytest.raises(Killed):
        if when.startswith("between"):
            run(split, settings, on_epoch=kill, **options)
        else:
            with monkeypatch.context() as patch:
                calls = []
                real = losses.dice_loss

                def killing_loss(*args):
                    calls.append(1)
                    if len(calls) == 6:  # the second step of the third epoch
                        raise Killed
                    return real(*args)

                patch.setattr(training, "dice_loss", killing_loss)
                run(split, settings, **options)
    assert checkpoint.exists()
    torch.rand(7)  # whatever else happens in between
    resumed, resumed_history = run(split, settings, seed=0, **options)
    assert same_weights(uninterrupted, resumed)
    assert without_time(history) == without_time(resumed_history)
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_finished_run_does_nothing_when_resumed(split, tmp_path):
    checkpoint = tmp_path / "state.safetensors"
    model, history = run(split, checkpoint=checkpoint)
    again, again_history = run(split, checkpoint=checkpoint)
    assert same_weights(model, again) and history == again_history
    with pytest.raises(ValueError, match=r"learning_rate must be that of .*, got 0.5"):
        run(split, replace(TINY, learning_rate=0.5), checkpoint=checkpoint)


def test_fine_tuning_goes_on_from_the_branch_epoch_with_as_many_steps(split):
    seen = []
    model, _ = run(split, replace(TINY, epochs=2))
    second = extract([tiny_subject("B", seed=5)], 60, generator=np.random.default_rng(1), size=24)
    history = train_supervised(
        model,
        split[0],
        second[0],
        settings=TINY,
        seed=0,
        start_epoch=2,
        on_epoch=lambda model, history: seen.append(history[-1]["epoch"]),
        progress=False,
    )
    assert [row["epoch"] for row in history] == seen == [3, 4]


def test_non_finite_loss_stops_at_once(split):
    images = split[0].images.copy()
    images[:] = np.nan
    with pytest.raises(
        FloatingPointError,
        match=r"loss must be finite, got nan at epoch 1, step 1 with learning rate 0.02",
    ):
        run((replace(split[0], images=images),))


def test_progress_bar_is_shown_on_request(split, capsys):
    model = build(TINY, 0)
    train_supervised(model, split[0], settings=TINY, seed=0, description="A_L seed 0")
    assert "A_L seed 0: 100%" in capsys.readouterr().err
