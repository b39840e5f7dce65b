"""The builder: what an executed notebook depends on, and what it says when one fails."""

import importlib
import json
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path):
    """A small repository with one notebook, three modules, a widget and some data."""
    files = {
        "requirements.lock": "numpy==2.0\n",
        "book/_toc.yml": "parts: [{numbered: true, chapters: [{file: 01-x}]}]\n",
        "book/glossary.md": ":::{glossary}\nDice loss\n  One minus overlap.\n:::\n",
        "rfe_core/__init__.py": "",
        "rfe_core/a.py": "def f():\n    from rfe_core import b\n",
        "rfe_core/b.py": "",
        "rfe_core/unused.py": "",
        "book/rfe_book/__init__.py": "",
        "book/rfe_book/own.mplstyle": "",
        "book/rfe_book/widgets/__init__.py": "",
        "book/rfe_book/widgets/_shared.js": "",
        "book/rfe_book/widgets/w.py": "",
        "book/rfe_book/widgets/w.js": "",
        "book/rfe_book/widgets/other.js": "",
        "data/results/rows.csv": "a\n1\n",
        "data/cache/x.csv": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def build(repository, monkeypatch):
    """The builder, working on that repository; its worker processes import it by name."""
    for name in ("RFE_DATA", "RFE_RESULTS", "RFE_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    names = [path.stem for path in (ROOT / "book").glob("*.py")]
    for name in names:
        shutil.copy(ROOT / "book" / f"{name}.py", repository / "book")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(repository / "book")
    yield importlib.import_module("build")
    for name in names:
        sys.modules.pop(name, None)


def write_notebook(repository, *cells):
    path = repository / "book" / "01-x.ipynb"
    notebook = nbformat.v4.new_notebook()
    for number, source in enumerate(cells):
        kind = "markdown" if source.startswith("#") else "code"
        make = getattr(nbformat.v4, f"new_{kind}_cell")
        notebook.cells.append(make(source, id=f"cell{number}"))
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def notebook(repository):
    return write_notebook(
        repository, "%matplotlib inline\nfrom rfe_core import a\nimport rfe_book.widgets.w"
    )


@pytest.fixture
def key_of(build):
    return lambda path: build.execution.keys_of([path])[path]


@pytest.mark.parametrize(
    "name",
    [
        "book/01-x.ipynb",
        "requirements.lock",
        "rfe_core/a.py",
        "rfe_core/b.py",
        "book/rfe_book/widgets/w.py",
        "book/rfe_book/widgets/w.js",
        "book/rfe_book/widgets/_shared.js",
        "book/rfe_book/own.mplstyle",
        "data/results/rows.csv",
    ],
)
def test_key_changes_with_what_the_notebook_depends_on(key_of, repository, notebook, name):
    before = key_of(notebook)
    path = repository / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert key_of(notebook) != before


@pytest.mark.parametrize(
    "name",
    [
        "rfe_core/unused.py",
        "book/rfe_book/widgets/other.js",
        "data/cache/x.csv",
        "data/results/.rfe-sweep.lock",
    ],
)
def test_key_stays_when_anything_else_changes(key_of, repository, notebook, name):
    before = key_of(notebook)
    (repository / name).write_text("changed = 1\n", encoding="utf-8")
    assert key_of(notebook) == before


def test_key_changes_when_data_are_renamed(key_of, repository, notebook):
    before = key_of(notebook)
    rows = repository / "data/results/rows.csv"
    rows.rename(rows.with_name("other.csv"))
    assert key_of(notebook) != before


@pytest.mark.parametrize("name", ["rows.csv", "explorer/masks.npz"])
def test_key_changes_with_what_is_made_anew_outside_the_repository(
    key_of, notebook, tmp_path_factory, monkeypatch, name
):
    anew = tmp_path_factory.mktemp("anew")
    monkeypatch.setenv("RFE_RESULTS", str(anew))
    before = key_of(notebook)
    (anew / name).parent.mkdir(exist_ok=True)
    (anew / name).write_bytes(b"1")
    first = key_of(notebook)
    (anew / name).write_bytes(b"2")
    assert len({before, first, key_of(notebook)}) == 3


def test_key_is_of_the_data_that_notebooks_read(key_of, notebook, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("RFE_DATA", str(data := tmp_path_factory.mktemp("data")))
    before = key_of(notebook)
    (data / "results").mkdir()
    (data / "results" / "rows.csv").write_bytes(b"a\n1\n")
    assert key_of(notebook) != before


def test_text_is_read_as_utf_8_whatever_the_locale(build, repository):
    assert staged_page(build, repository, "{{claims:board}} × ℓ2").endswith("× ℓ2")


@pytest.mark.slow
def test_failing_cell_is_named(build, repository):
    path = write_notebook(repository, "# Title", "x = 1", "x / 0")
    target = repository / "_build" / "executed.ipynb"
    message = importlib.import_module("kernel").execute(path, target, threads=1)
    assert message.startswith("book/01-x.ipynb, cell 2:\n")
    assert "x / 0" in message and "ZeroDivisionError" in message
    assert not target.exists()


@pytest.mark.slow
def test_failing_expression_is_named(build, repository):
    """The planted one: a name that no code cell above has defined."""
    path = write_notebook(repository, "# Is {eval}`x` and {eval}`y.shape`", "x = 1", "x = 2")
    target = repository / "_build" / "executed.ipynb"
    message = importlib.import_module("kernel").execute(path, target, threads=1)
    assert message.startswith("book/01-x.ipynb, cell 0: {eval}`x` raises NameError: name 'x'")
    assert not target.exists()


@pytest.mark.slow
def test_values_are_those_of_the_code_above(build, repository):
    cells = ("x = 1.5", "# First {eval}`x`", "x = '*two*'", "# Then {eval}`x` {eval}`len(x)`")
    path = write_notebook(repository, *cells)
    copy = build.execution.executed_notebooks([path])[path.name]
    (kept,) = nbformat.read(copy, as_version=4).cells[1].metadata["user_expressions"]
    result = {"status": "ok", "data": {"text/plain": "1.5"}, "metadata": {}}
    assert kept == {"expression": "x", "result": result}
    files = build.staged_files({path.name: copy})
    staged = json.loads(files[path.name])["cells"]
    assert staged[1]["source"] == "# First 1.5"
    assert staged[3]["source"] == "# Then \\*two\\* 5"
    student = json.loads(files["runtime/notebooks/01-x.ipynb"])["cells"]
    assert student[4]["source"] == "# Then \\*two\\* 5"


@pytest.mark.slow
def test_a_builds_kernel_refuses_sentences_that_do_not_hold(build, repository, monkeypatch):
    monkeypatch.setenv("RFE_STRICT", "0")  # whatever the environment says
    path = write_notebook(repository, "# Title", "import os", "os.environ['RFE_STRICT']")
    copy = build.execution.executed_notebooks([path])[path.name]
    assert nbformat.read(copy, as_version=4).cells[2].outputs[0].data["text/plain"] == "'1'"


@pytest.mark.slow
def test_executed_copy_is_kept_and_its_time_shown(build, repository):
    path = write_notebook(repository, "# Takes {{run_time}}", "6 * 7")
    copy = build.execution.executed_notebooks([path])[path.name]
    assert nbformat.read(copy, as_version=4).cells[1].outputs[0].data["text/plain"] == "42"
    changed = copy.stat().st_mtime_ns
    assert build.execution.executed_notebooks([path]) == {path.name: copy}
    assert copy.stat().st_mtime_ns == changed
    staged = build.staged_files({path.name: copy})[path.name].decode()
    assert "{{run_time}}" not in staged and "# Takes " in staged


TABLE = {"output_type": "execute_result", "data": {"text/markdown": ["| a |\n", "| - |"]}}


def staged_page(build, repository, text):
    """What becomes of a page beside a notebook that shows a table."""
    copy = repository / "executed.ipynb"
    cell = {"cell_type": "code", "id": "board", "metadata": {}, "source": "", "outputs": [TABLE]}
    copy.write_text(json.dumps({"cells": [cell], "metadata": {"run_seconds": 1}}), encoding="utf-8")
    (repository / "book" / "index.md").write_text(text, encoding="utf-8")
    return build.staged_files({"claims.ipynb": copy})["index.md"].decode()


def test_page_shows_what_a_notebook_shows(build, repository):
    page = staged_page(build, repository, "before\n\n{{claims:board}}\n\n{{run_time}}")
    assert page == "before\n\n| a |\n| - |\n\n{{run_time}}"


def test_a_page_gets_the_widget_of_a_cell_with_its_state(build):
    views = [{build.WIDGET + "-view+json": {"model_id": name}} for name in ("ours", "bar")]
    states = {
        "ours": {"model_module": "anywidget", "state": {"_esm": "'</script>'"}},
        "bar": {"model_module": "@jupyter-widgets/controls", "state": {}},
    }
    notebook = {
        "metadata": {"widgets": {build.WIDGET + "-state+json": {"state": states}}},
        "cells": [{"id": f"c{k}", "outputs": [{"data": view}]} for k, view in enumerate(views)],
    }
    shown = build.shown_widgets(notebook)
    assert list(shown) == ["c0"]  # a progress bar is no widget of ours
    found = re.findall(r'json">(.*?)</script>', shown["c0"])
    state, view = (json.loads(text) for text in found)
    assert state == {"state": {"ours": states["ours"]}, "aside": {}} and view == {
        "model_id": "ours"
    }
    assert "\n\n" not in shown["c0"]  # a blank line would end the HTML in Markdown
    assert build.shown_widgets({"metadata": {}, "cells": notebook["cells"]}) == {}


def test_links_in_a_table_are_roles_on_pages(build):
    table = {"output_type": "execute_result", "data": {"text/markdown": "| [A](01-a.ipynb) |"}}
    cell = {"cell_type": "code", "id": "board", "metadata": {}, "source": "", "outputs": [table]}
    notebook = {"cells": [cell], "metadata": {"run_seconds": 1}}
    assert build.shown_markdown(notebook, {}) == {"board": "| {doc}`A <01-a>` |"}
    (made,) = build.page_cells.page(notebook, {})["cells"]
    assert made["outputs"][0]["data"] == {"text/markdown": "| {doc}`A <01-a>` |"}
    assert made["metadata"]["mystnb"] == {"markdown_format": "myst"}


@pytest.mark.parametrize("mark", ["{{claims:other}}", "{{elsewhere:board}}"])
def test_mark_without_what_it_names_stops_the_build(build, repository, mark):
    with pytest.raises(SystemExit, match=f"index.md asks for {mark}, which no cell shows"):
        staged_page(build, repository, f"text {mark}")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second"), (7.6, "8 seconds"), (59, "59 seconds"), (89, "about 1 minute")],
)
def test_run_time_in_words(build, seconds, words):
    assert build.page_cells.in_words(seconds) == words


def test_staging_touches_only_what_changed(build, repository):
    folder = repository / "_build" / "src"
    build.stage({"a.md": b"1", "b/c.md": b"2"}, folder)
    kept = (folder / "a.md").stat().st_mtime_ns
    page = repository / "_build" / "html" / "b" / "c.html"
    page.parent.mkdir(parents=True)
    page.touch()
    build.stage({"a.md": b"1", "d.md": b"3"}, folder)
    assert (folder / "a.md").stat().st_mtime_ns == kept
    assert {path.name for path in folder.rglob("*.md")} == {"a.md", "d.md"}
    assert not page.exists(), "the page of a removed source stays published"


@pytest.mark.parametrize("what", ["--help", "page"])
def test_what_is_not_known_is_not_built(build, what):
    with pytest.raises(SystemExit, match=f"must be pages, notebooks or lab, got '{what}'"):
        build.main(what)
