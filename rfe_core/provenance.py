"""Where a row was born: versions of code, phantom and packages, the machine, the commit.

A version of code is a hash of what the code says, not of where it stands, so a function that
moves to another module, or a module that moves to another folder, keeps it.
"""

import ast
import hashlib
import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Our packages that can decide a number, and where they lie.
PACKAGES = {name: ROOT / name for name in ("rfe_core", "rfe_study")}
#: What makes a phantom patient.
PHANTOM = "rfe_core.phantom"
#: Versions of libraries that can change a number, as columns of a row.
LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "nilearn")

#: Columns that `certificate` gives a row, after those of the row's own settings.
COLUMNS = (
    *("code_version", "phantom_version", "commit"),
    *(library.replace("-", "_") for library in LIBRARIES),
    *("hardware", "date"),
)

#: The name of the phantom whose rows are stored, by the version of its source. Sources that make
#: the same patients share a name: `test_frozen.py` shows that they do.
FROZEN = {"2ac16b83a4bc": "1.0-1c0c2aaca615"}


def code_version(*modules: str) -> str:
    """First 12 hex digits of the SHA-256 over all statements that `modules` need.

    That is every top-level statement of the modules, dotted names, and of every module of ours that
    they import, also through each other. Comments, docstrings, layout, imports, and the names and
    order of modules do not change it; anything that can change a number does.

    Raises
    ------
    ValueError
        If a module is not one of ours.
    """
    statements = set()
    for path in _needed(modules):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        renamed = _WithoutModules(tree)
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom) or _is_text(statement):
                continue
            statements.add(ast.dump(renamed.visit(_without_docstrings(statement))))
    return hashlib.sha256("\n".join(sorted(statements)).encode()).hexdigest()[:12]


def _needed(modules: tuple[str, ...]) -> set[Path]:
    """Files of the modules and of all of ours that they import."""
    found, waiting = set(), list(modules)
    for name in modules:
        if _file(name) is None:
            raise ValueError(f"modules must be of {tuple(PACKAGES)}, got {name!r}")
    while waiting:
        path = _file(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            waiting += [target for _, target, _ in _imported(node)]
    return found


def _file(module: str) -> Path | None:
    """The source of one of our modules; None for a folder without code, or another's module."""
    package, *rest = module.split(".")
    if package not in PACKAGES:
        return None
    base = PACKAGES[package].joinpath(*rest)
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def _imported(node: ast.AST) -> Iterator[tuple[str, str, str | None]]:
    """What an import binds: local name, the module of ours, and the name in it (None: itself)."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] in PACKAGES:
                yield alias.asname or alias.name, alias.name, None
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
        for alias in node.names:
            local, module = alias.asname or alias.name, f"{node.module}.{alias.name}"
            if _file(module) is not None or PACKAGES[module.split(".")[0]].joinpath(
                *module.split(".")[1:]
            ).is_dir():
                yield local, module, None
            else:
                yield local, node.module, alias.name


class _WithoutModules(ast.NodeTransformer):
    """``sampling.counts`` becomes ``counts``; imports inside functions go."""

    def __init__(self, tree: ast.Module) -> None:
        bound = [item for node in ast.walk(tree) for item in _imported(node)]
        self.modules = {local for local, _, name in bound if name is None}
        self.names = {local: name for local, _, name in bound if name is not None}

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in self.modules:
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(
        getattr(statement.value, "value", None), str
    )


def _without_docstrings(statement: ast.stmt) -> ast.stmt:
    for node in ast.walk(statement):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return statement


# As the code is when this process first asks: later edits did not make its numbers.
_own_version = cache(code_version)


@cache
def phantom_version() -> str:
    """Version of the phantom and of its code, e.g. ``"1.0-3f2a9c81d0b7"``."""
    source = _own_version(PHANTOM)
    if source in FROZEN:
        return FROZEN[source]
    # Read, not imported: the phantom brings the brain atlas's packages with it.
    tree = ast.parse(_file(PHANTOM).read_text(encoding="utf-8"))
    (number,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION"
    )
    return f"{number}-{source}"


def hardware(device: str = "cpu", threads: int = 1) -> str:
    """The machine in words: ``"cpu: <model>, 1 thread"`` or ``"gpu: <model>"``."""
    if device != "cpu":
        import torch  # only here: reading results needs no torch

        return f"gpu: {torch.cuda.get_device_name(device)}"
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [s for s in cpuinfo.read_text().splitlines() if s.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"cpu: {model}, {threads} thread{'s' if threads != 1 else ''}"


@cache
def commit() -> str:
    """The commit this process runs from, with "+" if files differ from it; "" outside git."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", *PACKAGES)
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except FileNotFoundError:  # no git on this machine
        return ""


def certificate(*modules: str, device: str = "cpu", threads: int = 1) -> dict[str, str]:
    """The columns that say where a row was born, apart from its own settings.

    `modules` are those whose code made it.
    """
    return {
        "code_version": _own_version(*modules),
        "phantom_version": phantom_version(),
        "commit": commit(),
        **{library.replace("-", "_"): version(library) for library in LIBRARIES},
        "hardware": hardware(device, threads),
        "date": datetime.now(UTC).date().isoformat(),
    }
