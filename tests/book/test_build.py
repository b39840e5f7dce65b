"""The builder: what an executed notebook depends on, and what it says when one fails."""

import importlib
import json
import re
import shutil
import subprocess
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


@pytest.mark.parametrize(
    "line",
    [
        "a.f?",
        "?a.f",
        "files = !ls",
        "x = %timeit -o 1",
        "if True:\n    !ls",
        "%%time\nfrom rfe_core import a",
        "%%time\nfrom rfe_core import a\n!ls",
    ],
)
def test_what_ipython_alone_understands_has_a_key(key_of, repository, line):
    """With the modules of the cell that it stands in and of the others, as in plain Python."""
    above = "" if line.startswith("%%") else "from rfe_core import a\n"
    path = write_notebook(repository, "1 + 1", above + line)
    before = key_of(path)
    (repository / "rfe_core" / "b.py").write_text("changed = 1\n", encoding="utf-8")
    assert key_of(path) != before


def test_the_lines_of_another_language_are_no_python(key_of, repository):
    path = write_notebook(repository, "%%bash\nfor i in 1 2; do echo $i; done", "import rfe_core.a")
    before = key_of(path)
    (repository / "rfe_core" / "a.py").write_text("changed = 1\n", encoding="utf-8")
    assert key_of(path) != before


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x = 1\ny = = 2", "cell 2, line 2: SyntaxError: invalid syntax"),
        ("files = !ls\nx = (", "cell 2, line 2: SyntaxError: '(' was never closed"),
        ("if True:\nx", "cell 2, line 2: IndentationError: expected an indented block after"),
    ],
)
def test_a_cell_that_is_no_code_is_named(build, repository, cell, said):
    path = write_notebook(repository, "# Title", "%matplotlib inline", cell)
    with pytest.raises(SystemExit) as stopped:
        build.execution.executed_notebooks([path])
    message = str(stopped.value)
    assert message.startswith(f"The book was not built: book/01-x.ipynb, {said}")
    assert "\n" not in message


@pytest.mark.parametrize("text", ["{", "{}", '{"cells": [{}]}'])
def test_a_file_that_is_no_notebook_is_named(build, repository, text):
    path = repository / "book" / "01-x.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"not built: book/01-x\.ipynb is no notebook: .*Error"):
        build.execution.executed_notebooks([path])


