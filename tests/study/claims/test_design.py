"""The written design says what the code does."""

from pathlib import Path

import pytest

from rfe_study.claims import effects, headline, power, proof_of_concept, verdicts
from rfe_study.claims.adaptation import MISSED, SOME
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.phantom.domains import PAIRED

TEXT = (Path(power.__file__).parent / "DESIGN.md").read_text(encoding="utf-8")


def test_power_is_that_of_the_code():
    assert power.as_markdown(power.expected()) in TEXT


@pytest.mark.parametrize(
    ("words", "value", "written"),
    [
        ("Verdicts rest on {} paired heads", PAIRED["paired"], "40"),
        ("F, average precision | {} |", effects.SMALLEST_F, ".03"),
        ("mean step in F between two n_E | {} |", effects.SMALLEST_STEP, ".015"),
        ("share of lesions | {} |", effects.SMALLEST_SHARE, ".03"),
        ("log ratio of false positives | {} |", effects.SMALLEST_FALSE_RATIO, ".22"),
        ("precision gained less recall gained | {} |", effects.SMALLEST_GAINS, ".05"),
        ("correlation of seeds above {}", proof_of_concept.SIMILAR, ".5"),
        ("two trainings differ by less than {}", proof_of_concept.SAME, ".05"),
        ("10 (at most {} below)", effects.SLIGHTLY, ".05"),
        ("one-sided tests at {}% each", 100 * verdicts.ERROR, "2.5"),
        ("if the {}% interval lies within", 100 * verdicts.EQUIVALENCE, "90"),
        ("closes at least {}% of the gap from", 100 * headline.PERFECT_SHARE, "80"),
        ("band, at least {}% of the gap", 100 * headline.REAL_SHARE, "40"),
        ("more than {} in 100", 100 * SOME, "1"),
    ],
)
def test_numbers_are_those_of_the_code(words, value, written):
    assert float(written) == pytest.approx(value)
    assert words.format(written) in TEXT


def test_heads_and_models_are_those_of_the_code():
    assert MISSED == 0.5 and "8 (more than half missed)" in TEXT
    assert PATIENTS[VERDICT] == ("paired",) and "(role `paired`)" in TEXT
    for name in (headline.NONE, headline.NONE_AT_LESIONS, headline.LABELS):
        assert f'"{name}"' in TEXT
    assert " ".join(headline.__doc__.split('"')[1].split()) in TEXT
