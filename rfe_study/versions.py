"""Versions of code: a hash of what the code says, not of where it stands.

A function that moves to another module, or a module that moves to another folder, keeps its
version; a function that is changed changes the version of all that need it, and of nothing else.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
#: Our packages that can decide a number, and where they lie.
PACKAGES = {name: ROOT / name for name in ("rfe_core", "rfe_study")}


class _Name(NamedTuple):
    """What a name means: something in a module of ours, or (name None) the module itself."""

    module: str
    name: str | None


def code_version(*modules: str) -> str:
    """First 12 hex digits of the SHA-256 over all statements that `modules` need.

    That is every top-level statement of the modules, dotted names, and those statements of ours
    that they use, also through each other. Comments, docstrings, layout, imports, and the names and
    order of modules do not change it; a change of a statement does. Not seen are two definitions of
    one name that change places: functions of the same name from two modules, or two assignments.

    Raises
    ------
    ValueError
        If a module is not one of ours.
    """
    for name in modules:
        if _file(name) is None:
            raise ValueError(f"modules must be of {tuple(PACKAGES)}, got {name!r}")
    return _version(modules, _state())


def _state() -> str:
    """A digest of all our source files as they are now: while it stays, so do the versions."""
    digest = hashlib.sha256()
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{package} {path.relative_to(folder).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _version(modules: tuple[str, ...], state: str) -> str:
    sources = _sources(state)
    waiting = [(name, None) for name in modules]
    seen, statements = set(), set()
    while waiting:
        module, name = item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        source = sources[module]
        for statement in source.of(name):
            shown, needed = source.read(statement)
            statements.add(shown)
            waiting += needed
    return hashlib.sha256("\n".join(sorted(statements)).encode()).hexdigest()[:12]


class _Sources(dict[str, "_Source"]):
    """Our modules by their dotted names, each parsed when it is first asked for."""

    def __missing__(self, module: str) -> "_Source":
        self[module] = _Source(module, self)
        return self[module]


@lru_cache(maxsize=1)
def _sources(state: str) -> _Sources:
    return _Sources()


class _Source:
    """A module: its top-level statements by the names they define, and what its names mean."""

    def __init__(self, module: str, others: _Sources) -> None:
        self.module, self.others = module, others
        self._read: dict[ast.stmt, tuple[str, list[tuple[str, str | None]]]] = {}
        tree = ast.parse(_file(module).read_text(encoding="utf-8"))
        self.statements = [s for s in tree.body if not (_is_import(s) or _is_text(s))]
        self.defined: dict[str, list[ast.stmt]] = {}
        for statement in self.statements:
            for name in _defines(statement):
                self.defined.setdefault(name, []).append(statement)
        self.bound = {k: v for node in ast.walk(tree) for k, v in _imported(node)}

    def of(self, name: str | None) -> list[ast.stmt]:
        """The statements that define a name; for None all, for an imported one none."""
        if name is None:
            return self.statements
        acting = [s for s in self.statements if not any(True for _ in _defines(s))]
        return [*self.defined.get(name, ()), *acting]

    def read(self, statement: ast.stmt) -> tuple[str, list[tuple[str, str | None]]]:
        """A statement as text without docstrings and imports, and what of ours it needs."""
        if statement not in self._read:
            reader = _Reader(self)
            plain = reader.visit(_without_docstrings(ast.parse(ast.unparse(statement))))
            self._read[statement] = _shown(plain), reader.needed
        return self._read[statement]


class _Reader(ast.NodeTransformer):
    """Writes ``sampling.counts`` as ``counts``, drops imports, and notes what is needed."""

    def __init__(self, source: _Source) -> None:
        self.source, self.needed = source, []

    def _need(self, module: str, name: str) -> str:
        source = self.source.others[module]
        if name not in source.defined and name in source.bound:  # handed on by that module
            meant = source.bound[name]
            if meant.name is not None:
                return self._need(meant.module, meant.name)
            self.needed.append((meant.module, None))  # a module reached through another
            return name
        self.needed.append((module, name))
        return name

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        meant = self.source.bound.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if meant and meant.name is None and _file(meant.module):
            return ast.Name(self._need(meant.module, node.attr), node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        meant = self.source.bound.get(node.id)
        if meant and meant.name is not None:
            return ast.Name(self._need(meant.module, meant.name), node.ctx)
        if meant and _file(meant.module):  # a module handed on whole
            self.needed.append((meant.module, None))
        elif node.id in self.source.defined:
            self.needed.append((self.source.module, node.id))
        return node

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None


def _shown(node: object) -> str:
    """A syntax tree as text, the same from all versions of Python (`ast.dump` is not)."""
    if isinstance(node, ast.AST):
        fields = ((name, _shown(value)) for name, value in ast.iter_fields(node))
        inner = ", ".join(f"{name}={text}" for name, text in fields if text not in ("None", "[]"))
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{', '.join(map(_shown, node))}]"
    return repr(node)


def _file(module: str) -> Path | None:
    """The source of one of our modules; None for a folder without code, or another's module."""
    package, *rest = module.split(".")
    if package not in PACKAGES:
        return None
    base = PACKAGES[package].joinpath(*rest)
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def _imported(node: ast.AST) -> Iterator[tuple[str, _Name]]:
    """What an import binds: the local name, and what of ours it means.

    Raises
    ------
    ValueError
        For an import that does not say by name what it takes.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] in PACKAGES:
                if alias.asname is None:
                    raise ValueError(f"write 'from ... import', got 'import {alias.name}'")
                yield alias.asname, _Name(alias.name, None)
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
        for alias in node.names:
            if alias.name == "*":
                raise ValueError(f"imports must name what they take, got all of {node.module}")
            module = f"{node.module}.{alias.name}"
            meant = _Name(module, None) if _file(module) else _Name(node.module, alias.name)
            yield alias.asname or alias.name, meant


def _defines(statement: ast.stmt) -> Iterator[str]:
    """Names that a top-level statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    for node in ast.walk(statement) if isinstance(statement, ast.Assign | ast.AnnAssign) else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _is_text(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(getattr(value, "value", None), str)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
    return tree
