"""How long chapters take is summed of what they say."""

import json
from pathlib import Path

import pytest
import reading

BOOK = Path(__file__).parents[2] / "book"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(12, "half an hour"), (30, "half an hour"), (62, "1 hour"), (95, "1½ hours"),
     (190, "3 hours"), (242, "4 hours")],
)  # fmt: skip
def test_minutes_in_hours(minutes, words):
    assert reading.in_hours(minutes) == words


def test_a_mark_becomes_the_sum_of_its_chapters(tmp_path):
    for number, minutes in {1: 20, 2: 25, 3: 100}.items():
        cell = {"source": f"**Minutes** about {minutes} to read"}
        (tmp_path / f"0{number}-x.ipynb").write_text(
            json.dumps({"cells": [cell]}), encoding="utf-8"
        )
    filled = reading.filled("a {{reading:2-3}}, {{claims:x}}", tmp_path)
    assert filled == "a 2 hours, {{claims:x}}"
    with pytest.raises(ValueError, match="one chapter 4, got 0"):
        reading.filled("{{reading:3-4}}", tmp_path)


def test_every_chapter_says_its_minutes_and_the_first_page_asks_for_all():
    paths = sorted(BOOK.glob("[0-9]*.ipynb"))
    read = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    assert all(5 <= reading.minutes(notebook) <= 60 for notebook in read)
    marks = reading.MARK.findall((BOOK / "index.md").read_text(encoding="utf-8"))
    assert ("1", str(len(paths))) in marks
    with pytest.raises(ValueError, match="must say"):
        reading.minutes({"cells": [{"source": ["# A chapter"]}]})
