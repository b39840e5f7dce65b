"""Sampling: documented rounding, uniform draws without replacement, shortfalls, sides, labels."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from rfe_core.sampling import (
    IGNORE,
    SHORTFALLS,
    STRATEGIES,
    available,
    counts,
    largest_n_e,
    sample,
    sample_sides,
    shrink_labels,
)


def labels_of(background, lesion, ignored=0, seed=0):
    labels = torch.tensor([0] * background + [1] * lesion + [IGNORE] * ignored)
    return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# (strategy, background and lesion pixels there, n_e, background and lesion pixels to draw)
ROUNDING = [
    ("50/50", (900, 100), 20, (10, 10)),
    ("50/50", (900, 100), 7, (3, 4)),  # 3.5 lesion pixels: up
    ("50/50", (900, 100), 2, (1, 1)),
    ("80/20", (900, 100), 20, (16, 4)),
    ("80/20", (900, 100), 2, (2, 0)),  # 0.4
    ("80/20", (900, 100), 3, (2, 1)),  # 0.6
    ("80/20", (900, 100), 12, (10, 2)),  # 2.4
    ("80/20", (900, 100), 13, (10, 3)),  # 2.6
    ("80/20", (3000, 1000), 2000, (1600, 400)),
    ("distribution-aware", (900, 100), 20, (18, 2)),
    ("distribution-aware", (900, 100), 14, (13, 1)),  # 1.4
    ("distribution-aware", (900, 100), 15, (13, 2)),  # 1.5: up
    ("distribution-aware", (990, 10), 20, (20, 0)),  # 0.2: claim 13
    ("distribution-aware", (990, 10), 50, (49, 1)),  # 0.5: up
    ("distribution-aware", (990, 10), 49, (49, 0)),  # 0.49
    ("distribution-aware", (71, 29), 50, (35, 15)),  # 14.5; 50 * 0.29 is less in floating point
    ("distribution-aware", (0, 9), 4, (0, 4)),
    ("distribution-aware", (9, 0), 4, (4, 0)),
]


@pytest.mark.parametrize(("strategy", "there", "n_e", "expected"), ROUNDING)
def test_counts_round_as_documented(strategy, there, n_e, expected):
    labels = labels_of(*there, ignored=37)
    assert counts(labels, n_e, strategy) == expected
    if expected[1] <= there[1]:
        drawn = sample(labels, n_e, strategy=strategy, generator=generator())
        assert drawn.wanted == drawn.drawn == expected


def test_a_share_in_floating_point_would_round_otherwise():
    assert int(50 * 0.29 + 0.5) == 14  # where 29 of 100 pixels of 50 are 14.5


@settings(max_examples=50)
@given(
    background=st.integers(0, 40),
    lesion=st.integers(0, 40),
    ignored=st.integers(0, 20),
    n_e=st.integers(2, 60),
    strategy=st.sampled_from(STRATEGIES),
    shortfall=st.sampled_from(SHORTFALLS),
    seed=st.integers(0, 1000),
)
def test_what_is_drawn_is_what_is_reported(
    background, lesion, ignored, n_e, strategy, shortfall, seed
):
    labels = labels_of(background, lesion, ignored, seed)
    try:
        indices, wanted, drawn = sample(
            labels, n_e, strategy=strategy, generator=generator(seed), shortfall=shortfall
        )
    except ValueError:
        assert lesion + background == 0 or min(background, lesion) < n_e
        return
    assert sum(wanted) == n_e and wanted == counts(labels, n_e, strategy)
    seen = labels[indices].tolist()
    assert seen == [0] * drawn[0] + [1] * drawn[1]  # none ignored, background first
    for have, want, got in zip((background, lesion), wanted, drawn, strict=True):
        assert got == (min(want, have) if shortfall == "all available" else want)
    if shortfall != "replace":
        assert len(set(indices.tolist())) == len(indices)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_pixel_of_a_class_is_equally_likely(strategy):
    labels = labels_of(30, 12, ignored=8)
    source = generator(1)
    hits = Counter()
    for _ in range(1500):
        hits.update(sample(labels, 10, strategy=strategy, generator=source).indices.tolist())
    for label in (0, 1):
        of_class = torch.nonzero(labels == label).flatten().tolist()
        assert chisquare([hits[pixel] for pixel in of_class]).pvalue > 1e-3
    assert not hits.keys() & set(torch.nonzero(labels == IGNORE).flatten().tolist())


def test_each_class_comes_in_random_order():
    """So the first half of a draw is a draw too."""
    labels, source, first = torch.zeros(20, dtype=torch.long), generator(2), Counter()
    for _ in range(2000):
        drawn = sample(labels, 5, strategy="distribution-aware", generator=source)
        first[drawn.indices[0].item()] += 1
    assert chisquare([first[pixel] for pixel in range(20)]).pvalue > 1e-3


def test_the_generator_alone_decides():
    labels = labels_of(200, 50)

    def draw(seed):
        return sample(labels, 20, strategy="80/20", generator=generator(seed)).indices.tolist()

    torch.manual_seed(1)
    first = draw(3)
    torch.manual_seed(2)
    assert draw(3) == first != draw(4)


@settings(max_examples=150)
@given(
    background=st.integers(0, 60),
    lesion=st.integers(0, 60),
    ignored=st.integers(0, 9),
    strategy=st.sampled_from(STRATEGIES),
)
def test_the_largest_n_e_is_the_last_one_for_which_no_class_runs_short(
    background, lesion, ignored, strategy
):
    """By trying all; where a class has no pixel at all, the other one alone sets the limit."""
    labels = labels_of(background, lesion, ignored)
    if background + lesion == 0:
        with pytest.raises(ValueError, match=f"not ignored, got {ignored} ignored"):
            largest_n_e(labels, strategy)
        return

    def enough(n_e):
        wanted = counts(labels, n_e, strategy)
        return all(
            want <= have or have == 0
            for want, have in zip(wanted, (background, lesion), strict=True)
        )

    tried = [n_e for n_e in range(2, 5 * (background + lesion) + 9) if enough(n_e)]
    # one pixel alone: not even 2 can be drawn without running short
    assert largest_n_e(labels, strategy) == (max(tried) if tried else 1)


def test_the_largest_n_e_needs_a_known_strategy():
    with pytest.raises(ValueError, match=r"strategy must be one of .*, got '60/40'"):
        largest_n_e(labels_of(5, 5), "60/40")


def test_a_shortfall_is_an_error_that_names_class_wanted_and_available():
    labels = labels_of(50, 3)
    message = r"80/20 sampling of n_e = 20 wants 4 lesion pixels, got 3 available; lower n_e or"
    with pytest.raises(ValueError, match=message):
        sample(labels, 20, strategy="80/20", generator=generator())
    with pytest.raises(ValueError, match="wants 10 background pixels, got 3 available"):
        sample(1 - labels, 20, strategy="50/50", generator=generator())


def test_a_shortfall_may_take_all_available():
    labels = labels_of(50, 3)
    indices, wanted, drawn = sample(
        labels, 20, strategy="80/20", generator=generator(), shortfall="all available"
    )
    assert (wanted, drawn) == ((16, 4), (16, 3))
    assert set(torch.nonzero(labels == 1).flatten().tolist()) <= set(indices.tolist())


def test_a_shortfall_may_draw_with_replacement_in_that_class_only():
    labels = labels_of(16, 3)
    source, hits = generator(), Counter()
    for _ in range(400):
        indices, wanted, drawn = sample(
            labels, 20, strategy="80/20", generator=source, shortfall="replace"
        )
        assert wanted == drawn == (16, 4)
        assert len(set(indices[:16].tolist())) == 16
        hits.update(indices[16:].tolist())
    assert chisquare(list(hits.values())).pvalue > 1e-3 and len(hits) == 3


def test_nothing_to_replace_with():
    with pytest.raises(ValueError, match="wants 4 lesion pixels, got 0 available"):
        sample(labels_of(50, 0), 20, strategy="80/20", generator=generator(), shortfall="replace")


def test_an_empty_draw_is_refused():
    with pytest.raises(ValueError, match=r"wants \(background, lesion\) = \(2, 0\), got none"):
        sample(
            labels_of(0, 5), 2, strategy="80/20", generator=generator(), shortfall="all available"
        )


@pytest.mark.parametrize(
    ("per", "n_e", "labelled_n", "unlabelled_n"),
    [("side", 20, 20, 20), ("total", 20, 10, 10), ("total", 21, 11, 10)],
)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_sides(strategy, per, n_e, labelled_n, unlabelled_n):
    labels = torch.cat([labels_of(80, 40, 9), labels_of(150, 20, 9)])
    labelled = torch.arange(len(labels)) < 129
    drawn = sample_sides(labels, labelled, n_e, strategy=strategy, generator=generator(), per=per)
    for side, size, is_side in (
        ("labelled", labelled_n, labelled),
        ("unlabelled", unlabelled_n, ~labelled),
    ):
        assert is_side[drawn[side].indices].all()
        assert len(drawn[side].indices) == size
        # the class ratio of its own side
        assert drawn[side].drawn == counts(labels[is_side], size, strategy)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 11),
    width=st.integers(1, 11),
    factor=st.sampled_from([1, 2, 3, 4, 8]),
)
def test_shrunken_labels_lose_no_lesion(seed, height, width, factor):
    draw = np.random.default_rng(seed).choice([-1, 0, 1], (2, height, width), p=[0.5, 0.45, 0.05])
    small = shrink_labels(torch.from_numpy(draw), factor)
    assert small.shape == (2, -(-height // factor), -(-width // factor))
    for n, x, y in np.ndindex(*small.shape):
        block = draw[n, x * factor : (x + 1) * factor, y * factor : (y + 1) * factor]
        assert small[n, x, y] == block.max()


def test_shrink_takes_masks_and_unsigned_labels():
    mask = torch.eye(4)[None] > 0
    for labels in (mask, mask.to(torch.uint8)):
        assert shrink_labels(labels, 2).tolist() == [[[1, 0], [0, 1]]]
        assert shrink_labels(labels[:, :3], 2).tolist() == [[[1, 0], [0, 1]]]


GOOD = {"strategy": "50/50", "generator": generator()}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: counts(labels_of(5, 5), 4, "60/40"), "strategy must be one of .*, got '60/40'"),
        (lambda: counts(labels_of(5, 5), 1, "50/50"), "n_e must be an integer >= 2, got 1"),
        (lambda: counts(labels_of(5, 5), 2.5, "50/50"), "n_e must be an integer >= 2, got 2.5"),
        (
            lambda: counts(labels_of(0, 0, 7), 2, "50/50"),
            "labels must hold a pixel that is not ignored, got 7 ignored",
        ),
        (lambda: available(torch.tensor([0, 2])), r"labels must be 0, 1 or -1 .*, got 2"),
        (lambda: available(torch.zeros(2, 2)), r"labels must have shape \(n,\), got \(2, 2\)"),
        (
            lambda: sample(labels_of(5, 5), 4, shortfall="ignore", **GOOD),
            "shortfall must be one of .*, got 'ignore'",
        ),
        (
            lambda: sample_sides(labels_of(5, 5), torch.ones(10), 4, **GOOD),
            r"labelled must be bool of shape \(10,\), got torch.float32",
        ),
        (
            lambda: sample_sides(labels_of(5, 5), torch.ones(9) > 0, 4, **GOOD),
            r"labelled must be bool of shape \(10,\), got torch.bool of shape \(9,\)",
        ),
        (
            lambda: sample_sides(labels_of(5, 5), torch.ones(10) > 0, 4, per="batch", **GOOD),
            'per must be "side" or "total", got \'batch\'',
        ),
        (
            lambda: sample_sides(labels_of(5, 5), torch.ones(10) > 0, 3, per="total", **GOOD),
            'n_e must be >= 4 for per="total", got 3',
        ),
        (
            lambda: sample_sides(labels_of(5, 5), torch.ones(10) > 0, 4, **GOOD),
            "labels must hold a pixel that is not ignored",
        ),
        (lambda: shrink_labels(torch.zeros(4, 4, dtype=torch.long), 2), r"labels must be integers"),
        (
            lambda: shrink_labels(torch.zeros(1, 4, 4), 2),
            "labels must be .* got torch.float32",
        ),
        (
            lambda: shrink_labels(torch.zeros(1, 4, 4, dtype=torch.long), 0),
            "factor >= 1, got .* and 0",
        ),
    ],
)
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()
