"""Chapter 02: its widget shows the embeddings that the committed network gives this patient."""

import numpy as np
import pytest

from rfe_book.style import COLOURS, outline
from rfe_book.widgets import decode_stack
from rfe_book.widgets.embedding_maps import embedding_maps, named_places
from rfe_book.widgets.embedding_tables import ZERO
from rfe_book.widgets.embedding_view import STAGES, palette
from rfe_core import checkpoints, patches
from rfe_study import results
from rfe_study.measures import probes
from rfe_study.phantom import cache, heads
from rfe_study.phantom.domains import Patient

pytestmark = pytest.mark.slow  # makes whole heads

PATIENT = Patient("A", "dev", 1)
COUNT = 2
CHANNELS = 16  #: views of the widget before the cosines with named places


@pytest.fixture(scope="module")
def chapter():
    """What the chapter's cells make: widget, exact embeddings and masks of its slices."""
    model = checkpoints.load_model(results.DATA / "checkpoints" / "laptop-lower-seed0.safetensors")
    (subject,) = cache.phantom_subjects([PATIENT], progress=False)
    anatomy = heads.make_anatomy(PATIENT)
    z = int(subject.lesion_mask.sum(axis=(0, 1)).argmax())
    slices = [z, z + 12]
    return {
        "view": embedding_maps(model, subject, anatomy, slices, start=0),
        "features": probes.features(model, patches.stack(subject)[slices], before_relu=True),
        "lesions": np.moveaxis(subject.lesion_mask[..., slices], -1, 0),
        "brain": np.moveaxis(subject.brain_mask[..., slices], -1, 0),
        "places": named_places(anatomy, z),
    }


def values_of(chapter, view, stage, index):
    """A map in the patient's own axes, (X, Y), from the network's embeddings."""
    features = chapter["features"] if stage else np.maximum(chapter["features"], 0)
    if view < features.shape[1]:
        return features[index, view]
    x, y = list(chapter["places"].values())[view - features.shape[1]]
    rows = np.moveaxis(features[index], 0, -1)
    chosen = features[0, :, x, y]
    return probes.cosines(rows.reshape(-1, len(chosen)), chosen[None]).reshape(rows.shape[:2])


def check_screen(page, chapter, *, view, stage, index, outlined):
    state = {"view": view, "stage": stage, "index": index, "outlined": outlined}
    assert page.drawn() == {k: str(v).lower() for k, v in state.items()}
    values, brain = values_of(chapter, view, stage, index), chapter["brain"][index]
    lesions = chapter["lesions"][index]
    for where in (lesions & brain, brain & ~lesions):
        assert f"{values[where].mean():.2f}".replace("-", "−") in page.status()

    trait = chapter["view"]
    shown = trait.views[view]
    gray = decode_stack(trait.maps[shown["maps"][stage]], COUNT)[index, ..., 0].astype(int)
    if shown["kind"] == "channel" and stage == 0:
        gray = np.maximum(gray, ZERO)
    expected = palette()[gray].repeat(2, axis=0).repeat(2, axis=1)
    if outlined:
        lines = decode_stack(trait.outlines, COUNT)[index, ..., 0] > 0
        expected[lines] = [int(COLOURS["highlight"][at : at + 2], 16) for at in (1, 3, 5)]
    np.testing.assert_allclose(page.canvas(1)[..., :3], expected, atol=4)


@pytest.mark.browser
def test_every_control_shows_the_networks_embeddings(page_for, chapter):
    page = page_for("02-unet")
    names = [view["name"] for view in chapter["view"].views]
    state = {"view": 0, "stage": 0, "index": 0, "outlined": True}
    steps = [
        (lambda: None, {}),
        (lambda: page.choose("Map", "channel 6"), {"view": 5}),
        (lambda: page.choose("Taken", STAGES[1]), {"stage": 1}),
        (lambda: page.set_slider("Slice", 1), {"index": 1}),
        (lambda: page.choose("Map", names[CHANNELS]), {"view": CHANNELS}),
        (lambda: page.check("Outline lesions", False), {"outlined": False}),
        (lambda: page.press_slider("Slice", "ArrowLeft"), {"index": 0}),
        (lambda: page.choose("Taken", STAGES[0]), {"stage": 0}),
        (lambda: page.choose("Map", names[-1]), {"view": len(names) - 1}),
        (lambda: page.check("Outline lesions"), {"outlined": True}),
        (
            lambda: page.tab.get_by_role("button", name="white matter").click(),
            {"view": CHANNELS + 2},
        ),
    ]
    for act, change in steps:
        act()
        page.frames()
        state |= change
        check_screen(page, chapter, **state)


@pytest.mark.browser
@pytest.mark.frames
def test_maps_change_within_a_frame(page_for):
    page = page_for("02-unet")
    for n in range(30):
        page.press_slider("Slice", "ArrowLeft" if n % 2 else "ArrowRight")
    assert page.count_frames("embedding_view") > 15


def test_what_is_stored_is_what_was_computed(chapter):
    """Compression moves a value of a map by little on average."""
    cosine = values_of(chapter, CHANNELS, 1, 0)
    view = chapter["view"]
    stored = decode_stack(view.maps[view.views[CHANNELS]["maps"][1]], COUNT)[0, ..., 0].astype(
        float
    )
    decoded = np.where(stored < ZERO, stored - ZERO, (stored - ZERO) * ZERO / (255 - ZERO)) / ZERO
    pixel = view.pixels[0]
    x, y = chapter["places"]["a large lesion"]
    row, column = pixel["row"], pixel["column"]
    around = decoded[row - 4 : row + 5, column - 4 : column + 5]
    exact = np.swapaxes(cosine[x - 4 : x + 5, y - 4 : y + 5], 0, 1)[::-1]
    assert np.abs(around - exact).mean() < 0.1
    assert outline(chapter["lesions"]).any()
