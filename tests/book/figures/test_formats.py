"""How figures are shown: drawings, the same ones each time, that name nothing outside."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import page_cells
import pytest
from book_pages import size_of
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from rfe_book.style import show_plane

GRAYS = np.linspace(0, 1, 40).reshape(5, 8)


def image():
    figure, axes = plt.subplots()
    show_plane(axes, GRAYS, "words")
    return figure


def test_the_same_figure_is_the_same_drawing(as_svg):
    assert as_svg(image()) == as_svg(image())


def test_a_drawing_names_nothing_outside(as_svg, references):
    svg = page_cells.lighter_svg(as_svg(image()))
    assert svg.startswith("<svg") and "DOCTYPE" not in svg and "<dc:date>" not in svg
    assert [name[:22] for name in references(svg)] == ["data:image/png;base64,"]


def test_an_image_keeps_its_pixels(as_svg):
    png = page_cells.IMAGE.search(page_cells.lighter_svg(as_svg(image())))[2]
    with Image.open(io.BytesIO(base64.b64decode(png))) as inside:
        assert inside.size == (5, 8) and inside.mode == "L"
        assert len(set(inside.tobytes())) == GRAYS.size


def test_a_drawing_is_as_large_as_on_paper(as_svg, tmp_path):
    (path := tmp_path / "a.svg").write_text(as_svg(plt.figure(figsize=(7, 3))), encoding="utf-8")
    assert size_of(path) == (7 * 96, 3 * 96)
    path.write_text("<svg>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"must have a width and height in points, got a\.svg"):
        size_of(path)


def test_type_that_a_phone_cannot_show_is_found(too_small):
    figure = plt.figure(figsize=(7, 3))
    small, large = (
        figure.text(0, 0, "small", fontsize=10),
        figure.text(0, 0.5, "large", fontsize=10.5),
    )
    assert list(too_small(figure)) == ["small"] and large.get_visible()
    small.remove()


def test_what_is_cut_off_is_found(cut_off):
    figure = plt.figure(figsize=(7, 3))
    label = figure.text(0.5, 1, "over the edge", fontsize=11)
    assert list(cut_off(figure)) == ["above"]
    label.set_va("top")
    assert cut_off(figure) == {}


@pytest.mark.slow
def test_notebooks_show_drawings(monkeypatch):
    """In a kernel of its own: a figure becomes one SVG and nothing else."""
    source = "import rfe_book.figures\nimport matplotlib.pyplot as plt\nplt.subplots();"
    notebook = new_notebook(cells=[new_code_cell(source)])
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert set(output["data"]) == {"image/svg+xml", "text/plain"}
