"""What each module loads, measured in processes of their own."""

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

import rfe_core

ROOT = Path(rfe_core.__file__).parent

#: The rest needs SciPy (prior), safetensors (checkpoints), tqdm (training) or nibabel (scans).
WITH_TORCH_ALONE = """adjacency batches checks distances divergence evaluation exact files losses
    metrics ncc pair_sums patches random_feature_embedding sampling settings strategies
    unet""".split()
WITHOUT_TORCH = """rfe_core.batches rfe_core.divergence rfe_core.files rfe_core.metrics
    rfe_core.patches rfe_core.settings rfe_study.phantom.bids rfe_core.scans.load
    rfe_study.command.cli rfe_study.methods.profiles rfe_study.phantom.cache rfe_study.phantom.heads
    rfe_study.provenance rfe_study.realism.check rfe_study.realism.fidelity
    rfe_study.results""".split()

BLOCK = """
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)

sys.meta_path.insert(0, Blocked())
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def installed_by(*packages):
    """Import names of packages and of all they require."""
    found, waiting = set(), list(packages)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        wanted = [r for r in requires(name) or () if "extra ==" not in r]
        named = {re.match(r"[\w.-]+", r)[0] for r in wanted}
        waiting += [n for n in named if not n.startswith(("nvidia", "cuda", "triton"))]
    return {name.lower().replace("-", "_") for name in found} | {"functorch", "torchgen"}


def run_with(allowed, code):
    return run(f"ALLOWED = {sorted(allowed | {'rfe_core'})}\n{BLOCK}\n{code}")


@pytest.fixture(scope="module")
def allowed():
    return installed_by("torch", "numpy")


def test_the_method_needs_torch_and_numpy_alone(allowed):
    """Scores of voxels and crops of patients too, once they are called."""
    code = f"""
for name in {WITH_TORCH_ALONE}:
    importlib.import_module(f"rfe_core.{{name}}")
import numpy as np
from rfe_core import metrics, patches
assert metrics.f_score([1, 0], [1, 0]) == 1
assert patches.normalise(np.arange(4.0), np.ones(4, bool)).max() > 1
"""
    done = run_with(allowed, code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "package"), [("prior", "scipy"), ("scans.nifti", "nibabel")], ids=str
)
def test_what_needs_more_would_be_seen(allowed, module, package):
    done = run_with(allowed, f"import rfe_core.{module}")
    assert done.returncode == 1 and f"No module named '{package}" in done.stderr


def test_modules_that_need_no_torch_do_not_load_it():
    done = run(
        f"import sys, importlib\nfor name in {['rfe_core', *WITHOUT_TORCH]}:\n"
        "    importlib.import_module(name)\n    assert 'torch' not in sys.modules, name"
    )
    assert done.returncode == 0, done.stderr


def test_the_package_imports_the_loss_when_it_is_asked_for():
    assert isinstance(rfe_core.PixelEmbeddingLoss, type)
    with pytest.raises(AttributeError, match="module 'rfe_core' has no attribute 'Nothing'"):
        rfe_core.Nothing  # noqa: B018


def test_the_table_of_contents_names_every_module():
    named = set(re.findall(r"`(\w+)", rfe_core.__doc__))
    modules = {path.stem for path in ROOT.glob("*.py")} - {"__init__"}
    assert modules <= named
