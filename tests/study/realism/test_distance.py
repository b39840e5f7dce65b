"""Distances between kinds of scan, and the tables they come from."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic import layered_head

from rfe_study import results
from rfe_study.phantom import heads
from rfe_study.realism import distance
from rfe_study.realism.statistics import EDGES


def rows(**changes):
    """One figure a group, real 0.5; `changes` names kinds and their figures."""
    kinds = {"real": 0.5, "scanner A": 0.5, "drawn protocol": 1.0, **changes}
    figures = {g: "gray" for g in distance.GROUPS} | {"lesions": "count"}
    return pd.DataFrame(
        {"kind": k, "subject": "x", "modality": "t1", "group": g, "figure": f, "value": v}
        for k, v in kinds.items()
        for g, f in figures.items()
    )


def test_distance_is_the_factor_in_octaves():
    table = distance.distances(rows())
    assert list(table.index) == ["scanner A", "drawn protocol"]
    assert list(table.columns) == [*distance.GROUPS, "all"]
    np.testing.assert_allclose(table.loc["scanner A"], 0)
    np.testing.assert_allclose(table.loc["drawn protocol"], 1)
    half = distance.distances(rows(**{"drawn protocol": 0.25})).loc["drawn protocol"]
    np.testing.assert_allclose(half, 1)  # as far below as above


def test_patients_are_averaged_by_their_distance_not_by_their_figures():
    two = rows()
    other = two[two["kind"] == "drawn protocol"].assign(subject="y", value=0.25)
    table = distance.distances(pd.concat([two, other]))
    np.testing.assert_allclose(table.loc["drawn protocol"], 1)  # the mean figure would be nearer


def test_figures_of_nothing_are_left_out():
    table = rows()
    table.loc[(table["kind"] == "real") & (table["group"] == "edges"), "value"] = 0.001
    assert np.isnan(distance.distances(table).loc["drawn protocol", "edges"])
    tiny = rows(**{"drawn protocol": 0.0})
    far = distance.distances(tiny).loc["drawn protocol", "edges"]
    assert far == pytest.approx(np.log2(0.5 / 0.02))


def test_distances_need_a_real_patient():
    table = rows()
    with pytest.raises(ValueError, match="distances need a real patient among the rows, got none"):
        distance.distances(table[table["kind"] != "real"])


def test_kinds_stand_beside_each_other():
    table = distance.by_kind(rows())
    assert list(table.columns) == ["real", "scanner A", "drawn protocol"]
    assert table.loc[("texture", "t1", "gray"), "drawn protocol"] == 1.0


def test_a_head_is_scanned_by_its_scanner_and_a_drawn_protocol(monkeypatch, ball_anatomy):
    monkeypatch.setattr(heads, "make_anatomy", lambda patient: ball_anatomy)
    scans = dict(distance.phantom_scans("B"))
    assert list(scans) == ["scanner B", "drawn protocol"]
    one, other = (scans[kind].images["t2"] for kind in ("scanner B", "drawn protocol"))
    assert np.abs(one - other).max() > 10 and {s.name for s in scans.values()} == {"Btrain1"}


def test_measuring_writes_what_the_distances_are_made_of(monkeypatch, tmp_path):
    def scans(letter):
        yield f"scanner {letter}", replace(layered_head(0.02, seed=1), name=letter)
        yield "drawn protocol", replace(layered_head(0.04, seed=2), name=letter)

    monkeypatch.setattr(distance, "phantom_scans", scans)
    distance.measure_all([layered_head(0.04)], letters=["A", "B"], folder=tmp_path)
    figures = results.stored(distance.STATISTICS, tmp_path)
    far = distance.distances(figures)
    assert list(far.index) == ["scanner A", "scanner B", "drawn protocol"]
    # half the noise is one octave, but for figures that are held at the least
    assert far.loc["drawn protocol", "texture"] < 0.1 < 0.4 < far.loc["scanner A", "texture"]
    bins = results.stored(distance.HISTOGRAMS, tmp_path)
    assert len(bins) == 5 * 3 * (len(EDGES) - 1) and set(bins["kind"]) == {"real", *far.index}


def test_stored_tables_hold_numbers_of_the_development_patients_only():
    figures = results.read(distance.STATISTICS)
    bins = results.read(distance.HISTOGRAMS)
    for table in (figures, bins):
        real = table[table["kind"] == "real"]["subject"].unique()
        assert list(real) == ["patient07", "patient19"]
        assert set(table["kind"]) == set(distance.KINDS)
    assert not figures.duplicated(["kind", "subject", "modality", "figure"]).any()
    assert (
        len(bins) == 3 * (len(EDGES) - 1) * figures[["kind", "subject"]].drop_duplicates().shape[0]
    )
    shares = bins.groupby(["kind", "subject", "modality"])["share"].sum()
    assert ((shares > 0.98) & (shares < 1.0001)).all()
