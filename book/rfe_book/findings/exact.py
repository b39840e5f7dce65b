"""What chapter 10 says of the exact loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from torch import Tensor

from rfe_book import words
from rfe_book.findings import Findings, must_hold
from rfe_book.findings.prior import origin
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import comparisons, proof
from rfe_study.claims.rows import by_model
from rfe_study.measures import cost, monte_carlo
from rfe_study.measures.gradient_noise import Comparison
from rfe_study.methods.proof import N_E

#: Short names of strategies in findings.
SHORT = dict(zip(STRATEGIES, ("half", "aware", "fifth"), strict=True))

#: All pixels of a batch of 12 crops.
WHOLE = 12 * 128 * 128


def same(closed: Tensor, pairs: Tensor, gradients: Sequence[Tensor]) -> Findings:
    """How far value and gradient of a closed form are from those of the double sum, relatively."""
    ours, theirs = gradients
    value = abs(float(closed.detach() / pairs.detach()) - 1)
    gradient = float((ours - theirs).norm() / theirs.norm())
    must_hold("the closed form is the double sum", max(value, gradient) < 1e-9)
    return Findings(value=f"{value:.0e}", gradient=f"{gradient:.0e}")


def three_losses(found: Mapping[str, Comparison], stops: Sequence[int], n_e: int) -> pd.DataFrame:
    """The exact loss under each strategy's counts and over all pixels, the last of the stops."""
    at = list(stops).index(n_e)
    rows = {name: (c.drawn[at], c.exact[at]) for name, c in found.items()}
    everything = next(iter(found.values()))
    rows["all pixels"] = everything.drawn[-1], everything.exact[-1]
    lines = {
        name: (*counts, loss, 100 * monte_carlo.pair_shares(counts)[2])
        for name, (counts, loss) in rows.items()
    }
    columns = ["background", "lesion", "exact loss", "pairs of both classes (%)"]
    table = pd.DataFrame.from_dict(lines, orient="index", columns=columns)
    return table.rename_axis("counts of")


def samples(found: Mapping[str, Comparison], stops: Sequence[int], n_e: int) -> Findings:
    """Losses at one n_E, and how far samples are from what they estimate.

    ``loss_half``, ``loss_aware``, ``loss_fifth`` and ``loss_all`` are exact. ``apart`` is the
    largest distance of the mean of sampled losses from the exact one, in standard errors.
    ``error_20_low`` and ``_high`` are errors of the gradient in per cent, over strategies.
    """
    table = three_losses(found, stops, n_e)["exact loss"]
    values = {f"loss_{SHORT.get(name, 'all')}": f"{loss:.3f}" for name, loss in table.items()}
    must_hold(
        "distribution-aware counts come closest to all pixels",
        (table.iloc[:-1] - table["all pixels"]).abs().idxmin() == "distribution-aware",
    )
    apart, slopes = [], []
    paper = [list(stops).index(n) for n in N_E]
    for c in found.values():
        losses = c.losses[:, paper]
        standard_error = losses.std(0, ddof=1) / len(losses) ** 0.5
        apart += [*np.abs(losses.mean(0) - c.exact[paper]) / standard_error]
        slopes.append(np.polyfit(np.log(N_E), np.log(c.errors[:, paper].mean(0)), 1)[0])
    must_hold("the mean of samples is what the exact form says", max(apart) < 4)
    must_hold("errors fall about as one over the root", -0.75 < min(slopes) and max(slopes) < -0.25)
    first = [c.errors[:, paper[0]].mean() for c in found.values()]
    must_hold("a gradient of few pixels is very noisy", min(first) > 0.5)
    for n in (20, 100, 2000):
        errors = [100 * c.errors[:, list(stops).index(n)].mean() for c in found.values()]
        values |= {f"error_{n}_low": f"{min(errors):.0f}", f"error_{n}_high": f"{max(errors):.0f}"}
    return Findings(
        apart=f"{max(apart):.1f}",
        draws=len(losses),
        slope_low=f"{min(slopes):.2f}".replace("-", "−"),
        slope_high=f"{max(slopes):.2f}".replace("-", "−"),
        **values,
    )


def costs(rows: pd.DataFrame) -> Findings:
    """Seconds of pairs and of the exact form, by the rows of `make bench`."""
    library, plain, exact = (cost.cost(rows, v, 4000).seconds for v in cost.POWERS)
    _, pairs, whole = (cost.cost(rows, v, WHOLE).seconds for v in cost.POWERS)
    pairs_2000 = cost.cost(rows, "z @ z.T", 2000).seconds
    must_hold("milliseconds for all pixels, minutes for their pairs", whole < 0.5 < 60 < pairs)
    return Findings(
        made=origin(rows).made,
        than_library=f"{library / exact:.0f}",
        than_plain=f"{plain / exact:.0f}",
        whole_ms=f"{1000 * whole:.0f}",
        whole_pixels=f"{WHOLE:,}",
        pairs_minutes=f"{pairs / 60:.0f}",
        pairs_2000_ms=f"{1000 * pairs_2000:.0f}",
        ten_seconds=f"{cost.reaches(rows, 'z @ z.T', 10):,.0f}",
    )


def trained(scores: pd.DataFrame, models: pd.DataFrame, *, seed: int = 0) -> Findings:
    """Does the exact loss beat every sampled n_E? Answers, differences of F and their intervals.

    ``answer`` and ``by`` are like with like on all 8 patients, ``_2`` on the paper's 2, ``_6`` on
    the further 6; ``over`` is the gain over no embedding loss. ``ahead``, ``behind`` and ``open``
    count comparisons of models as chosen.
    """
    (beats,) = (p for p in proof.PARTS if p.part.startswith("all pixels beat every"))
    generator = np.random.default_rng(seed)
    judged = proof.judge(scores, models, generator=generator, parts=[beats])
    values = {}
    for who, key in (("paper's 2", "_2"), ("6 further", "_6"), ("all 8", "")):
        (found,) = judged[who]
        values[f"answer{key}"] = words.answer(found.verdict)
        values[f"by{key}"] = words.interval_text(found.estimate, found.low, found.high)
    by, ends = by_model(scores, models), []
    alike = comparisons.gain(by, "80/20 ACD all margin 1", "no embedding", generator=generator)
    for strategy in STRATEGIES:
        everything = f"{strategy} ACD all margin 1"
        for other in proof.names(strategy, "ACD"):
            ends.append(comparisons.gain(by, everything, other, generator=generator)[1:])
    low, high = np.array(ends).T
    return Findings(
        made=words.origin(scores),
        over=words.interval_text(*alike),
        compared=len(ends),
        ahead=int((low > 0).sum()),
        behind=int((high < 0).sum()),
        open=int(((low <= 0) & (high >= 0)).sum()),
        **values,
    )
