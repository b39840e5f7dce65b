"""The search on V1 for learning rate and weights, in the tables and words of chapter 09."""

import pandas as pd

from rfe_book.words import listed
from rfe_study.methods.adaptation import RATE, WEIGHTS

#: The experiment, as rows name it.
SEARCH = "adaptation-search"


def searched(scores: pd.DataFrame) -> pd.DataFrame:
    """The search on V1: F by setting, means over seeds.

    Returns
    -------
    DataFrame
        Indexed by ``line`` ("no embedding", "RFE", ...) and ``setting`` (rate or weight): a column
        of F for each target, their ``mean``, and ``chosen`` ("yes" for the `RATE` and `WEIGHTS` of
        `rfe_study.methods.adaptation`).
    """
    named = scores["model"].str.extract(r"^(?P<line>.+) (?P<kind>rate|weight) (?P<setting>\S+)$")
    if named.isna().any(axis=None):
        odd = scores.loc[named.isna().any(axis=1), "model"].iloc[0]
        raise ValueError(f"models of a search must be named by rate or weight, got {odd!r}")
    wide = scores.assign(**named).pivot_table(
        index=["line", "kind", "setting"], columns="target", values="f_score", sort=False
    )
    table = wide.assign(mean=wide.mean(axis=1))
    chosen = {("no embedding", "rate"): RATE} | {(k, "weight"): w for k, w in WEIGHTS.items()}
    table["chosen"] = [
        "yes" if chosen.get((line, kind)) == float(setting) else ""
        for line, kind, setting in table.index
    ]
    table = table.reset_index()
    table["value"] = table["setting"].astype(float)
    table["setting"] = table["kind"] + " " + table["setting"]
    order = {line: n for n, line in enumerate(["no embedding", *WEIGHTS])}
    table = table.assign(rank=table["line"].map(order)).sort_values(["rank", "value"])
    table = table.drop(columns=["kind", "rank", "value"])
    return table.set_index(["line", "setting"]).rename_axis(columns=None)


def best_of_search(table: pd.DataFrame) -> dict[str, bool]:
    """Of each line of `searched`, whether the setting chosen has the highest mean."""
    best = table.groupby("line", sort=False)["mean"].idxmax()
    return {line: table.loc[best[line], "chosen"] == "yes" for line in best.index}


def at_edge(table: pd.DataFrame) -> list[str]:
    """Lines of `searched` whose chosen setting is the smallest or largest that was tried."""
    found = []
    for line, own in table.groupby("line", sort=False):
        if "yes" in own["chosen"].iloc[[0, -1]].to_list():
            found.append(line)
    return found


def told(table: pd.DataFrame) -> str:
    """What was chosen of `searched`, in a sentence that holds whatever the rows say."""
    odd = [line for line, best in best_of_search(table).items() if not best]
    edge = at_edge(table)
    text = "Of each line the setting with the highest mean was chosen"
    if odd:
        text = f"What was chosen is not the setting with the highest mean for {listed(odd)}"
    if not edge:
        return f"{text}; none lies at the end of its line."
    return f"{text}; for {listed(edge)} it lies at the end of its line: the best may lie beyond."
