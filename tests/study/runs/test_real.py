"""`rfe adapt` on a folder of tiny patients: masks, rows, each patient scored once, adaptation."""

import gc
import json
import os
import re
import shutil
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage
from synthetic import tiny_subject

from rfe_core import checkpoints, patches
from rfe_core.evaluation import segment
from rfe_core.patches import extract_all
from rfe_core.scans.load import load_subjects
from rfe_core.training import build
from rfe_study import results
from rfe_study.command import adapt_run
from rfe_study.command.cli import main
from rfe_study.command.lock import alone
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.bids import save_subject
from rfe_study.runs import networks, real

SMOKE = PROFILES["smoke"]
SHAPE = (40, 40, 48)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data folder with smoke networks, and a BIDS tree: labelled p1, p2 and unlabelled p3."""
    made = tmp_path_factory.mktemp("made")
    for seed in (0, 1):
        for suffix in ("", "-branch"):
            path = made / "checkpoints" / f"smoke-lower{suffix}-seed{seed}.safetensors"
            about = {"code_version": "abc", "model": "lower", "seed": seed}
            checkpoints.save_weights(path, build(SMOKE, seed), about)
    for number in (1, 2, 3):
        subject = tiny_subject(f"p{number}", seed=number, domain=None, shape=SHAPE)
        if number == 3:
            subject = replace(subject, lesion_mask=None)
        save_subject(subject, made / "scans")
    return made


@pytest.fixture
def folder(made, tmp_path, monkeypatch, one_thread):
    """A copy of `made` for one test, as the data folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(results, "DATA", tmp_path)
    return tmp_path


def adapt(folder, *more):
    arguments = ["adapt", "--data", str(folder / "scans"), "--profile", "smoke", *more]
    return main(arguments)


FIRST = "sub-p1/anat/sub-p1_label-lesion_desc-smokeLowerSeed0AsRead_mask.nii.gz"


def stored_by_subject(out):
    return results.stored("real", out).set_index(["subject", "seed"]).sort_index()


