"""The search on V1, from made-up scores."""

import pandas as pd
import pytest

from rfe_book.tables import adaptation_search
from rfe_study.methods.adaptation import RATE, WEIGHTS, search


def searched_scores(best=None):
    """Scores of the search on V1; those of the settings `best` are the highest of their lines."""
    chosen = [f"no embedding rate {RATE:g}", *(f"{k} weight {w:g}" for k, w in WEIGHTS.items())]
    best = chosen if best is None else best
    return pd.DataFrame([
        {"model": m.name, "target": t, "seed": 0, "f_score": 0.4 + 0.1 * n + 0.3 * (m.name in best)}
        for m in search() for n, t in enumerate("BCD")
    ])  # fmt: skip


def test_search_shows_all_settings_and_what_was_chosen():
    table = adaptation_search.searched(searched_scores())
    assert len(table) == len(search())
    assert list(dict.fromkeys(table.index.get_level_values("line"))) == ["no embedding", *WEIGHTS]
    weights = [s for line, s in table.index if line == "RFE"]
    assert weights == ["weight 1", "weight 10", "weight 100"]
    chosen = table[table["chosen"] == "yes"]
    assert len(chosen) == 1 + len(WEIGHTS)
    assert chosen["mean"].to_numpy() == pytest.approx(0.8)
    assert chosen[["B", "C", "D"]].iloc[0].tolist() == pytest.approx([0.7, 0.8, 0.9])
    with pytest.raises(ValueError, match="must be named by rate or weight, got 'RFE'"):
        adaptation_search.searched(pd.DataFrame([{"model": "RFE", "target": "B", "f_score": 1.0}]))


def test_search_tells_what_the_rows_say():
    table = adaptation_search.searched(searched_scores())
    assert all(adaptation_search.best_of_search(table).values())
    told = adaptation_search.told(table)
    assert told.startswith("Of each line the setting with the highest mean was chosen")
    other = adaptation_search.searched(searched_scores(best=["RFE weight 10"]))
    assert adaptation_search.best_of_search(other)["RFE"] is False
    assert "is not the setting with the highest mean for RFE" in adaptation_search.told(other)
    table["chosen"] = ["yes" if n % 3 == 1 else "" for n in range(len(table))]  # the middle ones
    assert adaptation_search.at_edge(table) == []
    assert adaptation_search.told(table).endswith("none lies at the end of its line.")
