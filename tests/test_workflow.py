"""The publishing workflow calls what is there."""

import re
from pathlib import Path

import page_head
import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture
def steps():
    text = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["jobs"]["book"]["steps"]


def test_each_command_is_there(steps):
    commands = [step["run"] for step in steps if "run" in step]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100 and ".ci/run" in commands
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    made = re.findall(r"^make (.+)$", "\n".join(commands), re.M)
    words = {word for command in made for word in command.split() if "=" not in word}
    assert words == {"book", "notebooks", "pdf", "archive"} <= set(targets)


def test_what_is_published_is_told_its_address(steps, monkeypatch):
    built = [step for step in steps if "make book" in step.get("run", "")]
    assert [step["name"] for step in built] == ["Build", "Archive"]
    for step in built:
        given = step["env"][page_head.VARIABLE]
        pattern = r"\$\{\{ vars\.RFE_PAGES \|\| format\('(.+)', ([\w.]+), ([\w.]+)\) \}\}"
        form, *names = re.fullmatch(pattern, given).groups()
        assert names == ["github.repository_owner", "github.event.repository.name"]
        monkeypatch.setenv(page_head.VARIABLE, form.format("Someone", "rfe"))
        assert page_head.site() == "https://Someone.github.io/rfe"


def test_the_citation_is_checked(steps):
    assert any("cffconvert --validate" in step.get("run", "") for step in steps)
