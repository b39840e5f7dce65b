"""What chapter 10 says of the exact loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from torch import Tensor

from rfe_book import words
from rfe_book.findings import Findings, must_hold
from rfe_book.findings.proof_of_concept import SHORT
from rfe_book.tables import exact as tables
from rfe_study.claims import adaptation, comparisons, proof_of_concept
from rfe_study.claims.contrasts import minus
from rfe_study.claims.effects import SMALLEST_F
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.rows import by_model
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import NO_EFFECT, judge_parts
from rfe_study.measures import cost, monte_carlo
from rfe_study.measures.gradient_noise import Comparison
from rfe_study.methods.proof_of_concept import CHOSEN, MARGIN_1_N_E, N_E

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
    columns = ["background", "lesion", "exact loss", "one of each (%)"]
    table = pd.DataFrame.from_dict(lines, orient="index", columns=columns)
    return table.rename_axis("strategy")


def samples(found: Mapping[str, Comparison], stops: Sequence[int], n_e: int) -> Findings:
    """Losses at one n_E, and how far samples are from what they estimate.

    ``loss_half``, ``loss_aware``, ``loss_fifth`` and ``loss_all`` are exact. ``apart`` is the
    largest distance of the mean of sampled losses from the exact one, in standard errors.
    ``error_20_low`` and ``_high`` are errors of the gradient in per cent, over strategies;
    ``slope`` is the power with which they fall, or the range of it.
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
        slope=words.span(slopes, 2),
        **values,
    )


def costs(rows: pd.DataFrame) -> Findings:
    """Seconds of pairs and of the exact form, by the rows of `make bench`.

    ``pairs_minutes`` is by one matrix, ``pieces_seconds`` by the core, which holds a part of it.
    """
    library, plain, exact = (cost.cost(rows, v, 4000).seconds for v in cost.POWERS)
    _, pairs, whole = (cost.cost(rows, v, WHOLE).seconds for v in cost.POWERS)
    pairs_2000 = cost.cost(rows, "z @ z.T", 2000).seconds
    own = rows[rows["variant"] == "label form, signed"].nlargest(1, "n_e").iloc[0]
    pieces = own["seconds"] * (WHOLE / own["n_e"]) ** 2
    must_hold("milliseconds for all pixels, minutes for their pairs", whole < 0.5 < 60 < pairs)
    must_hold("seconds in pieces", 1 < pieces < 60)
    return Findings(
        made=words.made_by(rows),
        than_library=f"{library / exact:.0f}",
        than_plain=f"{plain / exact:.0f}",
        whole_ms=f"{1000 * whole:.0f}",
        whole_pixels=f"{WHOLE:,}",
        pairs_minutes=f"{pairs / 60:.0f}",
        pieces_seconds=f"{pieces:.0f}",
        pairs_2000_ms=f"{1000 * pairs_2000:.0f}",
        ten_seconds=f"{cost.reaches(rows, 'z @ z.T', 10):,.0f}",
    )


