"""Where a row was born: versions of code, phantom and packages, the machine, the commit."""

import ast
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from rfe_study.versions import PACKAGES, ROOT, code_version

#: What makes a phantom patient.
PHANTOM = "rfe_study.phantom.heads"

#: Versions of libraries that can change a number, as columns of a row.
LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "nilearn")

#: Columns that `certificate` gives a row, after those of the row's own settings.
COLUMNS = (
    *("code_version", "phantom_version", "commit"),
    *(library.replace("-", "_") for library in LIBRARIES),
    *("hardware", "date"),
)

#: The name of the phantom whose rows are stored, by the version of its source. Sources that make
#: the same patients share a name: `test_frozen.py` shows that they do.
FROZEN = {"1ac361a31cd6": "2.0-1ac361a31cd6"}


# As all is when this process first asks: later edits did not make its numbers.
_own_version, _installed = cache(code_version), cache(version)


@cache
def phantom_version() -> str:
    """Version of the phantom and of its code, e.g. ``"2.0-3f2a9c81d0b7"``."""
    source = _own_version(PHANTOM)
    if source in FROZEN:
        return FROZEN[source]
    # Read, not imported: the phantom brings the brain atlas's packages with it.
    tree = ast.parse(Path(find_spec(PHANTOM).origin).read_text(encoding="utf-8"))
    (number,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION"
    )
    return f"{number}-{source}"


def hardware(device: str = "cpu", threads: int = 1) -> str:
    """The machine in words: ``"cpu: <model>, 1 thread"`` or ``"gpu: <model>"``."""
    if device != "cpu":
        import torch  # only here: reading results needs no torch

        return f"gpu: {torch.cuda.get_device_name(device)}"
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = [s for s in lines if s.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"cpu: {model}, {threads} thread{'s' if threads != 1 else ''}"


def git(*arguments: str) -> str | None:
    """What git prints about this repository; None if it fails, or if there is no git or no copy."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:  # no git on this machine
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def commit() -> str:
    """The commit this process runs from, with "+" if files differ from it.

    Outside git, on a machine that got the code alone: what RFE_COMMIT says, "" if it is not set.
    """
    changed = git("status", "--porcelain", "--untracked-files=no", "--", *PACKAGES)
    own = git("rev-parse", "--short=12", "HEAD") or os.environ.get("RFE_COMMIT", "")
    return own + ("+" if changed else "")


def certificate(*modules: str, device: str = "cpu", threads: int = 1) -> dict[str, str]:
    """The columns that say where a row was born, apart from its own settings.

    `modules` are those whose code made it.
    """
    return {
        "code_version": _own_version(*modules),
        "phantom_version": phantom_version(),
        "commit": commit(),
        **{library.replace("-", "_"): _installed(library) for library in LIBRARIES},
        "hardware": hardware(device, threads),
        "date": datetime.now(UTC).date().isoformat(),
    }
