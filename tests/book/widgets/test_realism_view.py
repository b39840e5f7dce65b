"""The widget of chapter 11 shows its phantom beside real numbers, by every control."""

import numpy as np
import pandas as pd
import pytest

from rfe_book.style import to_display
from rfe_book.widgets import decode_stack
from rfe_book.widgets.realism_view import WHITE, drawn_slices, figure_rows, histograms, realism_view
from rfe_core.scans.layouts import MODALITIES
from rfe_study.realism import distance
from rfe_study.realism.statistics import EDGES

KINDS, SHAPE = ("scanner A", "drawn protocol"), (22, 18)


def made_up(count=3):
    """Slices, figures and bins of two kinds and a real patient."""
    generator = np.random.default_rng(0)
    images = {
        kind: {m: 2 * generator.random((count, *SHAPE)) for m in MODALITIES} for kind in KINDS
    }
    figures, bins = [], []
    for n, kind in enumerate(("real", *KINDS)):
        for m in MODALITIES:
            about = {"kind": kind, "subject": "x", "modality": m}
            for group in distance.GROUPS:
                name = {"texture": "fine", "edges": "gradient", "range": "p50"}.get(group, "gray")
                figures.append({**about, "group": group, "figure": name, "value": 0.5 * 2**n})
            shares = generator.dirichlet(np.ones(len(EDGES) - 1))
            bins += [
                {**about, "bin": k, "low": EDGES[k], "share": share}
                for k, share in enumerate(shares)
            ]
    return images, pd.DataFrame(figures), pd.DataFrame(bins)


FULL = {"scanner A": 1.0, "drawn protocol": 2.0, "real": 4.0}


def view_of(count=3):
    images, figures, bins = made_up(count)
    captions = [f"slice {k}" for k in range(count)]
    options = {"captions": captions, "label": "Random pixels", "quality": None, "full": FULL}
    return realism_view(images, figures, bins, **options), (images, figures, bins)


def test_traits_are_what_went_in():
    view, (images, figures, bins) = view_of()
    assert view.kinds == list(KINDS) and view.modalities == ["T1", "T2", "FLAIR"]
    for kind, uri in zip(KINDS, view.stacks, strict=True):
        planes = decode_stack(uri, 9)[..., 0].reshape(3, 3, *SHAPE)
        for seen, m in zip(planes, MODALITIES, strict=True):
            np.testing.assert_array_equal(seen, to_display(images[kind][m], low=0, high=WHITE[m]))
    np.testing.assert_allclose(view.real, histograms(bins, "real"), atol=1e-5)
    np.testing.assert_allclose(view.shares[1], histograms(bins, "drawn protocol"), atol=1e-5)
    assert view.width == pytest.approx(0.05)
    assert view.far == ["1.00", "2.00"]
    name = "99.9th percentile of the brain"
    assert view.figures[1][2][-1] == [name, "2.00", "4.00", "0.50"]
    assert view.figures[1][1][-1][0] != name
    table = distance.by_kind(figures)
    assert figure_rows(table, "drawn protocol", "t2")[0] == [
        "gray / white matter",
        "2.000",
        "0.500",
        "4.00",
    ]


def test_slices_are_upright_and_over_white_matter():
    volume = np.zeros((4, 5, 6), np.float32)
    volume[1, 4, 2] = 1000
    planes = drawn_slices({"t1": volume}, [0, 2])["t1"]
    assert planes.shape == (2, 5, 4) and planes[1, 0, 1] == 1 and planes.sum() == 1


def test_what_does_not_fit_is_refused():
    images, figures, bins = made_up()
    with pytest.raises(ValueError, match=r"captions must be one a slice \(3\), got 2"):
        realism_view(images, figures, bins, captions=["a", "b"], label="x")
    other = {"scanner Z": images["drawn protocol"]}
    with pytest.raises(ValueError, match=r"kinds must be among .*, got \['scanner Z'\]"):
        realism_view(other, figures, bins, captions=["a", "b", "c"], label="x")


@pytest.mark.browser
def test_every_control(widget_page):
    box, (images, figures, _) = view_of()
    page = widget_page(box)
    table = distance.by_kind(figures)
    for n, kind in enumerate(KINDS):
        page.choose("Phantom", kind)
        for k, m in enumerate(MODALITIES):
            page.choose("Image", m.upper())
            page.set_slider("Slice", 1)
            drawn = page.drawn()
            assert (drawn["kind"], drawn["modality"], drawn["index"]) == (str(n), str(k), "1")
            expected = to_display(images[kind][m][1], low=0, high=WHITE[m])
            np.testing.assert_array_equal(page.canvas()[..., 0], expected)
            cells = page.tab.locator(".rfe-compared tbody tr").first.locator("th, td")
            assert cells.all_inner_texts() == figure_rows(table, kind, m)[0]
            assert f"{kind}, {m.upper()}, slice 1" in page.status()
    page.tab.locator(".rfe canvas").press("ArrowRight")
    page.frames()
    assert page.drawn()["index"] == "2"
    page.tab.locator(".rfe canvas").press("ArrowRight")
    page.frames()
    assert page.drawn()["index"] == "2"  # the last one
    assert page.tab.locator(".rfe svg path.rfe-steps").count() == 1
