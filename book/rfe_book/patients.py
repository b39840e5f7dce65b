"""Phantom patients in a chapter: while they are made, a line says what one waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from IPython.display import DisplayHandle, clear_output

from rfe_core.scans.subject import Subject
from rfe_study.phantom import cache
from rfe_study.phantom.domains import Patient


def phantom_subjects(patients: Iterable[Patient]) -> list[Subject]:
    """Phantom patients, from the cache, made first where it lacks them.

    Only then there is a line, which counts patients and seconds, and goes when all are made. It
    takes what else the cell has shown with it, so a cell asks for its patients first.
    """
    wanted, root = list(patients), cache.phantom_folder()
    if not (to_make := cache.missing(wanted, root)):
        return cache.phantom_subjects(wanted, progress=False)
    many = f"{len(to_make)} phantom patient{'s' if len(to_make) > 1 else ''}"

    def line(seconds: int) -> str:
        made = len(to_make) - len(cache.missing(to_make, root))
        return f"Making {many}, kept for the next time: {made} done after {seconds} s"

    with _shown_while(line):
        return cache.phantom_subjects(wanted, progress=False)


@contextmanager
def _shown_while(line: Callable[[int], str]) -> Iterator[None]:
    """Show a line, given the seconds since the beginning, anew every second."""
    begin, done, shown = time.monotonic(), Event(), DisplayHandle()
    shown.display({"text/plain": line(0)}, raw=True)

    def tick() -> None:
        while not done.wait(1):
            seconds = round(time.monotonic() - begin)
            shown.update({"text/plain": line(seconds)}, raw=True)

    ticking = Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield
    finally:
        done.set()
        ticking.join()
        clear_output()
