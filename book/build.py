"""Build the book: execute the notebooks that changed, stage everything, run Jupyter Book.

    python book/build.py

A notebook is executed when no executed copy exists for its key, a hash of all it depends on: its
own source, the modules of ours it imports (also through each other, with the JavaScript beside
them), the committed data and requirements.lock. Executed copies lie in _build/.notebooks, what
Jupyter Book reads in _build/src, the pages in _build/html. In a Markdown cell ``{{run_time}}``
becomes the measured time of that notebook, in words; in a Markdown page ``{{claims:scoreboard}}``
becomes the Markdown that claims.ipynb glued under the name "scoreboard".
"""

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import anywidget
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

BOOK = Path(__file__).resolve().parent
ROOT = BOOK.parent
BUILD = ROOT / "_build"
#: Our packages, whose code a notebook may depend on.
PACKAGES = {
    "rfe_core": ROOT / "rfe_core",
    "rfe_study": ROOT / "rfe_study",
    "rfe_book": BOOK / "rfe_book",
}
DATA_FOLDERS = ("results", "checkpoints", "explorer")
CELL_TIMEOUT_S = 300


def imported_modules(source: str) -> set[str]:
    """Dotted names of the modules of ours that Python source imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in PACKAGES}


def files_of(source: str) -> list[Path]:
    """Files of ours that Python source depends on: modules, and what lies beside a widget."""
    files, todo = set(), imported_modules(source)
    while todo:
        name = todo.pop()
        package, *rest = name.split(".")
        base = PACKAGES[package].joinpath(*rest)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file() and path not in files:
                files.add(path)
                files |= set(path.parent.glob(f"{path.stem}.js"))
                if path.name == "__init__.py":
                    files |= {*path.parent.glob("_*.js"), *path.parent.glob("*.css")}
                todo |= imported_modules(path.read_text())
                todo.add(name.rpartition(".")[0] or name)
    return sorted(files)


def data_files() -> list[Path]:
    """Committed data that any chapter may show, and rows made anew that it shows instead."""
    paths = [path for name in DATA_FOLDERS for path in (ROOT / "data" / name).rglob("*")]
    if anew := os.environ.get("RFE_RESULTS"):
        paths += (ROOT / anew).glob("*.csv")
    return sorted(path for path in paths if path.is_file())


def contents(paths: list[Path]) -> dict[str, bytes]:
    """What files of the repository hold, by their path in it."""
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def digest(files: dict[str, bytes]) -> str:
    """Hash of names and contents."""
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:24]


def code_of(notebook: nbformat.NotebookNode) -> str:
    """All Python of a notebook, without lines that only IPython understands."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return re.sub(r"(?m)^\s*[%!].*$", "", code)


def key_of(path: Path) -> str:
    """Hash of everything the executed copy of a notebook depends on."""
    notebook = nbformat.read(path, as_version=4)
    files = [path, *files_of(code_of(notebook)), *data_files(), ROOT / "requirements.lock"]
    shown = os.environ.get("RFE_PROFILE", "").encode()
    return digest(contents(files) | {"python": sys.version.encode(), "profile": shown})