def test_a_module_that_is_no_python_is_named(build, repository, notebook):
    (repository / "rfe_core" / "b.py").write_text("x = 1\nx = = 1\n", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        build.execution.executed_notebooks([notebook])
    said = "rfe_core/b.py, line 2: SyntaxError: invalid syntax"
    assert str(stopped.value) == f"The book was not built: {said}"


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
@pytest.mark.parametrize(
    "cells",
    [
        ("# Title", "import os", "os._exit(3)"),
        ("# Title", "import os", "# Is {eval}`os._exit(3)`"),
        ("# Title", "# More", "import os; os._exit(3)"),
    ],
)
def test_a_kernel_that_dies_is_named_in_one_line(build, repository, cells):
    path = write_notebook(repository, *cells)
    target = repository / "_build" / "executed.ipynb"
    message = importlib.import_module("kernel").execute(path, target, threads=1)
    assert message == "book/01-x.ipynb, cell 2: its kernel died"
    assert not target.exists()


@pytest.mark.slow
def test_a_process_that_is_killed_is_told_in_one_line(build, repository):
    """It is the parent of the notebook's kernel."""
    kill = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    path = write_notebook(repository, "# Title", kill)
    with pytest.raises(SystemExit, match=r"not built: a process that .* was killed") as error:
        build.execution.executed_notebooks([path])
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_cell_that_takes_too_long_is_named(build, repository, monkeypatch):
    kernel = importlib.import_module("kernel")
    monkeypatch.setattr(kernel, "CELL_TIMEOUT_S", 1)
    path = write_notebook(repository, "# Title", "import time\ntime.sleep(600)", "x = 1")
    message = kernel.execute(path, repository / "_build" / "executed.ipynb", threads=1)
    assert message.startswith("book/01-x.ipynb, cell 1:\nA cell timed out")


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


@pytest.mark.slow
@pytest.mark.parametrize("planted", [True, False])
def test_a_planted_warning_fails_the_build(build, repository, monkeypatch, capfd, planted):
    pages = {
        "_toc.yml": b"format: jb-book\nroot: index\nchapters: [{file: second}]\n",
        "index.md": b"# First\n",
        "second.md": b"# Second\n\n" + b"{ref}`nowhere`\n" * planted,
    }
    (repository / "_config.yml").write_text("title: A book\n", encoding="utf-8")
    (repository / "CITATION.cff").write_text("title: A book\n", encoding="utf-8")
    monkeypatch.setattr(build, "staged_files", lambda notebooks: pages)
    monkeypatch.setattr(build.slides, "write", lambda folder, chapters: None)
    if planted:
        with pytest.raises(SystemExit, match="Jupyter Book reported the warnings or errors above"):
            build.build_pages({})
        assert "second.md" in (said := capfd.readouterr().err) and "nowhere" in said
    else:
        build.build_pages({})
    assert (repository / "_build" / ".built").exists() != planted


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


@pytest.mark.parametrize("frame", ["| {} |", "- **See** {}."])
def test_links_in_what_a_cell_shows_are_roles_on_pages(build, frame):
    text = {"text/markdown": frame.format("[A](01-a.ipynb)")}
    shown = {"output_type": "execute_result", "data": text}
    cell = {"cell_type": "code", "id": "board", "metadata": {}, "source": "", "outputs": [shown]}
    notebook = {"cells": [cell], "metadata": {"run_seconds": 1}}
    role = frame.format("{doc}`A <01-a>`")
    assert build.shown_markdown(notebook, {}) == {"board": role}
    (made,) = build.page_cells.page(notebook, {})["cells"]
    assert made["outputs"][0]["data"] == {"text/markdown": role}
    assert made["metadata"]["mystnb"] == {"markdown_format": "myst"}


def test_links_in_a_list_that_a_cell_shows_are_roles_and_other_markdown_stays(build):
    outputs = [
        {"output_type": "display_data", "data": {"text/markdown": text}}
        for text in ("- Less ([A](01-a.ipynb)).", "```python\nx\n```")
    ]
    cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": outputs}
    (made,) = build.page_cells.page({"cells": [cell], "metadata": {"run_seconds": 1}}, {})["cells"]
    assert made["outputs"][0]["data"] == {"text/markdown": "- Less ({doc}`A <01-a>`)."}
    assert made["metadata"]["mystnb"] == {"markdown_format": "myst"}
    assert made["outputs"][1] == outputs[1]


@pytest.fixture
def build_with(build, repository, monkeypatch):
    """Build the pages of that repository; Jupyter Book writes one with this HTML."""
    for name in ("_config.yml", "CITATION.cff"):
        (repository / name).touch()
    html = repository / "_build" / "html"
    monkeypatch.setattr(build.slides, "write", lambda folder, chapters: None)

    def run(planted):
        page = f'<html><head><meta charset="utf-8"></head><body id="top">\n{planted}</body></html>'

        def jupyter_book(*arguments, **options):
            html.mkdir(parents=True, exist_ok=True)
            (html / "index.html").write_text(page, encoding="utf-8")
            return subprocess.CompletedProcess(arguments, 0)

        monkeypatch.setattr(build.subprocess, "run", jupyter_book)
        build.build_pages({})
        return (html / "index.html").read_text(encoding="utf-8")

    return run


def test_a_page_gets_its_policy_and_is_not_built_again(build_with, capsys):
    made = build_with('<a href="#top">up</a>')
    assert made.count('<meta http-equiv="Content-Security-Policy" content="default-src') == 1
    assert build_with('<a href="nowhere.html">not read</a>') == made
    assert capsys.readouterr().out == "Nothing changed since the last build.\n"


def test_a_dead_link_fails_the_build_each_time(build_with):
    for _ in range(2):
        with pytest.raises(SystemExit) as stopped:
            build_with('<p><a href="#top">up</a></p>\n<a href="nowhere.html">planted</a>')
        assert str(stopped.value) == (
            "The book was not built: it has dead links.\n"
            'index.html, line 3: <a href="nowhere.html"> leads to no file of the book'
        )
    assert "Content-Security-Policy" in build_with("mended")


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
