"""Data sets of patients: the four layouts, every rule that a patient can break, and the cache."""

import csv
import dataclasses
import json
import os
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfe_core.scans.discovery import find_subjects
from rfe_core.scans.layouts import LAYOUTS, MODALITIES, OPEN_MS
from rfe_core.scans.load import VolumeWarning, load_subjects
from rfe_core.scans.nifti import VolumeError
from rfe_core.scans.subject import Subject
from rfe_study.phantom import cache, heads
from rfe_study.phantom.bids import bids_paths, save_subject
from rfe_study.phantom.domains import Patient
from rfe_study.realism.check import describe

SHAPE = (8, 9, 10)
AFFINE = nib.affines.from_matvec(np.diag([1.0, 1.0, 1.5]), [-4, -5, 6])
OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.1, -0.05, 0.2) @ np.diag([1.0, 1.0, 1.5]), [-4, -5, 6]
)


def make_subject(seed=0, name="p1", affine=AFFINE, lesions=True, domain=None):
    rng = np.random.default_rng(seed)
    brain = np.zeros(SHAPE, bool)
    brain[1:-1, 1:-1, 1:-1] = True
    lesion = np.zeros(SHAPE, bool)
    lesion[2:4, 2:4, 2:4] = lesion[6, 6, 6] = True
    images = {m: (rng.uniform(50, 100, SHAPE) * brain).astype(np.float32) for m in MODALITIES}
    return Subject(
        name=name,
        images=images,
        lesion_mask=lesion if lesions else None,
        brain_mask=brain,
        affine=affine,
        domain=domain,
    )


