"""Answers to exercises as a reader gives them: right, plausibly wrong, and not at all."""

import exercises
import nbformat
from chapters import BOOK


def asked():
    """The exercises of all chapters: an id of a cell, and its source."""
    chapters = [nbformat.read(path, as_version=4) for path in sorted(BOOK.glob("[0-9]*.ipynb"))]
    cells = [cell for chapter in chapters for cell in chapter.cells]
    return [(c.id, c.source) for c in cells if "exercise" in c.metadata.get("tags", ())]


def source_of(exercise):
    """The source of the exercise whose cell has this id."""
    (found,) = (source for cell, source in asked() if cell == exercise)
    return found


def said(source, names, capsys):
    """What an exercise's cell prints."""
    exec(compile(source, "an exercise", "exec"), names)
    return capsys.readouterr().out


def solution_is_right_and_stub_is_not_yet(exercise, names, capsys):
    source = source_of(exercise)
    right = said(exercises.solution(source), names, capsys)
    assert "Right: " in right and "Not yet" not in right
    assert said(exercises.stub(source), names, capsys) == "Not yet: your code is missing\n"


def mistake_is_not_yet_right(exercise, right, wrong, names, capsys):
    source = exercises.solution(source_of(exercise))
    assert right in source
    assert "Not yet" in said(source.replace(right, wrong), names, capsys)
