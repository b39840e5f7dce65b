"""Where files may lie: MSSEG's centres, BIDS sessions and runs, masks elsewhere, the table."""

import gzip
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_core.scans.discovery import find_subjects
from rfe_core.scans.errors import VolumeError, VolumeWarning
from rfe_core.scans.load import load_subjects
from rfe_core.scans.patients import read_participants
from rfe_study.phantom.bids import bids_paths, save_subject
from rfe_study.phantom.volumes import write_image, write_mask

SUBJECT = tiny_subject("01", shape=(12, 13, 14), domain=None)


@pytest.fixture
def tree(tmp_path):
    save_subject(SUBJECT, tmp_path, register=False)
    return tmp_path


def moved(root, key, place):
    """Move one of the patient's files to another place below the root."""
    target = root / place
    target.parent.mkdir(parents=True, exist_ok=True)
    return shutil.move(bids_paths(root, "01")[key], target)


# ---- MSSEG as converters leave it


def msseg(root, *places):
    for place in places:
        folder = root / place
        for modality, image in SUBJECT.images.items():
            path = folder / "Preprocessed_Data" / f"{modality.upper()}_preprocessed.nii.gz"
            write_image(path, image, SUBJECT.affine)
        write_mask(folder / "Masks" / "Consensus.nii.gz", SUBJECT.lesion_mask, SUBJECT.affine)
        write_mask(folder / "Masks" / "Brain_Mask.nii.gz", SUBJECT.brain_mask, SUBJECT.affine)


@pytest.mark.parametrize("below", ["", "Training"])
def test_a_patient_01_in_each_centre(tmp_path, below):
    msseg(tmp_path, *(f"Training/Center_{centre}/Patient_01" for centre in ("01", "07", "08")))
    subjects = load_subjects(tmp_path / below, "msseg-2021")
    assert [(s.name, s.domain) for s in subjects] == [
        ("Training_Center_01_Patient_01", "C"),
        ("Training_Center_07_Patient_01", "B"),
        ("Training_Center_08_Patient_01", "A"),
    ]


def test_centre_by_centre_and_patient_by_patient_the_names_are_the_same(tmp_path, monkeypatch):
    """So rows and masks of one centre are never taken for those of another."""
    msseg(tmp_path, "Training/Center_01/Patient_01", "Testing/Center_01/Patient_01")
    for part in ("Training", "Testing"):
        for below in ("Center_01", "Center_01/Patient_01"):
            found, _ = find_subjects(tmp_path / part / below, "msseg-2021")
            assert [files.name for files in found] == [f"{part}_Center_01_Patient_01"]
    monkeypatch.chdir(tmp_path / "Testing" / "Center_01" / "Patient_01")
    assert find_subjects(".", "msseg-2021")[0][0].name == "Testing_Center_01_Patient_01"


# ---- BIDS: places beside the usual one


@pytest.mark.parametrize(
    "place",
    [
        "sub-01/anat/sub-01_label-lesion_mask.nii.gz",
        "sub-01/anat/sub-01_FLAIR_lesion_roi.nii.gz",
        "derivatives/labels/sub-01/anat/sub-01_desc-lesion_mask.nii.gz",
        "derivatives/labels/sub-01/anat/sub-01_FLAIR_lesion-manual.nii.gz",
        "derivatives/masks/sub-01/ses-02/anat/sub-01_ses-02_label-lesion_mask.nii.gz",
    ],
)
def test_the_only_lesion_mask_is_found(tree, place):
    moved(tree, "lesion_mask", place)
    (subject,) = load_subjects(tree)
    np.testing.assert_array_equal(subject.lesion_mask, SUBJECT.lesion_mask)


def test_masks_of_other_programs_are_no_labels(tree):
    moved(tree, "lesion_mask", "derivatives/network/sub-01/anat/sub-01_label-lesion_mask.nii.gz")
    assert load_subjects(tree)[0].lesion_mask is None


def test_of_two_lesion_masks_elsewhere_none_is_taken(tree):
    one = moved(tree, "lesion_mask", "sub-01/anat/sub-01_label-lesion_mask.nii.gz")
    other = tree / "derivatives/labels/sub-01/anat/sub-01_desc-rater2_label-lesion_mask.nii.gz"
    other.parent.mkdir(parents=True)
    shutil.copy(one, other)
    (files,), _ = find_subjects(tree, "bids")
    assert files.lesion_mask is None and files.doubtful["lesion_mask"] == [other, Path(one)]


def test_a_brain_mask_beside_the_images(tree):
    moved(tree, "brain_mask", "sub-01/anat/sub-01_desc-brain_mask.nii.gz")
    np.testing.assert_array_equal(load_subjects(tree)[0].brain_mask, SUBJECT.brain_mask)