def write_nifti(path, array, affine=AFFINE, axes="RAS"):
    """Write an array given in RAS+ in another storage orientation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = array.astype(np.uint8) if array.dtype == bool else array
    turn = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(affine), nib.orientations.axcodes2ornt(axes)
    )
    nib.Nifti1Image(array, affine).as_reoriented(turn).to_filename(path)


def paths_of(root, layout, name):
    """Where a data set keeps a patient, written down here a second time on purpose."""
    if layout == "bids":
        masks = root / "derivatives" / "masks" / f"sub-{name}" / "anat"
        anat = root / f"sub-{name}" / "anat" / f"sub-{name}"
        return {
            "t1": Path(f"{anat}_T1w.nii.gz"),
            "t2": Path(f"{anat}_T2w.nii.gz"),
            "flair": Path(f"{anat}_FLAIR.nii.gz"),
            "lesion": masks / f"sub-{name}_label-lesion_mask.nii.gz",
            "brain": masks / f"sub-{name}_desc-brain_mask.nii.gz",
        }
    if layout == "msseg-2016":
        folder = root / "TrainingDataset_MSSEG" / name
        return {
            "t1": folder / "3DT1.nii.gz",
            "t2": folder / "T2.nii.gz",
            "flair": folder / "3DFLAIR.nii.gz",
            "lesion": folder / "Consensus.nii.gz",
        }
    if layout == "msseg-2021":
        folder = root / "Training" / f"Center_{name[:2]}" / name
        images = {
            m: folder / "Preprocessed_Data" / f"{m.upper()}_preprocessed.nii.gz" for m in MODALITIES
        }
        masks = folder / "Masks"
        return images | {"lesion": masks / "Consensus.nii.gz", "brain": masks / "Brain_Mask.nii.gz"}
    folder = root / "cross_sectional" / "MNI" / name
    images = {m: folder / f"{m.upper()}{OPEN_MS}_brain_N4_regtoMNI.nii.gz" for m in MODALITIES}
    return images | {"lesion": folder / f"GOLD_STANDARD{OPEN_MS}_regtoMNI.nii.gz"}


NAMES = {
    "bids": ["Atrain1", "Btest2"],
    "msseg-2016": ["01016SACH", "07001MOEL"],
    "msseg-2021": ["01016SACH", "08027SYBR"],
    "open-ms-data": ["patient07", "patient19"],
}


def build(root, layout, axes="RAS", affine=AFFINE):
    """A small data set of two patients; returns their arrays."""
    subjects = [make_subject(seed, name, affine) for seed, name in enumerate(NAMES[layout])]
    for subject in subjects:
        paths = paths_of(root, layout, subject.name)
        for modality in MODALITIES:
            write_nifti(paths[modality], subject.images[modality], affine, axes)
        write_nifti(paths["lesion"], subject.lesion_mask, affine, axes)
        if "brain" in paths:
            write_nifti(paths["brain"], subject.brain_mask, affine, axes)
    return subjects


def assert_same(read, expected):
    assert read.name == expected.name
    assert list(read.images) == list(MODALITIES)
    for modality in MODALITIES:
        np.testing.assert_array_equal(read.images[modality], expected.images[modality])
    np.testing.assert_array_equal(read.lesion_mask, expected.lesion_mask)
    np.testing.assert_array_equal(read.brain_mask, expected.brain_mask)
    np.testing.assert_allclose(read.affine, expected.affine, atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axes, affine", [("RAS", AFFINE), ("LAS", AFFINE), ("PIR", OBLIQUE)])
def test_each_layout_in_each_orientation(tmp_path, layout, axes, affine):
    expected = build(tmp_path, layout, axes, affine)
    read = load_subjects(tmp_path, layout)
    for one, other in zip(read, expected, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize(
    "layout, below",
    [
        ("bids", ""),
        ("msseg-2016", "TrainingDataset_MSSEG"),
        ("msseg-2021", "Training"),
        ("open-ms-data", "cross_sectional"),
        ("open-ms-data", "cross_sectional/MNI"),
    ],
)
def test_any_level_above_the_patients(tmp_path, layout, below):
    build(tmp_path / "set", layout)
    for root in (tmp_path, tmp_path / "set" / below):
        assert [s.name for s in load_subjects(root, layout)] == NAMES[layout]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_patients_folder(tmp_path, layout):
    expected = build(tmp_path, layout)[1]
    found, _ = find_subjects(tmp_path, layout, [expected.name])
    assert_same(load_subjects(found[0].folder, layout)[0], expected)


def test_relative_path(tmp_path, monkeypatch):
    build(tmp_path, "bids")
    monkeypatch.chdir(tmp_path / "sub-Btest2")
    assert [s.name for s in load_subjects(".")] == ["Btest2"]


def test_names_choose_and_order(tmp_path):
    build(tmp_path, "bids")
    assert [s.name for s in load_subjects(tmp_path, names=["sub-Btest2", "Atrain1"])] == [
        "Btest2",
        "Atrain1",
    ]
    with pytest.raises(VolumeError, match="patient must be one of Atrain1, Btest2, got 'C'"):
        load_subjects(tmp_path, names=["C"])
    for names in ("Atrain1", []):
        with pytest.raises(ValueError, match="names must be a list"):
            load_subjects(tmp_path, names=names)


def test_uncompressed_files(tmp_path):
    expected = build(tmp_path, "msseg-2016")[0]
    for path in paths_of(tmp_path, "msseg-2016", expected.name).values():
        nib.load(path).to_filename(path.with_suffix(""))
        path.unlink()
    assert_same(load_subjects(tmp_path, "msseg-2016", [expected.name])[0], expected)


def test_msseg_2016_preprocessed_files_come_first_and_bring_a_brain_mask(tmp_path):
    expected = build(tmp_path, "msseg-2016")[0]
    folder = tmp_path / "TrainingDataset_MSSEG" / expected.name
    for modality in MODALITIES:
        write_nifti(
            folder / f"{modality.upper()}_preprocessed.nii.gz",
            expected.images[modality] + np.float32(1),
        )
    write_nifti(folder / "Mask_registered.nii.gz", expected.brain_mask)
    read = load_subjects(tmp_path, "msseg-2016", [expected.name])[0]
    np.testing.assert_array_equal(read.images["t1"], expected.images["t1"] + 1)
    np.testing.assert_array_equal(read.brain_mask, expected.brain_mask)


@pytest.mark.parametrize("layout", ["msseg-2016", "msseg-2021"])
def test_msseg_domain_follows_the_scanner_of_the_centre(tmp_path, layout):
    """Centre 01 is the Verio (C in Table 1), 07 the Aera (B), 08 the Ingenia (A)."""
    build(tmp_path, layout)
    expected = {"01016SACH": "C", "07001MOEL": "B", "08027SYBR": "A"}
    for subject in load_subjects(tmp_path, layout):
        assert subject.domain == expected[subject.name]


def test_msseg_2016_never_mixes_raw_and_preprocessed_images(tmp_path):
    expected = build(tmp_path, "msseg-2016")[0]
    paths = paths_of(tmp_path, "msseg-2016", expected.name)
    write_nifti(paths["t1"].with_name("T1_preprocessed.nii.gz"), expected.images["t1"] + 1)
    assert_same(load_subjects(tmp_path, "msseg-2016", [expected.name])[0], expected)


def test_open_ms_data_prefers_mni_over_the_other_spaces(tmp_path):
    build(tmp_path, "open-ms-data")
    (tmp_path / "cross_sectional" / "raw" / "patient07").mkdir(parents=True)
    assert len(load_subjects(tmp_path, "open-ms-data")) == 2


def test_open_ms_data_names_the_patients_it_skips(tmp_path):
    build(tmp_path, "open-ms-data")
    lesion = paths_of(tmp_path, "open-ms-data", "patient01")["lesion"]
    write_nifti(lesion, make_subject().lesion_mask)

    with pytest.warns(VolumeWarning, match="skipped 1 patients .* no images: patient01"):
        read = load_subjects(tmp_path, "open-ms-data")
    assert [s.name for s in read] == NAMES["open-ms-data"]
    report = describe(tmp_path, "open-ms-data")
    assert report.ok and "no images: patient01" in report.text

    with pytest.raises(VolumeError, match=r"patient01.*missing t1 \(T1_N4"):
        load_subjects(tmp_path, "open-ms-data", ["patient01"])
    with pytest.raises(VolumeError, match="lesion masks alone for patient01"):
        load_subjects(lesion.parent, "open-ms-data")


# ---- the folder is wrong


def test_unknown_layout(tmp_path):
    with pytest.raises(ValueError, match=r"layout must be one of bids, .*, got 'dicom'"):
        load_subjects(tmp_path, "dicom")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_and_empty_folders_say_what_was_expected(tmp_path, layout):
    with pytest.raises(VolumeError, match=r"gone: must be a folder .*\(ROOT/.*got nothing there"):
        load_subjects(tmp_path / "gone", layout)
    with pytest.raises(VolumeError, match=r"expected ROOT/.*; found an empty folder"):
        load_subjects(tmp_path, layout)


def test_file_in_place_of_a_folder(tmp_path):
    (tmp_path / "x.nii").touch()
    with pytest.raises(VolumeError, match="got a file"):
        load_subjects(tmp_path / "x.nii")


def test_wrong_layout_lists_what_is_there(tmp_path):
    build(tmp_path, "msseg-2021")
    with pytest.raises(VolumeError, match=r"in the bids layout, found none.*found Training/"):
        load_subjects(tmp_path)


def test_two_patients_of_one_name(tmp_path):
    build(tmp_path / "one", "bids")
    build(tmp_path / "two", "bids")
    with pytest.raises(VolumeError, match=r"each patient must occur once, got Atrain1 in .*one"):
        load_subjects(tmp_path)


# ---- a patient is wrong: each rule, each layout's own names


@pytest.fixture
def tree(tmp_path):
    build(tmp_path, "bids")
    return tmp_path, paths_of(tmp_path, "bids", "Atrain1")


def refused(tree, path, *parts, **options):
    """Reading raises, naming file and parts; the check lists the same and reads the other one."""
    root, _ = tree
    with pytest.raises(VolumeError) as caught:
        load_subjects(root, **options)
    for part in (str(path), *parts):
        assert part in str(caught.value), str(caught.value)
    report = describe(root)
    assert not report.ok
    assert report.problems == {"Atrain1": [str(caught.value)]}
    assert [row["patient"] for row in report.rows] == ["Btest2"]
    assert f"PROBLEM Atrain1: {caught.value}" in report.text.splitlines()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_modality(tmp_path, layout):
    name = build(tmp_path, layout)[0].name
    paths = paths_of(tmp_path, layout, name)
    paths["t2"].unlink()
    with pytest.raises(VolumeError, match=f"{name}.*missing t2 .*{paths['t2'].name}") as caught:
        load_subjects(tmp_path, layout)
    assert "flair (" not in str(caught.value)


@pytest.mark.parametrize("key", ["t1", "lesion", "brain"])
def test_shape_differs(tree, key):
    write_nifti(
        tree[1][key],
        np.ones((8, 9, 11), bool) if key != "t1" else np.random.default_rng(0).random((8, 9, 11)),
    )
    refused(
        tree, tree[1][key], "(8, 9, 10) of sub-Atrain1_FLAIR.nii.gz, got (8, 9, 11)", "--resample"
    )


@pytest.mark.parametrize("key", ["t2", "lesion", "brain"])
def test_affine_differs(tree, key):
    affine = AFFINE.copy()
    affine[1, 3] += 0.25
    subject = make_subject()
    array = {"t2": subject.images["t2"], "lesion": subject.lesion_mask, "brain": subject.brain_mask}
    write_nifti(tree[1][key], array[key], affine)
    refused(
        tree, tree[1][key], "within 0.1 voxel (0.1 mm)", "got 0.25 mm", "--resample", "--register"
    )


def test_rotation_is_measured_at_the_corners(tree):
    turned = nib.affines.from_matvec(
        nib.eulerangles.euler2mat(0.02) @ AFFINE[:3, :3], AFFINE[:3, 3]
    )
    write_nifti(tree[1]["t1"], make_subject().images["t1"], turned)
    refused(tree, tree[1]["t1"], "affine must place every corner")


def test_affines_within_tolerance_are_one_grid(tree):
    affine = AFFINE.copy()
    affine[:3, 3] += 0.05
    write_nifti(tree[1]["t1"], make_subject().images["t1"], affine)
    np.testing.assert_allclose(load_subjects(tree[0])[0].affine, AFFINE)  # FLAIR's


@pytest.mark.parametrize("key", ["t1", "lesion", "brain"])
def test_truncated_file(tree, key):
    raw = tree[1][key].read_bytes()
    tree[1][key].write_bytes(raw[:-20])
    refused(tree, tree[1][key], "gzip file must be complete")


def test_nan(tree):
    image = make_subject().images["flair"]
    image[0, 0, 0] = np.nan
    write_nifti(tree[1]["flair"], image)
    refused(tree, tree[1]["flair"], "must be finite", "1 of 720")


def test_empty_image(tree):
    write_nifti(tree[1]["t2"], np.zeros(SHAPE, np.float32))
    refused(tree, tree[1]["t2"], "image must not be empty")


def test_image_that_is_empty_inside_the_brain(tree):
    write_nifti(tree[1]["t2"], (~make_subject().brain_mask).astype(np.float32))
    refused(tree, tree[1]["t2"], "must vary inside the brain mask, got 0.0")


def test_empty_brain_mask(tree):
    write_nifti(tree[1]["brain"], np.zeros(SHAPE, bool))
    refused(tree, tree[1]["brain"], "brain mask must not be empty")


@pytest.mark.parametrize("key", ["lesion", "brain"])
def test_mask_that_is_not_binary(tree, key):
    write_nifti(tree[1][key], np.random.default_rng(0).random(SHAPE).astype(np.float32))
    refused(tree, tree[1][key], "mask values must be 0 and 1", "probability map")


def test_every_problem_of_a_patient_is_listed(tree):
    """Three files are wrong and one is missing: four lines, each naming its own."""
    root, paths = tree
    paths["t1"].unlink()
    paths["t2"].write_bytes(b"")
    write_nifti(paths["flair"], np.full(SHAPE, np.nan))
    write_nifti(paths["lesion"], np.full(SHAPE, 2, np.uint8))
    problems = describe(root).problems["Atrain1"]
    rules = ["must all be there", "must be NIfTI", "must be finite", "must be 0 and 1"]
    assert len(problems) == 4
    for problem, key, rule in zip(problems, ("t1", "t2", "flair", "lesion"), rules, strict=True):
        assert rule in problem and paths[key].name in problem


def test_every_file_off_the_grid_is_listed(tree):
    root, paths = tree
    subject = make_subject()
    for key, array in (("t1", subject.images["t1"]), ("brain", subject.brain_mask)):
        write_nifti(paths[key], array, AFFINE * 1.5)
    problems = describe(root).problems["Atrain1"]
    assert [str(paths["t1"]) in problems[0], str(paths["brain"]) in problems[1]] == [True, True]
    assert len(problems) == 2


def test_empty_lesion_mask_needs_a_word(tree):
    write_nifti(tree[1]["lesion"], np.zeros(SHAPE, bool))
    with pytest.raises(VolumeError, match=r"label-lesion_mask.*must hold a lesion, got none"):
        load_subjects(tree[0])
    assert not load_subjects(tree[0], allow_empty_lesions=True)[0].lesion_mask.any()
    report = describe(tree[0])
    assert report.ok and report.rows[0]["lesions"] == "0"


def test_no_lesion_mask_is_an_unlabelled_patient(tree):
    tree[1]["lesion"].unlink()
    assert load_subjects(tree[0])[0].lesion_mask is None
    assert describe(tree[0]).rows[0]["lesions"] == "-"


def test_no_brain_mask_takes_the_voxels_that_are_not_zero(tree):
    tree[1]["brain"].unlink()
    subject = make_subject()
    np.testing.assert_array_equal(load_subjects(tree[0])[0].brain_mask, subject.brain_mask)
    assert describe(tree[0]).rows[0]["brain ml"].endswith("*")


def test_no_brain_mask_and_a_whole_head(tree):
    """Air that is not zero would become brain; the volume gives it away."""
    root, paths = tree
    large = AFFINE * [20, 20, 20, 1]
    rng = np.random.default_rng(0)
    for modality in MODALITIES:
        write_nifti(paths[modality], rng.uniform(1, 2, SHAPE).astype(np.float32), large)
    write_nifti(paths["lesion"], make_subject().lesion_mask, large)
    paths["brain"].unlink()
    refused(tree, root / "sub-Atrain1", "at most 2500 ml, got 8640 ml", "strip the skull")


# ---- Subject


def test_voxel_size_of_an_oblique_grid():
    np.testing.assert_allclose(make_subject(affine=OBLIQUE).voxel_size_mm, [1, 1, 1.5])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"brain_mask": np.ones((1, 2, 3), bool)}, r"shape \(1, 2, 3\), got \(8, 9, 10\)"),
        ({"lesion_mask": np.ones(SHAPE)}, "lesion_mask must be bool, got float64"),
        ({"brain_mask": np.ones(SHAPE, np.uint8)}, "brain_mask must be bool, got uint8"),
        ({"images": {"t1": np.ones(SHAPE)}}, "t1 must be float32, got float64"),
        ({"affine": np.eye(3)}, r"affine must have shape \(4, 4\), got \(3, 3\)"),
    ],
)
def test_subject_refuses(change, message):
    with pytest.raises(VolumeError, match=message):
        dataclasses.replace(make_subject(), **change)


# ---- writing


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    labelled=st.booleans(),
    domain=st.sampled_from([None, "A", "D"]),
    name=st.text("abcXYZ0189", min_size=1, max_size=8),
    affine=st.sampled_from([AFFINE, OBLIQUE]),
)
def test_saved_subject_comes_back(tmp_path_factory, seed, labelled, domain, name, affine):
    root = tmp_path_factory.mktemp("tree")
    subject = make_subject(seed, name, affine, labelled, domain)
    assert save_subject(subject, root) == root / f"sub-{name}"
    (again,) = load_subjects(root)
    assert (again.name, again.domain) == (name, domain)
    for modality, image in subject.images.items():
        np.testing.assert_allclose(again.images[modality], image, atol=image.max() / 65000)
    np.testing.assert_array_equal(again.brain_mask, subject.brain_mask)
    assert (again.lesion_mask is None) == (not labelled)
    if labelled:
        np.testing.assert_array_equal(again.lesion_mask, subject.lesion_mask)
    np.testing.assert_allclose(again.affine, affine, atol=1e-6)


def test_the_tree_is_bids(tmp_path):
    save_subject(make_subject(name="b", domain="B"), tmp_path)
    save_subject(make_subject(name="a"), tmp_path)
    for name in ("a", "b"):
        assert all(path.is_file() for path in paths_of(tmp_path, "bids", name).values())
    raw = json.loads((tmp_path / "dataset_description.json").read_text(encoding="utf-8"))
    path = tmp_path / "derivatives/masks/dataset_description.json"
    derived = json.loads(path.read_text(encoding="utf-8"))
    assert raw["DatasetType"] == "raw" and {"Name", "BIDSVersion"} <= raw.keys()
    assert derived["DatasetType"] == "derivative" and derived["GeneratedBy"][0]["Name"]
    with (tmp_path / "participants.tsv").open(encoding="utf-8") as file:
        assert list(csv.reader(file, delimiter="\t")) == [
            ["participant_id", "domain"],
            ["sub-a", "n/a"],
            ["sub-b", "B"],
        ]
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_saving_again_replaces_the_patient(tmp_path):
    save_subject(make_subject(seed=0, domain="A"), tmp_path)
    save_subject(make_subject(seed=1, lesions=False, domain="B"), tmp_path)
    (again,) = load_subjects(tmp_path)
    assert again.lesion_mask is None and again.domain == "B"


@pytest.mark.parametrize("name", ["", "a_b", "sub-1", "../x", "é"])
def test_names_that_bids_does_not_allow(tmp_path, name):
    with pytest.raises(VolumeError, match="name must hold only letters and digits"):
        save_subject(make_subject(name=name), tmp_path)
    assert not list(tmp_path.iterdir())


def test_save_refuses_what_could_not_be_read(tmp_path):
    subject = make_subject()
    with pytest.raises(VolumeError, match="images must hold t2, got t1, flair"):
        images = {key: subject.images[key] for key in ("t1", "flair")}
        save_subject(dataclasses.replace(subject, images=images), tmp_path)
    subject.images["t1"][0, 0, 0] = np.inf
    with pytest.raises(VolumeError, match="t1 must be finite"):
        save_subject(subject, tmp_path)
    assert not list(tmp_path.iterdir())


def test_participants_without_ids(tmp_path):
    build(tmp_path, "bids")
    (tmp_path / "participants.tsv").write_text("id\tdomain\nx\tA\n", encoding="utf-8")
    with pytest.raises(VolumeError, match="must have a column participant_id, got id, domain"):
        load_subjects(tmp_path)


# ---- the phantom's cache


@pytest.fixture
def maker(monkeypatch):
    """A stand-in for the phantom that counts its calls."""
    calls = []

    def make_patient(patient, seed=0):
        calls.append((patient.name, seed))
        made = make_subject(seed=sum(map(ord, patient.name)) + seed)
        return SimpleNamespace(
            images=made.images,
            lesion_mask=made.lesion_mask,
            brain_mask=made.brain_mask,
            affine=made.affine,
        )

    monkeypatch.setattr(heads, "make_patient", make_patient)
    return calls


A1, B2 = Patient("A", "train", 1), Patient("B", "train", 2)


def test_phantom_patients_are_made_once_and_read_back_the_same(tmp_path, maker):
    first = cache.phantom_subjects([B2], cache=tmp_path, workers=0, progress=False)
    both = cache.phantom_subjects([A1, B2], cache=tmp_path, workers=0, progress=False)
    assert maker == [("Btrain2", 0), ("Atrain1", 0)]
    assert [(s.name, s.domain) for s in both] == [("Atrain1", "A"), ("Btrain2", "B")]
    assert_same(both[1], first[0])
    assert [s.domain for s in load_subjects(cache.phantom_folder(tmp_path))] == ["A", "B"]


@pytest.mark.slow
def test_a_process_of_its_own_makes_the_real_phantom(tmp_path, capsys):
    (subject,) = cache.phantom_subjects([A1], cache=tmp_path, workers=1)
    assert (subject.name, subject.domain, subject.shape) == ("Atrain1", "A", (160, 192, 160))
    assert subject.lesion_mask.any() and not (subject.lesion_mask & ~subject.brain_mask).any()
    assert "1/1" in capsys.readouterr().err


@pytest.mark.slow
def test_a_process_that_fails_says_why(tmp_path):
    """The folder is not the one of this source, which only the process itself finds out."""
    with pytest.raises(RuntimeError, match=r"(?s)exit status 1.*changed since phantom-old"):
        cache.make_missing([A1], tmp_path / "phantom-old", workers=1, progress=False)
    assert not list(tmp_path.iterdir())


def test_an_unfinished_patient_is_made_again(tmp_path, maker):
    cache.phantom_subjects([A1], cache=tmp_path, workers=0, progress=False)
    bids_paths(cache.phantom_folder(tmp_path), "Atrain1")["lesion_mask"].unlink()
    cache.phantom_subjects([A1], cache=tmp_path, workers=0, progress=False)
    assert len(maker) == 2


def test_a_damaged_cache_says_how_to_mend_it(tmp_path, maker):
    cache.phantom_subjects([A1], cache=tmp_path, workers=0, progress=False)
    root = cache.phantom_folder(tmp_path)
    bids_paths(root, "Atrain1")["t1"].write_bytes(b"")
    with pytest.raises(VolumeError, match=f"delete {root} and it is made again"):
        cache.phantom_subjects([A1], cache=tmp_path, workers=0, progress=False)


def test_no_patients_and_bad_workers(tmp_path):
    assert cache.phantom_subjects([], cache=tmp_path) == []
    with pytest.raises(ValueError, match="workers must be >= 0, got -1"):
        cache.phantom_subjects([A1], cache=tmp_path, workers=-1)


def test_the_cache_key_holds_all_that_determines_a_patient(tmp_path, monkeypatch):
    original = cache.phantom_folder(tmp_path)
    assert cache.phantom_folder(tmp_path, seed=1) != original
    with monkeypatch.context() as patch:
        patch.setattr(cache, "code_version", lambda *modules: "0123456789ab")
        assert cache.phantom_folder(tmp_path) != original
    assert {"rfe_study.phantom.heads", "rfe_study.phantom.volumes"} == set(cache.SOURCE)

    monkeypatch.setattr(cache, "version", lambda package: "1.0")
    keys = {cache.phantom_folder(tmp_path)}
    for newer in ("numpy", "scipy", "scikit-image", "nilearn"):
        monkeypatch.setattr(
            cache, "version", lambda name, newer=newer: "2.0" if name == newer else "1.0"
        )
        keys.add(cache.phantom_folder(tmp_path))
    assert len(keys) == 5


def test_source_that_changes_while_patients_are_made(tmp_path):
    with pytest.raises(RuntimeError, match="source of the phantom changed since phantom-old"):
        cache._make(A1, tmp_path / "phantom-old", 0)


def test_default_cache_is_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RFE_DATA", str(tmp_path))
    assert cache.phantom_folder().parent == tmp_path / "cache"
    monkeypatch.delenv("RFE_DATA")
    assert cache.phantom_folder().parent == Path(cache.__file__).parents[2] / "data" / "cache"


# ---- the check's table


def test_the_table_states_what_was_found(tmp_path):
    build(tmp_path, "msseg-2021", axes="LAS")
    report = describe(tmp_path, "msseg-2021")
    row = report.rows[0]
    assert (row["patient"], row["domain"], row["stored"]) == ("01016SACH", "C", "LAS")
    assert (row["grid"], row["voxel mm"]) == ("8x9x10", "1x1x1.5")
    assert (row["lesions"], row["load ml"]) == ("2", "0.01")  # 9 voxels of 1.5 mm3
    assert row["outside"] == "0.0%"
    subject = load_subjects(tmp_path, "msseg-2021")[0]
    flair, lesion = subject.images["flair"], subject.lesion_mask
    ratio = np.median(flair[lesion]) / np.median(flair[subject.brain_mask & ~lesion])
    assert row["FLAIR ratio"] == f"{ratio:.2f}"
    assert str(report) == report.text
    assert "2 of 2 patients readable" in report.text
    assert all(len(line) < 200 for line in report.text.splitlines()[:3])


# ---- real patients, where somebody has them

OPEN_MS_DATA = os.environ.get("RFE_OPEN_MS_DATA")


@pytest.mark.real_data
@pytest.mark.skipif(not OPEN_MS_DATA, reason="RFE_OPEN_MS_DATA names no folder of the open MS data")
def test_real_patients_07_and_19():
    subjects = load_subjects(OPEN_MS_DATA, "open-ms-data", ["patient07", "patient19"])
    loads = []
    for subject in subjects:
        assert subject.shape == (182, 218, 182)
        np.testing.assert_array_equal(subject.voxel_size_mm, 1)
        # stored LAS: the first voxel is at the left after reading
        np.testing.assert_array_equal(
            subject.affine, nib.affines.from_matvec(np.eye(3), [-91, -126, -72])
        )
        assert (subject.lesion_mask & ~subject.brain_mask).mean() < 1e-6
        flair, lesion = subject.images["flair"], subject.lesion_mask
        assert 1.2 < np.median(flair[lesion]) / np.median(flair[subject.brain_mask & ~lesion]) < 1.5
        assert 1000 < subject.brain_mask.sum() / 1000 < 1300
        loads.append(lesion.sum() / 1000)
    np.testing.assert_allclose(loads, [1.30, 49.77], atol=0.005)
