"""A few hundred of the broken files of `make torture`, and that it would see a fault."""

import pytest
import torture


@pytest.mark.parametrize("kind", torture.KINDS)
def test_broken_files_are_read_or_refused_by_name(kind, tmp_path):
    cases = {"nifti": 150, "safetensors": 12}.get(kind, 50)
    assert torture.torture(kind, cases, tmp_path, seed=1) == []


def test_faults_are_seen(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    monkeypatch.setattr(torture, "SECONDS", 0.1)

    def hang(path):
        while True:
            pass

    def nameless(path):
        raise ValueError("something")

    def raw(path):
        raise KeyError(str(path))

    assert torture.fault_of(hang, path) == "TimeoutError: more than 0.1 s"
    assert torture.fault_of(nameless, path) == "ValueError: something"
    assert torture.fault_of(raw, path).startswith("KeyError")
    assert torture.fault_of(str, path) is None
