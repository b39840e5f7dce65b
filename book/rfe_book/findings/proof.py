"""What chapter 07 says of the 36 models, from rows of `rfe sweep` and verdicts of the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.tables import proof as tables
from rfe_book.words import interval_text, listed, origin
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import verdicts
from rfe_study.claims.comparisons import gain, reading
from rfe_study.claims.power import training_noise
from rfe_study.claims.proof import RISE, all_of, names
from rfe_study.claims.rows import ByModel
from rfe_study.methods import proof
from rfe_study.methods.method import Method

#: Short names of strategies in findings.
SHORT = dict(zip(STRATEGIES, ("half", "aware", "fifth"), strict=True))

DISTANCES = ("ACD", "l2")

NONE, LABELS = "no embedding", "labels of B"

#: How a model compares with another, by `reading` of the interval of their difference.
AGAINST = {"yes": "better than", "no": "worse than", "undecided": "not told apart from"}

#: Whether a part of a claim is so, in the words of a sentence.
SHOWN = {
    verdicts.REPRODUCED: "yes",
    verdicts.NOT_REPRODUCED: "no",
    verdicts.UNDECIDED: "undecided",
}


def signed(value: float, digits: int = 2) -> str:
    """``"+0.02"``, ``"−0.10"``."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def experiment(methods: Sequence[Method], scores: pd.DataFrame) -> Findings:
    """How many models there are, of how many seeds, on how many patients."""
    counts = tables.groups(methods)
    must_hold("36 models", counts["rfe"] == 36)
    return Findings(
        models=int(counts.sum()),
        beside=int(counts.sum() - counts["rfe"]),
        seeds=int(scores["seed"].nunique()),
        patients=int(scores["subject"].nunique()),
        origin=origin(scores),
    )


def gains(values: ByModel, *, generator: np.random.Generator) -> Findings:
    """F of control and bound, and what the embedding loss adds to the control.

    ``gain_ACD`` is text with an interval, ``reads_ACD`` how the 18 ACD models compare with the
    control; ``_l2`` and the strategies (`SHORT`) alike. ``b_images`` and ``statistics`` say what
    B's images alone, and B's statistics alone, do.
    """
    said: dict[str, str] = {}
    models = {d: all_of(d) for d in DISTANCES}
    models |= {SHORT[s]: [m for d in DISTANCES for m in names(s, d)] for s in STRATEGIES}
    for key, chosen in models.items():
        both = {"own": np.mean([values[m] for m in chosen], axis=0), NONE: values[NONE]}
        found = gain(both, "own", NONE, generator=generator)
        said[f"gain_{key}"] = interval_text(*found)
        said[f"reads_{key}"] = AGAINST[reading(*found[1:])]
    alone = "labelled A only"
    for key, one, other in (
        ("b_images", alone, NONE),
        ("statistics", f"{alone}, statistics of B", alone),
    ):
        found = gain(values, one, other, generator=generator)
        said[f"{key}_gain"] = interval_text(*found)
        said[key] = AGAINST[reading(*found[1:])]
    f = {m: float(v.mean()) for m, v in values.items()}
    must_hold("the bound is above the control", f[LABELS] > f[NONE])
    of_36 = {m: f[m] for d in DISTANCES for m in all_of(d)}
    must_hold("it does not always help", min(of_36.values()) < f[NONE])
    best, worst = max(of_36, key=of_36.get), min(of_36, key=of_36.get)
    return Findings(
        f_none=f"{f[NONE]:.2f}",
        f_labels=f"{f[LABELS]:.2f}",
        best=best,
        best_f=f"{of_36[best]:.2f}",
        worst=worst,
        worst_f=f"{of_36[worst]:.2f}",
        above=sum(value > f[NONE] for value in of_36.values()),
        **said,
    )


def points(values: ByModel, none: str = NONE) -> Findings:
    """An example of pairing: F of the control and of one model on two patients of the first seed.

    The two patients are those on whom the control does best and worst.
    """
    model = "80/20 ACD 500"
    control, other = values[none][0].round(2), values[model][0].round(2)
    good, bad = int(control.argmax()), int(control.argmin())
    gained, apart = (other - control)[[good, bad]], control[good] - control[bad]
    must_hold("differences lie less far apart than patients", np.ptp(gained) < apart / 2)
    return Findings(
        control_good=f"{control[good]:.2f}",
        control_bad=f"{control[bad]:.2f}",
        other_good=f"{other[good]:.2f}",
        other_bad=f"{other[bad]:.2f}",
        apart=f"{apart:.2f}",
        gain_good=signed(gained[0]),
        gain_bad=signed(gained[1]),
    )


def strategies(parts: pd.DataFrame) -> Findings:
    """How far each strategy moves recall and precision of the control, means over its 12 models.

    Parameters
    ----------
    parts : DataFrame
        `rfe_book.tables.proof.summary`, or `balance` of it: indexed by ``model``.
    """
    none, said, mean = parts.loc[NONE], {}, {}
    for strategy, key in SHORT.items():
        mean[strategy] = parts.loc[[m for d in DISTANCES for m in names(strategy, d)]].mean(
            numeric_only=True
        )
        for column in ("recall", "precision"):
            said[f"{column}_{key}"] = signed(mean[strategy][column] - none[column])
    order = pd.DataFrame(mean).T
    recall = order["recall"].sort_values(ascending=False).index
    precision = order["precision"].sort_values(ascending=False).index
    must_hold("what finds most invents most", recall[0] == precision[-1] == "50/50")
    drawn = ["50/50", "80/20", "distribution-aware"]  # from most lesion to least
    must_hold("the more lesion is drawn, the more is found", list(recall) == drawn)
    return Findings(recall=", ".join(recall), precision=", ".join(precision), **said)


