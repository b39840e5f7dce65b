"""The exercise checks and the function that shows sources."""

from pathlib import Path

import pytest

from rfe_book import cells, style
from rfe_study.phantom import scanner


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda: 2 == 2, "Right: doubles"),
        (lambda: 2 == 3, "Not yet: doubles"),
        (lambda: None + 1, "Not yet: doubles (TypeError: unsupported operand"),
    ],
)
def test_check_says_whether_the_answer_is_right(capsys, answer, expected):
    right = cells.check("doubles", answer)
    assert capsys.readouterr().out.startswith(expected)
    assert right == expected.startswith("Right")


def unfinished():
    raise NotImplementedError("your code")


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        ({"doubles": lambda: True, "halves": lambda: True}, ["Right: doubles", "Right: halves"]),
        ({"doubles": unfinished, "halves": unfinished}, ["Not yet: your code is missing"]),
        (
            {"doubles": lambda: True, "halves": lambda: 1 / 0},
            ["Right: doubles", "Not yet: halves (ZeroDivisionError: division by zero)"],
        ),
    ],
)
def test_checks_say_a_line_each_or_a_single_one_of_a_stub(capsys, answers, lines):
    cells.checks(answers)
    assert capsys.readouterr().out.splitlines() == lines


def test_source_is_the_modules_own_text():
    shown = cells.source(style.upright).data
    place, *code = shown.removeprefix("```python\n").removesuffix("```").splitlines()
    assert place.startswith("# book/rfe_book/style.py, line ")
    lines = Path(style.__file__).read_text(encoding="utf-8").splitlines()
    first = int(place.rpartition(" ")[2]) - 1
    assert code == lines[first : first + len(code)]
    assert code[-1] == "    return np.swapaxes(plane, 0, 1)[::-1]"


def test_source_without_docstring():
    shown = cells.source(style.upright, docstring=False).data
    assert '"""' not in shown
    assert shown.splitlines()[2].startswith("def upright")
    assert shown.splitlines()[3] == "    return np.swapaxes(plane, 0, 1)[::-1]"


def test_source_without_a_raw_docstring():
    lines = cells.source(scanner.signal, docstring=False).data.splitlines()
    assert lines[2].startswith("def signal(")
    assert lines[3].strip().startswith("rho, t1, t2 = ")


def test_source_of_something_without_python_source():
    with pytest.raises(TypeError):
        cells.source(len)
