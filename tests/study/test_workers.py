"""Workers that are killed: the command says so in one line."""

import signal
from concurrent.futures import CancelledError

import pytest

from rfe_study import workers
from rfe_study.command import cli, data


def test_a_killed_worker_process_is_one_line(monkeypatch, capsys):
    def killed(args):
        with workers.process_pool(1) as pool:
            pool.submit(signal.raise_signal, signal.SIGKILL).result()

    monkeypatch.setattr(data, "check", killed)
    assert cli.main(["data", "check", "x"]) == 2
    error = capsys.readouterr().err
    assert error == f"rfe: error: {cli.KILLED}; this goes on from here: rfe data check x\n"


def test_a_worker_that_a_cluster_loses_is_one_line(monkeypatch, capsys):
    distributed = pytest.importorskip("distributed")

    class Client:
        def __init__(self, address, timeout):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def nthreads(self):
            return {"a": 1}

        def get_executor(self, pure):
            return None

    class Connection:
        def close(self):
            pass

    monkeypatch.setattr(distributed, "Client", Client)
    monkeypatch.setattr(workers.socket, "create_connection", lambda *_, **__: Connection())
    lost = distributed.KilledWorker("job", "worker", 3)
    for error in (lost, CancelledError()):

        def broken(args, error=error):
            with workers.executor(1, "tcp://127.0.0.1:8786"):
                raise error

        monkeypatch.setattr(data, "check", broken)
        assert cli.main(["data", "check", "x"]) == 2
        printed = capsys.readouterr().err
        assert printed.startswith("rfe: error: workers of the scheduler at tcp://127.0.0.1:8786")
        assert type(error).__name__ in printed and printed.count("\n") == 1
        assert printed.endswith("this goes on from here: rfe data check x\n")
