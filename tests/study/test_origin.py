"""Where rows come from: their own commit, or the one that first stored them."""

import subprocess
from dataclasses import replace

import pytest

from rfe_study import origin, provenance, results
from rfe_study.command.cli import main
from rfe_study.tables import TABLES

ROW = {"profile": "laptop", "model": "lower", "subject": "01", "role": "test", "domain": "A"}
OLD = {"weights": "0123456789ab", "code_version": "ba9876543210", "date": "2026-01-02"}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A git repository whose second commit stores two rows, and whose third adds another."""
    monkeypatch.setattr(results, "DATA", tmp_path / "data")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)

    def git(*arguments):
        names = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def commit(message, *rows):
        results.append("baselines", rows)
        git("add", ".")
        git("commit", "-m", message)

    git("init")
    (tmp_path / "README").write_text("x", encoding="utf-8")
    git("add", ".")
    git("commit", "-m", "Begun")
    commit("Rows stored", *({**ROW, "seed": s, **OLD} for s in (0, 1)))
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=tmp_path, capture_output=True, text=True
    ).stdout.strip()
    commit("More rows", {**ROW, "seed": 2, **OLD, "commit": f"{head}+", "torch": "2.9"})
    return head


def test_old_rows_are_told_by_the_commit_that_stored_them(repository, capsys):
    assert main(["results", "origin", "baselines", "seed=0"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("1 row of baselines, the first profile=laptop, model=lower, seed=0")
    assert f"stored by     {repository}, " in printed and ": Rows stored (rows name no" in printed
    assert (
        "the first with weights 0123456789ab" in printed and "code          ba9876543210" in printed
    )
    assert f"git worktree add ../at-{repository} {repository}" in printed


def test_new_rows_name_their_commit(repository):
    (found,) = origin.origins("baselines", [("seed", "2"), ("subject", "01")])
    assert (found.commit, found.changed, found.found_by) == (repository, True, "")
    printed = origin.in_words(found, "baselines")
    assert "made by" in printed and "changes that were not committed" in printed
    assert "torch 2.9" in printed


def test_a_commit_is_no_option_of_git(repository, tmp_path):
    (found,) = origin.origins("baselines", [("seed", "2")])
    hostile = replace(found, commit=f"--output={tmp_path / 'written'}")
    assert "which is not in this copy" in origin.in_words(hostile, "baselines")
    assert not (tmp_path / "written").exists()


def test_rows_of_one_origin_are_told_together(repository):
    assert [found.rows for found in origin.origins("baselines")] == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("baselines seed=7", "baselines must have rows with seed=7, got none"),
        ("baselines subject=1", "must have rows with subject=1, got none"),
        ("baselines sed=0", "column must be one of profile, model, subject"),
        ("prior", "prior.csv does not exist; `rfe measure prior` makes it"),
    ],
)
def test_what_is_not_there_is_one_line(repository, arguments, message, capsys):
    assert main(["results", "origin", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith("rfe: error: ") and message in error and error.count("\n") == 1


def test_rows_that_cannot_be_looked_up_are_one_line(repository, tmp_path, monkeypatch, capsys):
    results.append("baselines", [{**ROW, "seed": 9, **OLD, "weights": "fedcba987654"}])
    row = dict.fromkeys(TABLES["sweep-curves"].key, "laptop")
    results.write("sweep-curves", [row | {"seed": 0, "epoch": 1}])
    for arguments, message in (
        ("baselines seed=9", "no commit of this repository stored weights fedcba987654"),
        ("sweep-curves", "rows of sweep-curves name no code; those of sweep-models do"),
    ):
        assert main(["results", "origin", *arguments.split()]) == 2
        assert message in capsys.readouterr().err
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "nowhere")
    monkeypatch.setattr(origin, "git", lambda *_: None)
    assert main(["results", "origin", "baselines", "seed=0"]) == 2
    error = capsys.readouterr().err
    assert "is no git repository" in error and error.count("\n") == 1