def test_one_session(tree):
    for key, suffix in (("t1", "T1w"), ("t2", "T2w"), ("flair", "FLAIR")):
        moved(tree, key, f"sub-01/ses-m12/anat/sub-01_ses-m12_{suffix}.nii.gz")
    (subject,) = load_subjects(tree)
    assert subject.name == "01" and subject.lesion_mask.any()


@pytest.fixture
def sessions(tree):
    """Images of two sessions, a lesion mask of the second, a brain mask of neither."""
    for key, suffix in (("t1", "T1w"), ("t2", "T2w"), ("flair", "FLAIR")):
        path = Path(moved(tree, key, f"sub-01/ses-1/anat/sub-01_ses-1_{suffix}.nii.gz"))
        (tree / "sub-01/ses-2/anat").mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tree / f"sub-01/ses-2/anat/sub-01_ses-2_{suffix}.nii.gz")
    mask = "derivatives/masks/sub-01/ses-2/anat/sub-01_ses-2_label-lesion_mask.nii.gz"
    moved(tree, "lesion_mask", mask)
    return tree


def test_each_of_two_sessions_is_a_patient(sessions):
    table(sessions, b"participant_id\tdomain\nsub-01\tB\n")
    one, other = find_subjects(sessions, "bids")[0]
    assert (one.name, other.name, other.domain) == ("01_ses-1", "01_ses-2", "B")
    assert {"ses-1" in path.parts for path in one.images.values()} == {True}
    assert one.lesion_mask is None and "ses-2" in other.lesion_mask.parts
    assert one.brain_mask is None  # that of the patient is no session's
    (chosen,) = load_subjects(sessions, names=["sub-01_ses-2"])
    np.testing.assert_array_equal(chosen.lesion_mask, SUBJECT.lesion_mask)


def test_a_session_that_lacks_an_image_says_which(sessions):
    (sessions / "sub-01/ses-2/anat/sub-01_ses-2_T2w.nii.gz").unlink()
    with pytest.raises(VolumeError, match=r"missing t2 \(ses-2/anat/sub-01_ses-2_T2w.nii.gz\)"):
        load_subjects(sessions, names=["01_ses-2"])
    assert load_subjects(sessions, names=["01_ses-1"])


def test_modalities_of_one_visit_in_two_sessions(tree):
    moved(tree, "t1", "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz")
    for key, suffix in (("t2", "T2w"), ("flair", "FLAIR")):
        moved(tree, key, f"sub-01/ses-2/anat/sub-01_ses-2_{suffix}.nii.gz")
    assert load_subjects(tree)[0].name == "01"


def test_runs_and_acquisitions(tree):
    moved(tree, "t1", "sub-01/anat/sub-01_acq-mprage_T1w.nii.gz")
    assert load_subjects(tree)[0].name == "01"
    shutil.copy(bids_paths(tree, "01")["t2"], tree / "sub-01/anat/sub-01_run-2_T1w.nii.gz")
    with pytest.raises(VolumeError, match=r"one alone may stay of .*acq-mprage.*run-2"):
        load_subjects(tree)


def test_a_folder_with_brackets_umlauts_and_spaces(tmp_path):
    root = tmp_path / "Köpfe [1] *"
    save_subject(SUBJECT, root)
    moved(root, "t1", "sub-01/anat/sub-01_acq-x_T1w.nii.gz")
    assert load_subjects(root)[0].lesion_mask.any()


def test_packed_and_plain_whatever_the_name(tree):
    paths = bids_paths(tree, "01")
    paths["t1"].write_bytes(gzip.decompress(paths["t1"].read_bytes()))
    plain = paths["t2"].with_suffix("")
    paths["t2"].rename(plain)
    assert plain.name.endswith("T2w.nii") and plain.read_bytes().startswith(b"\x1f\x8b")
    (subject,) = load_subjects(tree)
    np.testing.assert_allclose(subject.images["t1"], SUBJECT.images["t1"], atol=0.01)


def test_a_header_that_leaves_left_and_right_open_is_a_warning(tree):
    path = bids_paths(tree, "01")["t1"]
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[252:256] = bytes(4)  # qform_code, sform_code
    path.write_bytes(raw)
    with pytest.raises(VolumeError, match="affine must place every corner"):
        load_subjects(tree)
    for path in bids_paths(tree, "01").values():
        raw = path.read_bytes()
        raw = bytearray(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)
        raw[252:256] = bytes(4)
        path.write_bytes(raw)
    with pytest.warns(VolumeWarning, match="both 0, so which side is left is a guess") as caught:
        load_subjects(tree)
    assert len(caught) == 5


# ---- which lesions count: raters, labels


