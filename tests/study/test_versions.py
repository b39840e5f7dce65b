"""A version of code sees what the code says, not where it stands."""

import re

import pytest

from rfe_study import versions


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write modules of a package by name, and get the version of its module `a` (or another)."""
    monkeypatch.setattr(versions, "PACKAGES", {"ours": tmp_path})

    def version(of="ours.a", **sources):
        for path in tmp_path.rglob("*.py"):
            path.unlink()
        for name, source in sources.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return versions.code_version(of)

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
        {"a": "from ours import c\n" + A, "b": B, "c": "X = 3\n"},
        {"a": A, "b": B + "\ndef unused(x):\n    return x\n"},
        {"a": A, "b": "from ours.c import g\nONE = 1\n", "c": B.removeprefix("ONE = 1\n")},
    ],
)
def test_a_pure_move_keeps_it(package, same):
    assert package(**same) == package(a=A, b=B)


@pytest.mark.parametrize(
    "other",
    [
        {"a": A.replace("+", "-"), "b": B},
        {"a": A, "b": B.replace("2 * x", "3 * x")},
        {"a": A, "b": B.replace("2 * x", "TWO * x") + "\nTWO = 2\n"},
        {"a": A, "b": B + "\nregister(g)\n"},
        {"a": A + "\ndef another():\n    pass\n", "b": B},
    ],
)
def test_a_change_changes_it(package, other):
    assert package(**other) != package(a=A, b=B)


def test_modules_that_do_not_exist_are_refused(package):
    with pytest.raises(ValueError, match=r"modules must be of \('ours',\), got 'ours.z'"):
        package("ours.z", a=A, b=B)
    with pytest.raises(ValueError, match="got 'os'"):
        package("os", a=A, b=B)


def test_a_module_reached_through_another_counts(package):
    a = "from ours import b\n\ndef f(x):\n    return b.c.g(x)\n"
    one = package(a=a, b="from ours import c\n", c="def g(x):\n    return x\n")
    assert one != package(a=a, b="from ours import c\n", c="def g(x):\n    return 2 * x\n")


def test_a_function_named_like_a_builtin_counts(package):
    a = "def f(x):\n    return sum(x)\n\ndef sum(x):\n    return x\n"
    b = "from ours.a import f\n\nY = f(1)\n"
    assert package("ours.b", a=a, b=b) != package(
        "ours.b", a=a.replace("return x\n", "return 2 * x\n"), b=b
    )


@pytest.mark.parametrize("source", ["import ours.b\n", "from ours.b import *\n"])
def test_imports_that_name_nothing_are_refused(package, source):
    with pytest.raises(ValueError, match="import"):
        package(a=source, b=B)
