"""Each command that a page shows runs as it stands when a reader pastes it into a shell."""

import re
import shlex
from pathlib import Path

import pytest

from rfe_study.command.cli import parser

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "book").glob("*.md"),
    *(path for name in ("data", "recipes", "rfe_*") for path in ROOT.glob(f"{name}/**/README.md")),
]
FENCED = re.compile(r"^```(?:text|console|bash|sh|shell)?\n(.*?)^```$", re.M | re.S)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")
INLINE = re.compile(r"`((?:make|\.venv/bin/\w+) [^`]+)`")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def commands_of(text):
    """Commands of a page: lines of its blocks, put together where one goes on, and in its text."""
    lines = re.sub(r"\\\n\s*", "", "".join([*FENCED.findall(text), *INDENTED.findall(text)]))
    found = [line.strip() for line in lines.splitlines()] + INLINE.findall(text)
    return [line for line in found if re.match(r"(\.venv[/\\]|(make|git|cd|py|rfe) )", line)]


def fault_of(command):
    """Why a command does not run as it stands; empty if it does."""
    if re.search(r"\s#", command):
        return "a comment, which the shell of macOS takes for words of the command"
    first, *words = shlex.split(command.replace("\\", "/"))
    if first == "make":
        unknown = [word for word in words if not re.match(r"[A-Z_]+=", word)]
        unknown = [word for word in unknown if word not in TARGETS]
        return f"no targets: {unknown}" if unknown else ""
    if first in ("rfe", ".venv/bin/rfe"):
        try:
            parser().parse_args(words)
        except SystemExit as stop:
            return f"rfe refuses it: {stop.code}" if stop.code else ""  # 0: --help
        return ""
    if first.startswith(".venv/") or first == "py":
        name = next((word for word in words if word.endswith(".py")), None)
        if name and not (ROOT / name).is_file():
            return f"there is no {name}"
        return (
            "" if words[:1] == ["-m"] or name == words[0] else "python gets neither file nor module"
        )
    most = {"git": 3, "cd": 1}[first]
    return "" if len(words) <= most else f"more than {most} words"


SHOWN = [
    pytest.param(command, id=f"{path.relative_to(ROOT).as_posix()}: {command}")
    for path in sorted(PAGES)
    for command in commands_of(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("command", SHOWN)
def test_it_runs_as_it_stands(command):
    assert not fault_of(command), f"{command}: {fault_of(command)}"


def test_the_pages_that_show_some_are_read():
    places = {str(case.id).partition(":")[0] for case in SHOWN}
    assert {"README.md", "book/index.md", "book/own-data.md", "book/for-teachers.md"} <= places
    blocks = "\n```text\nmake book\nmake \\\n  lab\n```\n\n    git clone A b\n    text\n\n`make x`"
    assert commands_of(blocks) == ["make book", "make lab", "git clone A b", "make x"]


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("make book     environment, notebooks, pages", "no targets: .'environment,'"),
        ("make book    # environment", "a comment"),
        (".venv/bin/rfe train --seeds 0-7    lower and upper bounds", "rfe refuses it: 2"),
        (".venv/bin/python nowhere.py", "there is no nowhere.py"),
        (".venv/bin/python book", "neither file nor module"),
        ("git clone ADDRESS book    the whole", "more than 3 words"),
        ("cd book    then", "more than 1 words"),
    ],
)
def test_a_command_with_words_behind_it_is_found(command, fault):
    assert re.match(rf".*{fault}", fault_of(command))
