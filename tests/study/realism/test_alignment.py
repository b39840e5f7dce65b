"""Files of other grids on that of the FLAIR: where their values land, and what is said of it."""

import os
import shutil
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from rfe_core.scans.discovery import find_subjects
from rfe_core.scans.errors import VolumeError
from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.load import load_subjects
from rfe_core.scans.subject import load_subject
from rfe_study.command.cli import main
from rfe_study.phantom.bids import bids_paths
from rfe_study.realism import registration
from rfe_study.realism.alignment import HEADERS, Alignment
from rfe_study.realism.check import describe

SHAPE = (30, 34, 28)


def placed(edges, angles=(0, 0, 0), centre=(0, 0, 0), shape=SHAPE):
    """An affine whose grid has its centre at a point."""
    matrix = nib.eulerangles.euler2mat(*angles) @ np.diag(edges)
    return nib.affines.from_matvec(matrix, centre - matrix @ ((np.array(shape) - 1) / 2))


FLAIR = placed((2, 2, 3))


def points(shape, affine):
    """Millimetres (X, Y, Z, 3) of a grid's voxels."""
    return nib.affines.apply_affine(affine, np.moveaxis(np.indices(shape), 0, -1))


def head(at, sharp=1.0):
    """A smooth image, by its value at points."""
    x, y, z = np.moveaxis(at, -1, 0)
    ball = 1 / (1 + np.exp((np.sqrt((x / 22) ** 2 + (y / 26) ** 2 + (z / 32) ** 2) - 1) * 8))
    bumps = np.cos(x / 6 + 0.4) + np.sin(y / 7 + x / 15) + np.cos(z / 8 - y / 20)
    return (100 * ball * (1 + 0.15 * sharp * bumps)).astype(np.float32)


def lesion(at):
    return np.linalg.norm(at - (5, 5, 5), axis=-1)


def write(path, array, affine, axes="RAS"):
    """Write an array given in RAS+ in another storage orientation."""
    turn = nib.orientations.ornt_transform(
        nib.io_orientation(affine), nib.orientations.axcodes2ornt(axes)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    array = array.astype(np.uint8) if array.dtype == bool else array
    nib.Nifti1Image(array, affine).as_reoriented(turn).to_filename(path)


@pytest.fixture
def tree(tmp_path):
    """Patient 01: three contrasts and two masks of one head, on one grid."""
    paths, at = bids_paths(tmp_path, "01"), points(SHAPE, FLAIR)
    for modality, sharp in zip(MODALITIES, (-1.0, 0.5, 1.0), strict=True):
        write(paths[modality], head(at, sharp), FLAIR, "LAS")
    write(paths["brain_mask"], head(at, 0) > 50, FLAIR)
    write(paths["lesion_mask"], lesion(at) < 7, FLAIR)
    return tmp_path


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR"])
@pytest.mark.parametrize("angles", [(0, 0, 0), (0.2, -0.1, 0.15)], ids=["straight", "oblique"])
def test_values_land_where_the_headers_say(tree, axes, angles):
    """Images and masks of a point in space are the same on every grid."""
    shape = (51, 56, 60)
    own = placed((1.5, 1.5, 1.65), angles, (1, -2, 0.5), shape)
    at, paths = points(shape, own), bids_paths(tree, "01")
    write(paths["t1"], head(at, -1.0), own, axes)
    write(paths["lesion_mask"], lesion(at) < 7, own, axes)
    (files,) = find_subjects(tree, "bids")[0]
    with pytest.raises(VolumeError) as caught:
        load_subject(files)
    for part in (str(paths["t1"]), "--resample", "--register"):
        assert part in str(caught.value)
    align = Alignment("resample")
    assert align.off_grid(files) == ["t1", "lesion_mask"]
    (subject,) = load_subjects(tree, align=align)
    at = points(SHAPE, FLAIR)
    error = abs(subject.images["t1"] - head(at, -1.0))[head(at, 0) > 50]
    assert error.max() < 1  # of 100: linear interpolation of a smooth image
    np.testing.assert_array_equal(subject.images["flair"], head(at, 1.0))  # never touched
    sure = abs(lesion(at) - 7) > 1  # farther from its surface than half a voxel
    np.testing.assert_array_equal(subject.lesion_mask[sure], (lesion(at) < 7)[sure])
    t1, mask = align.moves(files)
    assert (t1.path, mask.path) == (paths["t1"], paths["lesion_mask"])
    assert t1.by == HEADERS and t1.moved_mm == 0 and t1.covered == 1 and t1.concerns() == []
    assert t1.said()["MillimetresOntoToFile"] == np.eye(4).tolist()


def test_what_a_file_does_not_cover_is_0_and_said(tree):
    shape = (30, 34, 12)  # the lower part
    own = placed((2, 2, 3), (0, 0, 0), (0, 0, -24), shape)
    write(bids_paths(tree, "01")["t2"], head(points(shape, own), 0.5), own)
    align = Alignment("resample")
    report = describe(tree, align=align)
    (warning,) = [line for line in report.warnings if "covers" in line]
    assert "T2w.nii.gz: covers 3" in warning and "0 in the rest" in warning
    assert "aligned: 01: sub-01_T2w.nii.gz put onto the grid of" in report.text
    (subject,) = load_subjects(tree, align=align)
    assert not subject.images["t2"][:, :, 20:].any() and subject.images["t2"][15, 17, 8] > 50


def test_air_stays_0(tree):
    """Where brain is may be said by the voxels that are not 0 alone, which a blur would widen."""
    own = placed((2.2, 2.1, 3.3), (0.2, 0.1, 0))
    at, paths = points(SHAPE, own), bids_paths(tree, "01")
    write(paths["t1"], head(at, -1.0) * (head(at, 0) > 50), own)
    (subject,) = load_subjects(tree, align=Alignment("resample"))
    stripped = nib.load(paths["t1"])
    index = np.linalg.inv(stripped.affine) @ FLAIR
    nearest = np.rint(nib.affines.apply_affine(index, np.moveaxis(np.indices(SHAPE), 0, -1)))
    nearest = nearest.astype(int)
    inside = ((nearest >= 0) & (nearest < SHAPE)).all(axis=-1)
    there = inside & (np.asarray(stripped.dataobj)[tuple((nearest * inside[..., None]).T)].T > 0)
    assert np.mean((subject.images["t1"] > 0) != there) < 1e-3  # halves round either way


def test_one_grid_is_left_as_it_is(tree, monkeypatch):
    monkeypatch.setattr(registration, "rigid", None)  # would fail
    (plain,), (aligned,) = (load_subjects(tree, align=a) for a in (None, Alignment("register")))
    np.testing.assert_array_equal(plain.images["t1"], aligned.images["t1"])
    assert "aligned" not in describe(tree, align=Alignment("register")).text


def test_a_rigid_motion_is_found_and_a_mask_moves_with_its_image(tree):
    motion = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.06, -0.05, 0.08), [5, -4, 3])
    shape = (60, 66, 50)
    own = placed((1.2, 1.2, 1.8), (0.1, 0, 0), (2, 0, 0), shape)
    paths = bids_paths(tree, "01")
    before = nib.affines.apply_affine(np.linalg.inv(motion), points(shape, own))
    moved = head(before, 1.0)
    write(paths["t1"], moved * (200 - moved) / 100, own, "LAS")  # dark where FLAIR is bright
    write(paths["lesion_mask"], lesion(before) < 7, own)
    (files,) = find_subjects(tree, "bids")[0]
    align = Alignment("register")
    subject = load_subject(files, align=align)
    image, mask = align.moves(files)
    at = points(SHAPE, FLAIR)
    apart = nib.affines.apply_affine(image.transform, at) - nib.affines.apply_affine(motion, at)
    assert np.linalg.norm(apart, axis=-1)[subject.brain_mask].max() < 0.5  # a quarter of a voxel
    assert image.moved_mm > 5 and image.information[1] > image.information[0] + 0.1
    assert image.said()["MutualInformation"]["After"] > 0
    np.testing.assert_array_equal(mask.transform, image.transform)
    assert mask.by == "the motion of sub-01_T1w.nii.gz" and mask.information is None
    sure = abs(lesion(at) - 7) > 2
    np.testing.assert_array_equal(subject.lesion_mask[sure], (lesion(at) < 7)[sure])
    again = load_subject(files, align=Alignment("register"))
    np.testing.assert_array_equal(again.images["t1"], subject.images["t1"])  # no chance in it


