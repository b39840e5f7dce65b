"""The table of chapter 12: where the paper's text and its released code differ or are silent."""

from typing import Any

import pandas as pd

from rfe_study.methods.method import COMPARED, HEADLINE

COLUMNS = ("topic", "the text", "the released code", "this book", "what it changes")

UNTOLD = "not measured"


def places(batch: Any, relu: Any, rows: Any, high: Any, matched: Any) -> pd.DataFrame:
    """All places, in the order of the paper, with what was measured.

    Parameters
    ----------
    batch, relu, rows, high, matched : Findings
        ``on_batch``, ``relu``, ``stored``, ``thresholds`` and ``templates`` of
        `rfe_book.findings.choices`.
    """
    table = [
        (
            "domain letters",
            "A Ingenia, C Verio",
            "A patients 010* (Verio), C 080* (Ingenia)",
            "as the text",
            f"which scanner is the teacher: F of the lower bound is {rows.lower_A} on A, "
            f"{rows.lower_C} on C; none was trained on C",
        ),
        (
            "image scale",
            "-",
            "divided by the maximum",
            "by the 99.9th percentile",
            "chapter 3: other scales",
        ),
        (
            "crops",
            "around lesions",
            "random, with a lesion pixel",
            "around a random lesion pixel",
            UNTOLD,
        ),
        ("batch", "12", "6 labelled and 6 not", "as the code", "nothing: the text allows it"),
        (
            "network",
            "a modified U-Net",
            "64 to 512 channels, dropout, no norm",
            "16 to 128, dropout, batch norm",
            "chapter 3: group norm; else not measured",
        ),
        (
            "primary loss",
            "Dice",
            "F-beta, beta learned, binarised inside",
            "Dice, over the batch",
            UNTOLD,
        ),
        ("learning rate", "10e-6", "1e-6, SGD", "searched, Adam", "depends on the row below"),
        (
            "scale of gradients",
            "-",
            "F-beta without its 1/n; divided by 128; half of each pair",
            "that of the loss",
            "λ and rate cannot be carried over",
        ),
        (
            "sum over pairs",
            "sum",
            "sum / n",
            "mean",
            f"gradient × {batch.sum_times} as a sum, × {batch.per_times} over n",
        ),
        (
            "$n_E$",
            "in total",
            "on each side",
            "on each side",
            f"F {rows.total} if in total",
        ),
        (
            "embeddings",
            "second-last convolution",
            "before its ReLU",
            "after it",
            f"{relu.negative}% of cosines between classes turn negative",
        ),
        (
            "ACD",
            "λ 1, m 1, in [0, 1]",
            "1 − cos; for the real prior angle / π, λ 100, m 0.5",
            "1 − cos, λ 10, m 0.5, searched",
            f"margin 1: gradient × {batch.margin_times}",
        ),
        (
            "ℓ2",
            "a norm, λ 0.01, m 1000",
            "squared, λ 0.001, m 1000",
            "a norm, λ 0.1, m 20, searched",
            f"squared: gradient × {batch.squared_times} of the norm's; "
            f"ℓ2 instead of ACD: F {rows.l2}",
        ),
        (
            "hinge",
            "Eq. 2",
            "tested on the clipped value",
            "Eq. 2",
            f"never off: m loses its meaning, gradient × {batch.margin_times}",
        ),
        (
            "gradient of the cosine",
            "Eq. 2",
            "1 − cos where cos belongs",
            "Eq. 2",
            f"{batch.radial_along}% of the gradient points along the embeddings",
        ),
        (
            "ignored pixels",
            "-",
            "any channel below 0.1",
            "outside the brain",
            f"{batch.dark}% of the brain, no lesion; if none are ignored: gradient × "
            f"{batch.air_times}",
        ),
        (
            "distribution-aware",
            "ratio of the batch",
            "share of all pixels on the labelled side",
            "share of the brain",
            f"draws {batch.aware_all} of {batch.aware}",
        ),
        (
            "JSD",
            "-",
            "own range for each side, empty bins 1e-9",
            "both; shared range",
            f"{batch.own_edges} instead of {batch.shared_edges}; the 1e-9: nothing",
        ),
        (
            "templates",
            "around lesions of V1",
            "a second script: from other domains",
            "from V1",
            "chapter 8",
        ),
        (
            "flat windows in NCC",
            "-",
            "response 1",
            "0.5, and only in the brain",
            f"F on V1 {matched.air} instead of {matched.ours} if no mask is used",
        ),
        (
            "its threshold",
            "the best Dice on V1",
            "a grid, refined",
            "exact",
            f"F {matched.grid} lower",
        ),
        (
            "decision threshold",
            "-",
            "0.99",
            "0.5",
            f"F {high.lower_high} instead of {high.lower_half} before fine-tuning, "
            f"{high.tuned_high} instead of {high.tuned_half} after it",
        ),
        (
            "repetitions",
            "repeated",
            "5",
            f"{COMPARED}, or {HEADLINE} where a verdict rests on them",
            "chapter 7",
        ),
        ("largest $n_E$", "2000", "1000", "2000", "chapter 7: F at both"),
    ]
    return pd.DataFrame(table, columns=COLUMNS).set_index(COLUMNS[0])