def test_rows_masks_and_a_line_each(folder, capsys):
    out = folder / "out"
    assert adapt(folder, "--out", str(out), "--role", "dev") == 0
    printed = capsys.readouterr().out
    assert printed.count("Dice") == 4 and printed.count("no lesion mask, so no scores") == 2
    rows = results.stored("real", out)
    assert len(rows) == 6 and set(rows["subject"]) == {"p1", "p2", "p3"}
    assert set(rows["role"]) == {"dev"} and set(rows["experiment"]) == {"as read"}
    assert set(rows["domain"]) == {"real"}
    (first,) = load_subjects(folder / "scans", "bids", ["p1"])
    own = rows[rows["subject"] == "p1"]
    np.testing.assert_allclose(own["lesion_ml"], first.lesion_mask.sum() / 1000, rtol=1e-5)
    marked = own["precision"] * own["marked_ml"]  # what is marked and lesion, two ways
    np.testing.assert_allclose(marked, own["recall"] * own["lesion_ml"], atol=1e-4)
    born = ["weights", "code_version", "hardware", "date", "images", "labels", "source"]
    assert not rows[[*born, "marked_ml", "marked_lesions"]].isna().any(axis=None)
    assert rows[rows["subject"] == "p3"]["f_score"].isna().all()  # nobody labelled it
    masks = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.nii.gz"))
    assert len(masks) == 6 and masks[0] == FIRST
    mask = nib.load(out / FIRST)
    assert mask.shape == first.shape
    np.testing.assert_array_equal(mask.affine, first.affine)
    voxels = np.asarray(mask.dataobj) > 0
    row = stored_by_subject(out).loc[("p1", 0)]
    assert voxels.sum() / 1000 == pytest.approx(row["marked_ml"])
    assert ndimage.label(voxels, np.ones((3, 3, 3)))[1] == row["marked_lesions"]
    (out / FIRST).unlink()  # one that is gone is made again
    assert adapt(folder, "--out", str(out), "--model", "lower", "lower") == 0
    assert capsys.readouterr().out.count("made before of the same files, kept") == 5
    np.testing.assert_array_equal(np.asarray(nib.load(out / FIRST).dataobj) > 0, voxels)
    assert len(results.stored("real", out)) == 6
    assert main(["results", "real"]) == 2  # the table is in --out, not among the stored ones
    capsys.readouterr()
    assert main(["results", "real", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "p3" in printed and f"{row['marked_ml']:.3f}" in printed
    assert not list(out.rglob("*.partial")) and not list(out.rglob("*.lock"))


def test_what_is_odd_is_said_before_a_mask_is_believed(folder, capsys):
    images = folder / "scans" / "sub-p1" / "anat"
    shutil.copy(images / "sub-p1_T1w.nii.gz", images / "sub-p1_FLAIR.nii.gz")
    out = str(folder / "out")
    assert adapt(folder, "--out", out, "--seeds", "0", "--patients", "p1") == 0
    printed = capsys.readouterr().out
    warnings = [line for line in printed.splitlines() if line.startswith("WARNING")]
    assert any("T1w" in line and "FLAIR" in line for line in warnings), printed


def test_a_sidecar_says_what_a_mask_comes_from(folder):
    out = folder / "out"
    assert adapt(folder, "--out", str(out), "--seeds", "0", "--patients", "p1") == 0
    said = json.loads((out / FIRST.replace(".nii.gz", ".json")).read_text(encoding="utf-8"))
    row = stored_by_subject(out).loc[("p1", 0)]
    path = folder / "checkpoints" / "smoke-lower-seed0.safetensors"
    assert said["weights"] == row["weights"] == checkpoints.weights_digest(path)
    assert said["Threshold"] == 0.5 and said["Type"] == "Lesion"
    assert said["VolumeMillilitres"] == pytest.approx(row["marked_ml"])
    assert said["Lesions"] == row["marked_lesions"]
    assert said["identity"]["model"] == "lower" and said["identity"]["seed"] == 0
    assert said["Sources"] == ["sub-p1_FLAIR.nii.gz", "sub-p1_T1w.nii.gz", "sub-p1_T2w.nii.gz"]
    about = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
    assert about["DatasetType"] == "derivative"
    picture = Image.open(out / "sub-p1" / "figures" / "sub-p1_desc-lesions_overlay.png")
    assert picture.width > picture.height > 100 and np.asarray(picture).max() == 255
    drawn = np.asarray(picture)
    picture.close()
    (path,) = out.rglob("*.png")
    path.unlink()  # as after a kill before it was drawn
    assert adapt(folder, "--out", str(out), "--seeds", "0", "--patients", "p1") == 0
    np.testing.assert_array_equal(np.asarray(Image.open(path)), drawn)
    assert adapt(folder, "--out", str(out), "--seeds", "0", "1", "--patients", "p1") == 0
    with Image.open(path) as taller:
        assert taller.height == picture.height / 2 * 3 and taller.width == picture.width


def test_probability_maps_on_request(folder):
    out, more = folder / "out", ("--seeds", "0", "--patients", "p1")
    assert adapt(folder, "--out", str(out), *more) == 0
    path = out / FIRST.replace("_mask", "_probseg")
    assert not path.exists()
    assert adapt(folder, "--out", str(out), *more, "--probabilities") == 0
    probability, mask = (np.asarray(nib.load(p).dataobj) for p in (path, out / FIRST))
    np.testing.assert_array_equal(probability > 0.5, mask > 0)
    (subject,) = load_subjects(folder / "scans", "bids", ["p1"])
    assert not probability[~subject.brain_mask].any()
    network = networks.stored("lower", 0, profile="smoke", folder=folder / "checkpoints")
    np.testing.assert_array_equal(mask > 0, segment(network.load().model, subject))


def test_without_out_nothing_is_written(folder, capsys):
    before = sorted(folder.rglob("*"))
    assert adapt(folder, "--patients", "p1", "--seeds", "0") == 0
    printed = capsys.readouterr().out
    assert "Dice" in printed and "min for 1 mask, one thread" in printed
    assert sorted(folder.rglob("*")) == before


def test_the_table_alone(folder, capsys):
    out = folder / "out"
    more = ("--patients", "p1", "--seeds", "0", "--out", str(out), "--no-masks")
    assert adapt(folder, *more) == 0
    before = results.path_of("real", out).read_bytes()
    assert [path.name for path in out.iterdir()] == ["real.csv"]
    capsys.readouterr()
    assert adapt(folder, *more) == 0
    assert "lower seed 0, as read, p1: made before of the same files, kept" in (
        capsys.readouterr().out
    )
    assert results.path_of("real", out).read_bytes() == before
    assert adapt(folder, *more, "--no-negatives") == 0
    assert len(results.stored("real", out)) == 2
    assert main(["results", "real", "--out", str(out)]) == 0
    assert "no negatives" in capsys.readouterr().out


# Nothing stale is kept


def change_images(folder):
    save_subject(tiny_subject("p1", seed=9, domain=None, shape=SHAPE), folder / "other")
    for path in (folder / "other" / "sub-p1").rglob("*FLAIR.nii.gz"):
        shutil.copy(path, folder / "scans" / "sub-p1" / "anat" / path.name)


def change_labels(folder):
    (subject,) = load_subjects(folder / "scans", "bids", ["p1"])
    lesions = subject.lesion_mask.copy()
    lesions[:, :, :24] = False
    save_subject(replace(subject, lesion_mask=lesions), folder / "scans")


def change_weights(folder):
    path = folder / "checkpoints" / "smoke-lower-seed0.safetensors"
    checkpoints.save_weights(path, build(SMOKE, 5), {"code_version": "abc"})


@pytest.mark.parametrize(
    ("column", "change"),
    [("images", change_images), ("labels", change_labels), ("weights", change_weights)],
)
@pytest.mark.parametrize("between", [(), ("--no-masks",)], ids=["", "table first"])
def test_what_was_made_of_other_files_is_made_again(folder, column, change, between, capsys):
    out, fresh = folder / "out", folder / "fresh"
    more = ("--patients", "p1", "p2", "--seeds", "0")
    assert adapt(folder, *more, "--out", str(out)) == 0
    before = results.stored("real", out)
    change(folder)
    capsys.readouterr()
    if between:  # a row of the new files must not vouch for a mask of the old ones
        assert adapt(folder, *more, "--out", str(out), *between) == 0
    assert adapt(folder, *more, "--out", str(out)) == 0
    printed = capsys.readouterr().out
    assert f"p1: made again, as other {column} made it" in printed
    assert ("p2: made before" in printed) == (column != "weights")
    assert adapt(folder, *more, "--out", str(fresh)) == 0
    ours, theirs = (stored_by_subject(path) for path in (out, fresh))
    assert len(before) == len(ours) == 2
    assert (ours[column] != before.set_index(["subject", "seed"])[column]).any()
    pd.testing.assert_frame_equal(ours[sorted(ours)], theirs[sorted(ours)])
    for path in fresh.rglob("*.nii.gz"):
        assert path.read_bytes() == (out / path.relative_to(fresh)).read_bytes()


@pytest.mark.parametrize("what", ["_mask", "_probseg"])
def test_what_was_changed_since_is_made_again(folder, what, capsys):
    out, more = folder / "out", ("--patients", "p1", "p2", "--seeds", "0", "--probabilities")
    assert adapt(folder, *more, "--out", str(out)) == 0
    path = out / FIRST.replace("_mask", what)
    before = path.read_bytes()
    shutil.copy(out / FIRST.replace("p1", "p2"), path)
    capsys.readouterr()
    assert adapt(folder, *more, "--out", str(out)) == 0
    printed = capsys.readouterr().out
    assert "p1: made again, as files of it are gone or changed" in printed
    assert "p2: made before of the same files, kept" in printed
    assert path.read_bytes() == before
    change_images(folder)  # and no map of other images stays beside the mask
    assert adapt(folder, *more[:5], "--out", str(out)) == 0
    assert not (out / FIRST.replace("_mask", "_probseg")).exists()
    assert (out / FIRST.replace("_mask", "_probseg").replace("p1", "p2")).exists()


def test_names_that_look_like_numbers_stay_text(folder, capsys):
    names = ["01", "02", "1e5", "NA", "true", "nan"]
    for k, name in enumerate(names):
        subject = tiny_subject(name, seed=k, domain=None, shape=(20, 20, 24), lesions=4)
        save_subject(subject, folder / "numbers")
    out = folder / "out"
    for _ in range(2):
        arguments = ["adapt", "--data", str(folder / "numbers"), "--profile", "smoke"]
        assert main([*arguments, "--seeds", "0", "--out", str(out)]) == 0
    assert capsys.readouterr().out.count("made before of the same files, kept") == len(names)
    assert sorted(results.stored("real", out)["subject"]) == sorted(names)
    assert main(["results", "real", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert all(re.search(rf"^ *{name} ", printed, re.MULTILINE) for name in names)


def test_names_much_alike_have_masks_of_their_own(folder, tmp_path, capsys):
    """ "P 1" and "P-1", in a layout whose names are free."""
    for number, name in enumerate(("P 1", "P-1"), 1):
        target = tmp_path / "free" / name
        target.mkdir(parents=True)
        for modality in ("T1w", "T2w", "FLAIR"):
            path = folder / "scans" / f"sub-p{number}" / "anat" / f"sub-p{number}_{modality}.nii.gz"
            shutil.copy(path, target / f"{modality.removesuffix('w')}_preprocessed.nii.gz")
        mask = folder / "scans/derivatives/masks" / f"sub-p{number}" / "anat"
        shutil.copy(next(mask.glob("*brain*")), target / "Mask_registered.nii.gz")
    out = folder / "out"
    arguments = ["adapt", "--data", str(tmp_path / "free"), "--layout", "msseg-2016"]
    arguments += ["--profile", "smoke", "--seeds", "0", "--out", str(out)]
    assert main(arguments) == 0
    assert len(list(out.rglob("*_mask.nii.gz"))) == 2
    (tmp_path / "free" / "P 1").rename(tmp_path / "free" / "AB")
    (tmp_path / "free" / "P-1").rename(tmp_path / "free" / "ab")  # one file where case is nothing
    assert main(arguments) == 2
    assert "'AB' and 'ab' would share the names of their masks" in capsys.readouterr().err


def test_a_mask_of_another_network_is_not_overwritten(folder, capsys):
    """Models "a-b" and "a_b" would have one file name."""
    for name in ("a-b", "a_b"):
        source = folder / "checkpoints" / "smoke-lower-seed0.safetensors"
        shutil.copy(source, source.with_name(f"smoke-{name}-seed0.safetensors"))
    more = ("--patients", "p1", "--out", str(folder / "out"))
    assert adapt(folder, *more, "--model", "a-b") == 0
    (path,) = (folder / "out").rglob("*_mask.nii.gz")
    before = path.read_bytes()
    assert adapt(folder, *more, "--model", "a_b") == 2
    assert "must hold one mask alone" in capsys.readouterr().err
    assert path.read_bytes() == before and len(results.stored("real", folder / "out")) == 1


# Patients one at a time


def test_one_patient_is_in_memory_at_a_time(folder, monkeypatch):
    alive, most = weakref.WeakSet(), []
    real_load = adapt_run.load_subject

    def load(files, **options):
        gc.collect()
        subject = real_load(files, **options)
        alive.add(subject)
        most.append(len(alive))
        return subject

    monkeypatch.setattr(adapt_run, "load_subject", load)
    assert adapt(folder, "--seeds", "0") == 0
    assert most == [1, 1, 1]


def test_a_line_comes_before_anything_slow(folder):
    code = (
        "import builtins, sys; real = print\n"
        "def first(*words, **more):\n"
        "    real(*words, 'torch' in sys.modules, **more)\n"
        "builtins.print = first\n"
        "from rfe_study.command.cli import main\n"
        f"sys.exit(main(['adapt', '--data', {str(folder / 'scans')!r}, '--weights', 'x']))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.kill()
    assert line == f"3 patients in {folder / 'scans'}: loading networks False\n"


# Patients that cannot be used


def test_one_bad_patient_does_not_stop_the_others(folder, capsys):
    out = folder / "out"
    (folder / "scans" / "sub-p1" / "anat" / "sub-p1_T2w.nii.gz").unlink()
    path = folder / "scans" / "sub-p3" / "anat" / "sub-p3_FLAIR.nii.gz"
    path.write_bytes(path.read_bytes()[:1000])
    assert adapt(folder, "--seeds", "0", "--out", str(out)) == 2
    error = capsys.readouterr().err
    assert "1 of 3 patients cannot be used" in error and "sub-p1_T2w.nii.gz" in error
    assert "--skip-bad does the others" in error and not list(out.rglob("*.nii.gz"))
    assert adapt(folder, "--seeds", "0", "--out", str(out), "--skip-bad") == 1
    printed = capsys.readouterr().out
    assert "SKIPPED p1: " in printed and "missing t2 (anat/sub-p1_T2w.nii.gz)" in printed
    assert "SKIPPED p3: " in printed and "gzip file must be complete" in printed
    assert "1 of 3 patients done, skipped p1, p3" in printed
    assert results.stored("real", out)["subject"].tolist() == ["p2"]
    more = ("--seeds", "0", "--out", str(out), "--patients", "p2", "p3")
    assert adapt(folder, *more) == 2
    error = capsys.readouterr().err
    assert "gzip file must be complete" in error and "--skip-bad does the other" in error
    assert error.splitlines()[-1].startswith("rfe: error: ")
    assert adapt(folder, "--seeds", "0", "--patients", "p1", "--skip-bad") == 2
    assert "no patient can be used" in capsys.readouterr().err


def test_badly_named_patients_are_not_dropped_in_silence(folder, capsys):
    for name in ("sub-MS-04", "sub-05_b"):
        shutil.copytree(folder / "scans" / "sub-p3", folder / "scans" / name)
    assert adapt(folder, "--seeds", "0") == 2
    error = capsys.readouterr().err
    assert "2 of 5 patients cannot be used" in error and "--skip-bad does the others" in error
    assert "--without" not in error
    assert adapt(folder, "--seeds", "0", "--skip-bad") == 1
    printed = capsys.readouterr().out
    for name in ("sub-MS-04", "sub-05_b"):
        path = folder / "scans" / name
        assert f"SKIPPED {name}: {path}: left out, a patient's folder must be named sub-" in printed
    assert "3 of 5 patients done, skipped sub-05_b, sub-MS-04" in printed
    assert adapt(folder, "--seeds", "0", "--patients", "p3") == 0  # the others were not asked for
    one = ["adapt", "--data", str(folder / "scans" / "sub-p3"), "--profile", "smoke"]
    assert main([*one, "--seeds", "0"]) == 0


@pytest.mark.parametrize("modality", ["T1w", "FLAIR"])
def test_of_several_files_one_alone_may_stay(folder, modality, capsys):
    """In the words of `rfe data check`, and without the advice to do without."""
    path = folder / "scans" / "sub-p1" / "anat" / f"sub-p1_{modality}.nii.gz"
    for run in ("run-1", "run-2"):
        shutil.copy(path, path.with_name(f"sub-p1_{run}_{modality}.nii.gz"))
    path.unlink()
    assert adapt(folder) == 2
    said = capsys.readouterr().err
    assert main(["data", "check", str(folder / "scans")]) == 1
    for text in (said, capsys.readouterr().out):
        runs = f"anat/sub-p1_run-1_{modality}.nii.gz, anat/sub-p1_run-2_{modality}.nii.gz"
        assert f"(anat/sub-p1_{modality}.nii.gz; one alone may stay of {runs})" in text
        assert "--without" not in text


def test_without_t1_and_t2(folder, capsys):
    """By the network that was trained for it alone; row, file and sidecar say what was absent."""
    out = folder / "out"
    (folder / "scans/sub-p1/anat/sub-p1_T1w.nii.gz").unlink()
    (folder / "scans/sub-p2/anat/sub-p2_T2w.nii.gz").unlink()
    model, gone = ("--model", "modality-dropout"), ("--without", "t1", "t2")
    assert adapt(folder) == 2
    assert f"{' '.join([*model, *gone])} does all without these" in capsys.readouterr().err
    assert adapt(folder, *gone) == 2
    assert "--without needs a network" in capsys.readouterr().err
    assert adapt(folder, *model, *gone, "--prior-from", "p2") == 2
    assert "--without must go without --prior-from" in capsys.readouterr().err
    weights = folder / "checkpoints" / "smoke-modality-dropout-seed0.safetensors"
    shutil.copy(folder / "checkpoints" / "smoke-lower-seed0.safetensors", weights)
    assert adapt(folder, *model, "--without", "t1") == 2  # p2 has no T2
    assert "--without t1 t2 does all" in capsys.readouterr().err
    assert adapt(folder, *model, *gone, "--out", str(out)) == 0
    rows = results.stored("real", out)
    assert set(rows["subject"]) == {"p1", "p2", "p3"}
    assert set(rows["experiment"]) == {"as read, without t1 t2"}
    name = "sub-p3_label-lesion_desc-smokeModalityDropoutSeed0AsReadWithoutT1T2_mask"
    said = json.loads((out / f"sub-p3/anat/{name}.json").read_text(encoding="utf-8"))
    assert said["Absent"] == ["t1", "t2"] and said["Sources"] == ["sub-p3_FLAIR.nii.gz"]
    assert said["identity"]["model"] == "modality-dropout"
    (subject,) = load_subjects(folder / "scans", "bids", ["p3"])
    images = patches.stack(subject)
    images[:, :2] = 0
    mask = np.asarray(nib.load(out / f"sub-p3/anat/{name}.nii.gz").dataobj) > 0
    expected = segment(checkpoints.load_model(weights), subject, images=images)
    np.testing.assert_array_equal(mask, expected)


def test_templates_of_the_only_patient(folder, capsys, monkeypatch):
    monkeypatch.setattr(real, "labelled_crops", lambda network: None)
    only = folder / "scans" / "sub-p1"
    arguments = ["adapt", "--data", str(only), "--profile", "smoke", "--prior-from", "p1"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "--prior-from p1 needs another patient to adapt to, got p1 alone" in error
    assert error.count("\n") == 1
    for path in (folder / "checkpoints").glob("*-branch-*"):
        path.unlink()  # far enough: it says so, and stops before it trains
    assert main([*arguments, "--patients", "p1"]) == 2
    assert "p1 is adapted to with templates of its own labels" in capsys.readouterr().out


def test_masks_do_not_lie_among_the_patients(folder, capsys):
    more = ("--seeds", "0", "--patients", "p1", "--out")
    for inside in ("masks", "sub-p1", "."):
        assert adapt(folder, *more, str(folder / "scans" / inside)) == 2
        error = capsys.readouterr().err
        assert "--out must not lie among the patients" in error and "derivatives" in error
    out = folder / "scans" / "derivatives" / "rfe"
    assert adapt(folder, *more, str(out)) == 0 and (out / FIRST).exists()
    assert main(["data", "check", str(folder / "scans")]) == 0
    assert "3 of 3 patients readable" in capsys.readouterr().out


@pytest.mark.parametrize("axes", ["LAS", "PIR", "SAR"])
def test_masks_lie_on_the_grid_of_the_flair_as_it_is_stored(folder, axes):
    """The same patient in another orientation: each voxel of the mask beside its own."""
    turn = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(axes)
    )
    for path in (folder / "scans").rglob("sub-p1_*.nii.gz"):
        nib.load(path).as_reoriented(turn).to_filename(folder / "turned.nii.gz")
        (folder / "turned.nii.gz").replace(path)
    out = folder / "out"
    assert adapt(folder, "--seeds", "0", "--patients", "p1", "--out", str(out)) == 0
    flair, mask = nib.load(folder / "scans/sub-p1/anat/sub-p1_FLAIR.nii.gz"), nib.load(out / FIRST)
    assert "".join(nib.aff2axcodes(mask.affine)) == axes and mask.shape == flair.shape
    np.testing.assert_array_equal(mask.affine, flair.affine)
    (label,) = (folder / "scans").rglob("sub-p1_label-lesion_mask.nii.gz")
    truth, marked = (np.asarray(image.dataobj) > 0 for image in (nib.load(label), mask))
    dice = 2 * (truth & marked).sum() / (truth.sum() + marked.sum())
    row = stored_by_subject(out).loc[("p1", 0)]
    assert dice == pytest.approx(row["f_score"], rel=1e-5) and dice > 0


def test_how_files_were_read_is_in_rows_and_sidecars(folder, capsys):
    """Labels chosen, then a T1 on another grid: made again, and both are said."""
    scans, out = folder / "scans", folder / "out"
    path = scans / "derivatives/masks/sub-p1/anat/sub-p1_label-lesion_mask.nii.gz"
    mask = nib.load(path)
    values = np.asarray(mask.dataobj) * np.where(np.arange(48) < 24, 1, 2)
    nib.Nifti1Image(values.astype(np.uint8), mask.affine).to_filename(path)
    more = ("--seeds", "0", "--patients", "p1", "--out", str(out))
    assert adapt(folder, *more) == 2
    error = capsys.readouterr().err
    assert path.name in error and "got 3 values: 0, 1, 2" in error and "--labels" in error
    seen = []
    for labels in (("1", "2"), ("2",)):
        assert adapt(folder, *more, "--labels", *labels) == 0
        (row,) = results.stored("real", out).to_dict("records")
        assert row["lesion_ml"] == np.isin(values, [int(n) for n in labels]).sum() / 1000
        said = json.loads((out / FIRST.replace(".nii.gz", ".json")).read_text(encoding="utf-8"))
        assert said["Labels"] == {"File": path.name, "Values": [int(n) for n in labels]}
        assert said["labels"] == row["labels"] and "Aligned" not in said
        seen.append(row)
    assert seen[0]["images"] == seen[1]["images"] and seen[0]["labels"] != seen[1]["labels"]
    assert "made again, as other labels made it" in capsys.readouterr().out
    t1 = scans / "sub-p1/anat/sub-p1_T1w.nii.gz"
    image = nib.load(t1)
    nib.Nifti1Image(image.get_fdata()[:, :, 1:-1], image.affine @ SHIFT).to_filename(t1)
    assert adapt(folder, *more, "--labels", "2") == 2
    assert "--resample" in capsys.readouterr().err
    assert adapt(folder, *more, "--labels", "2", "--resample") == 0
    said = json.loads((out / FIRST.replace(".nii.gz", ".json")).read_text(encoding="utf-8"))
    (move,) = said["Aligned"]
    assert (move["File"], move["Onto"]) == (t1.name, "sub-p1_FLAIR.nii.gz")
    assert move["PlacedBy"] == "the headers" and move["CoveredPartOfBrain"] > 0.9
    capsys.readouterr()
    assert adapt(folder, *more, "--labels", "2", "--resample") == 0
    assert "made before of the same files, kept" in capsys.readouterr().out


SHIFT = np.eye(4) + np.outer([0, 0, 1, 0], [0, 0, 0, 1])  # the first slice is cut off


def test_a_second_run_into_one_folder_is_refused(folder, capsys):
    out = folder / "out"
    with alone("adapt", [out]):
        assert adapt(folder, "--seeds", "0", "--out", str(out)) == 2
    error = capsys.readouterr().err
    assert f"rfe adapt already writes into {out}" in error and error.count("\n") == 1
    assert adapt(folder, "--seeds", "0", "--patients", "p1", "--out", str(out)) == 0


@pytest.mark.slow
def test_networks_are_adapted_to_a_scan_without_its_labels(folder, monkeypatch, capsys):
    labelled = extract_all(
        [tiny_subject("Atrain1", shape=(64, 64, 60))],
        12,
        generator=np.random.default_rng(0),
        size=SMOKE.crop,
    )
    monkeypatch.setattr(real, "labelled_crops", lambda network: labelled)
    seen = []
    crops = patches.extract_all

    def watched(subjects, *arguments, **options):
        seen.extend(subjects)
        return crops(subjects, *arguments, **options)

    monkeypatch.setattr(real, "extract_all", watched)
    more = ["--seeds", "0", "--prior-from", "p1", "--out", str(folder / "out")]
    assert adapt(folder, *more) == 0
    rows = results.stored("real", folder / "out")
    assert list(rows["experiment"]) == 2 * [real.PRIOR, *real.METHODS]
    blind = rows[rows["subject"] == "p3"]  # without labels: masks and volumes, and no scores
    assert len(blind) == 5 and blind["f_score"].isna().all() and (blind["marked_ml"] > 0).all()
    rows = rows[rows["subject"] == "p2"]
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
    assert "lower seed 0, RFE, NCC, p2: made before of the same files" in capsys.readouterr().out
    change_labels(folder)  # of the patient whose lesions are the templates
    assert adapt(folder, *more, "--methods", "RFE, NCC") == 0
    assert "RFE, NCC, p2: made again, as other source made it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--model", "upper-X"], "model must be one of lower in"),
        (["--seeds", "0", "7"], "seed of lower must be one of 0, 1 in"),
        (["--weights", "nowhere"], "the folder of networks must exist, got nowhere"),
        (["--role", " "], "--role must be a word"),
        (["--methods", "RFE, NCC"], "--methods needs --prior-from"),
        (["--prior-from", "p1", "--no-negatives"], "--no-negatives must go without --prior-from"),
        (["--prior-from", "p1", "--methods", "magic"], "must be some of 'RFE, NCC'"),
        (["--patients", "p9"], "patient must be one of p1, p2, p3, got 'p9'"),
        (["--prior-from", "p3", "--patients", "p2"], "p3 without labels"),
        (["--probabilities"], "--probabilities and --no-masks need --out"),
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
    more = ["--layout", "open-ms-data", "--patients", "patient07", "--seeds", "1", "--no-negatives"]
    assert main(["adapt", "--data", OPEN_MS_DATA, *more, "--out", str(tmp_path)]) == 0
    anew = results.stored("real", tmp_path).iloc[0]
    key = ["model", "seed", "experiment", "subject"]
    same = stored[(stored[key] == anew[key]).all(axis=1)].iloc[0]
    assert anew["f_score"] == pytest.approx(same["f_score"], abs=1e-3)
    # and voxel by voxel, as whoever loads both files in any tool finds it
    (path,) = tmp_path.rglob("*_mask.nii.gz")
    (truth,) = Path(OPEN_MS_DATA).rglob("MNI/patient07/GOLD_STANDARD*.nii.gz")
    mask, truth = (np.asarray(nib.load(p).dataobj) > 0 for p in (path, truth))
    dice = 2 * (mask & truth).sum() / (mask.sum() + truth.sum())
    assert dice == pytest.approx(anew["f_score"], abs=1e-5) and 0.05 < dice
    flair = next(Path(OPEN_MS_DATA).rglob("MNI/patient07/FLAIR*.nii.gz"))
    ours, theirs = nib.load(path), nib.load(flair)
    np.testing.assert_array_equal(ours.affine, theirs.affine)
    for field in ("sform_code", "qform_code", "dim", "pixdim"):
        np.testing.assert_array_equal(ours.header[field], theirs.header[field])
