"""What chapter 03 says, of rows whose answers are known; it refuses what they do not say."""

from types import SimpleNamespace

import pandas as pd
import pytest

from rfe_book.findings import baselines as findings
from rfe_study.methods.profiles import PROFILES

REFUSED = "the chapter must not say"


def test_an_epoch_has_the_full_batches_of_a():
    found = findings.profiles(PROFILES["smoke"], PROFILES["paper"])
    assert (found.patches, found.steps, found.steps_paper) == (36, 25 // 12, 4200 // 12)
    assert (found.branch, found.tuning, found.half) == (1, 3, 6)
    assert (found.rest, found.batch) == (25 // 12, 12)


def curves(last=0.8):
    """Loss and F of one lower bound and one upper bound, which leaves it after epoch 1."""
    lower = {"epoch": [1, 2], "loss": [0.2, 0.1], "f_A": [0.5, last]}
    lower = pd.DataFrame(lower).assign(model="lower")
    upper = pd.DataFrame({"epoch": [2], "loss": [0.4], "model": ["upper-B"]})
    return pd.concat([lower, upper]).assign(seconds=120, seed=0, hardware="cpu")


def test_curves_jump_and_end():
    found = findings.curves(curves(), 1)
    assert (found.overlap, found.f_last, found.minutes) == ("0.90", "0.80", "6")
    with pytest.raises(ValueError, match=REFUSED):
        findings.curves(curves(last=0.95), 1)


def rows(means, *, role="paired", model="lower", seeds=(0, 1), step=0.0, heads=4):
    """F of a model on each domain: seed s has s times `step` more, heads lie .02 apart."""
    born = {"profile": "laptop", "phantom_version": "2", "code_version": "a", "torch": "2"}
    about = born | {"hardware": "cpu", "date": "2026-01-01", "model": model, "role": role}
    return pd.DataFrame(
        [
            about
            | {"seed": seed, "domain": d, "subject": f"{d}{role}{n}"}
            | {"f_score": mean + step * seed + 0.02 * n}
            for d, mean in means.items()
            for seed in seeds
            for n in range(heads)
        ]
    )


@pytest.mark.parametrize("on_a", [0.5, 0.7])
def test_the_gate_must_be_passed_and_narrowly(on_a):
    found = findings.gate(rows({"A": 0.54}, role="dev", step=0.08))
    assert (found.least, found.failing, found.seeds) == ("0.6", 1, 2)
    with pytest.raises(ValueError, match=REFUSED):
        findings.gate(rows({"A": on_a}, role="dev"))


LOWER = {"A": 0.7, "B": 0.4, "C": 0.6, "D": 0.65}


def test_scores_of_heads_and_of_seeds():
    lower, upper = rows(LOWER, step=0.1), rows({"B": 0.7}, model="upper-B", seeds=(0, 1, 2))
    papers = rows(LOWER | {"C": 0.75}, role="test", heads=2)
    found = findings.scores(pd.concat([lower, upper]), papers)
    assert (found.A, found.B, found.test_A, found.test_C) == ("0.78", "0.48", "0.71", "0.76")
    assert (found.low, found.high) == ("0.75", "0.81")
    assert (found.seeds_low_B, found.seeds_high_B, found.upper_low_B) == ("0.43", "0.53", "0.73")
    assert (found.bounds, found.heads) == ("2 to 3", 4)
    with pytest.raises(ValueError, match=REFUSED):  # C is no easier than A
        findings.scores(pd.concat([lower, upper]), rows(LOWER, role="test", heads=2))


def gaps(**ends):
    """Gaps whose intervals are `ends` on B, C and D, and drops from A alike."""
    made = []
    for domain, (low, high) in ends.items():
        gap = {"gap": (low + high) / 2, "low": low, "high": high, "lower": 0.5, "upper": 0.6}
        made.append({"domain": domain} | gap)
    made = pd.DataFrame(made)
    return made.assign(drop=made["gap"], drop_low=made["low"], drop_high=made["high"])


def verdicts(on_d="undecided", mean="reproduced"):
    about = [(True, f"{words}, mean", mean) for words in ("worse than A", "repaired by labels")]
    for words, last in (("worse than A", "reproduced"), ("repaired by labels", on_d)):
        answers = {"B": "reproduced", "C": "reproduced", "D": last}
        about += [(False, f"{d}: {words}", verdict) for d, verdict in answers.items()]
    return [SimpleNamespace(main=m, part=part, verdict=verdict) for m, part, verdict in about]


SHOWN = {"B": (0.2, 0.4), "C": (0.1, 0.2), "D": (0.0, 0.1)}


def test_setup_names_the_domains_on_which_it_is_shown():
    found = findings.setup(gaps(**SHOWN | {"D": (0.01, 0.11)}), verdicts())
    assert (found.gap_B, found.drop_D) == ("0.30 (0.20 to 0.40)", "0.06 (0.01 to 0.11)")
    assert (found.worse, found.repaired, found.repaired_open) == ("B, C and D", "B and C", "D")


@pytest.mark.parametrize(
    ("ends", "mean"),
    [
        (SHOWN, "reproduced"),  # the drop on D is not shown
        (SHOWN | {"C": (0.5, 0.6), "D": (0.01, 0.1)}, "reproduced"),  # C loses most
        (SHOWN | {"D": (0.01, 0.1)}, "undecided"),
    ],
)
def test_setup_refuses_what_is_not_shown(ends, mean):
    with pytest.raises(ValueError, match=REFUSED):
        findings.setup(gaps(**ends), verdicts(mean=mean))


PARTS = {
    "precision": gaps(B=(0.3, 0.5), C=(-0.1, 0.2), D=(-0.1, 0.2)),
    "recall": gaps(B=(-0.2, -0.1), C=(0.1, 0.2), D=(-0.1, 0.2)),
    "average_precision": gaps(B=(0.1, 0.3), C=(0.1, 0.2), D=(0.01, 0.1)),
}


def test_parts_say_what_labels_raise():
    found = findings.parts(PARTS)
    assert (found.precision_B, found.lower_recall_B) == ("0.40 (0.30 to 0.50)", "0.50")
    assert found.recall_B == "−0.15 (−0.20 to −0.10)"


@pytest.mark.parametrize("score", PARTS)
def test_parts_refuse_other_errors(score):
    other = gaps(B=(-0.1, 0.1), C=(-0.1, 0.1), D=(-0.1, 0.1))
    with pytest.raises(ValueError, match=REFUSED):
        findings.parts(PARTS | {score: other})


def alone(on_b, share):
    closed = SimpleNamespace(share=share, text=f"{share:.0%}")
    none = (0.0, -0.1, 0.05), SimpleNamespace(share=0.0, text="")
    return {"B": ((0.2, *on_b), closed), "C": none, "D": none}


def test_statistics_alone_repair_b():
    found = findings.statistics(alone((0.1, 0.3), 0.7))
    assert (found.B, found.share_B) == ("0.20 (0.10 to 0.30)", "70%")


@pytest.mark.parametrize(("on_b", "share"), [((-0.1, 0.5), 0.7), ((0.1, 0.3), 0.4)])
def test_statistics_must_win_back_most(on_b, share):
    with pytest.raises(ValueError, match=REFUSED):
        findings.statistics(alone(on_b, share))


def test_statistics_must_bring_little_elsewhere():
    found = alone((0.1, 0.3), 0.7)
    with pytest.raises(ValueError, match="little elsewhere"):
        findings.statistics(found | {"C": found["B"]})


def found_lesions(lower, *, upper_c=(0.1, 0.9)):
    """Shares of small and large lesions found on B and C, by their upper bounds and the lower."""
    shares = {("upper-B", "B"): (0.1, 0.9), ("upper-C", "C"): upper_c}
    shares |= {("lower", "B"): lower, ("lower", "C"): (0.0, 0.6)}
    return pd.DataFrame(
        [
            {"model": model, "domain": domain, "size": size, "found": share}
            for (model, domain), both in shares.items()
            for size, share in zip(("0-10", "> 100"), both, strict=True)
        ]
    )


def test_sizes_are_of_each_domains_own_upper_bound():
    found = findings.sizes(found_lesions((0.05, 0.92)))
    assert (found.small, found.large, found.more_B) == ("10", "90", "5")
    with pytest.raises(ValueError, match="labels help least on B"):
        findings.sizes(found_lesions((0.0, 0.4)))


def test_sizes_weigh_domains_alike():
    found = found_lesions((0.05, 0.92), upper_c=(0.3, 0.9))
    of_b = found[found["domain"] == "B"]
    assert findings.sizes(pd.concat([found, of_b, of_b])).small == "20"


def test_what_was_not_taken_is_read_from_the_design():
    found = findings.not_taken()
    assert (found.batch_B, found.group_B, found.median_B) == ("0.37", "0.48", "0.57")
