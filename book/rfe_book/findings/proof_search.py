"""What chapter 07 says of the search for its settings, and of what the models cost."""

from __future__ import annotations

import pandas as pd

from rfe_book.findings import Findings
from rfe_book.tables import proof as tables
from rfe_study.methods import proof


def search(scores: pd.DataFrame, first: pd.DataFrame) -> Findings:
    """What was chosen on development patients, and how it ranks among what was offered."""
    said = {}
    for name, kind in proof.DISTANCES.items():
        weight, margin = proof.CHOSEN[kind]
        grid = tables.grid(scores, name).rename(columns=float)
        chosen = grid.loc[weight, margin]
        rank = int((grid.to_numpy() > chosen).sum()) + 1
        said[f"chosen_{name}"] = f"λ = {weight:g}, m = {margin:g}"
        said[f"f_{name}"] = f"{chosen:.2f}"
        said[f"rank_{name}"] = "best" if rank == 1 else f"number {rank}"
    papers = float(tables.grid(scores, "l2").rename(columns=float).loc[0.01, 1000.0])
    old, new = (tables.grid(rows, "l2").rename(columns=float)[1000.0].max()
                for rows in (first, scores))  # fmt: skip
    return Findings(
        rate=f"{proof.RATE:g}",
        n_e=proof.SEARCH_N_E,
        seeds=", ".join(map(str, sorted(scores["seed"].unique()))),
        l2_papers=f"{papers:.2f}",
        far_first=f"{old:.2f}",
        far=f"{new:.2f}",
        **said,
    )


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
    born = step.iloc[0]
    return Findings(
        plain=f"{1000 * step['seconds'].iloc[0]:.0f}",
        everything=f"{added['ACD, all pixels']:.0f}",
        **{d: f"{added.filter(like=f'{d}, n_E').max():.0f}" for d in proof.DISTANCES},
        short_half=f"{run_short.loc[('50/50', 2000)]:.0f}",
        short_fifth=f"{run_short.loc[('80/20', 2000)]:.0f}",
        few=f"{few:.1f}",
        hours=f"{models['wall_s'].sum() / 3600:.1f}",
        made=f"{born.hardware}; PyTorch {born.torch}; code {born.code_version}; {born.date}",
    )
