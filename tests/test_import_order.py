"""The core stays a stack: a module imports only from its own storey or from below."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).parents[1] / "rfe_core"

# From the ground up, as in the design. A new module gets its place here.
STOREYS = [
    set(names.split())
    for names in (
        """adjacency arguments distances divergence domains exercises intervals lesions metrics
        nifti profiles sampling source tables templates unet""",
        """batches binned checkpoints embedding_plane exact landscape losses monte_carlo pair_sums
        histograms patches phantom prior probes protocols realistic scan_statistics scanner
        self_training volumes
        bids datacheck discovery layouts phantom_cache realistic_lesions subject""",
        """evaluation fine_tuning gradient_noise methods random_feature_embedding training
        workers""",
        """adaptation adaptation_claims adaptation_search adaptation_summary adaptation_tables
        adaptation_verdicts baselines embedding_cost experiments explorer explorer_masks
        fidelity gap lesion_hits prior_noise prior_quality real_scans real_tables realism
        representativeness results scoreboard scoring shift sweep sweep_claims sweep_tables
        sweep_verdicts target_crops variants verdicts""",
        """plots plots_adaptation plots_baselines plots_divergence plots_embedding plots_exact
        plots_prior plots_real plots_sampling plots_sweep plots_unet widgets""",
        "adapt_commands cli commands sweep_commands",
    )
]
STOREY = {name: number for number, names in enumerate(STOREYS) for name in names}
NEEDS_TORCH = set(
    """adaptation adaptation_claims adaptation_search adaptation_summary adaptation_tables
    adaptation_verdicts adjacency baselines checkpoints distances embedding_plane evaluation exact
    experiments
    explorer_masks fine_tuning gap gradient_noise landscape lesion_hits losses methods
    monte_carlo pair_sums plots_adaptation plots_sweep plots_unet prior prior_quality probes
    random_feature_embedding real_scans representativeness sampling scoreboard scoring
    self_training sweep sweep_claims sweep_tables sweep_verdicts target_crops training unet
    variants workers""".split()
)


def siblings(path):
    """Names of the rfe_core modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: write 'from rfe_core', not a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("rfe_core.")}
    return found


def modules():
    """Every module of the core (widgets count as one) and its files."""
    files = {path.stem: [path] for path in CORE.glob("*.py") if path.stem != "__init__"}
    return files | {"widgets": sorted((CORE / "widgets").glob("*.py"))}


MODULES = modules()
IMPORTS = {
    name: set().union(*map(siblings, files)) & MODULES.keys() - {name}
    for name, files in MODULES.items()
}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_only_from_its_storey_or_below(name):
    assert name in STOREY, f"give rfe_core/{name}.py its place in STOREYS"
    above = {other for other in IMPORTS[name] if STOREY[other] > STOREY[name]}
    assert not above, f"{name} imports from a storey above it: {sorted(above)}"


@pytest.mark.parametrize("name", sorted(STOREYS[0] & MODULES.keys()))
def test_ground_floor_stands_alone(name):
    assert not IMPORTS[name]


def test_no_module_needs_itself():
    graphlib.TopologicalSorter(IMPORTS).prepare()


def test_modules_that_need_no_torch_do_not_load_it():
    names = [f"rfe_core.{name}" for name in sorted(MODULES.keys() - NEEDS_TORCH)]
    code = f"import sys, {', '.join(names)}\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_relative_or_upward_import_would_be_seen(tmp_path):
    module = tmp_path / "x.py"
    module.write_text("def f():\n    from rfe_core import cli\n    import rfe_core.training as t\n")
    assert siblings(module) == {"cli", "training"}
