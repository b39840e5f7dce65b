"""Variants: whose crops a network learns from, and training that goes on where it stopped."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import checkpoints
from rfe_study import provenance, results
from rfe_study.command.cli import main
from rfe_study.methods.modalities import DROPOUT
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom import heads
from rfe_study.phantom.domains import Patient
from rfe_study.runs import modality_dropout, variants

SMOKE = replace(PROFILES["smoke"], crop=32, patches_per_domain=48)


@pytest.fixture
def tiny(tmp_path, monkeypatch, one_thread):
    """Tiny patients instead of phantoms; notes which were asked for."""
    monkeypatch.setattr(results, "DATA", tmp_path)
    asked = []

    def cached(who, **_):
        asked.extend(patient.name for patient in who)
        return [tiny_subject(p.name, seed=p.head, domain=p.domain) for p in who]

    def again(patient, rng):
        asked.append(patient.name)
        for scan in range(variants.SCANS):
            yield tiny_subject(f"{patient.name}V{scan + 1}", seed=patient.head + 100 * scan)

    monkeypatch.setattr(variants, "phantom_subjects", cached)
    monkeypatch.setattr(variants, "scanned_again", again)
    return asked


@pytest.mark.parametrize(("variant", "scans"), [("four-scanners", 1), ("random-protocols", 3)])
def test_equally_many_crops_of_each_scanner_and_scan(tiny, variant, scans):
    training, validation = variants.variant_patches(SMOKE, variant, seed=0)
    assert len(training) + len(validation) == SMOKE.patches_per_domain
    assert len(tiny) == 12 and tiny[0].startswith("Atrain1")
    for letter in "ABCD":
        share = np.mean([name.startswith(letter) for name in training.subjects])
        assert share == pytest.approx(0.25, abs=0.02)
    if scans > 1:
        numbers = {name[-1] for name in training.subjects}
        assert numbers == {"1", "2", "3"}
        for head in ("Atrain1", "Dtrain3"):  # a head holds out the same slices in every scan
            own = [np.char.startswith(p.subjects, head) for p in (training, validation)]
            first, second = (
                set(p.slices[o]) for p, o in zip((training, validation), own, strict=True)
            )
            assert not first & second
    again = variants.variant_patches(SMOKE, variant, seed=0)[0]
    np.testing.assert_array_equal(again.images, training.images)
    assert (variants.variant_patches(SMOKE, variant, 1)[0].images != training.images).any()


def test_training_keeps_branch_and_end_and_is_not_repeated(tiny, tmp_path):
    job = variants.Job(profile=SMOKE, model="four-scanners", seed=0, weights=tmp_path / "w")
    history = variants.train(job, progress=False)
    assert [row["epoch"] for row in history] == [1, 2] and "f_own" in history[0]
    about = checkpoints.read_about(job.path())
    assert about["variant"] == about["model"] == "four-scanners" and about["history"] == history
    branch = checkpoints.read_about(job.path("four-scanners-branch"))
    assert len(branch["history"]) == SMOKE.branch_epoch
    assert not job.state_path().exists()
    tiny.clear()
    assert variants.train(job) == history and not tiny


def test_the_command_keeps_profile_smoke_out_of_the_checkpoints(
    tiny, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(PROFILES, "smoke", SMOKE)
    arguments = ["variants", "--profile", "smoke", "--seeds", "0", "--variants", "four-scanners"]
    assert main([*arguments, "--quiet"]) == 0
    out = tmp_path / "cache" / "smoke"
    assert (out / "smoke-four-scanners-seed0.safetensors").exists()
    assert not (tmp_path / "checkpoints").exists()
    assert capsys.readouterr().out.endswith(f"1 network in {out}\n")


def test_modality_dropout_goes_on_from_the_network_of_four_scanners(tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(PROFILES, "smoke", SMOKE)
    arguments = ["variants", "--profile", "smoke", "--seeds", "0", "--quiet", "--variants"]
    job = modality_dropout.Job(profile=SMOKE, model=DROPOUT, seed=0, weights=tmp_path / "x")
    with pytest.raises(FileNotFoundError, match=r"four-scanners.*`rfe variants`"):
        modality_dropout.train(job)
    assert main([*arguments, DROPOUT, "four-scanners"]) == 0
    out = tmp_path / "cache" / "smoke"
    path = out / f"smoke-{DROPOUT}-seed0.safetensors"
    about = checkpoints.read_about(path)
    assert about["start"] == checkpoints.weights_digest(
        out / "smoke-four-scanners-seed0.safetensors"
    )
    after = range(SMOKE.branch_epoch + 1, SMOKE.epochs + 1)  # as an upper bound goes on
    assert [row["epoch"] for row in about["history"]] == list(after)
    assert {"f_all", "f_flair"} <= about["history"][0].keys()
    before = path.read_bytes()
    tiny.clear()
    assert main([*arguments, DROPOUT]) == 0 and not tiny and path.read_bytes() == before


def test_a_channel_is_dropped_whole_and_flair_never():
    images = torch.rand(400, 3, 2, 2) + 1
    found = modality_dropout.drop(images, torch.Generator().manual_seed(0))
    kept = found.amin(dim=(2, 3)) > 0
    assert torch.equal(found[kept], images[kept]) and not found[~kept].any()
    assert kept[:, 2].all() and (kept[:, :2].float().mean(dim=0) - 0.5).abs().max() < 0.1
    assert (kept.sum(dim=1) == 1).float().mean() == pytest.approx(0.25, abs=0.1)  # one by one


def test_settings_name_what_decides_the_weights(tmp_path):
    jobs = [
        variants.Job(profile=SMOKE, model=v, seed=s, weights=tmp_path)
        for v in variants.VARIANTS
        for s in (0, 1)
    ]
    assert len({job.state_path() for job in jobs}) == len({job.path() for job in jobs}) == 4
    versions = {job.model: job.settings["variant_version"] for job in jobs}
    assert len(set(versions.values())) == 2


def test_unknown_variants_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"model must be one of .*, got 'more'"):
        variants.Job(profile=SMOKE, model="more", seed=0, weights=tmp_path)
    with pytest.raises(ValueError, match=r"variant must be one of .*, got 'more'"):
        next(variants.groups("more", np.random.default_rng(0)))


def test_stored_networks_say_what_they_are():
    stored = sorted((results.DATA / "checkpoints").glob("laptop-*.safetensors"))
    found = [
        path
        for path in stored
        if path.name.startswith(tuple(f"laptop-{v}-" for v in variants.VARIANTS))
    ]
    assert found
    for path in found:
        about = checkpoints.read_about(path)
        name = path.name.removeprefix("laptop-").removesuffix(".safetensors")
        assert name == f"{about['variant']}-seed{about['seed']}"
        assert about["phantom_version"] == provenance.phantom_version()


def test_a_head_is_scanned_again_and_again(monkeypatch, ball_anatomy):
    monkeypatch.setattr(heads, "make_anatomy", lambda patient: ball_anatomy)
    who = Patient("B", "train", 2)
    scans = list(variants.scanned_again(who, np.random.default_rng(0)))
    assert [s.name for s in scans] == [f"{who.name}V{k}" for k in (1, 2, 3)]
    first, second, _ = (s.images["flair"] for s in scans)
    assert first.shape == ball_anatomy.brain_mask.shape
    assert np.abs(first - second).max() > 10
    assert all(np.array_equal(s.lesion_mask, ball_anatomy.lesion_mask) for s in scans)
