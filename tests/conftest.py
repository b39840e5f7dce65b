"""Settings and fixtures of all tests; settings are made before numpy and torch are loaded."""

import os

import pytest
from hypothesis import HealthCheck, settings

# No test may fail because the machine is busy: no deadlines, and no limit on the time that making
# an example takes. CI draws the same examples every time.
settings.register_profile(
    "patient",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["RFE_STRICT"] = "1"  # as the builder sets it, see rfe_book.findings.must_hold
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny tensors: a second thread only gets in the way


LONGEST = ("test_the_whole_pipeline_on_tiny_patients", "test_ten_kills_change_nothing")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One worker more than cores: many tests wait for a browser, a kernel or a command."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """The longest tests come first, or all workers but one would wait for one at the end."""
    items.sort(key=lambda item: item.name not in LONGEST)


@pytest.fixture(scope="module")
def one_thread():
    """Sums in the same order whatever the machine: networks trained twice are equal to the bit."""
    import torch  # not above: a run of other tests alone needs none

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def ball_anatomy():
    """A ball of white matter in a shell of gray, CSF around it; one lesion."""
    import numpy as np

    from rfe_study.phantom import heads

    shape = (40, 44, 30)
    radius = np.sqrt(sum((np.indices(shape)[k] - (shape[k] - 1) / 2) ** 2 for k in range(3)))
    wm = 1 / (1 + np.exp(radius - 8)).astype(np.float32)
    gm = (1 / (1 + np.exp(radius - 11)) - wm).clip(0, 1).astype(np.float32)
    brain = radius < 14
    lesion = np.hypot(*(np.indices(shape)[k] - c for k, c in ((0, 20), (1, 22)))) < 2
    lesion &= radius < 5
    damage = lesion.astype(np.float32)
    csf = np.clip(1 - gm - wm, 0, 1)
    tissues = np.stack([csf, gm * (1 - damage), wm * (1 - damage), damage * (1 - csf)]) * brain
    return heads.Anatomy(
        tissues=tissues.astype(np.float32),
        flow=np.zeros(shape, np.float32),
        wm_probability=wm * brain,
        gm_probability=gm * brain,
        ventricle_distance_mm=radius.astype(np.float32),
        lesion_mask=lesion,
        brain_mask=brain,
    )
