"""Executed copies of the notebooks, made when something changed that they depend on.

A notebook is executed when no executed copy exists for its key, a hash of all it depends on: its
own source, the modules of ours it imports (also through each other, with the JavaScript and style
files beside them), the data it may show and requirements.lock (`page_key`). The copies lie in
_build/.notebooks.
"""

import os
import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path

from page_key import ROOT, SourceError, keys_of

BUILD = ROOT / "_build"


def executed_notebooks(paths: list[Path]) -> dict[str, Path]:
    """Executed copy of each notebook by its file name, running two at a time what is missing."""
    try:
        keys = keys_of(paths).items()
    except SourceError as error:
        sys.exit(f"The book was not built: {error}")
    copies = {path: BUILD / ".notebooks" / f"{path.stem}-{key}.ipynb" for path, key in keys}
    missing = {path: copy for path, copy in copies.items() if not copy.exists()}
    if missing:
        from kernel import execute  # three seconds, which a build without changes need not take

        print("Executing", ", ".join(path.name for path in missing), flush=True)
        cores = os.cpu_count() or 1
        workers = min(2, len(missing), cores)
        os.environ["RFE_STRICT"] = "1"  # a sentence that no longer holds is an error of the book
        try:
            with ProcessPoolExecutor(workers) as pool:
                threads = max(1, cores // workers)
                jobs = [pool.submit(execute, *job, threads) for job in missing.items()]
                errors = [error for job in jobs if (error := job.result())]
        except BrokenExecutor:
            sys.exit(
                "The book was not built: a process that executes notebooks was killed, perhaps for "
                "want of memory; the same command goes on with those that are left"
            )
        if errors:
            sys.exit("The book was not built: a notebook failed.\n\n" + "\n\n".join(errors))
    for old in set((BUILD / ".notebooks").glob("*.ipynb")) - set(copies.values()):
        old.unlink()
    return {path.name: copy for path, copy in copies.items()}
