"""Chapter 10: the explorer shows what Python computed, and the numbers are those of the core."""

import numpy as np
import pytest
import torch

from rfe_book.widgets.exact_explorer import CEILING, exact_explorer
from rfe_core import sampling
from rfe_core.losses import label_embedding_loss
from rfe_study import results
from rfe_study.measures import cost, gradient_noise
from rfe_study.measures.monte_carlo import draw

STOPS = (20, 50, 100, 200, 500, 1000, 2000, 3000)
BUDGET = 600_000


@pytest.fixture(scope="module")
def layer():
    """Pixels of two classes with gamma-distributed embeddings and inputs of two channels."""
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    labels = (np.arange(STOPS[-1]) % 10 == 0).astype(np.int64)
    h = generator.gamma(1.0, 1.0, (len(labels), 4)) * (1 + np.arange(4) * labels[:, None])
    inputs = generator.random((len(labels), 18))
    return gradient_noise.EmbeddingLayer(
        embeddings=torch.from_numpy(h),
        labels=torch.from_numpy(labels),
        inputs=torch.from_numpy(inputs),
        scale=torch.ones(4, dtype=torch.float64),
    )


@pytest.fixture(scope="module")
def found(layer):
    return gradient_noise.compare(layer, STOPS, draws=20)


@pytest.fixture(scope="module")
def rows():
    return results.read("embedding_cost")


def check_state(page, layer, found, rows):
    """All numbers on the screen against Python's; the marks against the draws."""
    drawn = page.drawn()
    n_e, at = int(drawn["nE"]), STOPS.index(int(drawn["nE"]))
    own = found[drawn["strategy"]]
    assert drawn["drawn"] == " ".join(map(str, own.drawn[at]))
    for name, value in (
        ("exact", own.exact[at]),
        ("mean", own.losses[:, at].mean()),
        ("spread", own.losses[:, at].std(ddof=1)),
        ("error", own.errors[:, at].mean()),
    ):
        assert float(drawn[name]) == pytest.approx(value, rel=1e-3, abs=1e-12), name
    seconds = [cost.cost(rows, v, n_e).seconds for v in cost.POWERS]
    np.testing.assert_allclose(np.fromstring(drawn["seconds"], sep=" "), seconds, rtol=1e-3)
    marks = page.tab.locator(".rfe-draw").evaluate_all("all => all.map(m => +m.dataset.value)")
    np.testing.assert_allclose(marks, own.losses[:, at], rtol=1e-3)
    exact, mean = (f"{float(drawn[name]):.4f}" for name in ("exact", "mean"))
    assert f"exact loss {exact}, sampled {mean}" in page.status()
    cells = page.tab.locator(".rfe-numbers td").all_inner_texts()
    assert cells[1] == exact and cells[2].startswith(f"{mean} ± {float(drawn['spread']):.4f} (")
    assert int(drawn["off"]) == sum(s > CEILING for s in seconds)
    return drawn


@pytest.mark.browser
@pytest.mark.frames
def test_every_control(widget_page, layer, found, rows):
    page = widget_page(exact_explorer(found, STOPS, rows, label="Random pixels"))
    assert check_state(page, layer, found, rows)["nE"] == "100"
    for strategy in sampling.STRATEGIES:
        page.choose("Strategy", strategy)
        assert check_state(page, layer, found, rows)["strategy"] == strategy
    page.press_slider("n_E", "Home")
    seen = [check_state(page, layer, found, rows)["nE"]]
    for _ in STOPS[1:]:
        page.press_slider("n_E", "ArrowRight")
        seen.append(check_state(page, layer, found, rows)["nE"])
    assert seen == [str(n) for n in STOPS]
    box = page.tab.locator(".rfe-charts svg").first.bounding_box()
    page.tab.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    page.frames()
    assert int(check_state(page, layer, found, rows)["nE"]) < STOPS[-1]
    assert page.count_frames("exact_explorer") >= len(seen)


@pytest.mark.browser
def test_page_is_light_and_pairs_leave_the_screen(page_for):
    page = page_for("10-exact")
    assert 0 < page.own_weight("10-exact") <= BUDGET
    assert page.drawn()["off"] == "0"
    page.press_slider("n_E", "End")
    assert page.drawn()["off"] == "2"
    assert page.tab.locator(".rfe-off").count() == 2
    assert page.drawn()["mean"] == page.drawn()["exact"]  # all pixels: nothing is left to chance


def test_tables_are_those_of_the_pairwise_loss(layer, found):
    for strategy, own in found.items():
        sample = draw(layer.labels, 100, strategy, seed=3)
        h, labels = layer.embeddings[sample.indices], layer.labels[sample.indices]
        expected = float(label_embedding_loss(h, labels, reduction="mean"))
        assert own.losses[3, STOPS.index(100)] == pytest.approx(expected, rel=1e-9)


def test_weight_gradient_is_that_of_autograd(layer):
    weight = torch.rand(4, 18, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weight = (weight - 0.4).requires_grad_()
    h = (layer.inputs @ weight.T).relu()
    own = gradient_noise.EmbeddingLayer(
        embeddings=h.detach(), labels=layer.labels, inputs=layer.inputs, scale=layer.scale
    )
    loss = label_embedding_loss(h, layer.labels, reduction="mean")
    (expected,) = torch.autograd.grad(loss, weight)
    value, gradient = gradient_noise.exact_gradient(own, sampling.available(layer.labels))
    assert value == pytest.approx(loss.item(), rel=1e-10)
    torch.testing.assert_close(gradient, expected, rtol=1e-8, atol=1e-12)


def test_cost_between_and_beyond_measurements(rows):
    last = rows[(rows["variant"] == "z @ z.T")].sort_values("n_e").iloc[-1]
    at, measured = cost.cost(rows, "z @ z.T", int(last["n_e"]))
    assert measured and at == pytest.approx(last["seconds"])
    beyond = cost.cost(rows, "z @ z.T", 3 * int(last["n_e"]))
    assert not beyond.measured and beyond.seconds == pytest.approx(9 * at)
    leaves = cost.reaches(rows, "z @ z.T", 10)
    assert cost.cost(rows, "z @ z.T", leaves).seconds == pytest.approx(10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rows: cost.cost(rows, "loops", 100), "variant must be one of"),
        (lambda rows: cost.cost(rows, "z @ z.T", 2), "n_e must be >= 20"),
        (lambda rows: cost.reaches(rows, "z @ z.T", 1e-6), "seconds must be >="),
    ],
)
def test_costs_refuse(rows, call, message):
    with pytest.raises(ValueError, match=message):
        call(rows)


def test_samples_refuse(layer):
    with pytest.raises(ValueError, match="counts must be pairs up to"):
        gradient_noise.sampled_gradients(layer, [(10, 1000)], draws=1)
    with pytest.raises(ValueError, match="draws must be >= 1, got 0"):
        gradient_noise.sampled_gradients(layer, [(10, 10)], draws=0)
