"""`rfe data check`: what is odd about readable patients, and what is not read, by name."""

import os
import shutil
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from synthetic import CSF, GRAY

from rfe_core.scans.discovery import find_subjects
from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.subject import Subject
from rfe_study.command.cli import main
from rfe_study.phantom.bids import bids_paths, save_subject
from rfe_study.phantom.volumes import write_image, write_mask
from rfe_study.realism.check import describe

AFFINE = np.diag([2.5, 2.5, 2.5, 1])  # 800 ml of brain


def head(name="01", affine=AFFINE, **changes):
    """White matter, gray around it, a shell of CSF (a quarter) and a bright lesion."""
    rng, shape = np.random.default_rng(0), (48, 48, 48)
    radius = np.sqrt(((np.indices(shape) - 23.5) ** 2).sum(axis=0))
    lesion = (abs(np.indices(shape) - 22) < 2).all(axis=0)
    brain = radius < 23
    layers = [radius < 16, (radius >= 16) & (radius < 21), (radius >= 21) & brain]
    images = {}
    for modality in MODALITIES:
        values = (100, 100 * GRAY[modality], 100 * CSF[modality])
        image = sum(value * layer for value, layer in zip(values, layers, strict=True))
        image = np.where(lesion, 60 if modality == "t1" else 150, image)
        images[modality] = ((image + 2 * rng.standard_normal(shape)) * brain).astype(np.float32)
    parts = {"images": images, "lesion_mask": lesion, "brain_mask": brain, **changes}
    return Subject(name=name, affine=affine, **parts)


def check(tmp_path, subject):
    save_subject(subject, tmp_path)
    return describe(tmp_path)


def odd(report, *parts):
    """The report is one of a readable patient, and one of its warnings holds all parts."""
    assert report.ok
    assert any(all(part in line for part in parts) for line in report.warnings), report.warnings
    for line in report.warnings:
        assert f"WARNING {line}" in report.text.splitlines()


def test_a_plausible_patient_has_no_warning(tmp_path):
    report = check(tmp_path, head())
    assert report.ok and report.warnings == [] and "not read" not in report.text


