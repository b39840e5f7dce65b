"""Rows go in once, whole and with their provenance; code versions see code and not comments."""

import re
from pathlib import Path

import pandas as pd
import pytest

from rfe_core import results

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


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module whose source the test writes, in place of the core's."""
    monkeypatch.setattr(results, "__file__", str(tmp_path / "results.py"))

    def version(source):
        (tmp_path / "unet.py").write_text(source, encoding="utf-8")
        return results.code_version(["unet"])

    return version


def test_code_version_sees_code_only(module):
    plain = module('"""Doc."""\ndef f(x):\n    """Inner."""\n    return x + 1\n')
    commented = module('"""Other."""\n# why\n\ndef f(x):\n    """Changed."""\n    return x + 1\n')
    changed = module('"""Doc."""\ndef f(x):\n    """Inner."""\n    return x + 2\n')
    assert plain == commented != changed
    assert re.fullmatch("[0-9a-f]{12}", plain)


def test_the_phantoms_modules_are_all_it_imports():
    found = {"phantom"}
    for name in ("phantom", "lesions", "scanner", "domains"):
        source = (Path(results.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
        found |= set(re.findall(r"^from rfe_core\.(\w+) import", source, re.MULTILINE))
        for names in re.findall(r"^from rfe_core import (.+)$", source, re.MULTILINE):
            found |= set(names.replace(" ", "").split(","))
    assert found == set(results.PHANTOM_MODULES) < set(results.CORE_MODULES)


def test_the_phantoms_version_is_its_own():
    from rfe_core.phantom import VERSION

    assert re.fullmatch(re.escape(VERSION) + "-[0-9a-f]{12}", results.phantom_version())


def test_provenance_names_no_machine_but_its_kind():
    born = results.provenance("cpu", 1)
    assert set(born) == {"code_version", "phantom_version", "torch", "hardware", "date"}
    assert re.fullmatch("[0-9a-f]{12}", born["code_version"])
    assert re.fullmatch(r"cpu: .+, 1 thread", born["hardware"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", born["date"])


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
