"""Answers to exercises as a reader gives them: right, plausibly wrong, and not at all."""

import exercises


def said(source, names, capsys):
    """What an exercise's cell prints."""
    exec(compile(source, "an exercise", "exec"), names)
    return capsys.readouterr().out


def solution_is_right_and_stub_is_not_yet(source, names, capsys):
    right = said(exercises.solution(source), names, capsys)
    assert "Right: " in right and "Not yet" not in right
    assert said(exercises.stub(source), names, capsys) == "Not yet: your code is missing\n"


def mistake_is_not_yet_right(source, right, wrong, names, capsys):
    source = exercises.solution(source)
    assert right in source
    assert "Not yet" in said(source.replace(right, wrong), names, capsys)
