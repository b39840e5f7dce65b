"""A worker trains and scores as the study does, here on the CPU."""

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import checkpoints
from rfe_core.patches import extract
from rfe_core.training import build
from rfe_study.gpu import scores, shared, worker
from rfe_study.methods.bounds import BRANCH
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.method import Method
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import Patient
from rfe_study.runs import baselines, networks, tuning
from rfe_study.tables import CURVES, MODELS, SCORES

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:The given NumPy array is not writable"),
]

SMOKE = PROFILES["smoke"]
WHO = Patient("B", "dev", 1)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Crops of A and B, a head of B, and the weights that models start from."""
    monkeypatch.setattr(worker.training, "patch_f_score", worker.training.patch_f_score)
    for name in ("heads", "crops", "weights", "sweep"):
        (tmp_path / name).mkdir()
    for seed, letter in enumerate("AB"):
        subject = tiny_subject(f"{letter}dev1", seed=seed, domain=letter, shape=(70, 70, 60))
        sets = extract([subject], 24, generator=np.random.default_rng(seed), size=32)
        for side, part in zip(("train", "val"), sets, strict=True):
            shared.save_patches(shared.crops_folder(tmp_path, letter, 0, side), part)
    head = scores.cut(subject, WHO.role, build(SMOKE, 0).multiple)
    arrays = {name: getattr(head, name) for name in ("images", "brain", "lesion", "voxels")}
    shared.save_arrays(
        tmp_path / "heads" / WHO.name, arrays | {"mm3": head.mm3, "box": np.array(head.box)}
    )
    path = tmp_path / "weights" / networks.file_name("smoke", BRANCH, 0)
    checkpoints.save_weights(path, build(SMOKE, 0), {"model": BRANCH})
    return tmp_path


def test_arrays_that_cannot_be_written_leave_nothing(tmp_path):
    class Bad:
        def __array__(self, *_, **__):
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        shared.save_arrays(tmp_path / "a" / "b", {"good": np.ones(2), "bad": Bad()})
    assert list((tmp_path / "a").iterdir()) == []
    shared.save_arrays(tmp_path / "a" / "b", {"good": np.ones(2)})
    assert [path.name for path in (tmp_path / "a").rglob("*")] == ["b", "good.npy"]


def test_a_model_is_tuned_as_by_the_sweep(root):
    embedding = RandomFeatureEmbedding(strategy="80/20", n_e=20)
    method = Method(name="x", group="rfe", rate=1.0, embedding=embedding)
    job = tuning.Job(
        profile=SMOKE,
        experiment="search",
        target="B",
        method=method,
        seed=0,
        baselines=root / "weights",
        weights=root / "sweep",
    )
    made = worker.Worker(root, SMOKE, "cpu", print).tune(job, [WHO], keep=True)
    crops = {
        key: shared.patches(shared.crops_folder(root, *key))
        for key in (("A", 0, "train"), ("B", 0, "train"), ("A", 0, "val"), ("B", 0, "val"))
    }
    first, second, on_a, on_b = crops.values()
    some = slice(SMOKE.subset)
    model = networks.load(job.branch).model
    validation = {"A": on_a, "B": on_b}
    outcome, kept = tuning.tuned(
        job, model, first.subset(some), second.subset(some), validation, born={}
    )
    losses = [row["loss"] for row in outcome.history]
    assert [row["loss"] for row in made[CURVES]] == pytest.approx(losses)
    (row,) = made[MODELS]
    assert row["status"] == tuning.FINISHED
    assert row["weights"] == checkpoints.weights_digest(job.path())
    assert row["threshold_a"] == pytest.approx(outcome.about["threshold_a"], abs=1e-4)
    stored = checkpoints.load_model(job.path()).state_dict()
    assert all(torch.allclose(stored[k], v) for k, v in kept.state_dict().items())
    (line,) = made[SCORES]
    assert (line["subject"], line["weights"]) == ("Bdev1", row["weights"])


def test_a_bound_keeps_its_branch_once_and_tells_it(root):
    told, (old,) = [], root.glob("weights/*")
    before = old.read_bytes()
    job = baselines.Job(profile=SMOKE, model="lower", seed=0, weights=root / "weights")
    made = worker.Worker(root, SMOKE, "cpu", told.append).bound(job)
    assert told == ["branch-lower-0"] and old.read_bytes() == before
    about = checkpoints.read_about(job.path())
    assert about["model"] == "lower" and 0 <= about["threshold_a"] < 1
    assert [row["epoch"] for row in made["learning-curves"]] == list(range(1, SMOKE.epochs + 1))
    old.unlink()
    worker.Worker(root, SMOKE, "cpu", told.append).bound(job)
    assert checkpoints.read_about(old)["history"][-1]["epoch"] == SMOKE.branch_epoch
