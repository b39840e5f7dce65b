"""The files that describe the environment say the same thing, and what the packages import."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata, packages_distributions
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import rfe_core

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK_LINES = [
    line
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
LOCK = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in LOCK_LINES}
GROUPS = {"core": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
REQUIREMENTS = [
    requirement
    for group in GROUPS.values()
    for requirement in map(Requirement, group)
    if requirement.name != PROJECT["name"]
]
OURS = {"rfe_core", "rfe_study", "rfe_book"} | {path.stem for path in (ROOT / "book").glob("*.py")}
OWNERS = packages_distributions()  # which packages bring what can be imported
#: What a folder's code may import beside Python's own library and ours.
EXTRAS = {
    "rfe_core": ["scans"],
    "rfe_study": ["study", "register", "cluster"],
    "book": ["book", "pdf"],
    "benchmarks": ["bench"],
    "tests": ["test"],
}
#: Needs no extra: the paper's losses and the sampling of their pixels.
LOSS = """adjacency checks distances exact losses pair_sums random_feature_embedding sampling
    strategies unet""".split()


def declared(group):
    """Names of the packages that an extra brings, those of the extras inside it included."""
    names = set()
    for requirement in map(Requirement, GROUPS[group]):
        if requirement.name == PROJECT["name"]:
            names = names.union(*map(declared, requirement.extras))
        else:
            names.add(canonicalize_name(requirement.name))
    return names


def imported(folder):
    """Top names of what the modules of a folder import, also inside functions."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
    return names


def undeclared(folder, groups):
    """Third-party packages that a folder imports though no extra of its own brings them."""
    allowed = set.union(declared("core"), *map(declared, groups))
    beside = {path.stem for path in folder.rglob("*.py")}  # a test imports the module beside it
    foreign = imported(folder) - sys.stdlib_module_names - beside
    found = {canonicalize_name(OWNERS.get(name, [name])[0]) for name in foreign - OURS}
    return sorted(found - allowed)


@pytest.mark.parametrize("folder", EXTRAS)
def test_every_import_is_declared(folder):
    assert not undeclared(ROOT / folder, EXTRAS[folder])


def test_an_undeclared_import_is_found(tmp_path):
    (tmp_path / "a.py").write_text(
        "def f():\n    from scipy import ndimage\n    import b.c\n", encoding="utf-8"
    )
    assert undeclared(tmp_path, []) == ["b", "scipy"]
    assert undeclared(tmp_path, ["scans"]) == ["b"]


def test_the_loss_needs_numpy_and_torch_alone():
    """In a Python that refuses to import what only the extras bring."""
    assert declared("core") == {"numpy", "torch"}
    extras = set.union(*map(declared, GROUPS)) - declared("core")
    names = {name for name, (owner, *_) in OWNERS.items() if canonicalize_name(owner) in extras}
    refuse = "import sys; sys.modules.update(dict.fromkeys({names}))"
    code = [refuse.format(names=sorted(names)), *(f"import rfe_core.{name}" for name in LOSS)]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_lock_satisfies_pyproject(requirement):
    pinned = LOCK[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pinned)


def test_pins_admit_the_oldest_python_that_is_promised():
    """Its first release: Debian 12 has Python 3.11.2."""
    (minimum,) = SpecifierSet(PROJECT["requires-python"])
    oldest = f"{minimum.version}.0"
    wanted = {name: metadata(name).get("Requires-Python") or ">=3" for name in LOCK}
    refused = {name: text for name, text in wanted.items() if oldest not in SpecifierSet(text)}
    assert not refused, f"pin older versions in requirements.lock; {oldest} is refused by {refused}"


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
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert pip == ["-r requirements.lock", "-e ."]
    assert f"pytorch-cpu={LOCK['torch']}" in environment["dependencies"]
    (python,) = [item for item in environment["dependencies"] if str(item).startswith("python=")]
    minimum = PROJECT["requires-python"].removeprefix(">=")
    assert Version(python.removeprefix("python=")) >= Version(minimum)


def test_jupyterlab_extension_needs_nothing_that_jupyterlab_lacks():
    """`jupyter labextension list` says that jupyterlab-myst wants an older @jupyter/ydoc.

    It may: the extension declares that package for its types, and no script of it loads it.
    """
    folder = Path(sys.prefix) / "share/jupyter/labextensions/jupyterlab-myst"
    scripts = [*(folder / "static").glob("*.js")]
    assert scripts
    for script in scripts:
        assert b"@jupyter/ydoc" not in script.read_bytes(), script.name


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["version"] == rfe_core.__version__ == citation["version"]
    assert PROJECT["license"] == citation["license"]
    book = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert citation["title"].lower().startswith(book["title"].lower())
    assert [author["name"] for author in citation["authors"]] == [book["author"]]
