"""Chapter 11: its text says what the rows say, of networks that are in the repository."""

import re

import pytest
from chapters import BOOK

from rfe_book.findings import real as findings
from rfe_book.tables import real as real_tables
from rfe_core import checkpoints
from rfe_study import results
from rfe_study.methods.modalities import DROPOUT
from rfe_study.realism import distance
from rfe_study.runs import networks

BUDGET = 900_000


@pytest.mark.browser
def test_page_is_light_and_says_what_the_rows_say(page_for):
    page = page_for("11-real")
    own = {path: size for path, size in page.weights.items() if path.startswith("11-real")}
    assert 0 < sum(own.values()) <= BUDGET
    rows = results.read("real")
    text = re.sub(r"\s+", " ", page.tab.locator("main").inner_text())
    seven, nineteen = (findings.networks(rows, name) for name in real_tables.SUBJECTS)
    assert f"mean Dice of {seven.lower_read} on patient 07 and {nineteen.lower_read}" in text
    assert f"Dice becomes {seven.lower_cleaned} and {nineteen.lower_cleaned}." in text
    page.choose("Phantom", distance.DRAWN)
    far = distance.distances(results.read(distance.STATISTICS))["all"]
    assert page.drawn()["far"] == f"{far[distance.DRAWN]:.2f}"


def test_both_patients_are_development_data_and_met_the_same_networks():
    rows = results.read("real")
    assert set(rows["subject"]) == set(real_tables.SUBJECTS)
    assert (rows["role"] == "dev").all()
    first, second = (rows[rows["subject"] == name] for name in real_tables.SUBJECTS)
    same = first.merge(second, on=["model", "seed", "experiment", "weights"])
    assert len(same) == len(first) == len(second)


def test_networks_are_in_the_repository_and_made_the_rows():
    rows = results.read("real")
    for (profile, model, seed), own in rows.groupby(["profile", "model", "seed"]):
        path = results.DATA / f"checkpoints/{profile}-{model}-seed{seed}.safetensors"
        assert set(own["weights"]) == {checkpoints.weights_digest(path)}


def test_each_name_stands_for_three_networks_as_your_own_data_says():
    assert "Each name stands for three networks" in (BOOK / "own-data.md").read_text(
        encoding="utf-8"
    )
    names = [*real_tables.MODELS, DROPOUT]
    found = networks.find(results.DATA / "checkpoints", names, None, profile="laptop")
    assert {n: [f.seed for f in found if f.model == n] for n in names} == {
        name: [0, 1, 2] for name in names
    }