def n_e(parts: Sequence[verdicts.Verdict], values: ByModel) -> Findings:
    """Claim 2 by strategy, and the weight's share of it.

    ``rises`` and ``open``: the strategies for which F rises, and those for which it is undecided.
    """
    part = {p.part: p for p in parts}
    said, by_answer = {}, {answer: [] for answer in SHOWN.values()}
    for strategy, key in SHORT.items():
        p = part[f"F rises with n_E, ACD, {strategy}"]
        said[f"rise_{key}"] = interval_text(p.estimate, p.low, p.high)
        by_answer[SHOWN[p.verdict]].append(strategy)
    heavier = part["sum / n rises more steeply than the mean"]
    ends = {n: values[f"80/20 ACD {n} sum/n"] - values[f"80/20 ACD {n}"] for n in (20, 2000)}
    return Findings(
        threshold=f"{RISE:g}",
        rises=listed(by_answer["yes"]),
        level=listed(by_answer["no"]),
        open=listed(by_answer["undecided"]),
        heavier={
            "yes": "more steeply",
            "no": "no more steeply",
            "undecided": "perhaps more steeply (undecided)",
        }[SHOWN[heavier.verdict]],
        heavier_by=interval_text(heavier.estimate, heavier.low, heavier.high),
        sum_20=signed(ends[20].mean()),
        sum_2000=signed(ends[2000].mean()),
        equal_at=proof.EQUAL_WEIGHT_N_E,
        **said,
    )


def distance(parts: Sequence[verdicts.Verdict], curves: pd.DataFrame) -> Findings:
    """Claim 4 in words, and how long lesion embeddings are beside the control's."""
    part = {p.part: p for p in parts}
    worse, rougher = part["l2 worse than ACD"], part["l2 rougher than ACD from n_E = 200"]
    long = tables.lengths(curves, [NONE, *all_of("ACD"), *all_of("l2")])
    times = {d: (long.loc[all_of(d)] / long.loc[NONE]).mean() for d in DISTANCES}
    against = {"yes": "ahead of", "no": "behind", "undecided": "not told apart from"}
    return Findings(
        acd=against[reading(worse.low, worse.high)],
        acd_minus_l2=interval_text(worse.estimate, worse.low, worse.high),
        worse=worse.verdict,
        rougher=rougher.verdict,
        lesion_ACD=f"{times['ACD']['lesion']:.1f}",
        lesion_l2=f"{times['l2']['lesion']:.1f}",
        background_ACD=f"{times['ACD']['background']:.1f}",
        background_l2=f"{times['l2']['background']:.1f}",
    )


def margins(found: pd.DataFrame) -> Findings:
    """Lesion lengths, and F on development patients, by l2's margin in the search.

    Parameters
    ----------
    found : DataFrame
        `rfe_book.tables.proof.by_margin`.
    """
    l2 = found.loc["l2"]
    must_hold("the larger the margin, the longer", l2["lesion"].is_monotonic_increasing)
    said = {f"long_{m:.0f}": f"{row['lesion']:.1f}" for m, row in l2.iterrows()}
    return Findings(**said, **{f"f_{m:.0f}": f"{row['F']:.2f}" for m, row in l2.iterrows()})


def seeds(parts: Sequence[verdicts.Verdict], values: ByModel, sd: float) -> Findings:
    """Claim 5: how alike seeds rank the models, in all and within a strategy; their scatter.

    Parameters
    ----------
    sd : float
        `rfe_study.claims.power.noise` of the search, by which the runs were planned.
    """
    part = {p.part: p for p in parts}
    alike = part["the 36 models rank alike"]
    within = [agreement(values, s) for s in STRATEGIES]
    must_hold("within a strategy seeds agree less", max(within) < alike.estimate + 1e-9)
    trained = np.array([table.mean(axis=1) for table in values.values()]).T
    spread, patients = training_noise(trained), next(iter(values.values())).shape[1]
    return Findings(
        alike=f"{alike.estimate:.2f}",
        ranked=alike.verdict,
        within=listed([f"{r:.2f}".replace("-", "−") for r in within]),
        each=part["ACD better than no embedding in each seed"].verdict,
        scatter=f"{spread:.3f}",
        planned=f"{sd / patients**0.5:.3f}",
    )


def agreement(values: ByModel, strategy: str) -> float:
    """Mean correlation of two seeds' F over the 12 models of one strategy."""
    models = [m for d in DISTANCES for m in names(strategy, d)]
    f = np.array([values[m].mean(axis=1) for m in models])
    return float(np.corrcoef(f.T)[np.triu_indices(f.shape[1], 1)].mean())


def claims(judged: Mapping[str, Sequence[verdicts.Verdict]]) -> Findings:
    """The verdicts on claims 2 to 5: ``all_2`` on all patients, ``two_2`` on the paper's two."""
    words = tables.overall_table(judged)
    return Findings(
        **{f"all_{c}": verdict for c, verdict in words["all 8"].items()},
        **{f"two_{c}": verdict for c, verdict in words["paper's 2"].items()},
    )
