"""A part of a patient lies where it lay in the whole."""

import dataclasses

import nibabel as nib
import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_study.command.cli import main
from rfe_study.phantom.domains import DOMAINS, ROLES, patients
from rfe_study.runs.looked_at import BOX, cut, everyone, part, some

OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.1, -0.05, 0.2) @ np.diag([1.0, 1.0, 1.5]), [-4, -5, 6]
)


@pytest.mark.parametrize("lesions", [True, False])
def test_a_part_stays_where_it_was_in_space(lesions):
    whole = dataclasses.replace(tiny_subject("p1", shape=(8, 9, 10), domain="B"), affine=OBLIQUE)
    whole = whole if lesions else dataclasses.replace(whole, lesion_mask=None)
    inside = part(whole, np.s_[2:7, :, -4:])
    assert inside.shape == (5, 9, 4) and (inside.name, inside.domain) == ("p1", "B")
    moved = inside.affine @ [0, 0, 0, 1], whole.affine @ [2, 0, 6, 1]
    np.testing.assert_allclose(*moved)
    assert (inside.voxel_size_mm == whole.voxel_size_mm).all()
    assert (inside.images["t2"] == whole.images["t2"][2:7, :, 6:]).all()
    assert (inside.brain_mask == whole.brain_mask[2:7, :, 6:]).all()
    assert (inside.lesion_mask is None) != lesions
    assert not lesions or (inside.lesion_mask == whole.lesion_mask[2:7, :, 6:]).all()
    inside.images["t2"][:] = 0  # of its own
    assert whole.images["t2"][3, 3, 7] > 0


def most_in(lesion, axis, side):
    """The largest number of lesion voxels in `side` neighbours along an axis."""
    others = tuple(other for other in range(3) if other != axis)
    return np.lib.stride_tricks.sliding_window_view(lesion.sum(axis=others), side).sum(1).max()


def test_profile_smoke_looks_at_a_box_with_most_lesion():
    whole = tiny_subject(seed=3, shape=(90, 80, 60))
    assert cut(whole, "laptop") is whole
    box = cut(whole, "smoke")
    assert box.shape == BOX
    x, y, z = (int(n) for n in box.affine[:3, 3] - whole.affine[:3, 3])
    inside = np.s_[x : x + BOX[0], y : y + BOX[1], z : z + BOX[2]]
    np.testing.assert_array_equal(box.images["t1"], whole.images["t1"][inside])
    slices = whole.lesion_mask[:, :, inside[2]]
    assert slices.sum() == most_in(whole.lesion_mask, 2, BOX[2])
    columns = slices[inside[0]]
    assert columns.sum() == most_in(slices, 0, BOX[0])
    assert box.lesion_mask.sum() == most_in(columns, 1, BOX[1])


def test_a_lone_lesion_lies_in_the_middle_of_the_box():
    whole = tiny_subject(shape=(90, 80, 60))
    whole.lesion_mask[:] = False
    whole.lesion_mask[40, 41, 30] = True
    assert np.argwhere(cut(whole, "smoke").lesion_mask).tolist() == [[27, 33, 7]]


def test_of_a_small_patient_profile_smoke_looks_at_all_that_fits():
    whole = tiny_subject(seed=3, shape=(20, 20, 60))
    box = cut(whole, "smoke")
    assert box.shape == (20, 20, BOX[2])
    assert cut(box, "smoke") is box


def test_everyone_is_who_is_trained_on_and_who_is_scored():
    laptop, smoke = everyone("laptop"), everyone("smoke")
    assert set(laptop) == set(patients(DOMAINS, ROLES)) and len(set(laptop)) == len(laptop)
    trained_on = patients(DOMAINS, ["train"])
    assert set(smoke) == {*trained_on, *some(laptop, "smoke")}
    others = [patient for patient in smoke if patient.role != "train"]
    assert {p.domain + p.role for p in others} == {
        domain + role for domain in DOMAINS for role in ("test", "paired", "pairdev")
    }
    assert all(patient.number == 1 for patient in others)


def test_a_profile_names_the_patients_itself(monkeypatch, capsys):
    made = []
    monkeypatch.setattr(
        "rfe_study.command.data.make_missing", lambda who, *_, **__: made.extend(who)
    )
    assert main(["data", "make", "--profile", "smoke"]) == 0
    assert made == everyone("smoke")
    assert main(["data", "make", "--profile", "smoke", "--roles", "dev"]) == 2
    assert "leave out --domains and --roles" in capsys.readouterr().err
    made.clear()
    assert main(["data", "make", "--domains", "B"]) == 0
    assert made == patients("B", ["train", "test"])
