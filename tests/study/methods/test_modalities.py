"""Channels of modalities that are left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_core import patches
from rfe_core.scans.patients import SubjectFiles
from rfe_study.methods import modalities


def test_a_channel_without_an_image_is_zero_and_the_others_as_ever():
    subject = tiny_subject(shape=(12, 14, 16))
    whole = patches.stack(subject)
    np.testing.assert_array_equal(modalities.stack(subject), whole)
    lone = replace(subject, images={"flair": subject.images["flair"]})
    assert modalities.left_out(lone.images) == ["t1", "t2"]
    found = modalities.stack(lone)
    assert not found[:, :2].any()
    np.testing.assert_array_equal(found[:, 2], whole[:, 2])
    np.testing.assert_array_equal(modalities.blanked(whole, ["t1", "t2"]), found)
    assert whole[:, :2].any()  # a copy


def test_files_that_are_left_out_are_not_missing():
    places = {name: Path(f"{name}.nii.gz") for name in ("t1", "t2", "flair")}
    files = SubjectFiles(name="x", folder=Path(), images=places, lesion_mask=None, brain_mask=None)
    assert modalities.leave_out(files, ["t1"]).missing == ["t2", "flair"]
    assert modalities.leave_out(files, []) == files
    assert modalities.in_words(places) == ""


def test_flair_is_never_left_out():
    with pytest.raises(ValueError, match="names must be some of t1, t2, got 'flair'"):
        modalities.blanked(np.zeros((1, 3, 2, 2), np.float32), ["t1", "flair"])
