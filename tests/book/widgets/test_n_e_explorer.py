"""The n_E explorer shows exactly what Python drew and computed, without a kernel."""

import re

import numpy as np
import pytest
import torch

from rfe_book.widgets.divergence_explorer import divergence_explorer
from rfe_book.widgets.loss_explorer import loss_explorer
from rfe_book.widgets.slice_draws import REDRAWS, SliceDraws, SlicePixels, stops
from rfe_core import divergence, sampling
from rfe_core.losses import label_embedding_loss
from rfe_study.measures.directions import principal_plane
from rfe_study.measures.monte_carlo import draw
from rfe_study.methods.proof_of_concept import N_E

SEED = 3
BACKGROUND, LESION = (86, 180, 233), (213, 94, 0)


@pytest.fixture(scope="module")
def pixels():
    generator = np.random.default_rng(0)
    inside = np.hypot(*np.mgrid[-22:22, -18:18]) < 17
    lesion = np.zeros_like(inside)
    lesion[10:16, 12:20] = lesion[30, 20] = True
    labels = lesion[inside].astype(np.int64)
    embeddings = generator.gamma(1.0, 1.0, (len(labels), 4)) * (1 + np.arange(4) * labels[:, None])
    embeddings[:, 1] *= generator.random(len(labels)) < 0.5  # zeros, as after a ReLU
    return SlicePixels(
        image=generator.integers(0, 255, inside.shape, dtype=np.uint8),
        lesion=lesion,
        inside=inside,
        embeddings=torch.from_numpy(embeddings),
        labels=torch.from_numpy(labels),
        caption="Random slice",
    )


def expected(pixels, drawn):
    """The sample that core functions draw for the state on the screen."""
    return draw(
        pixels.labels,
        int(drawn["nE"]),
        drawn["strategy"],
        seed=SEED + int(drawn["redraw"]),
        shortfall="all available",
    )


def check_draw(page, pixels):
    """Compare counts and every marked pixel; return what is drawn and its sample."""
    drawn = page.drawn()
    sample = expected(pixels, drawn)
    assert drawn["wanted"] == " ".join(map(str, sample.wanted))
    assert drawn["drawn"] == " ".join(map(str, sample.drawn))
    cells = page.tab.locator(".rfe-map tbody td").all_inner_texts()
    for row, (there, want, have) in enumerate(
        zip(sampling.available(pixels.labels), sample.wanted, sample.drawn, strict=True)
    ):
        share = f"{100 * have / len(sample.indices):.1f}%"
        assert cells[4 * row : 4 * row + 4] == [f"{there:,}", f"{want:,}", f"{have:,}", share]
    chosen = sample.indices.numpy()
    rows, columns = np.divmod(pixels.places[chosen], pixels.inside.shape[1])
    canvas = page.canvas(0)[..., :3]
    centres = canvas[4 * rows + 2, 4 * columns + 2]
    colours = np.where(pixels.labels[sample.indices][:, None] == 1, LESION, BACKGROUND)
    if len(chosen) > 500:  # one colour a pixel: nothing else is marked
        np.testing.assert_array_equal(centres, colours)
        grid = canvas[2::4, 2::4].astype(int)
        marked = (grid == BACKGROUND).all(-1) | (grid == LESION).all(-1)
        assert set(np.flatnonzero(marked)) == set(pixels.places[chosen])
    else:  # a background marker may lie below a lesion's
        right = (centres == colours).all(-1)
        assert right[colours[:, 0] == LESION[0]].all() and right.mean() > 0.7
    return drawn, sample


