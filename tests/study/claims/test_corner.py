"""Claims 2 to 5 without a corner: what is planted there alone turns nothing any more."""

import numpy as np
import pytest
import sweep_rows

from rfe_study.claims import corner
from rfe_study.claims import proof_of_concept as claims
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.verdicts import CONTRADICTED, NO_EFFECT, REPRODUCED
from rfe_study.methods.proof_of_concept import proof_of_concept

METHODS = [method for method in proof_of_concept() if method.group == "rfe"]


def tables(f_score):
    """Rows of the 36 models, with a little chance for each model and seed."""

    def noisy(method, seed):
        generator = np.random.default_rng([seed, *method.name.encode()])
        return f_score(method) + 0.001 * generator.standard_normal()

    return sweep_rows.scores(noisy, methods=METHODS), sweep_rows.models(methods=METHODS)


def only_the_corner(method):
    """All models are alike but for that of the corner with ACD, which fails."""
    term = method.embedding
    return 0.2 if (term.strategy, term.n_e, term.distance) == (*corner.CORNER, "cosine") else 0.5


def rising(method):
    """F rises by 0.1 from n_E = 20 to 2000, with either distance."""
    return 0.5 + 0.05 * np.log10(method.embedding.n_e / 20)


def test_parts_that_it_enters_are_parts_of_the_claims():
    main = [p.question for p in claims.PARTS if p.main and p.claim != "ours"]
    assert set(corner.WITHOUT) <= {question.part for question in main}
    assert [p.question for p in corner.parts()] == main
    assert len(corner.rest("ACD")) == 5


def test_what_happens_in_the_corner_alone_goes():
    rows = tables(only_the_corner)
    whole = {p.part: p.verdict for p in claims.judge(*rows)[VERDICT]}
    rest = {p.part: p.verdict for p in corner.judge(*rows)}
    for part, planted in (
        (claims.RISES, REPRODUCED),
        (claims.ahead_of("distribution-aware"), REPRODUCED),
        (claims.WORSE, CONTRADICTED),
    ):
        assert (whole[part], rest[part]) == (planted, NO_EFFECT)
    assert whole[claims.ALIKE] == REPRODUCED != rest[claims.ALIKE]


def test_what_happens_elsewhere_stays():
    found = {p.part: p for p in corner.judge(*tables(rising))}
    assert found[claims.RISES].verdict == REPRODUCED
    assert found[claims.RISES].estimate == pytest.approx(0.1, abs=0.002)
