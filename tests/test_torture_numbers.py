"""A few of the random calls of `make torture-numbers`, and that it would see a fault."""

import math

import pytest
import torture_numbers

from rfe_core import metrics, sampling
from rfe_core.losses import exact_embedding_loss


@pytest.mark.parametrize("kind", torture_numbers.KINDS, ids=lambda kind: kind.__name__)
def test_random_calls_agree_with_plain_loops(kind):
    assert torture_numbers.torture(kind, 25, seed=2) == []


def test_a_wrong_value_is_seen(monkeypatch):
    def wrong(*args, **options):
        return 1.01 * exact_embedding_loss(*args, **options)

    monkeypatch.setattr(torture_numbers, "exact_embedding_loss", wrong)
    assert "got" in torture_numbers.torture(torture_numbers.exact, 25)[0]


def test_a_silent_nan_is_seen(monkeypatch):
    monkeypatch.setattr(metrics, "f_score", lambda prediction, truth: math.nan)
    assert len(torture_numbers.torture(torture_numbers.f_score, 5)) == 5


def test_an_error_and_a_value_where_there_is_none_are_seen(monkeypatch):
    monkeypatch.setattr(sampling, "counts", lambda labels, n_e, **options: (n_e, 0))
    faults = torture_numbers.torture(torture_numbers.counts, 100)
    assert any("must be refused" in fault for fault in faults)
    monkeypatch.setattr(sampling, "available", lambda *args, **options: 1 / 0)
    faults = torture_numbers.torture(torture_numbers.counts, 3)
    assert len(faults) == 3 and all("ZeroDivisionError" in fault for fault in faults)
