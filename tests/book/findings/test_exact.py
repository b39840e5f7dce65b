"""What chapter 10 says, of made-up samples and rows whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import sweep_rows
import torch

from rfe_book.findings import exact as findings
from rfe_core.sampling import STRATEGIES
from rfe_study.measures.gradient_noise import Comparison
from rfe_study.methods.proof import N_E

STOPS = [*N_E, 5000]


def compared(noise=1.0, exact=None):
    """Samples around the exact loss of each strategy; errors are 5 over the root of n_E."""
    exact = exact or {"50/50": 0.3, "distribution-aware": 0.1, "80/20": 0.2}
    scatter = np.array([-1.0, 1.0] * 10)[:, None] * noise
    errors = 5 / np.sqrt(STOPS) * np.ones((20, 1))
    found = {}
    for strategy in STRATEGIES:
        values = np.array([exact[strategy]] * len(N_E) + [0.11])
        drawn = [(n // 2, n // 2) for n in N_E] + [(4500, 500)]
        found[strategy] = Comparison(drawn, drawn, values, values + 0.01 * scatter, errors)
    return found


def test_table_has_counts_and_all_pixels():
    table = findings.three_losses(compared(), STOPS, 1000)
    assert table.loc["80/20"].tolist() == [500, 500, 0.2, 50]
    assert table.loc["all pixels"].tolist() == pytest.approx([4500, 500, 0.11, 18])


def test_samples_say_losses_and_errors():
    found = findings.samples(compared(), STOPS, 1000)
    assert (found.loss_half, found.loss_aware, found.loss_fifth) == ("0.300", "0.100", "0.200")
    assert (found.loss_all, found.draws, found.apart) == ("0.110", 20, "0.0")
    assert (found.slope_low, found.slope_high) == ("−0.50", "−0.50")
    assert (found.error_100_low, found.error_100_high) == ("50", "50")


def test_samples_refuse_what_is_not_so():
    swapped = {"50/50": 0.1, "distribution-aware": 0.3, "80/20": 0.2}
    with pytest.raises(ValueError, match="come closest"):
        findings.samples(compared(exact=swapped), STOPS, 1000)
    off = {name: c._replace(losses=c.losses + 1) for name, c in compared().items()}
    with pytest.raises(ValueError, match="what the exact form says"):
        findings.samples(off, STOPS, 1000)
    flat = {name: c._replace(errors=np.ones_like(c.errors)) for name, c in compared().items()}
    with pytest.raises(ValueError, match="one over the root"):
        findings.samples(flat, STOPS, 1000)
    exactly = {name: c._replace(errors=c.errors / 100) for name, c in compared().items()}
    with pytest.raises(ValueError, match="very noisy"):
        findings.samples(exactly, STOPS, 1000)


def test_same_up_to_rounding():
    one, gradient = torch.tensor(2.0, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    found = findings.same(one * (1 + 2e-15), one, [gradient, gradient])
    assert (found.value, found.gradient) == ("2e-15", "0e+00")
    with pytest.raises(ValueError, match="is the double sum"):
        findings.same(one, one, [gradient, 2 * gradient])


def timed(exact=0.1):
    """Pairs take n_E squared microseconds, a library twice that, the exact form its own time."""
    made = {"hardware": "cpu", "torch": "2", "code_version": "abc", "date": "2026-01-01"}
    rows = []
    for n_e in (1000, 2000):
        rows += [("pytorch-metric-learning", n_e, 2e-6 * n_e**2), ("z @ z.T", n_e, 1e-6 * n_e**2)]
    rows += [("exact form", n, exact * n / findings.WHOLE) for n in (1000, 4000, findings.WHOLE)]
    return pd.DataFrame(rows, columns=["variant", "n_e", "seconds"]).assign(**made)


def test_costs():
    found = findings.costs(timed())
    assert (found.whole_pixels, found.whole_ms, found.pairs_2000_ms) == ("196,608", "100", "4000")
    assert (found.pairs_minutes, found.ten_seconds) == ("644", "3,162")
    assert (found.than_library, found.than_plain) == ("15729", "7864")
    assert found.made.endswith("2026-01-01")
    with pytest.raises(ValueError, match="milliseconds for all pixels"):
        findings.costs(timed(exact=2))


@pytest.mark.parametrize(("gain", "answer"), [(0.1, "yes"), (-0.1, "no")])
def test_trained_answers_by_the_rows(gain, answer):
    def f_score(method, seed):
        return 0.4 + 0.01 * seed + gain * (" all " in method.name)

    found = findings.trained(sweep_rows.scores(f_score), sweep_rows.models())
    assert (found.answer, found.answer_2, found.answer_6) == (answer,) * 3
    shown = f"{gain:.3f} ({gain:.3f} to {gain:.3f})".replace("-", "−")
    assert found.by == found.by_2 == found.over == shown
    ahead = 18 if gain > 0 else 0
    assert (found.compared, found.ahead, found.behind, found.open) == (18, ahead, 18 - ahead, 0)
