"""What chapter 05 says of drawing pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from rfe_book import words
from rfe_book.findings import Findings, must_hold
from rfe_book.widgets.n_e_explorer import NEExplorer
from rfe_core import sampling
from rfe_study.claims import verdicts
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.proof_of_concept import at_margin_1
from rfe_study.claims.sampling import class_balance
from rfe_study.measures import monte_carlo
from rfe_study.methods.proof_of_concept import CHOSEN

#: Shares whose F differs by less are not told apart.
ALIKE = 0.02


def pairs(pixels: int) -> Findings:
    """Ordered pairs of so many pixels in billions, and their distances (float32) in gigabytes."""
    return Findings(
        pixels=f"{pixels:,}",
        billions=f"{pixels**2 / 1e9:.1f}",
        gigabytes=f"{4 * pixels**2 / 1e9:.0f}",
    )


def gradients(at_embeddings: NDArray, at_image: NDArray) -> Findings:
    """At how many pixels the gradient's length (H, W) is not zero."""
    touched, reached = (int(np.count_nonzero(length)) for length in (at_embeddings, at_image))
    must_hold("the network spreads the gradient", reached > touched)
    return Findings(touched=touched, reached=f"{reached:,}", pixels=f"{at_image.size:,}")


def batch(labels: Tensor) -> Findings:
    """Share of lesion in a batch (%), and what distribution-aware sampling makes of it.

    ``aware_*``: lesion pixels it wants; ``pulls_background``: pairs of background (%) among 2000.
    ``fifth``: how many times the natural share 80/20 is.
    """
    background, lesion = sampling.available(labels)
    share = lesion / (lesion + background)
    aware = {n: sampling.counts(labels, n, "distribution-aware") for n in (20, 2000)}
    must_hold("80/20 is above the natural share", share < 0.2)
    return Findings(
        lesion=f"{lesion:,}",
        share=f"{100 * share:.1f}",
        pulls_background=f"{100 * monte_carlo.pair_shares(aware[2000])[0]:.0f}",
        fifth=f"{0.2 / share:.0f}",
        **{f"aware_{n}": count for n, (_, count) in aware.items()},
    )


def turned(scores: pd.DataFrame, dial: Sequence[str]) -> Findings:
    """What networks do that were fine-tuned for B with all pixels, by their share of lesion.

    Parameters
    ----------
    scores : DataFrame
        The table "sweep-scores".
    dial : sequence of strategies
        From the natural share upwards; ``recall_first`` is of the first of them, ``recall_last``
        of the last. ``best`` and ``f_best`` are of all within `ALIKE` of the highest F.
    """
    names = {at_margin_1(strategy): strategy for strategy in dial}
    rows = scores[scores["model"].isin(names) & scores["role"].isin(PATIENTS[VERDICT])]
    rows = rows[rows["domain"] == "B"]
    mean = rows.groupby("model")[["recall", "precision", "f_score"]].mean().loc[[*names]]
    steps = mean.diff().dropna()
    must_hold("recall rises with the share", bool((steps["recall"] > 0).all()))
    must_hold("precision falls with the share", bool((steps["precision"] < 0).all()))
    best = mean["f_score"][mean["f_score"] > mean["f_score"].max() - ALIKE]
    must_hold("the best share is between the ends", set(best.index) <= set(mean.index[1:-1]))
    ends = {"first": mean.iloc[0], "last": mean.iloc[-1]}
    return Findings(
        best=words.listed([names[model] for model in best.index]),
        f_best=words.listed([f"{f:.2f}" for f in best]),
        margin_36=f"{CHOSEN['cosine'][1]:g}",
        trainings=int(rows.groupby("model")["seed"].nunique().min()),
        **{
            f"{column.removesuffix('_score')}_{end}": f"{row[column]:.2f}"
            for end, row in ends.items()
            for column in mean
        },
    )


