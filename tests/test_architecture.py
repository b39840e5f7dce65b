"""The house: imports go downward, rooms are small and say what they are."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rfe_study.methods.proof_of_concept import N_E

ROOT = Path(__file__).parents[1]
PACKAGES = [ROOT / "rfe_core", ROOT / "rfe_study", ROOT / "book" / "rfe_book"]
ROOMS = [init.parent for package in PACKAGES for init in sorted(package.rglob("__init__.py"))]
LONGEST = 250  # lines of a module
SOURCES = sorted(
    path
    for folder in ("rfe_core", "rfe_study", "book", "benchmarks", "recipes")
    for path in (ROOT / folder).rglob("*.py")
)


def lint_imports(*folders):
    """Hold the packages in some folders to the contracts in pyproject.toml."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    return subprocess.run(
        [*command, "--no-cache", str(ROOT / "pyproject.toml")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        cwd=folders[0],
        capture_output=True,
        text=True,
    )


def modules(room):
    return sorted(path for path in room.glob("*.py") if path.name != "__init__.py")


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_nothing_imports_upward():
    done = lint_imports(ROOT, ROOT / "book")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def empty_house(tmp_path):
    """The same rooms with nothing in them."""
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            copy = tmp_path / package.name / path.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("rfe_core/losses.py", "import rfe_study.results", "rfe_core.losses -> rfe_study.results"),
        (
            "rfe_core/losses.py",
            "def f():\n    from rfe_book import style",
            "rfe_core.losses -> rfe_book.style",
        ),
        (
            "rfe_study/results.py",
            "from rfe_book import style",
            "rfe_study.results -> rfe_book.style",
        ),
        (
            "rfe_study/methods/method.py",
            "from rfe_study.runs import sweep",
            "rfe_study.methods.method -> rfe_study.runs.sweep",
        ),
        (
            "rfe_study/runs/sweep.py",
            "from rfe_study.claims import board",
            "rfe_study.runs.sweep -> rfe_study.claims.board",
        ),
        ("rfe_study/attic.py", "", "rfe_study.attic"),
    ],
)
def test_an_import_that_goes_upward_is_seen(empty_house, module, line, broken):
    assert lint_imports(empty_house).returncode == 0
    (empty_house / module).write_text(line, encoding="utf-8")
    done = lint_imports(empty_house)
    assert done.returncode == 1 and broken in done.stdout, done.stdout + done.stderr


def test_a_circle_between_rooms_of_one_floor_is_seen(empty_house):
    (empty_house / "rfe_study/runs/sweep.py").write_text(
        "from rfe_study.measures import cost", encoding="utf-8"
    )
    (empty_house / "rfe_study/measures/probes.py").write_text(
        "from rfe_study.runs import masks", encoding="utf-8"
    )
    done = lint_imports(empty_house)
    assert done.returncode == 1 and "rooms of a package BROKEN" in done.stdout


def test_the_core_can_be_read_in_an_evening():
    top, scans = modules(ROOT / "rfe_core"), modules(ROOT / "rfe_core" / "scans")
    assert len(top) <= 22
    assert sum(map(lines, [*top, ROOT / "rfe_core" / "__init__.py"])) <= 3_500
    assert sum(map(lines, scans)) <= 1_200


def literals(code):
    """The constants of each tuple or list in some code."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Tuple | ast.List):
            yield [n.value for n in node.elts if isinstance(n, ast.Constant)]


def test_the_grid_of_n_e_stands_in_one_place():
    assert [20, 100] in literals("GRID = (*OTHERS, 20, 100)")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if any(set(N_E) <= set(some) for some in literals(path.read_text(encoding="utf-8")))
    }
    assert found == {"rfe_study/methods/proof_of_concept.py"}


SEEDED = {"default_rng", "RandomState", "Random", "manual_seed", "seed"}


def fixed_seeds(code):
    """Lines of functions in which random numbers are given a seed that no caller can choose."""
    functions = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.FunctionDef)]
    for call in (n for f in functions for line in f.body for n in ast.walk(line)):
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else None
            if getattr(call.func, "id", name) in SEEDED:
                yield call.lineno


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("def f():\n    return np.random.default_rng(0)", [2]),
        ("class A:\n    def f(self):\n        return Generator().manual_seed(0)", [3]),
        ("def f(seed=0):\n    return default_rng([seed, 0])", []),
        ("MADE = default_rng(0)", []),
    ],
)
def test_a_fixed_seed_in_a_function_is_seen(code, lines):
    assert list(fixed_seeds(code)) == lines


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_whoever_calls_can_choose_the_seed(package):
    sources = {p: p.read_text(encoding="utf-8") for p in package.rglob("*.py")}
    found = [f"{p.name}:{line}" for p, code in sources.items() for line in fixed_seeds(code)]
    assert not found, f"the seed is to be a parameter: {found}"


def test_one_function_writes_files_that_appear_whole():
    renames = re.compile(r"(os|partial)\.(replace|rename)\(")
    own = [path for path in SOURCES if renames.search(path.read_text(encoding="utf-8"))]
    assert own == [ROOT / "rfe_core" / "files.py"]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(ROOT).as_posix())
def test_a_room_has_a_readme_and_short_modules(room):
    long = {path.name: lines(path) for path in room.glob("*.py") if lines(path) > LONGEST}
    assert not long, f"more than {LONGEST} lines: {long}"
    assert (room / "README.md").is_file(), "say what lives here, what is public, what it may touch"


@pytest.mark.parametrize("folder", ["benchmarks", "book", "data", "recipes", "tests"])
def test_a_folder_that_is_no_package_says_what_lives_in_it(folder):
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / folder).glob("*.py") if folder in ("benchmarks", "recipes") else ():
        assert f"`{path.name}`" in text, f"{path.name} is not in the README of its folder"


def test_the_core_has_the_types_it_says():
    """Strict mypy, as pyproject.toml sets it; what it found is kept in .mypy_cache."""
    command = [sys.executable, "-m", "mypy"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `pip install .` would put beside the other packages, from a copy of the sources."""
    copy, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    caches = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(package, copy / package.relative_to(ROOT), ignore=caches)
    code = f"from setuptools import build_meta; print(build_meta.build_wheel({str(built)!r}))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = built.iterdir()
    shutil.unpack_archive(wheel, built / "contents", format="zip")
    return built / "contents"


def test_the_wheel_has_every_module_and_what_it_reads(installed):
    for package in PACKAGES:
        wanted = {
            path.relative_to(package).as_posix()
            for path in package.rglob("*")
            if path.suffix in {".py", ".js", ".css", ".mplstyle"} or path.name == "py.typed"
        }
        found = {
            path.relative_to(installed / package.name).as_posix()
            for path in (installed / package.name).rglob("*")
            if path.is_file()
        }
        assert wanted == found
    beside = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert beside == {package.name for package in PACKAGES}
    assert (installed / "rfe_core" / "py.typed").is_file()
