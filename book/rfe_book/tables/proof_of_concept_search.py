"""What was searched, and what was drawn: tables of chapter 07 from rows of `rfe sweep`."""

from collections.abc import Sequence

import pandas as pd

from rfe_study.methods.proof_of_concept import proof_of_concept


def rates(scores: pd.DataFrame) -> pd.DataFrame:
    """The search's first stage: mean F on development patients, a row a learning rate."""
    return _searched(scores, r"^(?P<column>no embedding|labels of B) rate (?P<row>\S+)$")


def grid(scores: pd.DataFrame, distance: str) -> pd.DataFrame:
    """The search's second stage for "ACD" or "l2": mean F, a row a weight, a column a margin."""
    return _searched(scores, rf"^{distance} weight (?P<row>\S+) margin (?P<column>\S+)$")


def _searched(scores: pd.DataFrame, pattern: str) -> pd.DataFrame:
    found = scores["model"].str.extract(pattern)
    wide = scores.assign(**found).dropna(subset=["row", "column"])
    if wide.empty:
        raise ValueError(f"scores must have models named as {pattern}, got none")
    wide["row"] = wide["row"].astype(float)
    table = wide.pivot_table(index="row", columns="column", values="f_score")
    try:
        return table.sort_index(axis=1, key=lambda names: names.astype(float))
    except ValueError:  # names, not margins
        return table


def lengths(curves: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Mean length |h| of drawn embeddings in the last epoch of fine-tuning, over seeds.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``background``, ``lesion``, ``ratio`` (lesion over background).
    """
    last = curves[curves["epoch"] == curves["epoch"].max()]
    columns = {"length_background": "background", "length_lesion": "lesion"}
    means = last.groupby("model")[list(columns)].mean().rename(columns=columns).loc[list(names)]
    return means.assign(ratio=means["lesion"] / means["background"])


def by_margin(curves: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The search's second stage by distance and margin, means over weights, seeds and patients.

    Returns
    -------
    DataFrame
        Indexed by ``distance`` and ``margin``: ``background`` and ``lesion`` (mean lengths of drawn
        embeddings in the last epoch), ``Dice loss`` (same epoch, training), ``F`` (development).
    """
    last = curves[curves["epoch"] == curves["epoch"].max()].set_index("model")
    columns = {"length_background": "background", "length_lesion": "lesion"}
    columns["dice_loss"] = "Dice loss"
    found = last.groupby(level=0)[list(columns)].mean().rename(columns=columns)
    found["F"] = scores.groupby("model")["f_score"].mean()
    named = found.index.str.extract(r"^(?P<distance>ACD|l2) weight \S+ margin (?P<margin>\S+)$")
    keys = [named["distance"].to_numpy(), named["margin"].astype(float).to_numpy()]
    return found.groupby(keys).mean().rename_axis(["distance", "margin"])


def shortfalls(curves: pd.DataFrame) -> pd.DataFrame:
    """What the sampled models drew, means over seeds and epochs; the 36 of Section 3.2.

    Returns
    -------
    DataFrame
        Indexed by ``strategy`` and ``n_E``: ``lesion pixels, labelled side`` and ``unlabelled
        side`` (a batch), ``batches that run short (%)``.
    """
    columns = {
        "drawn_labelled_lesion": "lesion pixels, labelled side",
        "drawn_unlabelled_lesion": "unlabelled side",
        "short": "batches that run short (%)",
    }
    means = curves.groupby("model")[list(columns)].mean().rename(columns=columns)
    means["batches that run short (%)"] *= 100
    terms = {m.name: m.embedding for m in proof_of_concept() if m.group == "rfe"}
    means = means[means.index.isin(list(terms))]
    keys = {"strategy": [terms[m].strategy for m in means.index]}
    keys["n_E"] = [terms[m].n_e for m in means.index]
    return means.assign(**keys).groupby(["strategy", "n_E"], sort=True).mean()
