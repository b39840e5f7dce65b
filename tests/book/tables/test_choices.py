"""The table of chapter 12 has all places, and says what the findings say."""

from rfe_book.tables import choices as tables


class Anything:
    """Findings of which each is its own name."""

    def __getattr__(self, name):
        return f"<{name}>"


def test_each_place_has_its_numbers():
    table = tables.places(*[Anything()] * 5)
    assert table.index.is_unique and len(table) >= 20
    assert list(table.columns) == list(tables.COLUMNS[1:])
    assert not (table == "").any(axis=None)
    said = " ".join(table["what it changes"])
    for name in ("sum_times", "per_times", "negative", "squared_times", "radial_along", "dark"):
        assert f"<{name}>" in said
    assert "<aware_all> of <aware>" in table["what it changes"]["distribution-aware"]