def scatter(
    n_e: Sequence[int], sampled: Mapping[str, NDArray], exact: Mapping[str, Sequence[float]]
) -> Findings:
    """How sampled losses (draws, N) of each strategy lie about their exact values (N,).

    ``off`` is the largest distance of a mean, in standard errors; ``wider`` how many times the
    scatter at the first n_E is that at the last; ``slopes`` of its fall, from the steepest on.
    """
    spread = {name: values.std(0, ddof=1) for name, values in sampled.items()}
    off = [
        np.abs(values.mean(0) - exact[name]) / np.maximum(spread[name], 1e-12) * len(values) ** 0.5
        for name, values in sampled.items()
    ]
    slopes = [float(np.polyfit(np.log(n_e), np.log(s), 1)[0]) for s in spread.values()]
    must_hold("means of draws lie on the exact values", np.max(off) < 4)
    must_hold(
        "the scatter falls about like 1 / sqrt(n_E)", -0.9 < min(slopes) <= max(slopes) < -0.3
    )
    first, last = (f"{end(slopes):.2f}".replace("-", "−") for end in (min, max))
    return Findings(
        means=sum(map(len, off)),
        off=f"{np.max(off):.1f}",
        wider=f"{np.mean([s[0] / s[-1] for s in spread.values()]):.0f}",
        slopes=f"between {first} and {last}" if first != last else f"all {first}",
    )


def drawn(rows: pd.DataFrame, *, seed: int = 0) -> Findings:
    """Claim 13 on batches of B and on mixed ones; what strategies draw, from stored rows.

    ``over``: how many times the true share of lesion 50/50 draws. ``under``: share of batches (%)
    in which distribution-aware sampling draws too few at the smallest n_E. ``share``: of lesion
    (%) in batches of B, and ``few`` the lesion pixels in a proportional draw of 20. `seed`: of the
    batches that the claim's intervals draw again.
    """
    values = {}
    for name, kind in {"": "12 B", "_mixed": "6 A + 6 B"}.items():
        of_kind, generator = rows[rows["batch_of"] == kind], np.random.default_rng(seed)
        parts = class_balance(of_kind, generator=generator)
        values[f"verdict{name}"] = verdicts.overall(parts)
        values[f"over{name}"] = f"{parts[0].estimate:.0f}"
        values[f"under{name}"] = f"{100 * parts[1].estimate:.0f}"
        must_hold("50/50 draws too many lesions", parts[0].estimate > 1)
        must_hold("distribution-aware mostly draws too few", parts[1].estimate > 0.5)
    seen = rows[rows["batch_of"] == "12 B"].drop_duplicates("batch")
    share = (seen["lesion_pixels"] / seen["pixels"]).mean()
    return Findings(
        share=f"{100 * share:.1f}", few=f"{20 * share:.1f}", made=words.origin(rows), **values
    )


def runs_out(view: NEExplorer) -> Findings:
    """Lesion pixels of the explorer's slice: where 50/50 wants more, its exact value climbs."""
    half = view.strategies.index("50/50")
    centre = np.array(view.measures[0]["centre"][half])
    short = np.array([wanted > drawn for _, wanted, _, drawn in view.counts[half]])
    must_hold("50/50 runs out of lesion pixels", short[-1] and not short[0])
    last = centre[~short][-1]
    must_hold("the exact value climbs then", bool((np.diff([last, *centre[short]]) > 0).all()))
    return Findings(lesion=view.counts[half][-1][3])


def odds(labels: Tensor, *, size: int = 3, n_e: int = 100, steps: int = 30) -> Findings:
    """Chance (%) that 80/20 draws one of a lesion's `size` pixels, in 1 and in `steps`."""
    (_, lesion), (_, wanted) = sampling.available(labels), sampling.counts(labels, n_e, "80/20")
    once, often = (
        100 * float(monte_carlo.chance_of_a_pixel(size, lesion, min(wanted, lesion), steps=t))
        for t in (1, steps)
    )
    return Findings(size=size, n_e=n_e, steps=steps, once=f"{once:.0f}", often=f"{often:.0f}")
