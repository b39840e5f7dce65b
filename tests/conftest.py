"""Settings and fixtures of all tests; settings are made before numpy and torch are loaded."""

import os

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny tensors: a second thread only gets in the way


@pytest.fixture(scope="module")
def one_thread():
    """Sums in the same order whatever the machine: networks trained twice are equal to the bit."""
    import torch  # not above: a run of other tests alone needs none

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
