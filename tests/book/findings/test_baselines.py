"""What chapter 03 says, of rows whose answers are known."""

import pandas as pd

from rfe_book.findings import baselines as findings
from rfe_study.methods.profiles import PROFILES


def test_an_epoch_has_the_full_batches_of_a():
    paper = PROFILES["paper"]
    found = findings.profiles(PROFILES["smoke"], paper)
    assert (found.patches, found.patches_paper) == (36, 6000)
    assert (found.steps, found.steps_paper) == (25 // 12, 4200 // 12)
    assert found.rate == "0.001"


def curves():
    """Loss and F of one lower bound and one upper bound, which leaves it after epoch 1."""
    lower = {"epoch": [1, 2], "loss": [0.2, 0.1], "f_A": [0.5, 0.8]}
    lower = pd.DataFrame(lower).assign(model="lower")
    upper = pd.DataFrame({"epoch": [2], "loss": [0.4], "model": ["upper-B"]})
    return pd.concat([lower, upper]).assign(seconds=1200)


def test_curves_jump_and_end():
    found = findings.curves(curves(), 1)
    assert (found.before, found.after) == ("0.20", "0.40")
    assert (found.overlap, found.f_last, found.hours) == ("0.90", "0.80", "1.0")


def table():
    """F of the lower bound: 0.5 on A's test patients, 0.2 more on its other ones."""
    born = {"profile": "laptop", "phantom_version": "1", "code_version": "a", "torch": "2"}
    about = born | {"hardware": "cpu", "date": "2026-01-01", "model": "lower"}
    return pd.DataFrame(
        [
            about
            | {"role": role, "seed": seed, "domain": d, "subject": f"{d}{role}{n}"}
            | {"f_score": 0.5 + 0.2 * (role != "test") + 0.01 * seed}
            for role in ("test", "extra")
            for d in "ABCD"
            for n in (1, 2)
            for seed in (-1, 0, 1)
        ]
    )


def test_scores_keep_the_papers_patients_apart():
    found = findings.scores(table())
    assert (found.test_A, found.others_A, found.A) == ("0.50", "0.70", "0.60")
    assert (found.low, found.high, found.seeds, found.patients) == ("0.50", "0.70", 3, 16)


def gaps(ends, drops=None):
    """Gaps whose intervals are `ends`, and drops from A likewise, on B, C and D."""
    rows = []
    for domain, (low, high), (drop_low, drop_high) in zip("BCD", ends, drops or ends, strict=True):
        gap = {"gap": (low + high) / 2, "low": low, "high": high}
        drop = {"drop_low": drop_low, "drop_high": drop_high}
        rows.append({"domain": domain, "lower": 0.5, "upper": 0.6} | gap | drop)
    return pd.DataFrame(rows)


SOME = [(0.1, 0.3), (-0.1, 0.1), (-0.3, -0.1)]  # above 0, open, below 0


def test_setup_names_the_domains_on_which_it_is_shown():
    found = findings.setup(gaps([(0.1, 0.3), (-0.1, 0.1), (0.3, 0.5)], drops=SOME))
    assert found.gap_B == "0.20 (0.10 to 0.30)"
    assert (found.largest, found.repaired) == ("D", "B and D")
    assert (found.worse, found.worse_open) == ("B", "C")


def test_fewer_false_positives_are_below_zero():
    found = findings.parts({score: gaps(SOME) for score in ("precision", "recall", "fp_per_slice")})
    assert (found.precision, found.recall, found.fewer) == ("B", "B", "D")


def test_sizes_are_of_each_domains_own_upper_bound():
    rows = [
        {"model": model, "domain": d, "size": size, "found": share}
        for model, small, large in (("upper-B", 0.1, 0.9), ("lower", 0, 0))
        for d in "B"
        for size, share in (("0-10", small), ("> 100", large))
    ]
    found = findings.sizes(pd.DataFrame(rows))
    assert (found.small, found.large) == ("10", "90")


def test_changes_on_a_are_counted():
    found = findings.on_a(pd.DataFrame(SOME, columns=["low", "high"]))
    assert (found.better, found.worse, found.undecided, found.of) == (1, 1, 1, 3)
