"""Tables and sentences about scans without T1 or T2, of made-up rows."""

import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import modalities as findings
from rfe_book.tables import modalities as tables

F = {"none": 0.7, "t2": 0.65, "t1": 0.6, "t1 t2": 0.5}


@pytest.fixture
def rows():
    """Heads differ, costs do not but for a little; without training all but the first fail."""
    return pd.DataFrame(
        {
            "model": model,
            "seed": 0,
            "without": name,
            "subject": f"Bpairdev0{n}",
            "f_score": (f if trained else 0.72 if name == "none" else 0.1)
            + n / 10
            + trained * (-1) ** n / 100,
        }
        for trained, model in enumerate(("four-scanners", "modality-dropout"))
        for name, f in F.items()
        for n in range(1, 5)
    )


@pytest.fixture
def real():
    return pd.DataFrame(
        {
            "model": "modality-dropout",
            "subject": subject,
            "experiment": "as read" + (f", without {name}" if name != "none" else ""),
            "f_score": f - more,
        }
        for subject, more in (("patient07", 0.4), ("patient19", 0.1))
        for name, f in F.items()
    )


def test_costs_are_paired_by_head(rows, real):
    cost = tables.cost(rows)
    np.testing.assert_allclose(cost["mean"], [-0.02, -0.07, -0.12, -0.22])
    half = 3.1824 * 0.01 * np.sqrt(4 / 3) / 2  # t of 3 degrees of freedom, four heads
    np.testing.assert_allclose(cost["high"] - cost["mean"], half, rtol=1e-4)
    table = tables.cost_table(rows, real)
    assert list(table.index) == [*tables.THERE.values()]
    assert table.loc["FLAIR alone", "Dice, patient 19"] == pytest.approx(0.4)
    assert table.loc["FLAIR alone", "its difference"].startswith("−0.22 (")
    text = findings.costs(rows, real)
    assert (
        "FLAIR alone* changes F by −0.22" in text and "0.30 to 0.10 on 07 and 0.60 to 0.40" in text
    )


def test_sentences_that_are_not_so_are_refused(rows, real):
    with pytest.raises(ValueError, match="FLAIR alone costs most"):
        findings.costs(rows.assign(f_score=rows["f_score"].where(rows["without"] != "t2", 0)), real)
    with pytest.raises(ValueError, match="patient07 must be scored once"):
        tables.on_patient(real.iloc[1:], "patient07")
