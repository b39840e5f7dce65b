"""One run at a time writes into a folder, and what a killed one left half written goes.

The operating system holds the lock, so it ends with the process, however that ends; what a killed
run leaves of it is a small file that the next run takes over.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from rfe_study.command.errors import CommandError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

#: Where Windows locks a byte of the file; other processes still read what is before it.
FAR = 1 << 20


@contextmanager
def alone(command: str, folders: Iterable[Path]) -> Iterator[None]:
    """Hold folders, made if needed, for one run of ``rfe COMMAND``; other commands may write there.

    Raises
    ------
    CommandError
        Another run of that command writes into one of them: names folder and process.
    """
    with ExitStack() as held:
        for folder in sorted({Path(folder).resolve() for folder in folders}):
            held.enter_context(_alone(command, folder))
        yield


@contextmanager
def _alone(command: str, folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".rfe-{command.replace(' ', '-')}.lock"
    file = _locked(path, command)
    try:
        file.truncate(0)
        try:
            os.write(file.fileno(), f"process {os.getpid()}".encode())
        except OSError as error:  # that of a full disk names no file
            error.filename = str(path)
            raise
        yield
    finally:
        if fcntl is not None:  # while it is locked, so that nobody takes the name just before
            path.unlink(missing_ok=True)
        file.close()
        if fcntl is None:
            with suppress(PermissionError):  # the next run has opened it already
                path.unlink(missing_ok=True)


def _locked(path: Path, command: str) -> IO[str]:
    """The open lock file of that name, locked by this process."""
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise CommandError(
                f"rfe {command} already writes into {path.parent} ({holder}); wait until it is "
                "done, or choose another folder with --out"
            ) from None
        except BaseException:
            file.close()
            raise
        # Its last holder may have removed the name between opening and locking, and the next one,
        # of another file by that name, may do so at any time.
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        file.close()


def _lock(file: IO[str]) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)


def remove_partial(paths: Iterable[Path]) -> None:
    """Delete what a killed run left of these files while it wrote them; call it inside `alone`.

    `rfe_core.files.replacing` writes ``.NAME.PID.partial`` first.
    """
    for path in paths:
        if path.parent.is_dir():
            for partial in path.parent.iterdir():
                if partial.name.startswith(f".{path.name}.") and partial.suffix == ".partial":
                    partial.unlink()
