"""`rfe adapt` on a folder of tiny patients: masks, rows, each patient scored once, adaptation."""

import os
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_core import checkpoints, patches
from rfe_core.patches import extract_all
from rfe_core.scans.bids import save_subject
from rfe_core.scans.load import load_subjects
from rfe_core.training import build
from rfe_study import results
from rfe_study.command.cli import main
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import networks, real

SMOKE = PROFILES["smoke"]


@pytest.fixture
def folder(tmp_path, monkeypatch, one_thread):
    """A data folder with smoke networks, and a BIDS tree: labelled p1, p2 and unlabelled p3."""
    monkeypatch.setattr(results, "DATA", tmp_path)
    weights = tmp_path / "checkpoints"
    for seed in (0, 1):
        for suffix in ("", "-branch"):
            model = build(SMOKE, seed)
            about = {"code_version": "abc", "model": "lower", "seed": seed}
            checkpoints.save_weights(
                weights / f"smoke-lower{suffix}-seed{seed}.safetensors", model, about
            )
    for number in (1, 2, 3):
        subject = tiny_subject(f"p{number}", seed=number, domain=None, shape=(40, 40, 48))
        if number == 3:
            subject = replace(subject, lesion_mask=None)
        save_subject(subject, tmp_path / "scans")
    return tmp_path


def adapt(folder, *more):
    arguments = ["adapt", "--data", str(folder / "scans"), "--profile", "smoke", *more]
    return main(arguments)


def test_rows_masks_and_a_line_each(folder, capsys):
    out = folder / "out"
    assert adapt(folder, "--out", str(out), "--role", "dev") == 0
    printed = capsys.readouterr().out
    assert printed.count("Dice") == 4 and printed.count("no lesion mask, so no scores") == 2
    rows = results.stored("real", out)
    assert len(rows) == 4 and set(rows["subject"]) == {"p1", "p2"}
    assert set(rows["role"]) == {"dev"} and set(rows["experiment"]) == {"as read"}
    assert set(rows["domain"]) == {"real"}
    (first,) = load_subjects(folder / "scans", "bids", ["p1"])
    own = rows[rows["subject"] == "p1"]
    np.testing.assert_allclose(own["lesion_ml"], first.lesion_mask.sum() / 1000, rtol=1e-5)
    marked = own["precision"] * own["marked_ml"]  # what is marked and lesion, two ways
    np.testing.assert_allclose(marked, own["recall"] * own["lesion_ml"], atol=1e-4)
    assert not rows[["weights", "code_version", "hardware", "date"]].isna().any(axis=None)
    masks = sorted(path.name for path in out.glob("*.nii.gz"))
    assert len(masks) == 6 and masks[0] == "p1_smoke-lower-seed0_as-read.nii.gz"
    mask = nib.load(out / masks[0])
    assert mask.shape == first.shape
    np.testing.assert_array_equal(mask.affine, first.affine)
    (out / masks[0]).unlink()  # one that is gone is made again, its score is kept
    assert adapt(folder, "--out", str(out), "--model", "lower", "lower") == 0
    assert "p1: scored before, kept; " in capsys.readouterr().out and (out / masks[0]).exists()
    assert len(results.stored("real", out)) == 4
    assert main(["results", "real"]) == 2  # the table is in --out, not among the stored ones


def test_a_patient_is_scored_once(folder, capsys):
    assert adapt(folder, "--patients", "p1", "--seeds", "0") == 0
    before = results.path_of("real", folder / "results").read_bytes()
    capsys.readouterr()
    assert adapt(folder, "--patients", "p1", "--seeds", "0") == 0
    assert "lower seed 0, as read, p1: scored before, kept" in capsys.readouterr().out
    assert results.path_of("real", folder / "results").read_bytes() == before
    assert adapt(folder, "--patients", "p1", "--seeds", "0", "--no-negatives") == 0
    assert len(results.stored("real")) == 2
    assert main(["results", "real"]) == 0
    assert "no negatives" in capsys.readouterr().out