def test_a_patient_without_t1_and_t2(tmp_path, capsys):
    paths = bids_paths(tmp_path, "01")
    save_subject(head(), tmp_path)
    paths["t1"].unlink()
    assert main(["data", "check", str(tmp_path)]) == 1
    assert "missing t1 (anat/sub-01_T1w.nii.gz); the option --without" in capsys.readouterr().out
    for gone in (["t1"], ["t1", "t2"]):
        assert main(["data", "check", str(tmp_path), "--strict", "--without", *gone]) == 0
        assert "1 of 1 patients readable" in capsys.readouterr().out
    shutil.copy(paths["flair"], paths["t2"])
    odd(describe(tmp_path, without=["t1"]), "T2w.nii.gz: looks like the same image")
    paths["flair"].unlink()
    assert main(["data", "check", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "flair (anat/sub-01_FLAIR.nii.gz)" in printed and "--without" not in printed


def test_strict_is_an_exit_code(tmp_path, capsys):
    save_subject(head(), tmp_path)
    arguments = ["data", "check", str(tmp_path)]
    assert main(arguments) == main([*arguments, "--strict"]) == 0
    save_subject(head(affine=np.diag([1.0, 1, 1, 1])), tmp_path)
    assert main(arguments) == 0
    assert main([*arguments, "--strict"]) == 1
    assert "WARNING 01: " in capsys.readouterr().out


def test_swapped_masks(tmp_path):
    subject = head()
    brain, lesion = subject.brain_mask, subject.lesion_mask
    report = check(tmp_path, replace(subject, brain_mask=lesion, lesion_mask=brain))
    odd(report, "label-lesion_mask.nii.gz", "are the two masks swapped?")
    odd(report, "desc-brain_mask.nii.gz", "a brain has 600 ml or more, got 0 ml")


def test_lesions_outside_the_brain(tmp_path):
    lesion = np.zeros_like(head().lesion_mask)
    lesion[:3, :3, :3] = True
    report = check(tmp_path, head(lesion_mask=lesion))
    odd(report, "label-lesion_mask.nii.gz: 100% of the lesion voxels lie outside the brain")


def test_lesions_that_are_a_tissue(tmp_path):
    subject = head()
    white = subject.images["t1"] > 90
    odd(check(tmp_path, replace(subject, lesion_mask=white)), "is it the mask of a tissue?")


def test_an_affine_in_metres(tmp_path):
    report = check(tmp_path, head(affine=np.diag([0.0025, 0.0025, 0.0025, 1])))
    odd(report, "FLAIR.nii.gz: voxels are expected from 0.1 to 10 mm", "is the affine in metres?")
    odd(report, "a brain has 600 ml or more, got 0 ml")


def test_one_image_three_times(tmp_path):
    images = dict.fromkeys(("t1", "t2", "flair"), head().images["flair"])
    report = check(tmp_path, head(images=images))
    odd(report, "T1w.nii.gz: looks like the same image as sub-01_T2w.nii.gz", "1.000")
    odd(report, "T1w.nii.gz: looks like the same image as sub-01_FLAIR.nii.gz")


@pytest.mark.parametrize(("one", "other"), [("t1", "flair"), ("t1", "t2"), ("t2", "flair")])
def test_swapped_modalities(tmp_path, one, other):
    images = head().images
    images = images | {one: images[other], other: images[one]}
    report = check(tmp_path, head(images=images))
    paths = bids_paths(tmp_path, "01")
    mentioned = "t1" if "t2" not in (one, other) else "t2"
    swapped_with = other if mentioned == one else one
    odd(report, paths[mentioned].name, f"looks swapped with {swapped_with}")


@pytest.mark.parametrize("masked", [True, False])
def test_air_of_a_scanner_in_hounsfield(tmp_path, masked):
    subject = head()
    images = {m: np.where(subject.brain_mask, i, -1024) for m, i in subject.images.items()}
    save_subject(head(images=images), tmp_path)
    if not masked:
        bids_paths(tmp_path, "01")["brain_mask"].unlink()
        report = describe(tmp_path)
        odd(report, "air is -1024, not 0, and there is no brain mask: air counts as brain")
        return
    odd(describe(tmp_path), "FLAIR.nii.gz: air is expected to be 0, got -1024 at the edges")


def test_z_scores(tmp_path):
    """Air at 0 is in the middle of them; or it is -0.6 like all else that was 0."""
    subject = head()
    inside = {m: i[subject.brain_mask] for m, i in subject.images.items()}
    scores = {
        m: ((i - inside[m].mean()) / inside[m].std()).astype(np.float32)
        for m, i in subject.images.items()
    }
    masked = {m: i * subject.brain_mask for m, i in scores.items()}
    odd(check(tmp_path, head(images=masked)), "was it z-scored or inverted?")
    save_subject(head(images=scores), tmp_path)
    bids_paths(tmp_path, "01")["brain_mask"].unlink()
    odd(describe(tmp_path), "there is no brain mask: air counts as brain; add a mask")


def test_single_voxels_that_stand_out(tmp_path):
    images = head().images
    images["t2"][20, 20, 20] = 1e6
    write = save_subject(head(), tmp_path)
    nib.Nifti1Image(images["t2"], AFFINE).to_filename(write / "anat" / "sub-01_T2w.nii.gz")
    odd(describe(tmp_path), "T2w.nii.gz: single voxels of 1e+06 stand out")


def test_one_bad_file_does_not_end_the_report(tmp_path):
    names = ["01", "02", "03", "04"]
    for name in names:
        save_subject(head(name), tmp_path)
    bids_paths(tmp_path, "02")["flair"].write_bytes(b"\x1f\x8b" + bytes(50))
    path = bids_paths(tmp_path, "03")["t1"]
    raw = nib.Nifti1Image(head().images["t1"], AFFINE).to_bytes()
    path.write_bytes(raw[:40] + bytes([3, 0, 255, 127, 255, 127, 255, 127]) + raw[48:])
    report = describe(tmp_path)
    assert [row["patient"] for row in report.rows] == ["01", "04"]
    assert list(report.problems) == ["02", "03"]
    assert str(bids_paths(tmp_path, "02")["flair"]) in report.problems["02"][0]
    assert "at most 536870912 voxels" in report.problems["03"][0]


# ---- what is not read


def test_folders_that_are_no_patients_are_named(tmp_path):
    path = save_subject(head(), tmp_path)
    for name in ("sub-MS-04", "sub-05_b"):
        shutil.copytree(path, tmp_path / name)
    report = describe(tmp_path)
    for name in ("sub-MS-04", "sub-05_b"):
        odd(report, f"{tmp_path / name}: left out", "sub- and then letters and digits alone")
    assert [row["patient"] for row in report.rows] == ["01"]
    assert describe(path).warnings == []  # of what lies beside the folder nobody asked


def test_masks_of_nobody_are_named(tmp_path):
    save_subject(head(), tmp_path)
    masks = tmp_path / "derivatives" / "masks"
    shutil.copytree(masks / "sub-01", masks / "sub-011")
    odd(describe(tmp_path), f"{masks / 'sub-011'}: left out, there are no images of sub-011")


@pytest.mark.parametrize("names", [("rater1_lesion", "rater2_lesion"), ("seg",), ("T1w_dseg",)])
def test_masks_that_might_be_meant_are_named(tmp_path, names):
    subject = head(lesion_mask=None)
    save_subject(subject, tmp_path)
    for name in names:
        path = tmp_path / f"derivatives/labels/sub-01/anat/sub-01_{name}.nii.gz"
        write_mask(path, subject.images["t1"] > 148, AFFINE)
    odd(
        describe(tmp_path),
        f"01: no lesion mask was read, though derivatives/labels/sub-01/anat/sub-01_{names[0]}",
        "belongs in ../derivatives/masks/sub-01/anat/sub-01_label-lesion_mask.nii.gz",
    )


def test_other_files_are_a_note(tmp_path):
    path = save_subject(head(), tmp_path)
    write_image(path / "anat" / "sub-01_acq-post_T1w.nii.gz", head().images["t1"], AFFINE)
    report = describe(tmp_path)
    assert report.warnings == []
    assert "not read: 01: anat/sub-01_acq-post_T1w.nii.gz" in report.text.splitlines()


def test_files_of_another_session_are_its_own(tmp_path):
    path = save_subject(head(), tmp_path)
    for session in ("1", "2"):
        for suffix in ("T1w", "T2w", "FLAIR"):
            place = path / f"ses-{session}" / "anat" / f"sub-01_ses-{session}_{suffix}.nii.gz"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path / "anat" / f"sub-01_{suffix}.nii.gz", place)
    shutil.rmtree(path / "anat")
    report = describe(tmp_path)
    assert [row["patient"] for row in report.rows] == ["01_ses-1", "01_ses-2"]
    mask = "derivatives/masks/sub-01/anat/sub-01_label-lesion_mask.nii.gz"
    for session in ("ses-1", "ses-2"):
        odd(report, f"01_{session}: no lesion mask was read, though {mask}", f"/sub-01/{session}/")
    assert "_T1w" not in report.text


# ---- real patients, where somebody has them

OPEN_MS_DATA = os.environ.get("RFE_OPEN_MS_DATA")


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.skipif(not OPEN_MS_DATA, reason="RFE_OPEN_MS_DATA names no folder of the open MS data")
def test_real_patients_are_plausible_and_swapped_ones_are_not(tmp_path):
    report = describe(OPEN_MS_DATA, "open-ms-data", ["patient07", "patient19"])
    assert report.ok and report.warnings == []
    for files in find_subjects(OPEN_MS_DATA, "open-ms-data", ["patient07", "patient19"])[0]:
        folder = tmp_path / files.name
        folder.mkdir()
        for path in files.existing.values():
            (folder / path.name).symlink_to(path)
        one, other = (folder / files.images[m].name for m in ("t1", "flair"))
        one.unlink(), other.unlink()
        one.symlink_to(files.images["flair"])
        other.symlink_to(files.images["t1"])
    swapped = describe(tmp_path, "open-ms-data")
    for name in ("patient07", "patient19"):
        odd(swapped, f"{name}: ", "looks swapped with flair")
