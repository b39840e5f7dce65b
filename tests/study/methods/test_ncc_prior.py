"""The NCC prior of a patient; `tests/study/runs/test_crops.py` has what it marks."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_study.methods.ncc_prior import ncc_labels, threshold_in_brain


def test_a_prior_needs_a_labelled_source():
    subject = replace(tiny_subject("Atrain1"), lesion_mask=None)
    with pytest.raises(ValueError, match="threshold needs a labelled patient, got Atrain1 without"):
        threshold_in_brain(subject.images["flair"], subject)
    with pytest.raises(ValueError, match="templates need a labelled patient, got Atrain1 without"):
        ncc_labels(subject, [subject], generator=np.random.default_rng(0))
