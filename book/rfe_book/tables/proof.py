"""The rows of a sweep put into the tables of chapters 07 and 10.

Nothing is chosen or judged here: `rfe_study.claims.proof` does that.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book.words import interval_text
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.comparisons import gain, share_closed
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.proof import all_of, names
from rfe_study.claims.rows import ByModel, by_model
from rfe_study.claims.verdicts import Verdict, overall
from rfe_study.methods.method import GROUPS, Method
from rfe_study.methods.proof import proof_of_concept

#: The fine-tuned network whose embeddings chapter 07 shows: model and seed.
SHOWN = ("80/20 ACD 2000", 0)

DISTANCES = ("ACD", "l2")

SHOWN_WEIGHTS = f"laptop-sweep-80-20_ACD_2000-seed{SHOWN[1]}.safetensors"


def summary(scores: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """All models in the experiment's order: mean F, its spread over seeds, and what makes it.

    Returns
    -------
    DataFrame
        Indexed by ``group`` and ``model``. ``F, paper's`` and ``F, paired heads`` (means over seeds
        and heads; a seed that diverged counts 0), ``seeds ±`` (standard deviation over seeds of the
        mean over paired heads), ``precision``, ``recall``, ``FP a slice`` (paired heads, finished
        models), ``seeds`` and ``diverged`` (how many).
    """
    f = {who: by_model(scores, models, who) for who in PATIENTS}
    chosen = scores[scores["role"].isin(PATIENTS[VERDICT])]
    parts = chosen.groupby("model")[["precision", "recall", "fp_per_slice"]].mean()
    diverged = (models["status"] == "diverged").groupby(models["model"]).sum()
    rows = [
        {
            "group": method.group,
            "model": method.name,
            **{f"F, {who}": f[who][method.name].to_numpy().mean() for who in f},
            "seeds ±": f[VERDICT][method.name].mean(axis=1).std(ddof=1),
            **parts.reindex([method.name]).iloc[0].rename({"fp_per_slice": "FP a slice"}),
            "seeds": len(f[VERDICT][method.name]),
            "diverged": int(diverged[method.name]),
        }
        for method in proof_of_concept()
        if method.name in f[VERDICT]
    ]
    return pd.DataFrame(rows).set_index(["group", "model"])


def balance(parts: pd.DataFrame) -> pd.DataFrame:
    """Rows of `summary` by strategy and distance (means over n_E), control and bound below."""
    by_name = parts.droplevel("group")
    rows = {f"{s}, {d}": by_name.loc[names(s, d)].mean() for d in DISTANCES for s in STRATEGIES}
    rows |= {model: by_name.loc[model] for model in ("no embedding", "labels of B")}
    columns = ["F, all 8", "precision", "recall", "FP a slice"]
    return pd.DataFrame(rows).T[columns].rename_axis("models")


def gap_closed(values: ByModel, bounds: ByModel, *, generator: np.random.Generator) -> pd.DataFrame:
    """Share of the gap on B that models close, as text, between two pairs of ends."""
    chosen = {f"18 {d} models": [*all_of(d)] for d in DISTANCES}
    chosen |= {f"{s}, ACD": names(s, "ACD") for s in STRATEGIES}
    ends = {
        "from lower to upper bound B": tuple(bounds.values()),
        "from no embedding to labels of B": (values["no embedding"], values["labels of B"]),
    }
    found = {
        title: {
            name: share_closed(
                np.mean([values[m] for m in models], axis=0), *pair, generator=generator
            ).text
            for name, models in chosen.items()
        }
        for title, pair in ends.items()
    }
    return pd.DataFrame(found).rename_axis("mean of")


def layers(values: ByModel, *, generator: np.random.Generator) -> pd.DataFrame:
    """F of the embedding loss at one layer and at more, and what more of them gain."""
    base = "80/20 ACD 500"
    lines = {"0": {"F": f"{values[base].mean():.3f}", "over layer 0": ""}}
    for label in ("0+1", "0+1+2"):
        model = f"{base} layers {label}"
        found = gain(values, model, base, generator=generator)
        lines[label] = {"F": f"{values[model].mean():.3f}", "over layer 0": interval_text(*found)}
    return pd.DataFrame(lines).T.rename_axis("layers")


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


def verdict_table(found: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """All parts of the claims with outcome and effect on each set of patients.

    Parameters
    ----------
    found : mapping
        As `rfe_study.claims.proof.judge` returns it.

    Returns
    -------
    DataFrame
        Indexed by ``claim`` and ``part``: ``statistic``, ``above`` (threshold), ``smallest``
        (effect of interest; empty where a bound is asked for), and a column of text for each set of
        patients, as "reproduced: +.043 (.012 to .074)".
    """
    lines: dict[tuple, dict] = {}
    for which, parts in found.items():
        for p in parts:
            about = {"statistic": p.statistic, "above": p.threshold}
            about["smallest"] = np.nan if p.smallest is None else p.smallest
            row = lines.setdefault((p.claim, p.part), about)
            row[which] = f"{p.verdict}: {p.effect}"
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(["claim", "part"])


def overall_table(found: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """The verdict on each numbered claim, a column a set of patients."""
    claims = sorted({p.claim for parts in found.values() for p in parts if p.claim != "ours"})
    words = {
        which: [overall(p for p in parts if p.claim == claim) for claim in claims]
        for which, parts in found.items()
    }
    return pd.DataFrame(words, index=pd.Index(claims, name="claim"))


def groups(methods: Sequence[Method]) -> pd.Series:
    """How many methods each group has."""
    return pd.Series([method.group for method in methods]).value_counts(sort=False)


def what_is_trained(methods: Sequence[Method]) -> pd.DataFrame:
    """How many models there are for what, in words."""
    counts = groups(methods).rename(index=GROUPS)
    return counts.to_frame("models").rename_axis("what they are")