def test_headers_that_share_no_point(tree):
    """Registered by the centres of mass, and so far that a person should look."""
    own = FLAIR + np.outer([1, 0, 0, 0], [0, 0, 0, 300])
    write(bids_paths(tree, "01")["t1"], head(points(SHAPE, FLAIR), -1.0), own)
    report = describe(tree, align=Alignment("register"))
    assert any("was moved by up to 30" in line for line in report.warnings), report.text
    report = describe(tree, align=Alignment("resample"))
    assert "must vary inside the brain mask, got 0.0" in report.text


def test_without_simpleitk_one_line_says_how_to_install_it(tree, monkeypatch, capsys):
    monkeypatch.setattr(registration, "find_spec", lambda name: None)
    for command in (["data", "check", str(tree)], ["adapt", "--data", str(tree)]):
        assert main([*command, "--register"]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and "pip install 'SimpleITK" in error


def test_simpleitk_is_loaded_only_to_register(tree):
    code = "import sys; from rfe_study.command.cli import main; status = main(sys.argv[1:]); "
    code += "sys.exit(status + 10 * ('SimpleITK' in sys.modules))"
    command = [sys.executable, "-c", code, "data", "check", str(tree), "--resample"]
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_another_way_is_refused():
    with pytest.raises(ValueError, match="way must be one of resample, register, got 'warp'"):
        Alignment("warp")


# ---- real patients, where somebody has them

OPEN_MS_DATA = os.environ.get("RFE_OPEN_MS_DATA")


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.skipif(not OPEN_MS_DATA, reason="RFE_OPEN_MS_DATA names no folder of the open MS data")
def test_a_real_t1_that_was_moved_comes_back(tmp_path):
    (files,), _ = find_subjects(OPEN_MS_DATA, "open-ms-data", ["patient07"])
    shutil.copytree(files.folder, tmp_path / "patient07")
    path = tmp_path / "patient07" / files.images["t1"].name
    image = nib.load(path)
    shifted = image.affine + np.outer([1, 0, 0, 0], [0, 0, 0, 8])
    nib.Nifti1Image(image.dataobj, shifted).to_filename(path)
    with pytest.raises(VolumeError, match=r"--resample.*--register.*got 8 mm|got 8 mm.*--register"):
        load_subjects(tmp_path, "open-ms-data")
    (moved,), _ = find_subjects(tmp_path, "open-ms-data")
    align = Alignment("register")
    subject, original = load_subject(moved, align=align), load_subject(files)
    (move,) = align.moves(moved)
    brain = nib.affines.apply_affine(original.affine, np.argwhere(original.brain_mask)[::1000])
    apart = nib.affines.apply_affine(move.transform, brain) - brain - (8, 0, 0)
    assert np.linalg.norm(apart, axis=1).max() < 0.5
    values = [s.images["t1"][original.brain_mask] for s in (subject, original)]
    assert np.corrcoef(values)[0, 1] > 0.97
