"""Names of masks, and digests of the files that they are made of."""

import json
import re
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import pytest

from rfe_core.scans.nifti import VolumeError
from rfe_core.scans.patients import SubjectFiles
from rfe_study.runs.derivatives import (
    NO_FILES,
    Derivative,
    digests,
    entities,
    files_digest,
    label,
    picture,
)


def test_other_names_have_other_labels_of_letters_and_digits():
    names = ["P 1", "P-1", "P_1", "P1", "01", "1", "Müller", "Mller", "", " ", "a/b", "a\\b", "ab"]
    labels = [label(name) for name in names]
    assert all(re.fullmatch("[0-9A-Za-z]+", text) for text in labels)
    assert len(set(labels)) == len(names)
    assert (label("patient07"), label("01")) == ("patient07", "01")


def files(folder, **contents):
    """A patient whose files hold these texts."""
    paths = {}
    for key, text in contents.items():
        paths[key] = folder / f"{key}.nii"
        paths[key].write_text(text, encoding="utf-8")
    images = {key: paths[key] for key in ("t1", "t2", "flair")}
    masks = {key: paths.get(key) for key in ("lesion_mask", "brain_mask")}
    return SubjectFiles(name="x", folder=folder, images=images, **masks)


def test_digests_tell_each_change_and_nothing_else(tmp_path):
    whole = {"t1": "1", "t2": "2", "flair": "3", "brain_mask": "4", "lesion_mask": "5"}
    first = digests(files(tmp_path, **whole))
    assert first["source"] == NO_FILES
    (tmp_path / "again").mkdir()
    assert digests(files(tmp_path / "again", **whole)) == first  # the place is nothing
    seen = [first["images"]]
    for change in ({"t1": "2", "t2": "1"}, {"flair": "x"}, {"brain_mask": "x"}, {"t1": "12"}):
        now = digests(files(tmp_path, **whole | change))
        assert now["labels"] == first["labels"]
        seen.append(now["images"])
    without = {key: text for key, text in whole.items() if key != "brain_mask"}
    seen.append(digests(files(tmp_path, **without))["images"])
    assert all(a != b for a, b in combinations(seen, 2))
    relabelled = digests(files(tmp_path, **whole | {"lesion_mask": "x"}))
    assert relabelled["images"] == first["images"] and relabelled["labels"] != first["labels"]
    without = {key: text for key, text in whole.items() if key != "lesion_mask"}
    assert digests(files(tmp_path, **without))["labels"] == NO_FILES
    one, other = (files(tmp_path, **whole | {"lesion_mask": text}) for text in "ab")
    assert digests(one, other)["source"] != NO_FILES


def test_digests_tell_how_files_are_read(tmp_path):
    whole = {"t1": "1", "t2": "2", "flair": "3", "brain_mask": "4", "lesion_mask": "5"}
    patient = files(tmp_path, **whole)
    first = digests(patient, patient)
    chosen = digests(replace(patient, labels=(1, 2)), replace(patient, labels=(1, 2)))
    assert chosen["images"] == first["images"]
    assert chosen["labels"] != first["labels"] and chosen["source"] != first["source"]
    assert digests(replace(patient, labels=(2, 1)))["labels"] == chosen["labels"]
    for off_grid, other in (
        ([], set()),
        (["t1"], {"images"}),
        (["lesion_mask"], {"labels"}),
        (["t2", "lesion_mask"], {"images", "labels"}),
    ):
        seen = []
        for way in ("resample", "register"):
            align = SimpleNamespace(way=way, off_grid=lambda files, off_grid=off_grid: off_grid)
            seen.append(digests(patient, align=align))
            assert {k for k, v in seen[-1].items() if v != first[k]} - {"source"} == other
        assert {k for k in first if seen[0][k] != seen[1][k]} == other


def test_sessions_have_folders_of_their_own(tmp_path):
    assert entities("01_ses-m12") == "sub-01_ses-m12" and entities("P_1") == "sub-" + label("P_1")
    row = {"profile": "laptop", "model": "lower", "seed": 0, "experiment": "as read"}
    row |= {"subject": "01_ses-m12", "prior_from": "none"}
    place = Derivative(folder=tmp_path, identity=row)
    name = "sub-01_ses-m12_label-lesion_desc-laptopLowerSeed0AsRead_mask.nii.gz"
    assert place.mask == tmp_path / "sub-01" / "ses-m12" / "anat" / name
    assert picture(tmp_path, "01_ses-m12").parents[1] == tmp_path / "sub-01" / "ses-m12"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(VolumeError, match=r"gone.nii: file must be readable, got .*No such file"):
        files_digest([tmp_path / "gone.nii"])


def test_a_damaged_sidecar_is_named(tmp_path):
    row = {"profile": "laptop", "model": "four-scanners", "seed": 1, "experiment": "RFE, NCC"}
    place = Derivative(folder=tmp_path, identity=row | {"subject": "01", "prior_from": "P 1"})
    assert place.mask.relative_to(tmp_path).as_posix() == (
        "sub-01/anat/sub-01_label-lesion_desc-laptopFourScannersSeed1RfeNccFromP1x6b9061_mask.nii.gz"
    )
    made_of = dict.fromkeys(("images", "labels", "source", "weights"), "a")
    assert not place.is_of(made_of)
    place.sidecar.parent.mkdir(parents=True)
    place.mask.touch()
    assert not place.is_of(made_of)  # a kill came between them
    place.sidecar.write_text(json.dumps(made_of), encoding="utf-8")
    assert not place.is_of(made_of)  # it does not say which mask was written
    about = made_of | {"mask": files_digest([place.mask]), "map": files_digest([place.mask])}
    place.sidecar.write_text(json.dumps(about), encoding="utf-8")
    assert place.is_of(made_of) and not place.is_of(made_of | {"labels": "b"})
    assert not place.is_of(made_of, probabilities=True)
    place.probabilities.touch()
    assert place.is_of(made_of, probabilities=True)
    for changed in (place.probabilities, place.mask):
        changed.write_text("hi", encoding="utf-8")
        assert not place.is_of(made_of)
        changed.write_text("", encoding="utf-8")
        assert place.is_of(made_of)
    for text in ("{", "[1]", 100_000 * "["):
        place.sidecar.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"_mask.json: sidecar must be a JSON object"):
            place.is_of(made_of)
