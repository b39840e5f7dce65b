"""Rows go in once and whole."""

import re

import pandas as pd
import pytest

from rfe_study import results
from rfe_study.command import cli
from rfe_study.tables import NUMBERS, TABLES

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


def test_rows_made_anew_take_the_place_of_the_old_ones(tmp_path):
    results.append("scores", rows(0, 1, 2), key=KEY, folder=tmp_path)
    again = [{**rows(1)[0], "f_score": 0.9}, *rows(3)]
    results.append("scores", again, key=KEY, folder=tmp_path, anew=True)
    table = results.read("scores", tmp_path)
    assert table["seed"].tolist() == [0, 2, 1, 3]
    assert table["f_score"].tolist() == pytest.approx([0.0, 0.2, 0.9, 0.3])
    results.append("scores", rows(0, 1, 2, 3), key=KEY, folder=tmp_path, anew=True)
    assert results.read("scores", tmp_path)["seed"].tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="must hold each row once"):  # within what is added
        results.append("scores", rows(5, 5), key=KEY, folder=tmp_path, anew=True)


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


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_table_says_how_to_make_it(name, tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        results.read(name, tmp_path)
    assert str(error.value).endswith(
        f"{name}.csv does not exist; `{TABLES[name].command}` makes it"
    )


def test_a_table_that_nobody_makes_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="lists the tables, and 'none' is none of them"):
        results.read("none", tmp_path)


def test_commands_that_make_tables_are_commands():
    for table in TABLES.values():
        command, *arguments = table.command.split()
        assert command == "rfe"
        needed = {"statistics": ["x", "--out", "x"], "adapt": ["--data", "x"]}
        cli.parser().parse_args(arguments + needed.get(arguments[-1], []))


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.key])
def test_stored_rows_have_their_key_once(name):
    rows = results.stored(name)
    assert not rows.duplicated(list(TABLES[name].key)).any()
    for column in TABLES[name].key:
        assert (rows[column].dtype == "str") == (column not in NUMBERS)


@pytest.mark.parametrize("subject", ["01", "NA", "1e3", "nan", "None", "true"])
def test_names_stay_what_they_are_and_are_not_scored_twice(subject, tmp_path):
    row = {"profile": "laptop", "model": "lower", "seed": 0, "subject": subject, "f_score": 0.5}
    row |= {"experiment": "as read", "prior_from": subject, "role": "real"}
    results.append("real", [row], folder=tmp_path)
    rows = results.read("real", tmp_path)
    assert rows["subject"].tolist() == rows["prior_from"].tolist() == [subject]
    assert results.keys("real", ("subject", "seed"), tmp_path) == [(subject, 0)]
    with pytest.raises(ValueError, match=f"{subject}.* is there already"):
        results.append("real", [row], folder=tmp_path)


def test_empty_cells_are_missing_in_text_and_in_numbers(tmp_path):
    key = {"profile": "p", "experiment": "e", "target": "B", "model": "m"}
    results.append("sweep-models", [{**key, "seed": 0, "n_e": 20, "rate": 0.5}], folder=tmp_path)
    results.append("sweep-models", [{**key, "seed": 1}], folder=tmp_path)
    rows = results.read("sweep-models", tmp_path)
    assert rows["n_e"].isna().tolist() == rows["rate"].isna().tolist() == [False, True]
    assert rows["n_e"][0] == "20" and rows["rate"][0] == 0.5


@pytest.fixture
def anew(tmp_path, monkeypatch):
    """A folder of rows made anew beside stored ones: of each, tables by name and profile."""
    monkeypatch.setattr(results, "DATA", tmp_path / "data")
    monkeypatch.setattr(results, "SHOWN", "smoke")
    monkeypatch.setenv("RFE_RESULTS", str(tmp_path / "anew"))

    def write(name, profile, folder):
        row = dict.fromkeys(TABLES[name].key, "a") | {"profile": profile, "seed": 0}
        results.write(name, [row], folder=tmp_path / folder)

    return write


def test_rows_made_anew_are_read_and_no_stored_ones_beside_them(anew):
    anew("baselines", "laptop", "data/results")
    assert not results.exists("baselines")
    with pytest.raises(FileNotFoundError, match=r"anew/baselines.csv does not exist; `rfe train"):
        results.read("baselines")
    anew("baselines", "smoke", "anew")
    assert results.exists("baselines")
    assert results.read("baselines")["profile"].tolist() == ["smoke"]


def test_rows_of_another_profile_are_not_mixed_in(anew, tmp_path):
    anew("baselines", "laptop", "anew")
    assert results.read("baselines").empty and not results.exists("baselines")
    assert len(results.read("baselines", tmp_path / "anew")) == 1  # all of a folder, if named


def test_tables_that_no_run_makes_are_the_stored_ones(anew):
    anew("real", "laptop", "data/results")
    assert results.exists("real") and results.read("real")["profile"].tolist() == ["laptop"]


def test_the_data_folder_is_the_repositorys_unless_named():
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be whole CSV in UTF-8"),
        (b'model,seed\n"low', "must be whole CSV in UTF-8"),
        (b"model,seed\nlower,0,7,8\nlower,1\n", "must be whole CSV in UTF-8"),
        ("model,seed\nunterer Gr\u00fcn,0\n".encode("latin-1"), "must be whole CSV in UTF-8"),
        (b"model,seed\nlower,0\nlower,1", "must end with a whole row"),
        (b"model,seed\nlower,0,7\n", "must be whole CSV in UTF-8"),
        (b"model,seed\nlower\n", "must be whole CSV in UTF-8"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, content, message):
    (tmp_path / "scores.csv").write_bytes(content)
    with pytest.raises(ValueError, match="scores") as caught:
        results.stored("scores", tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "scores.csv"))
    assert message in str(caught.value)


