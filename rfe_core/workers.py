"""Worker processes for long jobs: one thread each, gone when the main process is interrupted."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import torch


def worker_number() -> int:
    """0 for the first worker process (and for the main one), 1 for the next: its bar's line."""
    _, _, number = multiprocessing.current_process().name.rpartition("-")
    return int(number) - 1 if number.isdigit() else 0


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes with one thread each, which end if this process is interrupted."""
    if workers < 1:
        raise ValueError(f"jobs must be >= 1, got {workers}")
    before = set(multiprocessing.active_children())
    # spawn, not fork: PyTorch's threads do not survive a fork
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=torch.set_num_threads,
        initargs=(1,),
    )
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
