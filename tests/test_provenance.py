"""A version of code sees what the code says, not where it stands; rows say where they were born."""

import re
import subprocess

import pytest

from rfe_core import provenance
from rfe_core.phantom import VERSION


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write modules of a package by name, and get the version of its module `a` (or another)."""
    monkeypatch.setattr(provenance, "PACKAGES", {"ours": tmp_path})

    def version(of="ours.a", **sources):
        for path in tmp_path.rglob("*.py"):
            path.unlink()
        for name, source in sources.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return provenance.code_version(of)

    return version


A = "from ours import b\n\ndef f(x):\n    return b.g(x) + b.ONE\n"
B = "ONE = 1\n\ndef g(x):\n    return 2 * x\n"


def test_it_is_a_short_hash(package):
    assert re.fullmatch("[0-9a-f]{12}", package(a=A, b=B))


@pytest.mark.parametrize(
    "same",
    [
        {"a": '"""Doc."""\n# why\n' + A, "b": B},
        {"a": A.replace("(x):", '(x):\n    """Doc."""'), "b": B},
        {"a": A, "b": "def g(x):\n    return 2 * x\n\nONE = 1\n"},
        {"a": "from ours.b import ONE, g\n\ndef f(x):\n    return g(x) + ONE\n", "b": B},
        {"a": A.replace("import b", "import b as c").replace("b.", "c."), "b": B},
        {"a": A.replace("from ours", "from ours.deep"), "deep__b": B},
        {"a": "def f(x):\n    from ours import b\n    return b.g(x) + b.ONE\n", "b": B},
        {
            "a": "from ours.c import ONE\n" + A.replace("b.ONE", "ONE"),
            "b": B.removeprefix("ONE = 1\n"),
            "c": "ONE = 1\n",
        },
        {"a": A, "b": B, "unrelated": "X = 3\n"},
    ],
)
def test_a_pure_move_keeps_it(package, same):
    assert package(**same) == package(a=A, b=B)


@pytest.mark.parametrize(
    "other",
    [
        {"a": A.replace("+", "-"), "b": B},
        {"a": A, "b": B.replace("2 * x", "3 * x")},
        {"a": A, "b": B + "\nTWO = 2\n"},
        {"a": "import ours.c\n" + A, "b": B, "c": "X = 3\n"},
    ],
)
def test_a_change_changes_it(package, other):
    assert package(**other) != package(a=A, b=B)


def test_modules_that_do_not_exist_are_refused(package):
    with pytest.raises(ValueError, match=r"modules must be of \('ours',\), got 'ours.z'"):
        package("ours.z", a=A, b=B)
    with pytest.raises(ValueError, match="got 'os'"):
        package("os", a=A, b=B)


def test_the_phantoms_version_is_its_own():
    assert re.fullmatch(re.escape(VERSION) + "-[0-9a-f]{12}", provenance.phantom_version())


def test_another_phantom_is_not_called_by_a_frozen_name(monkeypatch):
    provenance.phantom_version.cache_clear()
    monkeypatch.setattr(provenance, "_own_version", lambda module: "0123456789ab")
    assert provenance.phantom_version() == f"{VERSION}-0123456789ab"
    provenance.phantom_version.cache_clear()


def test_a_certificate_names_no_machine_but_its_kind():
    born = provenance.certificate("rfe_core.losses")
    assert tuple(born) == provenance.COLUMNS
    assert re.fullmatch("[0-9a-f]{12}", born["code_version"])
    assert re.fullmatch(r"cpu: .+, 1 thread", born["hardware"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", born["date"])
    assert re.fullmatch(r"[0-9a-f]{12}\+?|", born["commit"])
    assert all(born[name] for name in ("torch", "numpy", "scipy", "scikit_image", "nilearn"))


def test_outside_git_there_is_no_commit(tmp_path, monkeypatch):
    provenance.commit.cache_clear()
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.commit() == ""
    provenance.commit.cache_clear()

    def no_git(*args, **kwargs):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert provenance.commit() == ""
    provenance.commit.cache_clear()
