"""The publishing workflow calls what is there."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_each_command_is_there():
    text = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["book"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100 and ".ci/run" in commands
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    made = re.findall(r"^make (.+)$", "\n".join(commands), re.M)
    words = {word for command in made for word in command.split() if "=" not in word}
    assert words == {"book", "notebooks", "pdf", "archive"} <= set(targets)
