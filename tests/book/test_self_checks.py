"""Multiple-choice questions as chapters have them, and in the notebooks made from these."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from plain_markdown import plain

BOOK = Path(__file__).parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9]*.ipynb"))
ITEMS = r"((?:\d\. [^\n]+\n)+)"
CHECK = re.compile(
    r":::\{admonition\} Check yourself\n:class: self-check\n\n"
    rf"[^\n]+\n\n{ITEMS}:::\n\n:::\{{dropdown\}} Answer\n{ITEMS}:::"
)


def checks(path):
    """The cells of a chapter that hold a self-check."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if ":class: self-check" in cell.source]


def items(text):
    """The items of a numbered list, whose numbers must be 1, 2, 3, ..."""
    numbers, texts = zip(*re.findall(r"(?m)^(\d)\. (.+)$", text), strict=True)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    return texts


def read(source):
    """Options and answers of a self-check."""
    found = CHECK.fullmatch(source)
    assert found, f"see book/README.md, got:\n{source}"
    return items(found[1]), items(found[2])


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_has_two_self_checks(path):
    assert len(checks(path)) == 2
    for options, answers in map(read, checks(path)):
        assert 3 <= len(options) == len(answers) <= 4
        begins = Counter(answer.partition(": ")[0] for answer in answers)
        assert begins == {"Right": 1, "No": len(answers) - 1}


def test_neither_place_nor_length_gives_the_right_option_away():
    places, longest = Counter(), 0
    read_all = [read(source) for path in CHAPTERS for source in checks(path)]
    for options, answers in read_all:
        (right,) = [n for n, answer in enumerate(answers) if answer.startswith("Right")]
        places[right] += 1
        longest += max(options, key=len) == options[right]
    assert min(places[n] for n in range(4)) >= 3
    assert longest <= len(read_all) / 2


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
@pytest.mark.parametrize("solutions", [False, True])
def test_notebooks_fold_the_answer_below_the_question(path, solutions):
    for source in checks(path):
        question, _, answer = plain(source, {}, solutions=solutions).partition("\n\n<details>")
        assert all(line.startswith(">") for line in question.splitlines())
        assert "Right" not in question and question.count("\n> ") >= 4
        assert answer.startswith("<summary>Show: Answer</summary>") and answer.count("Right: ") == 1
