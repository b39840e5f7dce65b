"""What the rows say of networks trained with the exact loss: tables of chapter 10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rfe_book.tables.adaptation import SHARES
from rfe_book.tables.proof_of_concept import BOUND as LABELS
from rfe_book.tables.proof_of_concept import CONTROL as NONE
from rfe_book.words import listed
from rfe_core.random_feature_embedding import ALL
from rfe_study.claims.headline import OPERATING_POINT, SENTENCES
from rfe_study.claims.proof_of_concept import at_margin_1
from rfe_study.claims.rows import by_model
from rfe_study.claims.verdicts import CONTRADICTED, Verdict

#: Class ratios of the exact loss, from least lesion to most, by the words that name models.
RATIOS = {
    "natural": "distribution-aware",
    "2x": "2x",
    "4x": "4x",
    "80/20": "80/20",
    "50/50": "50/50",
}

#: Column of scores by heading.
COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "F": "f_score",
    "average precision": "average_precision",
}


def model(ratio: str, n_e: int | str = ALL) -> str:
    """The model at margin 1 with the weight of all of them: ``"4x ACD all margin 1"``."""
    return at_margin_1(RATIOS[ratio], n_e)


def by_ratio(scores: pd.DataFrame, models: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Scores of the exact loss by class ratio, between the control and the bound.

    Returns
    -------
    DataFrame
        Indexed by ``trained with``: seeds, per cent of lesion among the pixels that the loss
        counts, and means of the `COLUMNS` over seeds and paired heads.
    """
    values = {head: by_model(scores, models, column=c) for head, c in COLUMNS.items()}
    drawn = curves.groupby("model").mean(numeric_only=True)
    rows = {}
    for name, of in {NONE: NONE, **{r: model(r) for r in RATIOS}, LABELS: LABELS}.items():
        row = {"seeds": len(values["F"][of])}
        if name in RATIOS:
            own = drawn.loc[of].filter(regex="^drawn_")
            row["lesion (%)"] = 100 * own.filter(regex="_lesion$").sum() / own.sum()
        rows[name] = row | {head: found[of].to_numpy().mean() for head, found in values.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("trained with")


def headline(parts: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """The book's own headline: the main parts of its sentences, what we found, and the verdicts."""
    lines = [
        (
            _said(name, p),
            p.statistic,
            f"{p.threshold:g}".replace("-", "−"),
            p.effect,
            _verdict(p, found),
        )
        for name, found in parts.items()
        for p in found
        if p.main
    ]
    columns = ["said beforehand", "statistic", "above", "found", "verdict"]
    return pd.DataFrame(lines, columns=columns).set_index("said beforehand")


def _verdict(part: Verdict, found: Sequence[Verdict]) -> str:
    """That of a main part; where a domain contradicts the sentence, both."""
    by = [p.part.partition(":")[0] for p in found if not p.main and p.verdict == CONTRADICTED]
    if by and part.verdict != CONTRADICTED:
        return f"mean: {part.verdict}; sentence: {CONTRADICTED} by {listed(by)}"
    return part.verdict


def _said(name: str, part: Verdict) -> str:
    sentence = SENTENCES[name].lstrip(". ")
    return f"{sentence}: {part.part}" if name == OPERATING_POINT else sentence


def best_ratio(values: Mapping[str, pd.DataFrame]) -> str:
    """The class ratio with the highest mean F of a domain, with the perfect prior.

    Parameters
    ----------
    values : mapping of model to (seeds, heads)
        Of the adaptation, see `AdaptationRows.values`.
    """
    models = dict(zip(RATIOS, SHARES.values(), strict=False))
    means = {ratio: values[model].to_numpy().mean() for ratio, model in models.items()}
    return listed([ratio for ratio, mean in means.items() if mean == max(means.values())])
