"""Executed copies of the notebooks, made when something changed that they depend on.

A notebook is executed when no executed copy exists for its key, a hash of all it depends on: its
own source, the modules of ours it imports (also through each other, with the JavaScript and style
files beside them), the data it may show and requirements.lock (`page_key`). The copies lie in
_build/.notebooks.
"""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from expressions import Client, ExpressionError
from nbclient.exceptions import CellExecutionError
from page_key import BOOK, ROOT, key_of

BUILD = ROOT / "_build"
CELL_TIMEOUT_S = 300


def execute(path: Path, target: Path, threads: int) -> str | None:
    """Execute one notebook into `target`; return an error message, or None."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by numpy and torch in the kernel
    # Tests draw with "Agg", and a kernel that inherits it shows no figure.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    notebook = nbformat.read(path, as_version=4)
    client = Client(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(BOOK)}},
        store_widget_state=True,
        extra_arguments=["--log-level=CRITICAL"],  # at its end each says that it is interrupted
    )
    start = time.perf_counter()
    try:
        client.execute()
    except ExpressionError as error:
        return f"{path.relative_to(ROOT)}, {error}"
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
