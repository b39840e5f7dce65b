"""What killed processes leave in the cache of phantoms, and what is said of them."""

import os
import signal
import subprocess
import sys
import time

import pytest

from rfe_study.phantom import cache
from rfe_study.phantom.domains import Patient


def test_what_is_half_written_goes_after_a_while(tmp_path):
    """Not at once: another process may be writing it."""
    old, new = (tmp_path / "sub-A" / "anat" / f".x.nii.gz.{pid}.partial" for pid in (1, 2))
    old.parent.mkdir(parents=True)
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 2 * cache.STALE,) * 2)
    cache.make_missing([], tmp_path)
    assert not old.exists() and new.exists()


def test_a_killed_worker_is_one_line(tmp_path, monkeypatch):
    real = subprocess.Popen

    def killed(command, **settings):
        kill = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
        return real([sys.executable, "-c", kill], **settings)

    monkeypatch.setattr(cache.subprocess, "Popen", killed)
    with pytest.raises(ChildProcessError, match=r"^a process that makes phantom .* was killed$"):
        cache.make_missing([Patient("A", "train", 1)], tmp_path, workers=1, progress=False)
