"""The chapters as they lie in git: thin, clean and complete."""

import ast
import importlib
import re
from pathlib import Path

import build
import exercises
import links
import nbformat
import pytest
import yaml

BOOK = Path(__file__).parents[3] / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
#: 81 characters fit the box of a solution at 1280 pixels, the narrowest; others have room for 84.
MAX_LINES, MAX_WIDTH = 12, 81
MAX_CODE_CELLS, MAX_HIDDEN = 20, 3

CHAPTERS = [path for path in NOTEBOOKS if path.name[0].isdigit()]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def code_cells(path):
    """Number, tags and cell of each code cell."""
    cells = nbformat.read(path, as_version=4).cells
    return [
        (number, set(cell.metadata.get("tags", ())), cell)
        for number, cell in enumerate(cells)
        if cell.cell_type == "code"
    ]


@each_notebook
def test_is_a_valid_notebook_without_outputs(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    for number, _, cell in code_cells(path):
        assert not cell.outputs and cell.execution_count is None, f"cell {number}: `make strip`"


@each_notebook
def test_cells_are_short(path):
    for number, tags, cell in code_cells(path):
        lines = cell.source.splitlines()
        doing = [line for line in lines if line and not re.match(r"(from|import) ", line)]
        long = "solution" in tags or exercises.has_markers(cell.source)
        assert len(doing) <= MAX_LINES or long, f"cell {number}: {len(doing)} lines"
        widest = max(map(len, lines), default=0)
        assert widest <= MAX_WIDTH, f"cell {number}: a line of {widest} characters"


@each_notebook
def test_code_lives_in_the_packages(path):
    for number, tags, cell in code_cells(path):
        if tags & {"exercise", "solution"}:
            continue
        for node in ast.walk(ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", cell.source))):
            defines = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            named_lambda = isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
            assert not (defines or named_lambda), f"cell {number}: move it to a package"


@each_notebook
def test_imports_of_ours_name_what_is_there(path):
    for number, _, cell in code_cells(path):
        for node in ast.walk(ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", cell.source))):
            if not (isinstance(node, ast.ImportFrom) and node.module.startswith("rfe_")):
                continue
            for alias in node.names:
                try:
                    found = hasattr(importlib.import_module(node.module), alias.name)
                    found = found or importlib.import_module(f"{node.module}.{alias.name}")
                except ModuleNotFoundError as error:
                    pytest.fail(f"cell {number}: {error}")
                assert found


@each_notebook
def test_what_is_imported_is_used_by_code_or_text(path):
    cells = nbformat.read(path, as_version=4).cells
    words = " ".join(cell.source for cell in cells)
    for number, _, cell in code_cells(path):
        for node in ast.walk(ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", cell.source))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    name = (alias.asname or alias.name).split(".")[0]
                    uses = len(re.findall(rf"\b{re.escape(name)}\b", words))
                    assert uses > 1, f"cell {number}: {name} is not used"


#: Rendered words of Markdown that a reader of a chapter's main line meets: captions and exercises,
#: but not what is folded, equations set apart, and questions to check oneself. A value, a symbol
#: and a link's text count. Folded are hints, answers, and all that is deeper.
MAX_MAIN, MAX_DEEPER = 2200, 2200 // 3
ANSWERS = ("Hint", "Answer", "What you should have seen")
FOLD = re.compile(r"(?ms)^(:{3,})\{dropdown\} (.*?)\n(.*?)^\1\s*$")
ASKED = re.compile(r"(?ms)^(:{3,})\{admonition\} Check yourself\n.*?^\1\s*$")


def words_in(text):
    text = re.sub(r"(?ms)^```\{math\}.*?^```", "", text)
    text = re.sub(r"(?m)^\(\S+\)=$|^:{3,}.*$|^:\S+:.*$", "", text)
    text = re.sub(r"\{eval\}`[^`]*`|\$[^$]+\$", " x ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


@each_chapter
def test_a_chapter_is_no_longer_than_a_lesson(path):
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    folded = [(m[2], words_in(m[3])) for m in FOLD.finditer(text)]
    deeper = sum(n for title, n in folded if not title.startswith(ANSWERS))
    main = words_in(ASKED.sub("", FOLD.sub("", text)))
    assert main <= MAX_MAIN, f"{main} words on the main line"
    assert deeper <= MAX_DEEPER, f"{deeper} words in folded parts"
    assert len(code_cells(path)) <= MAX_CODE_CELLS


@each_chapter
def test_chapter_has_exercises_with_hidden_solutions(path):
    cells = code_cells(path)
    asked = [cell for _, tags, cell in cells if "exercise" in tags]
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    assert 2 <= len(re.findall(r"(?m)^\*\*Exercise ", text)) <= 4
    assert asked, "no exercise with a check that the reader can run"
    assert not any("solution" in tags for _, tags, _ in cells)
    assert all(exercises.has_markers(cell.source) for cell in asked)
    assert text.count("{dropdown} Hint 1") == text.count("{dropdown} Hint 2") >= len(asked)


@each_chapter
def test_chapter_has_its_parts(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    for part in ("You will learn", "Before this", "What the paper said"):
        assert part in text, f"{part!r} is missing"
    assert "](index.md#run-time)" in text or "{{run_time}}" in text, "the time to run is missing"
    assert re.search(r"\{cite:[pt]+\}`|\]\(references\.md#", text), "no reference"


@each_notebook
def test_a_notebook_reads_in_jupyterlab(path):
    """References are links and values expressions; what is computed for a sentence is no cell."""
    notebook = nbformat.read(path, as_version=4)
    raw = {mark for cell in notebook.cells for mark in links.RAW.findall(cell.source)}
    assert not raw, f"say it with a link or {{eval}}, see book/README.md: {sorted(raw)}"
    assert "glue(" not in "".join(cell.source for cell in notebook.cells)
    cells = code_cells(path)
    hidden = [number for number, tags, _ in cells if tags & {"remove-cell", "remove-input"}]
    assert len(cells) <= MAX_CODE_CELLS, f"{len(cells)} code cells"
    assert len(hidden) <= MAX_HIDDEN, f"hidden cells {hidden}"


@each_notebook
def test_typed_numbers_are_those_that_the_page_counts(path):
    names = build.all_labels()
    cells = [cell for cell in nbformat.read(path, as_version=4).cells]
    wrong = [text for cell in cells for text in links.complaints(cell.source, names)]
    assert not wrong, wrong


@each_notebook
def test_markers_of_exercises_pair(path):
    for _, _, cell in code_cells(path):
        ast.parse(exercises.stub(re.sub(r"(?m)^\s*[%!].*$", "", cell.source)))
        ast.parse(exercises.solution(re.sub(r"(?m)^\s*[%!].*$", "", cell.source)))


def test_every_page_is_in_the_table_of_contents():
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    listed = {toc["root"]} | {item["file"] for part in toc["parts"] for item in part["chapters"]}
    pages = {path.stem for path in [*NOTEBOOKS, *BOOK.glob("*.md")]} - {"LICENSE", "README"}
    assert listed == pages
