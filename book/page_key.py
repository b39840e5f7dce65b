"""What an executed notebook depends on: all that its key is a hash of."""

import ast
import functools
import hashlib
import json
import os
import sys
from pathlib import Path

from rfe_study.methods.profiles import DEFAULT

BOOK = Path(__file__).resolve().parent
ROOT = BOOK.parent
#: Our packages, whose code a notebook may depend on.
PACKAGES = {
    "rfe_core": ROOT / "rfe_core",
    "rfe_study": ROOT / "rfe_study",
    "rfe_book": BOOK / "rfe_book",
}
DATA_FOLDERS = ("results", "checkpoints", "explorer")
#: What lies beside the modules of a package and is read with them.
BESIDE = ("_*.js", "*.css", "*.mplstyle")


class SourceError(ValueError):
    """A notebook or a module that cannot be read: one line that names it."""


@functools.cache  # most chapters import the same modules
def imported_modules(source: str) -> frozenset[str]:
    """Dotted names of the modules of ours that Python source imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] in PACKAGES)


def files_of(source: str) -> list[Path]:
    """Files of ours that Python source depends on: modules, and what lies beside a widget."""
    files, todo = set(), set(imported_modules(source))
    while todo:
        name = todo.pop()
        package, *rest = name.split(".")
        base = PACKAGES[package].joinpath(*rest)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file() and path not in files:
                files.add(path)
                files |= set(path.parent.glob(f"{path.stem}.js"))
                if path.name == "__init__.py":
                    files |= {file for kind in BESIDE for file in path.parent.glob(kind)}
                try:
                    todo |= imported_modules(path.read_text(encoding="utf-8"))
                except SyntaxError as error:
                    raise SourceError(f"{path.relative_to(ROOT)}, {said(error)}") from None
                todo.add(name.rpartition(".")[0] or name)
    return sorted(files)


def data_files() -> dict[str, Path]:
    """Committed data that any chapter may show, and what was made anew and is shown instead.

    By its place in the data folder (that of RFE_DATA, if set) or below RFE_RESULTS, wherever these
    folders lie. Without hidden files: locks of runs, and what they are writing.
    """
    data = Path(os.environ.get("RFE_DATA") or ROOT / "data")
    found = {
        f"data/{path.relative_to(data).as_posix()}": path
        for name in DATA_FOLDERS
        for path in (data / name).rglob("*")
    }
    if anew := os.environ.get("RFE_RESULTS"):
        folder = Path(anew)
        for path in (*folder.glob("*.csv"), *(folder / "explorer").rglob("*")):
            found[f"anew/{path.relative_to(folder).as_posix()}"] = path
    return {
        name: path
        for name, path in found.items()
        if path.is_file() and not path.name.startswith(".")
    }


def contents(paths: list[Path]) -> dict[str, bytes]:
    """What files of the repository hold, by their path in it."""
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def digest(files: dict[str, bytes]) -> str:
    """Hash of names and contents."""
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:24]


def said(error: SyntaxError) -> str:
    """Where a syntax error is and what it is, in one line."""
    return f"line {error.lineno}: {type(error).__name__}: {error.msg}"


def python_of(source: str) -> str:
    """A cell as Python: what IPython makes of it, if it is more than Python.

    Below a cell magic such as %%time stands Python too, or, as below %%bash, something else.

    Raises
    ------
    SyntaxError
        If IPython could not run it.
    """
    try:
        ast.parse(source)
        return source
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager  # slow, and seldom needed
    first, _, body = source.lstrip().partition("\n")
    made = TransformerManager().transform_cell(source)
    ast.parse(made)
    if not first.startswith("%%"):
        return made
    try:
        return python_of(body)
    except SyntaxError:
        return made


def code_of(notebook: dict) -> str:
    """All Python of a notebook.

    Raises
    ------
    SourceError
        If a cell is no code for IPython.
    """
    parts = []
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            try:
                parts.append(python_of("".join(cell["source"])))
            except SyntaxError as error:
                raise SourceError(f"cell {number}, {said(error)}") from None
    return "\n".join(parts)


def keys_of(paths: list[Path]) -> dict[Path, str]:
    """Hash of everything the executed copy of each notebook depends on.

    Raises
    ------
    SourceError
        If a notebook, or a module that it imports, cannot be read.
    """
    shared = {
        "data": digest({name: file.read_bytes() for name, file in data_files().items()}).encode(),
        "python": sys.version.encode(),
        "profile": (os.environ.get("RFE_PROFILE") or DEFAULT).encode(),
    }
    keys = {}
    for path in paths:
        try:
            code = code_of(json.loads(path.read_text(encoding="utf-8")))
        except (json.JSONDecodeError, KeyError) as error:
            raise SourceError(f"{path.relative_to(ROOT)} is no notebook: {error!r}") from None
        except SourceError as error:
            raise SourceError(f"{path.relative_to(ROOT)}, {error}") from None
        files = contents([path, *files_of(code), ROOT / "requirements.lock"])
        keys[path] = digest(files | shared)
    return keys
