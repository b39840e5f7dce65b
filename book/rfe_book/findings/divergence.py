"""What chapter 06 says of samples and their divergence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book import words
from rfe_book.findings import Findings, must_hold
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import verdicts
from rfe_study.claims.sampling import falls, falls_beyond_null
from rfe_study.claims.verdicts import Verdict

#: What it means if the divergence falls by more than a perfect sample's, by the verdict on that.
MEANS = {
    verdicts.CONTRADICTED: "What falls is the noise of a small sample: the curve would fall "
    "as much if nothing whatever were wrong, so it cannot vouch for a way of sampling",
    verdicts.REPRODUCED: "More draws bring the samples closer to all embeddings than noise "
    "alone can explain",
    verdicts.UNDECIDED: "Whether anything but the noise of a small sample falls, our rows leave "
    "open",
}

_BY_CHANNEL = ["shared_channel", "null_channel"]

KINDS = {"of_b": "12 B", "mixed": "6 A + 6 B"}


def perfect(n: Sequence[int], simulated: np.ndarray, formula: np.ndarray) -> Findings:
    """JSD of perfect samples, simulated (``sim_20``) and by the formula (``by_20``)."""
    values = {}
    for draws, by_chance, by_formula in zip(n, simulated, formula, strict=True):
        digits = 2 if draws < 1000 else 4
        values[f"sim_{draws}"] = f"{by_chance:.{digits}f}"
        values[f"by_{draws}"] = f"{by_formula:.{digits}f}"
    must_hold("where n is small the formula exceeds ln 2", formula[0] > np.log(2))
    return Findings(**values)


def curves(rows: pd.DataFrame) -> Findings:
    """Where the curves of one kind of batch start and end, and which strategy looks worst.

    ``own``, ``shared`` and ``null`` are flattened, ``channel`` and ``null_channel`` means over
    channels by shared edges; all are means over strategies. ``excess_*`` is the mean over channels
    beyond the null at the largest n_E. Up to ``disagree_to`` the worst by own edges
    is not the worst by shared ones.
    """
    smallest, largest = rows["n_e"].min(), rows["n_e"].max()
    columns = {"own": "own_flattened", "shared": "shared_flattened", "null": "null_flattened"}
    columns |= dict(zip(("channel", "null_channel"), _BY_CHANNEL, strict=True))
    mean = rows.groupby("n_e")[[*columns.values()]].mean()
    values = {"smallest": int(smallest), "largest": int(largest)}
    for name, column in columns.items():
        values[f"{name}_first"] = f"{mean.loc[smallest, column]:.2f}"
        values[f"{name}_last"] = f"{mean.loc[largest, column]:.3f}"
    by_strategy = rows.groupby(["strategy", "n_e"])[["own_flattened", *_BY_CHANNEL]].mean()
    steps = by_strategy.groupby("strategy").diff().dropna()
    must_hold("all curves fall, and those of perfect samples", bool((steps < 0).all(axis=None)))
    worst = _farthest(rows)
    differ = worst.index[worst["own"] != worst["shared"]]
    until = worst.loc[: differ.max()] if len(differ) else worst.iloc[:1]
    same = len(until) == len(differ) > 0 and not (until.nunique() > 1).any()
    must_hold("for small n_E the edges decide which strategy looks worst", same)
    seen, null = (by_strategy.xs(largest, level="n_e").loc[[*STRATEGIES], c] for c in _BY_CHANNEL)
    half, aware, fifth = seen - null
    must_hold("only a strategy that changes the class mix keeps a floor", min(half, fifth) > aware)
    return Findings(
        disagree_to=int(until.index[-1]),
        worst_own=until["own"].iloc[0],
        worst_shared=until["shared"].iloc[0],
        networks=int(rows["seed"].nunique()),
        batches=int(rows["batch"].nunique()),
        excess_half=f"{half:.3f}",
        excess_aware=words.number(words.rounded(aware, 3), 3),
        excess_fifth=f"{fifth:.3f}",
        **values,
    )


def _farthest(rows: pd.DataFrame) -> pd.DataFrame:
    """By n_E, the strategy of largest divergence for own and for shared edges, flattened."""
    mean = rows.groupby(["n_e", "strategy"])[["own_flattened", "shared_flattened"]].mean()
    found = {
        edges: mean[f"{edges}_flattened"].unstack().idxmax(axis=1) for edges in ("own", "shared")
    }
    return pd.DataFrame(found)


def claim_1(table: pd.DataFrame, *, seed: int = 0) -> Findings:
    """The verdicts on claim 1, each with the lowest and highest estimate, and what they mean.

    ``of_b_own`` is what the scoreboard shows. ``of_b_beyond`` joins what is flattened and by
    channel.

    Parameters
    ----------
    table : DataFrame
        Of `rfe_study.measures.representativeness`, both kinds of batches.
    seed : int
        Of the batches that each test draws again, as the others do.
    """
    values, both = {}, {}
    for kind, name in KINDS.items():
        tests = _tests(table[table["batch_of"] == name], seed)
        for test, parts in tests.items():
            values[f"{kind}_{test}"] = verdicts.overall(parts)
            values[f"{kind}_{test}_range"] = words.span((p.estimate for p in parts), 2)
        beyond = verdicts.overall(tests["beyond_flattened"] + tests["beyond_channel"])
        both[kind] = values[f"{kind}_beyond"] = beyond
    answer = words.answer(both["of_b"]).capitalize()
    return Findings(answer=answer, meaning=MEANS[both["of_b"]], **values)


def _tests(rows: pd.DataFrame, seed: int) -> Mapping[str, list[Verdict]]:
    measures = {"own": "own_flattened", "shared": "shared_flattened", "channel": "shared_channel"}
    found = {
        test: falls(rows, measure, generator=np.random.default_rng(seed))
        for test, measure in measures.items()
    }
    for per in ("flattened", "channel"):
        generator = np.random.default_rng(seed)
        found[f"beyond_{per}"] = falls_beyond_null(rows, per, generator=generator)
    return found
