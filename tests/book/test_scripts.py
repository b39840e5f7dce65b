"""Scripts of the book make nodes: none turns text into markup or into code."""

import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
OURS = sorted(p for p in BOOK.rglob("*") if p.suffix in (".js", ".py") and "vendor" not in p.parts)
MARKUP = re.compile(
    r"\b(inner|outer)HTML\b|insertAdjacentHTML|setHTML|createContextualFragment|DOMParser|srcdoc"
    r"|document\.write|new Function\b|(?<![\w.])eval\("
)


def made_of_text(text):
    """What of a script takes text for markup or code, with its line."""
    return [(text.count("\n", 0, m.start()) + 1, m[0]) for m in MARKUP.finditer(text)]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(BOOK).as_posix())
def test_nothing_is_made_of_text(path):
    assert made_of_text(path.read_text(encoding="utf-8")) == []


def test_all_scripts_are_read():
    names = {path.relative_to(BOOK).as_posix() for path in OURS}
    assert {
        "_static/previews.js",
        "runtime/widget-loader.js",
        "rfe_book/widgets/pair_view.js",
    } <= names


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("title.innerHTML = `<b>${words}</b>`;", "innerHTML"),
        ("el.insertAdjacentHTML('beforeend', text)", "insertAdjacentHTML"),
        ("document.write(text)", "document.write"),
        ("new Function('return this')", "new Function"),
        ("eval(text)", "eval("),
    ],
)
def test_what_is_made_of_text_is_found(line, found):
    assert made_of_text(f"// first\n{line}") == [(2, found)]


@pytest.mark.parametrize("line", ["el.textContent = words", "network.eval()", "model.evaluate(x)"])
def test_what_makes_nodes_or_is_no_script_is_not(line):
    assert not made_of_text(line)
