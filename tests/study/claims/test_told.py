"""Effects as sentences, of parts whose numbers are known."""

import numpy as np
import pytest

from rfe_study.claims import told
from rfe_study.claims.verdicts import CONTRADICTED, Verdict


def part(claim, name, numbers):
    estimate, low, high = numbers
    about = {"statistic": "difference of mean F", "threshold": -0.04, "verdict": CONTRADICTED}
    numbers = {"estimate": estimate, "low": low, "high": high, "p_above": 0.5, "p_below": 0.5}
    return Verdict(claim=claim, part=name, **about, **numbers)


@pytest.mark.parametrize(
    ("claim", "name", "numbers", "words"),
    [
        (4, "l2 worse than ACD", (-0.012, -0.055, 0.031),
         "F of ACD less F of l2 is −0.01 (−0.06 to 0.03)"),
        (5, "two trainings differ", (-0.075, -0.124, -0.062),
         "two trainings of one model differ by 0.07 (0.06 to 0.12) in F; at most 0.04 was "
         "allowed"),
        (7, "fewer false positives", (-np.log(1.1), -np.log(2.9), np.log(2.5)),
         "1.1 (0.4 to 2.9) times as many false positives as the lower bound"),
        (1, "50/50, seed 0", (1.0, 1.0, 1.0),
         "rank correlation of the divergence with n_E: −1.00"),
        (5, "the 36 models rank alike", (0.8, 0.7, 0.9),
         "difference of mean F: +0.80 (0.70 to 0.90)"),
        (6, "better than the lower bound", (np.nan, np.nan, np.nan), ""),
    ],
)  # fmt: skip
def test_an_effect_is_a_sentence(claim, name, numbers, words):
    assert told.effect(part(claim, name, numbers)) == words


@pytest.mark.parametrize(
    ("numbers", "more", "text"),
    [
        ((0.131, 0.085, 0.177), {}, "0.13 (0.09 to 0.18)"),
        ((0.0012, -0.031, 0.0004), {"sign": "+"}, "+0.00 (−0.03 to 0.00)"),
        ((-0.001, -0.004, 0.02), {}, "0.00 (0.00 to 0.02)"),  # no minus before zero
        ((0.25, np.nan, np.nan), {"of": lambda x: 100 * x, "form": "{:z.0f}%"}, "25%"),
    ],
)
def test_an_effect_has_the_decimals_that_mean_something(numbers, more, text):
    assert told.figures(part(6, "any", numbers), **more) == text
