import pytest

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom.domains import DOMAINS, ROLES, SOURCES, Patient, patients


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


def test_every_role_has_its_own_patients():
    everyone = patients(DOMAINS, ROLES)
    assert len({p.name for p in everyone}) == len(everyone) == 28 + 4 * 4 + 4 * 6
    assert [p.index for p in everyone] == list(range(len(everyone)))


def test_every_protocol_number_has_a_source():
    for domain in DOMAINS.values():
        for modality in MODALITIES:
            source = domain.sequence(modality).source
            assert any(key in source for key in SOURCES), (domain.letter, modality, source)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("E", "train", 1), "domain must be one of .* got 'E'"),
        (("A", "tests", 1), "role must be one of .* got 'tests'"),
        (("A", "train", 4), "number of a train patient of domain A must be in 1..3, got 4"),
        (("A", "train", 0), "must be in 1..3, got 0"),
    ],
)
def test_wrong_patients(arguments, message):
    with pytest.raises(ValueError, match=message):
        Patient(*arguments)


def test_unknown_modality():
    with pytest.raises(ValueError, match=r"modality must be one of .* got 'pd'"):
        DOMAINS["A"].sequence("pd")