@pytest.mark.parametrize(
    ("layout", "place", "rater"),
    [
        ("msseg-2016", "01016SACH/ManualSegmentation_{}.nii.gz", "3"),
        ("msseg-2021", "01016SACH/Masks/ManualSegmentation_{}.nii.gz", "3"),
        (
            *("bids", "derivatives/masks/sub-01/anat/sub-01_label-lesion_desc-{}_mask.nii.gz"),
            "anna",
        ),
    ],
)
def test_one_rater_instead_of_the_consensus(tmp_path, layout, place, rater):
    if layout == "bids":
        save_subject(SUBJECT, tmp_path)
    elif layout == "msseg-2021":
        msseg(tmp_path, "01016SACH")
    else:
        folder = tmp_path / "01016SACH"
        for modality, image in SUBJECT.images.items():
            path = folder / f"{modality.upper()}_preprocessed.nii.gz"
            write_image(path, image, SUBJECT.affine)
        write_mask(folder / "Consensus.nii.gz", SUBJECT.lesion_mask, SUBJECT.affine)
        write_mask(folder / "Mask_registered.nii.gz", SUBJECT.brain_mask, SUBJECT.affine)
    own = np.roll(SUBJECT.lesion_mask, 1, axis=0)
    write_mask(tmp_path / place.format(rater), own, SUBJECT.affine)
    write_mask(tmp_path / place.format(rater + "1"), ~own, SUBJECT.affine)
    (consensus,), (rated,) = (load_subjects(tmp_path, layout, rater=r) for r in (None, rater))
    np.testing.assert_array_equal(consensus.lesion_mask, SUBJECT.lesion_mask)
    np.testing.assert_array_equal(rated.lesion_mask, own)
    with pytest.raises(VolumeError) as caught:
        load_subjects(tmp_path, layout, rater="9")
    assert "rater 9 must have one lesion mask of the patient, got" in str(caught.value)
    assert Path(place.format(rater)).name in str(caught.value)


def test_raters_where_there_are_none(tmp_path, tree):
    with pytest.raises(ValueError, match=r"rater needs a layout with masks .*got 'open-ms-data'"):
        find_subjects(tmp_path, "open-ms-data", rater="1")
    bids_paths(tree, "01")["lesion_mask"].unlink()
    assert load_subjects(tree, rater="1")[0].lesion_mask is None  # nobody labelled the patient


def test_labels_that_count(tree):
    path = bids_paths(tree, "01")["lesion_mask"]
    values = SUBJECT.lesion_mask.astype(np.uint8)
    values[0, 0, :3] = 2, 3, 3
    nib.Nifti1Image(values, SUBJECT.affine).to_filename(path)
    with pytest.raises(VolumeError) as caught:
        load_subjects(tree)
    for part in (str(path), "must be 0 and 1, got 4 values: 0, 1, 2, 3", "--labels"):
        assert part in str(caught.value)
    for labels in ((1,), (2, 3), (3, 9)):
        (subject,) = load_subjects(tree, labels=labels)
        np.testing.assert_array_equal(subject.lesion_mask, np.isin(values, labels))
        np.testing.assert_array_equal(subject.brain_mask, SUBJECT.brain_mask)
    with pytest.raises(VolumeError, match="whole numbers, some of them 7, 8, got 4 values"):
        load_subjects(tree, labels=(7, 8))
    nib.Nifti1Image(values / np.float32(3), SUBJECT.affine).to_filename(path)
    with pytest.raises(VolumeError, match=r"whole numbers, some of them 1, got 4 values: 0, 0\.33"):
        load_subjects(tree, labels=(1,))


# ---- participants.tsv


def table(folder, content):
    (folder / "participants.tsv").write_bytes(content)
    return folder


def test_participants(tmp_path):
    content = "\ufeffparticipant_id\tdomain\tname\r\nsub-01\tA\tJérôme\r\n1e5\tn/a\tNA\r\n"
    assert read_participants(table(tmp_path, content.encode())) == {"01": "A", "1e5": None}
    assert read_participants(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must have a column participant_id, got -"),
        (b"participant_id\tdomain\n\tA\n", "must name each patient once, got '' in row 2"),
        (b"domain\tparticipant_id\nA\n", "must name each patient once, got None in row 2"),
        (b"participant_id\nsub-1\n1\n", "must name each patient once, got '1' in row 3"),
        ("participant_id\tä\n".encode("latin-1"), "must be a table in UTF-8"),
    ],
)
def test_tables_that_are_none(tmp_path, content, message):
    with pytest.raises(VolumeError) as caught:
        read_participants(table(tmp_path, content))
    assert str(caught.value).startswith(str(tmp_path / "participants.tsv"))
    assert message in str(caught.value)


def test_a_folder_in_place_of_the_table(tmp_path):
    (tmp_path / "participants.tsv").mkdir()
    with pytest.raises(VolumeError, match=r"participants.tsv: must be a table"):
        read_participants(tmp_path)
