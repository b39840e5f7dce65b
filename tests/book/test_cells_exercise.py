"""The exercise checks and the function that shows sources."""

import ast
import re
from pathlib import Path

import pytest

from rfe_book import cells
from rfe_core import losses
from rfe_core.unet import UNet
from rfe_study.phantom import scanner
from rfe_study.realism import statistics


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


def test_source_shows_the_mathematics_and_folds_all_of_it():
    core, folded = cells.source(losses.dice_loss).data.split("<details")
    signature, *code = core.removeprefix("```python\n").removesuffix("\n```\n\n").splitlines()
    assert signature.startswith("def dice_loss(logits, target, mask=None, *, smooth=1.0")
    assert code[0] == "    if logits.ndim == 4 and logits.shape[1] == 1 and target.ndim == 3:"
    assert code[-1] == "    return 1 - overlap / total"
    assert "raise" not in core and '"""' not in core
    place = re.search(
        r"<summary>Show all of it \(click\): rfe_core/losses.py, line (\d+)</summary>", folded
    )
    first = Path(losses.__file__).read_text(encoding="utf-8").splitlines()[int(place[1]) - 1]
    whole = folded.partition("```python\n")[2]
    assert whole.startswith(f"{first}\ndef dice_loss(\n") and '"""' in whole


@pytest.mark.parametrize(
    "thing",
    [UNet.forward_levels, losses.dice_loss, scanner.signal, statistics.without_negatives],
    ids=lambda thing: thing.__name__,
)
def test_sources_that_chapters_show_fit_the_page(thing):
    core = cells.source(thing).data.partition("<details")[0]
    assert max(map(len, core.splitlines())) <= cells.WIDEST
    ast.parse(core.strip("`python\n"))


def test_source_of_something_without_python_source():
    with pytest.raises(TypeError):
        cells.source(len)
