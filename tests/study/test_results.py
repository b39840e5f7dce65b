"""Rows go in once and whole."""

import pandas as pd
import pytest

from rfe_study import results

KEY = ("model", "seed")


def rows(*seeds, model="lower"):
    return [{"model": model, "seed": seed, "f_score": 0.1 * seed} for seed in seeds]


def test_append_and_read(tmp_path):
    results.append("scores", rows(0, 1), key=KEY, folder=tmp_path)
    results.append("scores", [{**rows(2)[0], "note": "new"}], key=KEY, folder=tmp_path)
    table = results.read("scores", tmp_path)
    assert table["seed"].tolist() == [0, 1, 2]
    assert table["f_score"].tolist() == [0.0, 0.1, 0.2]
    assert table["note"].isna().tolist() == [True, True, False]
    assert [p.name for p in tmp_path.iterdir()] == ["scores.csv"]


def test_write_replaces_the_table(tmp_path):
    results.append("scores", rows(0, 1), key=KEY, folder=tmp_path)
    results.write("scores", pd.DataFrame(rows(5)), folder=tmp_path)
    assert results.read("scores", tmp_path)["seed"].tolist() == [5]


def test_duplicates_are_refused_and_nothing_is_written(tmp_path):
    results.append("scores", rows(0), key=KEY, folder=tmp_path)
    before = (tmp_path / "scores.csv").read_bytes()
    with pytest.raises(
        ValueError, match=r"scores.csv must hold each row once, model=lower, seed=0"
    ):
        results.append("scores", rows(1, 0), key=KEY, folder=tmp_path)
    assert (tmp_path / "scores.csv").read_bytes() == before
    with pytest.raises(ValueError, match="once"):
        results.append("other", rows(3, 3), key=KEY, folder=tmp_path)
    assert not results.exists("other", tmp_path)


def test_append_needs_the_key_and_ignores_nothing_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"\['seed'\] missing"):
        results.append("scores", [{"model": "lower"}], key=KEY, folder=tmp_path)
    results.append("scores", [], key=KEY, folder=tmp_path)
    assert not results.exists("scores", tmp_path)


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    results.append("scores", rows(0), key=KEY, folder=tmp_path)
    before = (tmp_path / "scores.csv").read_bytes()

    def full_disk(self, path, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError, match="No space"):
        results.append("scores", rows(1), key=KEY, folder=tmp_path)
    assert (tmp_path / "scores.csv").read_bytes() == before


def test_a_missing_table_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.csv does not exist; `rfe train"):
        results.read("none", tmp_path)


def test_the_data_folder_is_the_repositorys_unless_named(monkeypatch):
    assert results.path_of("x") == results.DATA / "results" / "x.csv"


def test_summary_averages_patients_within_a_seed_first():
    common = {"profile": "p", "role": "test", "model": "lower", "domain": "A"}
    table = pd.DataFrame(
        [
            {**common, "seed": 0, "subject": "a", "f_score": 0.2},
            {**common, "seed": 0, "subject": "b", "f_score": 0.4},
            {**common, "seed": 1, "subject": "a", "f_score": 0.5},
            {**common, "seed": 1, "subject": "b", "f_score": 0.5},
        ]
    )
    (row,) = results.summarise(table).to_dict("records")
    assert row["f_score_mean"] == pytest.approx(0.4)
    assert row["f_score_sd"] == pytest.approx(0.2 / 2**0.5)
    assert (row["patients"], row["seeds"]) == (2, 2)