def check_loss(page, pixels):
    drawn, sample = check_draw(page, pixels)
    h, labels = pixels.embeddings[sample.indices], pixels.labels[sample.indices]
    loss = float(label_embedding_loss(h, labels, reduction="mean"))
    assert float(drawn["value"]) == pytest.approx(loss, abs=1e-3, rel=1e-3)
    n_b, n_l = sample.drawn
    assert drawn["pairs"] == f"{n_b**2} {n_l**2} {2 * n_b * n_l}"
    blocks = np.fromstring(drawn["blocks"], sep=" ")
    whole = blocks @ [n_b**2, n_l**2, 2 * n_b * n_l] / (n_b + n_l) ** 2
    assert whole == pytest.approx(loss, abs=1e-3)
    caption = page.tab.locator(".rfe-side .rfe-note").inner_text()
    n = n_b + n_l
    assert caption.startswith(f"{n:,} × {n:,} = {n * n:,} comparisons")
    said = re.search(r"Loss ([\d.]+); exact value", page.status())
    assert float(said[1]) == pytest.approx(loss, abs=1e-3)
    return drawn, sample


@pytest.mark.browser
def test_every_control_of_the_loss_explorer(widget_page, pixels):
    page = widget_page(loss_explorer(pixels, seed=SEED))
    drawn, _ = check_loss(page, pixels)
    assert (drawn["strategy"], drawn["nE"], drawn["redraw"]) == ("50/50", "20", "0")
    seen = {drawn["value"]}
    for strategy in sampling.STRATEGIES[1:]:
        page.choose("Strategy", strategy)
        drawn, _ = check_loss(page, pixels)
        assert drawn["strategy"] == strategy
        seen.add(drawn["value"])
    for redraw in range(2, REDRAWS + 1):
        page.choose("Draw", str(redraw))
        drawn, _ = check_loss(page, pixels)
        seen.add(drawn["value"])
    assert len(seen) == 3 + REDRAWS - 1
    page.press_slider("n_E", "Home")
    assert check_loss(page, pixels)[0]["nE"] == "2"
    for n_e in stops(len(pixels.labels))[1:]:
        page.press_slider("n_E", "ArrowRight")
        assert check_loss(page, pixels)[0]["nE"] == str(n_e)


@pytest.mark.browser
def test_cells_of_the_pair_matrix(widget_page, pixels):
    page = widget_page(loss_explorer(pixels, seed=SEED))
    page.choose("Strategy", "80/20")
    drawn, sample = check_loss(page, pixels)
    assert drawn["cells"] == "true"
    h, labels = pixels.embeddings[sample.indices], pixels.labels[sample.indices]
    unit = h / h.norm(dim=1, keepdim=True)
    same = labels[:, None] == labels
    losses = torch.where(same, 1 - unit @ unit.T, unit @ unit.T).numpy()
    n = len(labels)
    centres = np.floor((np.arange(n) + 0.5) * 300 / n).astype(int)
    colour = np.where(same.numpy()[..., None], (0, 158, 115), (204, 121, 167))
    wanted = 255 + losses[..., None] * (colour - 255)
    off = np.abs(page.canvas(1)[np.ix_(centres, centres)][..., :3] - wanted).max(-1)
    assert np.median(off) < 3 and (off < 6).mean() > 0.9  # the dashed frame covers some cells


@pytest.mark.browser
def test_scatter_and_exact_value_in_the_curve(widget_page, pixels):
    page = widget_page(loss_explorer(pixels, seed=SEED))
    drawn = page.drawn()
    low, centre, high = (float(drawn[k]) for k in ("low", "centre", "high"))
    assert low < centre < high
    page.press_slider("n_E", "End")
    page.choose("Strategy", "distribution-aware")
    drawn = page.drawn()
    assert drawn["low"] == drawn["high"] == drawn["value"]
    assert float(drawn["centre"]) == pytest.approx(float(drawn["value"]), rel=1e-3)
    box = page.tab.locator(".rfe-over svg").bounding_box()
    page.tab.locator(".rfe-over svg").click(position={"x": 0.11 * box["width"], "y": 60})
    page.frames()
    assert page.drawn()["nE"] == "2"


