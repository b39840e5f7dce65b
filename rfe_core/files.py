"""Files that are whole or not there: written beside their place, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A path to write to, ``.NAME.PID.partial``, which takes the place of `path` in the end.

    A reader sees the old file or the new one, whole, also when the writer is killed or there are
    two. If the block raises, the old file stays; an OSError names it. The folder is made if needed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:  # that of a full disk names no file
            error.filename = error.filename or str(path)
        raise
