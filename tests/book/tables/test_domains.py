"""Tables of chapter 01 hold what the phantom's modules say."""

import pandas as pd

from rfe_book.tables import domains as tables
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import DOMAINS, SOURCES


def test_scanners_differ_in_what_the_table_shows():
    made = tables.scanners(DOMAINS)
    assert list(made.index) == list(DOMAINS)
    b = DOMAINS["B"]
    assert made.loc["B"].tolist() == [
        b.scanner,
        b.field_strength_t,
        b.flair.echo_time_ms,
        b.t2.voxel_size_mm[2],
        100 * b.noise,
        100 * b.bias,
        100 * b.csf_flow,
    ]


def test_protocols_name_sources_that_are_explained():
    made = tables.protocols(DOMAINS)
    assert len(made) == 3 * len(DOMAINS)
    assert made.loc[("C", "FLAIR"), "TE (ms)"] == DOMAINS["C"].flair.echo_time_ms
    assert not made["sequence"].isna().any() and made.loc[("C", "FLAIR"), "sequence"] == "IR"
    assert list(tables.sources().index) == list(SOURCES)
    assert all(any(name in said for name in SOURCES) for said in made["source"])


def test_tissues_have_their_values_at_each_field():
    made = tables.tissues()
    lesion = scanner.RELAXATION[1.5]["lesion"]
    values = [lesion.t1_ms, lesion.t2_ms, lesion.proton_density]
    assert made.loc[(1.5, "lesion tissue")].tolist() == values


def test_a_figure_without_a_rule_has_no_verdict():
    comparison = pd.DataFrame({"figure": ["a", "b"], "rule": ["x", ""], "within": [False, True]})
    assert tables.beside_real(comparison)["within"].tolist() == ["no", ""]