@pytest.mark.browser
def test_every_control_of_the_divergence_explorer(widget_page, pixels):
    page = widget_page(divergence_explorer(pixels, null_draws=10, seed=SEED))
    h = pixels.embeddings.numpy()

    def check(edges):
        drawn, sample = check_draw(page, pixels)
        own = h[sample.indices.numpy()]
        found = divergence.jensen_shannon(own, h, edges=edges, per="flattened")
        assert float(drawn["value"]) == pytest.approx(found, rel=1e-3, abs=1e-9)
        source = h if edges == "shared" else own
        low, high = np.fromstring(drawn["range"], sep=" ")
        assert (low, high) == pytest.approx((source.min(), source.max()), abs=0.006)
        counts, _ = np.histogram(own, 64, (source.min(), source.max()))
        bars = np.fromstring(drawn["bars"], sep=" ", dtype=int)
        np.testing.assert_allclose(bars, 255 * np.sqrt(counts / own.size), atol=6)
        return drawn

    check("shared")
    page.press_slider("n_E", "ArrowRight", times=4)
    null = [float(check("shared")[k]) for k in ("low", "centre", "high")]
    page.choose("Edges", "own (released code)")
    assert [float(check("own")[k]) for k in ("low", "centre", "high")] == null
    page.choose("Strategy", "80/20")
    check("own")
    page.choose("Draw", "4")
    check("own")
    page.press_slider("n_E", "End")
    drawn = check("own")
    assert page.tab.locator(".rfe-side svg").is_visible()
    page.choose("Show", "2-D cloud")
    assert not page.tab.locator(".rfe-side svg").is_visible()
    mean, axes, _ = principal_plane(h)
    flat = ((h - mean) @ axes.T)[expected(pixels, drawn).indices.numpy()]
    grid = page.canvas(1)[1::3, 1::3, :3].astype(int)
    marked = (grid == BACKGROUND).all(-1) | (grid == LESION).all(-1)
    whole = (h - mean) @ axes.T
    low, span = whole.min(0), np.ptp(whole, axis=0)
    x, y = ((flat - low) / span * 191).astype(int).T + 4
    wanted = np.zeros((200, 200), bool)
    wanted[199 - y, x] = True
    np.testing.assert_array_equal(marked, wanted)


@pytest.mark.browser
def test_the_slider_gives_way_before_it_leaves_its_row(widget_page, pixels):
    page = widget_page(loss_explorer(pixels, seed=SEED))
    row = page.view().locator(".rfe-controls")
    wide, slider = row.bounding_box(), page.control("n_E").bounding_box()
    end = int(slider["x"] + slider["width"])
    page.tab.set_viewport_size({"width": end - 60, "height": 900})
    page.frames()
    assert row.bounding_box()["height"] == wide["height"]
    assert page.control("n_E").bounding_box()["width"] < slider["width"]


@pytest.mark.browser
@pytest.mark.frames
@pytest.mark.parametrize("explorer", [loss_explorer, divergence_explorer])
def test_a_frame_is_quick(widget_page, pixels, explorer):
    page = widget_page(explorer(pixels, seed=SEED))
    for key in ("End", "Home"):
        page.press_slider("n_E", key)
        for strategy in sampling.STRATEGIES:
            page.choose("Strategy", strategy)
    assert page.count_frames("n_e_explorer") >= 7


def test_draws_are_nested_and_stop_on_the_paper_s_values(pixels):
    drawn = SliceDraws(pixels, SEED)
    assert set(N_E) - {1000, 2000} < set(drawn.stops) and drawn.stops[-1] == len(pixels.labels)
    for s in range(3):
        for r in range(REDRAWS):
            before = set()
            for n in range(len(drawn.stops)):
                now = set(drawn.chosen(s, n, r).tolist())
                assert before <= now and len(now) == sum(drawn.counts[s][n][2:])
                before = now


def test_a_picture_too_large_for_its_indices_is_refused(pixels):
    wide = np.zeros((300, 300), bool)
    large = SlicePixels(**{**vars(pixels), "inside": wide})
    with pytest.raises(ValueError, match=r"at most 65536 pixels, got \(300, 300\)"):
        SliceDraws(large, 0)
