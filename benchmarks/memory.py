"""Memory that a call takes beyond what is there before it, in a process of its own (Linux).

It is the rise of the resident set's peak over its state before the call. The process has run once
on little, hands freed memory back at once (MALLOC_MMAP_THRESHOLD_) and resets the peak
(``/proc/self/clear_refs``).
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def peak_mb(script: str, *arguments: str) -> float:
    """What a benchmark prints that is run with ``--memory`` and these arguments."""
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, script, "--memory", *arguments]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def print_peak_mb(run: Callable[[], object]) -> None:
    """Print MB that a call takes; what it works on is there already."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = _kilobytes("VmRSS")
    run()
    print((_kilobytes("VmHWM") - before) / 1024)


def _kilobytes(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(field)]
    return int(line.split()[1])