def execute(path: Path, target: Path, threads: int) -> str | None:
    """Execute one notebook into `target`; return an error message, or None."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by numpy and torch in the kernel
    # Tests draw with "Agg", and a kernel that inherits it shows no figure.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(BOOK)}},
        store_widget_state=True,
        extra_arguments=["--log-level=ERROR"],
    )
    start = time.perf_counter()
    try:
        client.execute()
    except (CellExecutionError, TimeoutError) as error:
        number = max(n for n, cell in enumerate(notebook.cells) if cell.get("execution_count"))
        return f"{path.relative_to(ROOT)}, cell {number}:\n{error}"
    notebook.metadata["run_seconds"] = round(time.perf_counter() - start, 1)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    nbformat.write(notebook, partial)
    os.replace(partial, target)
    return None


def executed_notebooks(paths: list[Path]) -> dict[str, Path]:
    """Executed copy of each notebook by its file name, running two at a time what is missing."""
    copies = {path: BUILD / ".notebooks" / f"{path.stem}-{key_of(path)}.ipynb" for path in paths}
    missing = {path: copy for path, copy in copies.items() if not copy.exists()}
    if missing:
        print("Executing", ", ".join(path.name for path in missing), flush=True)
        cores = os.cpu_count() or 1
        workers = min(2, len(missing), cores)
        with ProcessPoolExecutor(workers) as pool:
            jobs = [pool.submit(execute, *job, max(1, cores // workers)) for job in missing.items()]
            errors = [error for job in jobs if (error := job.result())]
        if errors:
            sys.exit("The book was not built: a notebook failed.\n\n" + "\n\n".join(errors))
    for old in set((BUILD / ".notebooks").glob("*.ipynb")) - set(copies.values()):
        old.unlink()
    return {path.name: copy for path, copy in copies.items()}


def in_words(seconds: float) -> str:
    """A run time as a reader wants it: '8 seconds', 'about 2 minutes'."""
    if seconds < 60:
        return f"{max(1, round(seconds))} second{'s' if round(seconds) > 1 else ''}"
    return f"about {(minutes := round(seconds / 60))} minute{'s' if minutes > 1 else ''}"


def glued_markdown(notebook: dict) -> dict[str, str]:
    """The Markdown that an executed notebook glued, by name."""
    found = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            for mime, text in output.get("data", {}).items():
                if name and mime.endswith("text/markdown"):
                    found[name] = "".join(text)
    return found


def filled(page: str, text: str, glued: dict[str, dict[str, str]]) -> str:
    """A Markdown page with its ``{{notebook:name}}`` marks replaced by what notebooks glued."""

    def what(mark: re.Match) -> str:
        notebook, name = mark.groups()
        if name not in glued.get(notebook, {}):
            sys.exit(f"The book was not built: {page} asks for {mark[0]}, which is not glued.")
        return glued[notebook][name]

    return re.sub(r"\{\{([\w-]+):([\w-]+)\}\}", what, text)


def staged_files(notebooks: dict[str, Path]) -> dict[str, bytes]:
    """All that Jupyter Book reads, by its path below _build/src."""
    files = {}
    for path in BOOK.rglob("*"):
        name = path.relative_to(BOOK).as_posix()
        if path.is_file() and not re.search(r"(^|/)(\.|__pycache__)|\.ipynb$|^build\.py$|^rfe_book/", name):
            folder = "runtime/" if name.startswith("vendor/") else ""
            files[folder + name] = path.read_bytes()
    nbextension = Path(anywidget.__file__).parent / "nbextension" / "index.js"
    files["runtime/vendor/anywidget.js"] = nbextension.read_bytes()
    glued = {}
    for name, copy in notebooks.items():
        notebook = json.loads(copy.read_text())
        glued[Path(name).stem] = glued_markdown(notebook)
        words = in_words(notebook["metadata"].pop("run_seconds"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = "".join(cell["source"]).replace("{{run_time}}", words)
        files[name] = json.dumps(notebook, indent=1).encode()
    for name in [name for name in files if name.endswith(".md")]:
        files[name] = filled(name, files[name].decode(), glued).encode()
    return files


def stage(files: dict[str, bytes], folder: Path) -> None:
    """Make `folder` hold exactly `files`; what is equal stays untouched, so Sphinx skips it."""
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in folder.rglob("*"):
        if path.is_file() and (name := path.relative_to(folder)).as_posix() not in files:
            path.unlink()
            (BUILD / "html" / name).with_suffix(".html").unlink(missing_ok=True)


def main() -> None:
    """Bring _build/html up to date."""
    listed = re.findall(r"file: (\S+)", (BOOK / "_toc.yml").read_text())
    notebooks = executed_notebooks([p for p in sorted(BOOK.glob("*.ipynb")) if p.stem in listed])
    files = staged_files(notebooks)
    state = digest(files | contents([ROOT / "_config.yml", ROOT / "requirements.lock"]))
    stamp = BUILD / ".built"
    if stamp.exists() and stamp.read_text() == state and (BUILD / "html/index.html").exists():
        return print("Nothing changed since the last build.")
    stage(files, BUILD / "src")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "_build/src", "-W", "-q"]
    options = ["--path-output", ".", "--config", "_config.yml", "--keep-going"]
    if subprocess.run(command + options, cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
        # Sphinx remembers the pages it has read, so a second run would not warn again.
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        sys.exit("The book was not built: Jupyter Book reported the warnings or errors above.")
    stamp.write_text(state)


if __name__ == "__main__":
    main()