SMALL = TABLES["sweep-models"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": [0, "x"]}, "seed must hold whole numbers, got 'x'"),
        ({"seed": [0, 0.5]}, "seed must hold whole numbers, got "),
        ({"seed": [0, "9" * 400]}, "seed must hold whole numbers, got "),
        ({"seed": [0, None]}, "seed must be told in each row, got an empty cell"),
        ({"model": [None, "a"]}, "model must be told in each row, got an empty cell"),
        ({"steps": ["7", "many"]}, "steps must hold numbers, got 'many'"),
        ({"seed": [1, 1]}, "each row must be there once, got profile=p, .*, seed=1 twice"),
        ({"seed": None}, r"columns must be .* and more, \['seed'\] missing"),
    ],
)
def test_what_is_no_table_of_that_name_is_told(tmp_path, change, message):
    whole = {**{column: ["p", "p"] for column in SMALL.key}, "seed": [0, 1], "steps": [7, None]}
    whole |= {"lesionwise": [True, None], "source": ["1", "a"]}
    results.write("sweep-models", pd.DataFrame(whole), folder=tmp_path)
    assert results.stored("sweep-models", tmp_path)["seed"].tolist() == [0, 1]
    path = re.escape(str(tmp_path / "sweep-models.csv"))
    with pytest.raises(ValueError, match=f"^{path}: table must have the columns status"):
        results.keys("sweep-models", ("seed", "status"), tmp_path)
    changed = {column: held for column, held in (whole | change).items() if held is not None}
    results.write("sweep-models", pd.DataFrame(changed), folder=tmp_path)
    with pytest.raises(ValueError, match=f"^{path}: {message}"):
        results.stored("sweep-models", tmp_path)


LARGE = "development"
HERE = {"code_version": "aaa", "commit": "c1", "torch": "2.11.0", "hardware": "gpu: x"}


def scored(*seeds, **born):
    key = {"profile": "p", "model": "lower", "subject": "Adev1", "role": "dev", "domain": "A"}
    return [{**key, "seed": seed, "f_score": 0.5, **HERE, **born} for seed in seeds]


def test_a_large_table_tells_each_origin_once(tmp_path):
    results.append(LARGE, scored(0, 1), folder=tmp_path)
    results.append(LARGE, scored(2, commit="c2") + scored(3, commit=None), folder=tmp_path)
    lines = results.path_of(LARGE, tmp_path).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "profile,model,subject,role,domain,seed,f_score,origin"
    assert len({line.rsplit(",", 1)[1] for line in lines[1:3]}) == 1
    assert len(results.stored(results.origins_of(LARGE), tmp_path)) == 3
    rows = results.stored(LARGE, tmp_path)
    assert rows.columns.tolist() == [*scored(0)[0]]
    assert rows["commit"].tolist()[:3] == ["c1", "c1", "c2"] and rows["commit"].isna()[3]
    assert (rows["torch"] == "2.11.0").all()


def test_a_table_in_the_old_form_is_read_and_written_in_the_new(tmp_path):
    pd.DataFrame(scored(0, 1)).to_csv(tmp_path / f"{LARGE}.csv", index=False, lineterminator="\n")
    old = results.stored(LARGE, tmp_path)
    assert results.keys(LARGE, ("seed", "commit"), tmp_path) == [(0, "c1"), (1, "c1")]
    results.append(LARGE, scored(2, nilearn="0.14.1"), folder=tmp_path)
    rows = results.stored(LARGE, tmp_path)
    pd.testing.assert_frame_equal(rows.iloc[:2][[*old]], old)
    assert rows["nilearn"].isna().tolist() == [True, True, False]
    assert "2.11.0" not in (tmp_path / f"{LARGE}.csv").read_text(encoding="utf-8")


def test_a_kill_between_origins_and_rows_loses_nothing(tmp_path, monkeypatch):
    results.append(LARGE, scored(0), folder=tmp_path)
    before, real = results.stored(LARGE, tmp_path), results.replacing

    def killed(path):
        if path.name == f"{LARGE}.csv" and path.parent == tmp_path:
            raise KeyboardInterrupt
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(results, "replacing", killed)
        with pytest.raises(KeyboardInterrupt):
            results.append(LARGE, scored(1, commit="c2"), folder=tmp_path)
    assert len(results.stored(results.origins_of(LARGE), tmp_path)) == 2  # written first
    pd.testing.assert_frame_equal(results.stored(LARGE, tmp_path), before)
    results.append(LARGE, scored(1, commit="c2"), folder=tmp_path)
    assert results.stored(LARGE, tmp_path)["commit"].tolist() == ["c1", "c2"]
    assert len(results.stored(results.origins_of(LARGE), tmp_path)) == 2


def test_an_origin_that_nothing_tells_is_named(tmp_path):
    results.append(LARGE, scored(0), folder=tmp_path)
    results.path_of(results.origins_of(LARGE), tmp_path).unlink()
    with pytest.raises(ValueError, match=r"origins/development.csv must tell each origin, not so"):
        results.stored(LARGE, tmp_path)


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.large])
def test_stored_rows_stay_what_they_are_when_they_are_written_again(name, tmp_path):
    rows = results.stored(name)
    for _ in range(2):
        results.write(name, rows, folder=tmp_path)
        pd.testing.assert_frame_equal(results.stored(name, tmp_path), rows, check_exact=True)
