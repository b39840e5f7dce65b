import numpy as np
import pytest

from rfe_study import provenance
from rfe_study.phantom.domains import Patient, patients
from rfe_study.realism import fidelity


@pytest.fixture(scope="module")
def table():
    return fidelity.table().set_index("figure")


def test_the_stored_table_covers_the_28_patients_and_all_figures(table):
    rows = fidelity.results.read(fidelity.TABLE)
    assert sorted(rows["patient"]) == sorted(p.name for p in patients())
    assert list(table.index) == list(fidelity.REAL)


def test_the_stored_rows_come_from_this_phantom():
    stored = set(fidelity.results.read(fidelity.TABLE)["phantom_version"])
    assert stored == {provenance.phantom_version()}


@pytest.mark.parametrize("figure", fidelity.REAL)
def test_the_phantom_is_within_its_limits(table, figure):
    assert table.loc[figure, "within"], table.loc[figure].to_dict()


@pytest.mark.slow
def test_a_patient_measured_now_agrees_with_its_stored_row():
    row, sizes = fidelity.measure(Patient("D", "test", 5))
    stored = fidelity.results.read(fidelity.TABLE).set_index("patient").loc["Dtest5"]
    for name in (*[f for f in fidelity.REAL if "/" in f], "load_ml", "lesions"):
        assert row[name] == pytest.approx(stored[name], rel=1e-3), name
    table = fidelity.results.read(fidelity.SIZES)
    np.testing.assert_array_equal(sorted(sizes), table[table["patient"] == "Dtest5"]["size_mm3"])


def test_the_table_follows_its_rows(tmp_path, table):
    rows = fidelity.results.read(fidelity.TABLE)
    rows["lesions"] *= 3
    rows.loc[rows["domain"] == "C", "lesion / white matter, FLAIR"] *= 1.3
    fidelity.results.write(fidelity.TABLE, rows, folder=tmp_path)
    fidelity.results.write(fidelity.SIZES, fidelity.results.read(fidelity.SIZES), folder=tmp_path)
    changed = fidelity.table(tmp_path).set_index("figure")
    count = "lesion count, median"
    assert changed.loc[count, "phantom"] == 3 * table.loc[count, "phantom"]
    broken = {count, "lesion / white matter, FLAIR"}
    assert set(changed.index[~changed["within"]]) == broken


def test_contrasts_of_a_made_up_head():
    image = np.full((20, 20, 20), 100.0)
    lesion = np.zeros(image.shape, bool)
    lesion[3:6, 3:6, 3:6] = True
    image[lesion] = 150
    wm = np.ones_like(image)
    gm = np.zeros_like(image)
    image[:, :, 12:], wm[:, :, 12:], gm[:, :, 12:] = 80, 0, 1
    found = fidelity.contrasts({"t2": image}, lesion, wm, gm, np.ones_like(lesion))
    assert found == {"lesion / white matter, T2": 1.5, "gray / white matter, T2": 0.8}
