"""Student and teacher notebooks, made from the executed notebooks of the book.

Both open in plain Jupyter, VS Code and Colab: values are written in, equations are standard and
numbered in their text, boxes are quotes. In the student's an exercise is a stub and nothing holds a
solution; the teacher's has them. JupyterLab's (`lab`) is the chapter as it lies in git, whose
values its own kernel computes, with stubs in place of solutions.
"""

import copy
from collections.abc import Mapping

import exercises
import repository
from page_cells import RUN_TIME, in_words, text_of
from plain_markdown import plain

#: Metadata of a cell that JupyterLab folds: set-up that the reader need not read.
FOLDED = {"jupyter": {"source_hidden": True}, "tags": ["set-up"]}

#: What a chapter in JupyterLab says after its first cell.
BEGIN = """\
**Begin with** *Run*, *Run All Cells*. The values in the text are computed by your own Python; until
then their names stand there."""


def edition(
    notebook: Mapping, names: Mapping[str, str], *, solutions: bool, address: str | None = None
) -> dict:
    """The student's notebook, or with `solutions` the teacher's.

    Parameters
    ----------
    notebook : mapping
        An executed notebook with ``run_seconds`` in its metadata.
    names : mapping of str to str
        `links.labels` of all chapters.
    solutions : bool
    address : str, optional
        Where the book's repository lies; then the first cell installs the book from there.
        Without it, that cell says what is missing where the book is not installed.

    Raises
    ------
    ValueError
        Naming the cell that cannot be said in plain Markdown, or whose markers do not pair.
    """
    run_time = in_words(notebook["metadata"]["run_seconds"])
    cells = [repository.first_cell(address)]
    for number, cell in enumerate(notebook["cells"]):
        try:
            if cell["cell_type"] == "markdown":
                text = plain(text_of(cell, run_time), names, solutions=solutions)
                made = {"cell_type": "markdown", "metadata": {}, "source": text}
            else:
                made = _code(cell, solutions=solutions)
        except ValueError as error:
            raise ValueError(f"cell {number}: {error}") from None
        if made["source"]:
            cells.append(made | ({"id": cell["id"]} if "id" in cell else {}))
    about = notebook["metadata"]
    kept = {key: about[key] for key in ("kernelspec", "language_info") if key in about}
    return {"cells": cells, "metadata": kept, "nbformat": 4, "nbformat_minor": 5}


def lab(notebook: Mapping) -> dict:
    """A chapter as it lies in git, with stubs in place of solutions, and a word on how to begin."""
    notebook = copy.deepcopy(dict(notebook))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = RUN_TIME.sub("a minute", source)
        elif exercises.has_markers(source):
            cell["source"] = exercises.stub(source)
    begin = {"cell_type": "markdown", "id": "how-to-begin", "metadata": {}, "source": BEGIN}
    notebook["cells"].insert(1, begin)
    return notebook


def _code(cell: Mapping, *, solutions: bool) -> dict:
    source, tags = "".join(cell["source"]), cell["metadata"].get("tags", ())
    if exercises.has_markers(source):
        source = exercises.solution(source) if solutions else exercises.stub(source)
    metadata = copy.deepcopy(FOLDED) if "remove-cell" in tags else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }
