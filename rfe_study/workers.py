"""Where long jobs run: in this process, in worker processes of one thread each, or on a cluster."""

import multiprocessing.connection
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch


def worker_number() -> int:
    """0 for the first worker process (and for the main one), 1 for the next: its bar's line."""
    _, _, number = multiprocessing.current_process().name.rpartition("-")
    return int(number) - 1 if number.isdigit() else 0


#: PyTorch's generator and number of threads belong to the process, so its threads take turns.
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, and alone in this process: the same numbers whoever runs it."""
    with _ONE_AT_A_TIME:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _start() -> None:
    """Begin a worker process: one thread, and an end when its parent is gone, even if killed.

    Ctrl-C in a terminal reaches it too; its parent alone answers, and ends it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()

    def leave_with_parent() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes with one thread each, which end if this process is interrupted.

    Raises
    ------
    ValueError
        If `workers` < 1.
    concurrent.futures.BrokenExecutor
        If a process is killed.
    """
    if workers < 1:
        raise ValueError(f"jobs must be >= 1, got {workers}")
    before = set(multiprocessing.active_children())
    # spawn, not fork: PyTorch's threads do not survive a fork
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


class SerialExecutor(Executor):
    """Runs each job at once, in this process: for debugging, and for a single core."""

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Run ``fn(*args, **kwargs)``; the future is done when this returns."""
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # handed on by the future, as other executors do
            future.set_exception(error)
        return future


@contextmanager
def executor(workers: int, scheduler: str | None = None) -> Iterator[tuple[Executor, int]]:
    """An executor, and how many jobs to hand to it at a time.

    Parameters
    ----------
    workers : int
        1: jobs run in this process; more: in as many worker processes.
    scheduler : str, optional
        Address of a Dask scheduler; then its workers run the jobs, see `dask_cluster`.

    Raises
    ------
    ValueError
        If there is no scheduler at the address, or it has no workers.
    ChildProcessError
        If the cluster loses a worker in the middle of a job.
    """
    if scheduler is not None:
        with dask_cluster(scheduler) as found:
            yield found
    elif workers == 1:
        yield SerialExecutor(), 1
    else:
        with process_pool(workers) as pool:
            yield pool, 2 * workers


@contextmanager
def dask_cluster(scheduler: str) -> Iterator[tuple[Executor, int]]:
    """The workers of a Dask scheduler, ``tcp://host:8786``, as an executor.

    They need this package, and this repository's ``data`` folder at the same path.
    """
    try:
        # only here: an extra of this package, and its import takes a second
        from distributed import Client, KilledWorker
        from distributed.comm import get_address_host_port
    except ImportError:
        raise ValueError(
            "a scheduler needs the package distributed, which is not installed; "
            "pip install distributed"
        ) from None
    try:
        # A client that finds nobody waits long, and complains again when it is forgotten.
        socket.create_connection(get_address_host_port(scheduler), timeout=10).close()
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"scheduler must be the address of a running Dask scheduler, got {scheduler!r} "
            f"({error})"
        ) from None
    with client:
        slots = sum(client.nthreads().values())
        if slots == 0:
            raise ValueError(f"the scheduler at {scheduler} must have workers, got none")
        try:
            yield client.get_executor(pure=False), 2 * slots
        except (KilledWorker, CancelledError) as error:
            raise ChildProcessError(
                f"workers of the scheduler at {scheduler} were lost ({type(error).__name__})"
            ) from None
