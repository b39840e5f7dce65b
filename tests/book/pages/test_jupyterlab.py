"""Converted chapters in JupyterLab and, as student notebooks, in plain Jupyter."""

import re

import build
import lab_folder
import nbformat
import pytest
from lab_server import open_notebook, run_all, serve_lab
from nbclient import NotebookClient

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: Those that run quickly stand for all.
IN_LAB = ("04-embedding", "06-divergence", "12-paper-and-code")  # the last one has no slider
IN_PLAIN_JUPYTER = ("06-divergence", "10-exact")
NOT_YET = "Not yet: your code is missing\n"
#: What a reader must not see: roles, directives, labels, options.
RAW = re.compile(r"\{[a-z:-]+\}|:::|\{\{|^\([\w-]+\)=|^:[a-z-]+:", re.MULTILINE)
#: The same in a source, where a formula has braces of its own.
RAW_SOURCE = re.compile(r"\{[a-z:-]+\}`|:::|\{\{|^\([\w-]+\)=|^:[a-z-]+:", re.MULTILINE)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab that serves the chapters as `make lab` writes them."""
    folder = tmp_path_factory.mktemp("lab")
    lab_folder.write(folder)
    with serve_lab(folder, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.mark.parametrize("name", IN_LAB)
def test_a_chapter_reads_and_runs_in_jupyterlab(browser, lab, name):
    with open_notebook(browser, lab, f"{name}.ipynb") as tab:
        run_all(tab)
        cells = tab.locator(".jp-MarkdownCell .myst")
        texts = [cells.nth(n).inner_text() for n in range(cells.count())]
        raw = [RAW.search(text)[0] for text in texts if RAW.search(text)]
        assert not raw, f"a reader sees {raw}"
        notebook = build.read_json(build.BOOK / f"{name}.ipynb")
        asked = build.page_cells.expressions.expressions_of(
            "".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] != "code")
        )
        codes = tab.locator(".jp-MarkdownCell .myst code")
        unanswered = {codes.nth(n).inner_text() for n in range(codes.count())} & set(asked)
        assert not unanswered, f"not computed: {unanswered}"
        errors = tab.locator(
            "[data-mime-type='application/vnd.jupyter.error'], .jp-RenderedText"
            "[data-mime-type='application/vnd.jupyter.stderr']"
        )
        assert not errors.count(), errors.first.inner_text()
        assert tab.locator(".rfe :is(canvas, svg)").count(), "no widget"
        sliders = tab.locator(".rfe input[type=range]").all()
        assert sliders or name == IN_LAB[-1], "no slider"
        for slider in sliders[:1]:
            for key in ("Home", "ArrowRight", "ArrowUp", "ArrowLeft"):  # not the notebook's keys
                slider.press(key, timeout=10_000)
            low, step = (float(slider.get_attribute(name)) for name in ("min", "step"))
            assert float(slider.input_value()) == low + step


def test_student_notebooks_have_nothing_that_plain_jupyter_cannot_show(built_book):
    chapters = [path.name for path in build.BOOK.glob("[0-9]*.ipynb")]
    found = {}
    for path in (built_book / "_static" / "notebooks").glob("[0-9]*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
        found[path.name] = [raw[0] for text in texts if (raw := RAW_SOURCE.search(text))]
    assert found == {name: [] for name in chapters}


@pytest.mark.parametrize("name", IN_PLAIN_JUPYTER)
def test_a_student_notebook_runs_in_plain_jupyter(built_book, tmp_path, name):
    path = built_book / "_static" / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    asked = [cell for cell in notebook.cells if "NotImplementedError" in cell.source]
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert asked
    for cell in asked:
        assert "".join(output.get("text", "") for output in cell.outputs) == NOT_YET
    for cell in notebook.cells:
        names = [output.get("name") for output in cell.get("outputs", ())]
        assert "stderr" not in names
