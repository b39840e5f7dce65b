"""Build the book: execute the notebooks that changed, stage everything, run Jupyter Book.

    python book/build.py

A notebook is executed when no executed copy exists for its key, a hash of all it depends on: its
own source, the modules of ours it imports (also through each other, with the JavaScript and style
files beside them), the data it may show and requirements.lock (`page_key`). Executed copies lie in
_build/.notebooks, what Jupyter Book reads in _build/src, the pages in _build/html. In a
Markdown cell ``{{run_time}}`` becomes the measured time of that notebook, in words; in a Markdown
page ``{{claims:scoreboard}}`` becomes the Markdown that claims.ipynb glued under the name
"scoreboard".
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from page_key import BOOK, ROOT, contents, digest, key_of

BUILD = ROOT / "_build"
CELL_TIMEOUT_S = 300
#: Below book/, what Jupyter Book does not read: code, and notebooks before they are executed.
NOT_STAGED = re.compile(r"(^|/)(\.|__pycache__)|\.ipynb$|^(build|page_key)\.py$|^rfe_book/")


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
        if path.is_file() and not NOT_STAGED.search(name):
            folder = "runtime/" if name.startswith("vendor/") else ""
            files[folder + name] = path.read_bytes()
    glued = {}
    for name, copy in notebooks.items():
        notebook = json.loads(copy.read_text(encoding="utf-8"))
        glued[Path(name).stem] = glued_markdown(notebook)
        words = in_words(notebook["metadata"].pop("run_seconds"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = "".join(cell["source"]).replace("{{run_time}}", words)
        files[name] = json.dumps(notebook, indent=1).encode()
    for name in [name for name in files if name.endswith(".md")]:
        files[name] = filled(name, files[name].decode("utf-8"), glued).encode("utf-8")
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
    for name in ("RFE_DATA", "RFE_RESULTS"):  # kernels work in another folder
        if folder := os.environ.get(name):
            os.environ[name] = str(Path(folder).absolute())
    listed = re.findall(r"file: (\S+)", (BOOK / "_toc.yml").read_text(encoding="utf-8"))
    notebooks = executed_notebooks([p for p in sorted(BOOK.glob("*.ipynb")) if p.stem in listed])
    files = staged_files(notebooks)
    state = digest(files | contents([ROOT / "_config.yml", ROOT / "requirements.lock"]))
    stamp = BUILD / ".built"
    if (
        stamp.exists()
        and stamp.read_text(encoding="utf-8") == state
        and (BUILD / "html/index.html").exists()
    ):
        return print("Nothing changed since the last build.")
    stage(files, BUILD / "src")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "_build/src", "-W", "-q"]
    options = ["--path-output", ".", "--config", "_config.yml", "--keep-going"]
    if subprocess.run(command + options, cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
        # Sphinx remembers the pages it has read, so a second run would not warn again.
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        sys.exit("The book was not built: Jupyter Book reported the warnings or errors above.")
    stamp.write_text(state, encoding="utf-8")


if __name__ == "__main__":
    main()