def sampled(scores: pd.DataFrame, models: pd.DataFrame, adapted: Scores) -> Findings:
    """All pixels beside samples, nothing else differing: differences of F and verdicts.

    ``by_20`` and so on are of 80/20 at margin 1 on B, ``seeds_20`` their seeds; ``again`` is the
    adaptation with a perfect prior against n_E = 100, mean over the domains; ``chosen`` is the
    best exact ratio minus the best ACD model sampled with its own margin and weight. ``more_half``
    and ``more_fifth`` are n_E = 2000 minus 100 at that margin, of ``more_seeds`` trainings.
    """
    (beats,) = (p for p in proof_of_concept.PARTS if p.part.startswith("all pixels beat every"))
    (better,) = (p for p in adaptation.PARTS if p.part.startswith("all pixels better than"))
    (verdict,) = judge_parts([beats], proof_of_concept.on_targets(scores, models, VERDICT))
    (again,) = judge_parts([better], adapted)
    must_hold("a hundred pixels do as well as all", again.verdict == NO_EFFECT)
    by, values = by_model(scores, models), {}
    for n_e in MARGIN_1_N_E:
        everything, other = tables.model("80/20"), tables.model("80/20", n_e)
        values[f"by_{n_e}"] = difference(*comparisons.gain(by, everything, other))
        values[f"seeds_{n_e}"] = len(by[other])
    few, many = (comparisons.gain(by, everything, tables.model("80/20", n))[0] for n in (20, 2000))
    must_hold("the more pixels a sample has, the less all of them gain", many < few)
    f = {m: by[m].to_numpy().mean() for m in by}
    ours = max(map(tables.model, tables.RATIOS), key=f.get)
    theirs = max(proof_of_concept.all_of("ACD", proof_of_concept.ENDS), key=f.get)
    gained = comparisons.gain(by, ours, theirs)
    must_hold("the best exact form is not ahead of the best sample", not gained[1] > 0)
    must_hold("all pixels are not ahead of every sample", verdict.verdict == NO_EFFECT)
    more = {
        s: [by[proof_of_concept.name(s, "ACD", n)] for n in (2000, 100)] for s in ("50/50", "80/20")
    }
    rises = {s: comparisons.mean_interval(minus(*pair)) for s, pair in more.items()}
    must_hold("in the proof of concept more pixels help 50/50", rises["50/50"][1] > 0)
    seeds = {len(minus(*pair)) for pair in more.values()}
    return Findings(
        verdict=verdict.verdict,
        again=again.verdict,
        again_by=again.effect,
        margin=f"{CHOSEN['cosine'][1]:g}",
        best=ours.removesuffix(" margin 1"),
        best_f=f"{f[ours]:.2f}",
        best_sampled=theirs,
        best_sampled_f=f"{f[theirs]:.2f}",
        chosen=difference(*gained),
        more_half=difference(*rises["50/50"]),
        more_fifth=difference(*rises["80/20"]),
        more_seeds=words.span(seeds),
        made=words.origin(scores),
        **values,
    )


def difference(value: float, low: float, high: float) -> str:
    """``"0.012 (−0.003 to 0.027)"``; without an interval if there is a single seed."""
    return words.with_interval(value, low, high, digits=3)


def ratios(scores: pd.DataFrame, models: pd.DataFrame, table: pd.DataFrame) -> Findings:
    """What the class ratio of the exact loss moves, on B with a perfect prior.

    ``sure`` lists the ratios whose F is surely above that of the control, ``open`` the others;
    ``f_by`` and ``ap_by`` are 4x minus 80/20; ``closed`` is the share of the gap by 4x.

    Parameters
    ----------
    table : DataFrame
        `rfe_book.tables.exact.by_ratio`.
    """
    own = table.loc[list(tables.RATIOS)]
    must_hold("the more lesion, the more is found", own["recall"].is_monotonic_increasing)
    must_hold("the more lesion, the less is right", own["precision"].is_monotonic_decreasing)
    must_hold("F is best between natural and 80/20", own["F"].idxmax() in ("2x", "4x"))
    must_hold("the natural ratio ranks worst", own["average precision"].idxmin() == "natural")
    must_hold("from 4x on the order stays", np.ptp(own["average precision"].iloc[2:]) < SMALLEST_F)
    share = own["lesion (%)"]
    must_hold("80/20 is far more than 4x", share["80/20"] > 2 * share["4x"])
    f, ap = (by_model(scores, models, column=c) for c in ("f_score", "average_precision"))
    over = {r: comparisons.gain(f, tables.model(r), tables.NONE) for r in tables.RATIOS}
    pair = tables.model("4x"), tables.model("80/20")
    f_by, ap_by = comparisons.gain(f, *pair), comparisons.gain(ap, *pair)
    must_hold("by F 4x is ahead of 80/20", f_by[1] > 0)
    must_hold("by average precision it is not", not ap_by[1] > 0)
    closed = comparisons.share_closed(f[pair[0]], f[tables.NONE], f[tables.LABELS])
    return Findings(
        sure=words.listed([r for r, (_, low, _) in over.items() if low > 0]),
        open=words.listed([r for r, (_, low, _) in over.items() if not low > 0]),
        over_4x=difference(*over["4x"]),
        f_by=difference(*f_by),
        ap_by=difference(*ap_by),
        closed=closed.text,
        none=f"{table.loc[tables.NONE, 'F']:.2f}",
        labels=f"{table.loc[tables.LABELS, 'F']:.2f}",
        f_4x=f"{own.loc['4x', 'F']:.2f}",
        times=f"{share['80/20'] / share['natural']:.0f}",
    )