@pytest.mark.slow
def test_networks_are_adapted_to_a_scan_without_its_labels(folder, monkeypatch, capsys):
    labelled = extract_all(
        [tiny_subject("Atrain1", shape=(64, 64, 60))],
        12,
        generator=np.random.default_rng(0),
        size=64,
    )
    monkeypatch.setattr(real, "labelled_crops", lambda network: labelled)
    seen = []
    crops = patches.extract_all

    def watched(subjects, *arguments, **options):
        seen.extend(subjects)
        return crops(subjects, *arguments, **options)

    monkeypatch.setattr(real, "extract_all", watched)
    more = ["--seeds", "0", "--prior-from", "p1", "--patients", "p2", "p3"]
    assert adapt(folder, *more) == 0
    rows = results.stored("real")
    assert list(rows["experiment"]) == [real.PRIOR, *real.METHODS]
    assert set(rows["subject"]) == {"p2"}  # p3 has no labels: a mask, and no score
    (truth,) = load_subjects(folder / "scans", "bids", ["p2"])
    own = [subject for subject in seen if subject.name == "p2"]
    assert own and all((subject.lesion_mask != truth.lesion_mask).any() for subject in own)
    (source,) = load_subjects(folder / "scans", "bids", ["p1"])
    blind = replace(truth, lesion_mask=~truth.lesion_mask & truth.brain_mask)
    first, second = (real.prior_of(source, s, seed=0) for s in (truth, blind))
    np.testing.assert_array_equal(first, second)
    assert rows["marked_ml"].iloc[0] == pytest.approx(first.sum() / 1000, rel=1e-5)
    assert set(rows["prior_from"]) == {"p1"}
    assert [s.name for s in seen].count("p1") == 1  # trained once on the source's labels
    assert rows["weights"].iloc[0] == "none" and len(set(rows["weights"])) == 2
    assert adapt(folder, *more, "--methods", "RFE, NCC") == 0
    assert "lower seed 0, RFE, NCC, p2: scored before, kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--model", "upper-X"], "model must be one of lower-seed0, lower-seed1 in"),
        (["--seeds", "0", "7"], "got lower with seed 7"),
        (["--weights", "nowhere"], "the folder of networks must exist, got nowhere"),
        (["--role", " "], "--role must be a word"),
        (["--out", __file__], "--out must be a folder, got the file"),
        (["--methods", "RFE, NCC"], "--methods needs --prior-from"),
        (["--prior-from", "p1", "--no-negatives"], "--no-negatives must go without --prior-from"),
        (["--prior-from", "p1", "--methods", "magic"], "must be some of 'RFE, NCC'"),
        (["--patients", "p9"], "patient must be one of p1, p2, p3, got 'p9'"),
        (["--prior-from", "p3", "--patients", "p2"], "p3 without labels"),
        (["--layout", "msseg-2016"], "scans"),
    ],
)
def test_errors_are_one_line(folder, more, message, capsys, monkeypatch):
    monkeypatch.setattr(real, "labelled_crops", lambda network: None)
    assert adapt(folder, *more) == 2
    error = capsys.readouterr().err
    assert error.startswith("rfe: error: ") and message in error and error.count("\n") == 1


def test_unknown_networks_cannot_be_adapted(folder):
    network = networks.Network(
        profile="smoke", model="upper-B", seed=0, path=folder / "smoke-upper-B-seed0.safetensors"
    )
    with pytest.raises(ValueError, match=r"model must be lower or one of .*, got upper-B"):
        real.labelled_crops(network)
    subject = tiny_subject("p1")
    with pytest.raises(ValueError, match=r"method must be one of .*, got 'magic'"):
        real.adapt(network, None, subject, subject.lesion_mask, "magic")
    with pytest.raises(ValueError, match="prior of p1 must mark a voxel, got none"):
        real.adapt(network, None, subject, ~subject.brain_mask & False, "RFE, NCC")


OPEN_MS_DATA = os.environ.get("RFE_OPEN_MS_DATA")


@pytest.mark.real_data
@pytest.mark.skipif(not OPEN_MS_DATA, reason="RFE_OPEN_MS_DATA names no folder of the open MS data")
def test_the_development_patient_gives_its_stored_score(tmp_path):
    stored = results.stored("real")
    more = ["--layout", "open-ms-data", "--patients", "patient07", "--seeds", "0"]
    assert main(["adapt", "--data", OPEN_MS_DATA, *more, "--out", str(tmp_path)]) == 0
    anew = results.stored("real", tmp_path).iloc[0]
    key = ["model", "seed", "experiment", "subject"]
    same = stored[(stored[key] == anew[key]).all(axis=1)].iloc[0]
    assert anew["f_score"] == pytest.approx(same["f_score"], abs=1e-3)
