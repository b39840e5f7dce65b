"""The examples in the core's docstrings print what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import rfe_core

FOLDER = Path(rfe_core.__file__).parent
MODULES = [
    ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts)
    for path in sorted(FOLDER.rglob("*.py"))
    if path.name != "__init__.py"
]


@pytest.mark.parametrize("module", ["rfe_core", "rfe_core.scans", *MODULES])
def test_examples_print_what_they_say(module, capsys):
    done = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert not done.failed, capsys.readouterr().out


def test_a_wrong_example_is_found(capsys):
    source = ">>> 1 + 1\n3\n"
    example = doctest.DocTestParser().get_doctest(source, {}, "wrong", None, None)
    assert doctest.DocTestRunner().run(example).failed == 1
