"""What a study on a GPU starts from, and what it adds to the data."""

import tarfile

import pytest

from rfe_study import results
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import alone
from rfe_study.gpu import packing


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path / "data")
    return tmp_path


def scores(model, seed, domains, f_score=0.5):
    about = {"profile": "smoke", "model": model, "seed": seed, "f_score": f_score}
    return [about | {"subject": f"{d}dev1", "role": "dev", "domain": d} for d in domains]


def test_a_bound_that_is_scored_on_some_domains_alone_is_made_anew(data):
    rows = [*scores("lower", 0, "ABCD"), *scores("lower", 1, "AB")]
    rows += [*scores("upper-C", 0, "C"), *scores("upper-D", 0, "D")]
    results.write("development", rows)
    results.write("baselines", [row for row in rows if row["model"] != "upper-D"])
    done = packing.take_up(data, "smoke", range(2))
    assert {row[1:3] for row in done} == {("lower", 0), ("upper-C", 0)}
    assert {row[0] for row in done} == {"development", "baselines"}


def test_a_run_adds_its_rows_and_replaces_what_it_made_anew(data):
    results.write("baselines", [*scores("lower", 0, "AB"), *scores("upper-B", 0, "B")])
    out = data / "out"
    out.mkdir()
    made = [*scores("lower", 0, "AB", 0.6), *scores("upper-C", 0, "C")]
    packing.write_rows({"baselines": made, "development": []}, out)
    assert packing.add_to_data(out) == {"baselines": 3}
    found = results.stored("baselines").set_index(["model", "domain"])["f_score"]
    expected = {("lower", "A"): 0.6, ("lower", "B"): 0.6, ("upper-B", "B"): 0.5}
    assert found.to_dict() == expected | {("upper-C", "C"): 0.5}


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_a_run_that_writes_such_rows_is_not_disturbed(data, command):
    results.write("baselines", scores("lower", 0, "A"))
    packing.write_rows({"baselines": scores("lower", 1, "A")}, data)
    with alone(command, [data / "data" / "results"]):
        with pytest.raises(CommandError, match=rf"rfe {command} already writes into .*results"):
            packing.add_to_data(data)
        assert len(results.stored("baselines")) == 1
    assert packing.add_to_data(data) == {"baselines": 1}


def test_a_run_without_rows_is_named(data):
    with pytest.raises(FileNotFoundError, match=r"rows\.tar\.gz"):
        packing.add_to_data(data)


def test_no_file_leaves_the_folder_it_is_read_into(data):
    (data / "x.csv").write_text("a\n1\n", encoding="utf-8")
    with tarfile.open(data / "rows.tar.gz", "w:gz") as archive:
        archive.add(data / "x.csv", "../x.csv")
    with pytest.raises(tarfile.OutsideDestinationError):
        packing.add_to_data(data)
