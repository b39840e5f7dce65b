import re

import pytest

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom.domains import DOMAINS, PAIRED, ROLES, SOURCES, Patient, patients


def test_table_1():
    rows = {
        d.letter: (d.n_train, d.n_test, d.scanner, d.field_strength_t) for d in DOMAINS.values()
    }
    assert rows == {
        "A": (3, 2, "Philips Ingenia", 3.0),
        "B": (3, 2, "Siemens Aera", 1.5),
        "C": (3, 2, "Siemens Verio", 3.0),
        "D": (3, 10, "Philips Achieva", 3.0),
    }
    assert len(patients()) == 28


def test_every_patient_has_a_name_of_its_own():
    everyone = patients(DOMAINS, ROLES)
    names = {p.name for p in everyone}
    assert len(names) == len(everyone) == 28 + 4 * 4 + 4 * 6 + 4 * 40 + 4 * 8
    assert {"Atrain1", "Dtest10", "Bextra6", "Apaired07", "Dpaired40", "Cpairdev08"} <= names
    assert all(re.fullmatch("[A-Za-z0-9]+", name) for name in names)  # as BIDS wants it


def test_a_head_belongs_to_one_patient_but_for_paired_ones():
    alone = [p for p in patients(DOMAINS, ROLES) if p.role not in PAIRED]
    assert [p.head for p in alone] == list(range(28 + 4 * 4 + 4 * 6))
    scanners = {letter: [p.head for p in patients(letter, PAIRED)] for letter in DOMAINS}
    assert all(heads == scanners["A"] for heads in scanners.values())
    assert scanners["A"] == list(range(len(alone), len(alone) + 40 + 8))


def test_every_protocol_number_has_a_source():
    for domain in DOMAINS.values():
        for modality in MODALITIES:
            parts = domain.sequence(modality).source.split(";")
            for part in parts:
                what, _, source = part.partition(":")
                assert what and any(key in source for key in SOURCES), (domain.letter, part)
            said = " ".join(parts)
            assert "voxel" in said or "slices" in said
            assert "times" in said or {"TI", "TE"} <= set(re.findall("T[IE]", said))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("E", "train", 1), "domain must be one of .* got 'E'"),
        (("A", "tests", 1), "role must be one of .* got 'tests'"),
        (("A", "train", 4), "number of a train patient of domain A must be in 1..3, got 4"),
        (("A", "train", 0), "must be in 1..3, got 0"),
        (("C", "paired", 41), "number of a paired patient of domain C must be in 1..40, got 41"),
    ],
)
def test_wrong_patients(arguments, message):
    with pytest.raises(ValueError, match=message):
        Patient(*arguments)


def test_unknown_modality():
    with pytest.raises(ValueError, match=r"modality must be one of .* got 'pd'"):
        DOMAINS["A"].sequence("pd")
