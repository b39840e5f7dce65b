"""The files that describe the environment say the same thing."""

import re
import tomllib
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import rfe_core

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK_LINES = [
    line
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if line and not line.startswith("#")
]
LOCK = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in LOCK_LINES}
GROUPS = {"runtime": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
REQUIREMENTS = [Requirement(text) for group in GROUPS.values() for text in group]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_lock_satisfies_pyproject(requirement):
    pinned = LOCK[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pinned)


def test_lock_pins_every_line_to_one_public_version():
    for line in LOCK_LINES:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line), line
    assert len(LOCK) == len(LOCK_LINES), "a package is pinned twice"


def test_this_environment_is_the_locked_one():
    wrong = {
        name: installed_version(name)
        for name, pinned in LOCK.items()
        if Version(installed_version(name)).public != pinned
    }
    assert not wrong, f"run make to update .venv; differs from requirements.lock: {wrong}"


def test_conda_environment_installs_the_lock_and_the_package():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert pip[-2:] == ["-r requirements.lock", "-e ."]
    (python,) = [item for item in environment["dependencies"] if str(item).startswith("python=")]
    minimum = PROJECT["requires-python"].removeprefix(">=")
    assert Version(python.removeprefix("python=")) >= Version(minimum)


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["version"] == rfe_core.__version__ == citation["version"]
    assert PROJECT["license"] == citation["license"]
