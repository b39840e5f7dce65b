"""Text is read and written as UTF-8 whatever the locale: every call names the encoding."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("book", "rfe_core", "rfe_study", "tests", "benchmarks", "recipes")


def unnamed(source):
    """Lines of Python source that read or write text without naming an encoding."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        names = {keyword.arg for keyword in node.keywords}
        constants = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("read_text", "write_text"):
            bad = "encoding" not in names
        elif isinstance(node.func, ast.Name) and node.func.id == "open":
            bad = "encoding" not in names and not any("b" in text for text in constants[-1:])
        else:
            bad = False
        if bad:
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_text_names_its_encoding(folder):
    wrong = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in (ROOT / folder).rglob("*.py")
        for line in unnamed(path.read_text(encoding="utf-8"))
    }
    assert not wrong, f'say encoding="utf-8" in {sorted(wrong)}'


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("x\np.read_text()", [2]),
        ("p.write_text(text)", [1]),
        ("open(name)", [1]),
        ("open(name, 'rb')", []),
        ("p.read_text(encoding='utf-8')", []),
        ("open(name, encoding='utf-8')", []),
    ],
)
def test_a_call_without_it_is_seen(source, lines):
    assert unnamed(source) == lines
