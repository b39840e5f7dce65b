"""What chapter 10 says of the book's own headline about the exact loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rfe_book.findings import Findings, must_hold
from rfe_book.findings.exact import difference
from rfe_book.tables import exact as tables
from rfe_book.words import percent
from rfe_study.claims import comparisons
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.headline import (
    NONE_AT_LESIONS,
    WITH_PERFECT,
    WITH_V1,
    WITHOUT_LABELS,
)
from rfe_study.claims.verdicts import CONTRADICTED, REPRODUCED, Verdict
from rfe_study.methods.adaptation import AT_BEST, PERFECT


def headline(parts: Mapping[str, Sequence[Verdict]], adapted: AdaptationRows) -> Findings:
    """How the book's own headline fared: verdicts and shares of the gap with a perfect prior.

    ``without`` is the mean without labels of the target, ``without_verdict`` the verdict on it.
    ``best_B`` and so on are the ratios with the highest F of a domain.
    """
    (mean,) = (p for p in parts[WITH_PERFECT] if p.main)
    must_hold("the promised share is out of reach", mean.verdict == CONTRADICTED)
    one = {p.part[0]: p for p in parts[WITH_PERFECT] if p.part[1:].startswith(": ")}
    must_hold("on C labels of the target may gain nothing", np.isnan(one["C"].estimate))
    v1, without = (next(p for p in parts[n] if p.main) for n in (WITH_V1, WITHOUT_LABELS))
    (v1_on_b,) = (p for p in parts[WITH_V1] if p.part.startswith("B: "))
    must_hold("V1's prior does on B", v1_on_b.verdict == REPRODUCED)
    (without_on_b,) = (p for p in parts[WITHOUT_LABELS] if p.part.startswith("B: "))
    must_hold("neither is what was promised", v1.verdict == without.verdict == CONTRADICTED)
    must_hold("without labels B falls short, too", without_on_b.verdict == CONTRADICTED)
    f = {target: adapted.values(target) for target in adapted.targets}
    on_c = comparisons.gain(f["C"], PERFECT + AT_BEST, NONE_AT_LESIONS)
    must_hold("the loss does not help on C", not on_c[1] > 0)
    must_hold("4x is not best everywhere", tables.best_ratio(f["C"]) != "4x")
    must_hold("wrong labels undo it", max(v1.estimate, without.estimate) < 0)
    return Findings(
        mean=percent(mean),
        B=percent(one["B"]),
        D=percent(one["D"]),
        v1=percent(v1),
        v1_B=percent(v1_on_b),
        v1_verdict=v1.verdict,
        without=percent(without),
        without_verdict=without.verdict,
        without_B=percent(without_on_b),
        by_C=difference(*on_c),
        **{f"best_{target}": tables.best_ratio(values) for target, values in f.items()},
    )
