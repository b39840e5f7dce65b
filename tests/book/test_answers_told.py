"""A check that is not passed says what the reader's function gave."""

import pytest
import torch

from rfe_book import answers, cells

#: A cell as a student runs it: the functions and the checks stand together.
ANSWER = """
import numpy as np

def twice(x, times=1):
    {body}

cells.checks({{"a check": lambda: {check}}})
"""


def said(capsys, body, check):
    names = {"cells": cells}
    exec(compile(ANSWER.format(body=body, check=check), "the cell", "exec"), names)
    out = capsys.readouterr().out
    assert names["twice"].__name__ == "twice", "the reader's function is as it was"
    return out.removesuffix("\n")


@pytest.mark.parametrize(
    ("body", "check", "told"),
    [
        ("return 2 * x", "twice(3) == 6", "Right: a check"),
        ("return x**2", "twice(3) == 6", "Not yet: a check (twice(3) gives 9)"),
        ("pass", "twice(3, times=2) == 6", "Not yet: a check (twice(3, times=2) gives None)"),
        ("return np.float64(x)", "twice(3) == 6", "Not yet: a check (twice(3) gives 3.0)"),
        (
            "return np.zeros((9, 9))",
            "twice(np.ones((9, 9))).sum() == 6",
            "Not yet: a check (twice(ndarray of shape (9, 9)) gives ndarray of shape (9, 9))",
        ),
        ("return 'o' * 99", "twice(3) == 6", f"Not yet: a check (twice(3) gives '{'o' * 37} …)"),
        (
            "return x",
            "twice(np.random.default_rng(0)) == 6",
            "Not yet: a check (twice(Generator) gives Generator)",
        ),
        (
            "return x if x < 3 else twice(x - 1)",  # calls inside of a call are not told
            "twice(9) == twice(1) == twice(5)",
            "Not yet: a check (twice(9) gives 2; twice(1) gives 1)",
        ),
        (
            "return None",
            "twice(3) < 6",
            "Not yet: a check (twice(3) gives None; "
            "TypeError: '<' not supported between instances of 'NoneType' and 'int')",
        ),
        ("return x / 0", "twice(3) == 6", "Not yet: a check (ZeroDivisionError: division by zero)"),
        ("raise NotImplementedError", "twice(3) == 6", "Not yet: your code is missing"),
        (
            "return 9",
            "max(twice(k) for k in range(5)) == 6",
            "Not yet: a check (twice(3) gives 9; twice(4) gives 9)",
        ),
        ("return x", "len([twice, 1]) == 1", "Not yet: a check"),
    ],
)
def test_what_a_function_gave_is_told(capsys, body, check, told):
    assert said(capsys, body, check) == told


def test_of_many_calls_the_last_two_are_told(capsys):
    told = said(capsys, "return x", "twice(1) + twice(2) + twice(3) == 0")
    assert told == "Not yet: a check (twice(2) gives 2; twice(3) gives 3)"


def test_the_numbers_of_a_call_are_those_of_each_result_and_of_nothing_beside_it():
    x = torch.ones(5, 4)

    def two_results(values, factor):
        torch.ones(7).tolist()
        return (values * factor).max(dim=1)  # 20, then 5 and 5

    assert answers.numbers_made(two_results, x, 3) == 7 + 20 + 5 + 5
    assert answers.numbers_made(lambda: None) == 0
