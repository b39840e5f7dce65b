"""Every exercise of every chapter has a plausible wrong answer that its checks refuse."""

import runpy
from collections import Counter
from pathlib import Path

import answered

#: Each has `MISTAKES` that it tries, by exercise.
MODULES = sorted(Path(__file__).parent.glob("test_answers_[0-9]*.py"))


def test_every_exercise_has_a_mistake_that_is_tried():
    listed = [mistake[0] for path in MODULES for mistake in runpy.run_path(path)["MISTAKES"]]
    exercises = Counter(exercise for exercise, _ in answered.asked())
    assert set(listed) == set(exercises), "each exercise is in a list of mistakes, and no other"
    assert set(exercises.values()) == {1}, "the id of an exercise's cell is its own"
