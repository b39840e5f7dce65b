"""What chapter 07 says of the search for its settings, and of what the models cost."""

from __future__ import annotations

import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.tables import proof_of_concept_search as tables
from rfe_book.words import made_by
from rfe_study.methods import proof_of_concept


def search(scores: pd.DataFrame) -> Findings:
    """What was chosen on development heads, and how it ranks among what was offered."""
    said = {}
    for name, kind in proof_of_concept.DISTANCES.items():
        weight, margin = proof_of_concept.CHOSEN[kind]
        grid = tables.grid(scores, name).rename(columns=float)
        chosen = grid.loc[weight, margin]
        must_hold("the best of nine was chosen", chosen == grid.to_numpy().max())
        said[f"chosen_{name}"] = f"λ = {weight:g}, m = {margin:g}"
        said[f"f_{name}"] = f"{chosen:.2f}"
    papers = float(tables.grid(scores, "l2").rename(columns=float).loc[0.01, 1000.0])
    return Findings(
        rate=f"{proof_of_concept.RATE:g}",
        n_e=proof_of_concept.SEARCH_N_E,
        heads=int(scores["subject"].nunique()),
        seeds=", ".join(map(str, sorted(scores["seed"].unique()))),
        l2_papers=f"{papers:.2f}",
        **said,
    )


def margins(found: pd.DataFrame) -> Findings:
    """Lengths of lesion embeddings by l2's margin in the search.

    Parameters
    ----------
    found : DataFrame
        `rfe_book.tables.proof_of_concept_search.by_margin`.
    """
    l2 = found.loc["l2"]
    must_hold("the larger the margin, the longer", l2["lesion"].is_monotonic_increasing)
    return Findings(**{f"long_{m:.0f}": f"{long:.1f}" for m, long in l2["lesion"].items()})


def cost(steps: pd.DataFrame, curves: pd.DataFrame, models: pd.DataFrame) -> Findings:
    """What the embedding loss adds to a step (per cent), and how often a class runs short.

    Parameters
    ----------
    steps : DataFrame
        Rows of ``tuning_cost``, the first without an embedding loss.
    """
    step = steps.set_index("variant")
    added = 100 * (step["ratio"] - 1)
    short = tables.shortfalls(curves)
    run_short = short["batches that run short (%)"]
    few = short.loc[("distribution-aware", 20)].iloc[:2].sum()
    return Findings(
        plain=f"{1000 * step['seconds'].iloc[0]:.0f}",
        everything=f"{added['ACD, all pixels']:.0f}",
        **{d: f"{added.filter(like=f'{d}, n_E').max():.0f}" for d in proof_of_concept.DISTANCES},
        short_half=f"{run_short.loc[('50/50', 2000)]:.0f}",
        short_fifth=f"{run_short.loc[('80/20', 2000)]:.0f}",
        few=f"{few:.1f}",
        minutes=f"{models['wall_s'].sum() / 60:.0f}",
        made=made_by(steps),
    )
