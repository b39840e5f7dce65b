"""Sampling: documented rounding, uniform draws without replacement, shortfalls, sides, labels."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch.utils._python_dispatch import TorchDispatchMode

from rfe_core.sampling import (
    IGNORE,
    SHORTFALLS,
    STRATEGIES,
    available,
    counts,
    sample,
    sample_sides,
    shrink_labels,
)
from rfe_core.strategies import apportion, class_shares, largest_n_e, number_of_classes


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
    ("2x", (900, 100), 20, (16, 4)),
    ("4x", (990, 10), 20, (19, 1)),  # 0.8: up
    ("4x", (990, 10), 12, (12, 0)),  # 0.48
    ("1.5x", (900, 100), 10, (8, 2)),  # 1.5: up
    ("9x", (900, 100), 20, (10, 10)),  # half of all is the most
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


SHARES = st.lists(st.integers(0, 9), min_size=2, max_size=5).filter(any)

MULTIPLES = ("0.5x", "1x", "2x", "4x", "10x")


@settings(max_examples=200)
@given(
    have=st.lists(st.integers(0, 2000), min_size=2, max_size=5).filter(any),
    tenths=st.integers(1, 300),
)
def test_a_multiple_multiplies_all_classes_but_0_up_to_half(have, tenths):
    k, n = Fraction(tenths, 10), sum(have)
    shares = class_shares(f"{tenths / 10}x", have)
    natural = [Fraction(of_class, n) for of_class in have]
    others = sum(natural[1:])
    assert sum(shares) == 1 and min(shares) >= 0
    assert sum(shares[1:]) == min(k * others, max(Fraction(1, 2), others))
    for share, of_class in zip(shares[1:], natural[1:], strict=True):
        assert share * others == of_class * sum(shares[1:])  # their ratio to each other stays
    if k * others <= Fraction(1, 2):
        assert shares[1:] == tuple(k * share for share in natural[1:])


@settings(max_examples=50)
@given(have=st.lists(st.integers(0, 300), min_size=2, max_size=5).filter(any))
def test_once_the_natural_share_is_distribution_aware(have):
    assert class_shares("1x", have) == class_shares("1.0x", have)
    assert class_shares("1x", have) == class_shares("distribution-aware", have)
    assert largest_n_e(have, class_shares("1x", have)) == sum(have)


@settings(max_examples=100)
@given(
    background=st.integers(0, 60),
    lesion=st.integers(0, 60),
    strategy=st.sampled_from(MULTIPLES),
    n_e=st.integers(2, 50),
)
def test_a_multiple_can_be_drawn_from_any_batch(background, lesion, strategy, n_e):
    """No batch ends a training, whatever its share of lesion."""
    labels = labels_of(background, lesion, ignored=1)
    if background + lesion == 0:
        return
    options = {"strategy": strategy, "generator": generator(), "shortfall": "all available"}
    drawn = sample(labels, n_e, **options)
    assert sum(drawn.wanted) == n_e and 0 < len(drawn.indices) <= n_e


@settings(max_examples=200)
@given(data=st.data(), weights=SHARES, by_name=st.sampled_from([None, *STRATEGIES]))
def test_the_largest_n_e_is_the_last_one_for_which_no_class_runs_short(data, weights, by_name):
    """By trying all; where a class has no pixel at all, the others alone set the limit."""
    have = data.draw(st.lists(st.integers(0, 30), min_size=len(weights), max_size=len(weights)))
    if not any(have):
        have[-1] = 1
    shares = class_shares(by_name or [w / sum(weights) for w in weights], have)
    if not any(n and s for n, s in zip(have, shares, strict=True)):
        with pytest.raises(ValueError, match="strategy must want a class that is there, got"):
            largest_n_e(have, shares)
        return

    def enough(n_e):
        wanted = apportion(n_e, shares)
        return all(want <= n or n == 0 for want, n in zip(wanted, have, strict=True))

    largest = largest_n_e(have, shares)
    # one pixel alone: not even 2 can be drawn without running short
    assert all(enough(n_e) for n_e in range(2, largest + 1))
    assert not any(enough(n_e) for n_e in range(max(2, largest + 1), largest + 20))


@settings(max_examples=200)
@given(weights=SHARES, n_e=st.integers(2, 300))
def test_no_class_has_fewer_of_more_and_none_is_far_from_its_share(weights, n_e):
    shares = class_shares([w / sum(weights) for w in weights], weights)
    assert shares == tuple(Fraction(w, sum(weights)) for w in weights)
    found, more = apportion(n_e, shares), apportion(n_e + 1, shares)
    assert sum(found) == n_e
    assert sorted(b - a for a, b in zip(found, more, strict=True)) == [0] * (len(weights) - 1) + [1]
    # Webster's inequality: no seat could be handed on to a class with a better claim to it
    claims = [(n + Fraction(1, 2)) / s for n, s in zip(found, shares, strict=True) if s]
    held = [(n - Fraction(1, 2)) / s for n, s in zip(found, shares, strict=True) if s]
    assert max(held) <= min(claims)


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("50/50", (400, 400, 400, 400, 400)),
        ("80/20", (1600, 100, 100, 100, 100)),
        ("distribution-aware", (1400, 400, 160, 40, 0)),
        ("0.5x", (1700, 200, 80, 20, 0)),
        ("1.5x", (1100, 600, 240, 60, 0)),
        ("4x", (1000, 666, 267, 67, 0)),  # 1.2 of all would not go: half
        ([0.4, 0.3, 0.2, 0.1, 0], (800, 600, 400, 200, 0)),
        (np.array([0.1, 0.3, 0.2, 0.15, 0.25]).tolist(), (200, 600, 400, 300, 500)),
        ({0: 0.5, 3: 0.5}, (1000, 0, 0, 1000, 0)),
        ({np.int64(3): np.float32(1)}, (0, 0, 0, 2000, 0)),
    ],
)
def test_five_classes(strategy, expected):
    """The last one is not in this batch; it stays a class."""
    there = (7000, 2000, 800, 200, 0)
    labels = torch.arange(5).repeat_interleave(torch.tensor(there))
    labels = torch.cat([labels, torch.full((300,), 255)])
    options = {"n_classes": np.int64(5), "ignore_index": 255}
    assert available(labels, **options) == there
    assert counts(labels, np.int64(2000), strategy, **options) == expected
    drawn = sample(
        labels,
        2000,
        strategy=strategy,
        generator=generator(),
        shortfall="all available",
        **options,
    )
    assert drawn.wanted == expected
    assert drawn.drawn == tuple(map(min, expected, there))
    assert labels[drawn.indices].bincount(minlength=256)[:5].tolist() == list(drawn.drawn)
    assert sum(drawn.drawn) == len(drawn.indices.unique())


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8, torch.int32, torch.int64])
def test_labels_of_any_integer_dtype_draw_the_same_pixels(dtype):
    labels = labels_of(50, 20)
    for strategy in STRATEGIES:
        drawn, expected = (
            sample(x, 20, strategy=strategy, generator=generator())
            for x in (labels.to(dtype), labels)
        )
        assert torch.equal(drawn.indices, expected.indices)


def test_255_is_a_class_unless_it_is_ignored():
    labels = torch.tensor([0, 1, 255, 255], dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"labels must be 0, 1 or -1 \(ignored\), got 255; see"):
        available(labels)
    assert available(labels, ignore_index=255) == (1, 1)
    assert available(labels, n_classes=256)[255] == 2


def test_a_class_may_be_ignored():
    labels = labels_of(30, 9)
    assert available(labels, ignore_index=0) == (0, 9)
    drawn = sample(labels, 4, strategy="distribution-aware", generator=generator(), ignore_index=0)
    assert drawn.drawn == (0, 4) and labels[drawn.indices].tolist() == [1] * 4


@pytest.mark.parametrize(
    ("strategy", "n_classes", "expected"),
    [
        ("80/20", None, 2),
        ("80/20", 7, 7),
        ([0.2, 0.3, 0.5], None, 3),
        ([0.2, 0.3, 0.5], 3, 3),
        ({0: 0.5, 3: 0.5}, None, 4),
        ({0: 0.5, 3: 0.5}, 6, 6),
        ({0: 1.0}, None, 2),
    ],
)
def test_what_says_how_many_classes_there_are(strategy, n_classes, expected):
    assert number_of_classes(strategy, n_classes) == expected


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


@pytest.mark.parametrize("strategy", [*STRATEGIES, "2x"])
def test_sides(strategy):
    labels = torch.cat([labels_of(80, 40, 9), labels_of(150, 20, 9)])
    labelled = torch.arange(len(labels)) < 129
    drawn = sample_sides(labels, labelled, 20, strategy=strategy, generator=generator())
    for side, is_side in (("labelled", labelled), ("unlabelled", ~labelled)):
        assert is_side[drawn[side].indices].all()
        assert len(drawn[side].indices) == 20
        # the class ratio of its own side
        assert drawn[side].drawn == counts(labels[is_side], 20, strategy)


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


def test_shrink_keeps_the_largest_class_in_3d_and_what_is_ignored():
    labels = torch.full((1, 4, 4, 4), 255, dtype=torch.uint8)
    labels[0, 0, 0, 1], labels[0, 1, 1, 0], labels[0, 3, 3, 3] = 2, 4, 0
    small = shrink_labels(labels, 2, ignore_index=255)
    assert small.dtype == torch.int64 and small.shape == (1, 2, 2, 2)
    assert small[0, 0, 0, 0] == 4 and small[0, 1, 1, 1] == 0 and (small == 255).sum() == 6
    wrong = torch.full((1, 2, 2), -1)  # nothing that is ignored: `sample` shall refuse it
    assert shrink_labels(wrong, 2, ignore_index=255).tolist() == [[[-1]]]


GOOD = {"strategy": "50/50", "generator": generator()}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: counts(labels_of(5, 5), 4, "60/40"), "strategy must be one of .*, got '60/40'"),
        (lambda: counts(labels_of(5, 5), 4, "0x"), "a multiple as \"2x\" .*, got '0x'"),
        (lambda: counts(labels_of(5, 5), 4, "-2x"), "a multiple as \"2x\" .*, got '-2x'"),
        (lambda: counts(labels_of(5, 5), 1, "50/50"), "n_e must be an integer >= 2, got 1"),
        (lambda: counts(labels_of(5, 5), 2.5, "50/50"), "n_e must be an integer >= 2, got 2.5"),
        (lambda: counts(labels_of(5, 5), 4.0, "50/50"), "n_e must be an integer >= 2, got 4.0"),
        (
            lambda: counts(labels_of(5, 5), 4, "50/50", n_classes=1),
            "n_classes must be an integer >= 2, got 1",
        ),
        (lambda: counts(labels_of(5, 5), 4, [1.0]), "n_classes must be an integer >= 2, got 1"),
        (lambda: counts(labels_of(5, 5), 4, [0.5, 0.6]), r"must sum to 1, got \[0.5, 0.6\]"),
        (lambda: counts(labels_of(5, 5), 4, [1.5, -0.5]), r"must be >= 0, .* got \[1.5, -0.5\]"),
        (lambda: counts(labels_of(5, 5), 4, [math.nan, 1]), r"must be >= 0, .* got \[nan, 1\]"),
        (lambda: counts(labels_of(5, 5), 4, [math.inf, 1]), r"must sum to 1, got \[inf, 1\]"),
        (lambda: counts(labels_of(5, 5), 4, {-1: 1.0}), r"classes >= 0, got \{-1: 1.0\}"),
        (lambda: counts(labels_of(5, 5), 4, {0.5: 1.0}), r"classes >= 0, got \{0.5: 1.0\}"),
        (
            lambda: counts(labels_of(5, 5), 4, [0.5, 0.5], n_classes=3),
            "class shares must be of n_classes = 3 classes, got",
        ),
        (
            lambda: counts(labels_of(5, 5), 4, {0: 0.5, 3: 0.5}, n_classes=3),
            "class shares must be of n_classes = 3 classes, got",
        ),
        (
            lambda: available(labels_of(5, 5) + 2, n_classes=3),
            r"labels must be 0, 1, 2 or -1 \(ignored\), got 3",
        ),
        (lambda: available(torch.zeros(4)), "labels must be integers .* got torch.float32"),
        (
            lambda: sample(labels_of(5, 5), 9, n_classes=3, **GOOD),
            r"50/50 sampling of n_e = 9 wants 3 class 2 pixels, got 0 available",
        ),
        (
            lambda: counts(labels_of(0, 0, 7), 2, "50/50"),
            "labels must hold a pixel that is not ignored, got none",
        ),
        (lambda: available(torch.tensor([0, 2])), r"labels must be 0, 1 or -1 .*, got 2"),
        (lambda: available(torch.eye(2) > 0), r"labels must have shape \(n,\), got \(2, 2\)"),
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
            lambda: sample_sides(labels_of(5, 5), torch.ones(10) > 0, 4, **GOOD),
            "labels must hold a pixel that is not ignored",
        ),
        (
            lambda: shrink_labels(torch.zeros(4, 4, dtype=torch.long), 2),
            r"labels must be \(N, H, W\)",
        ),
        (
            lambda: shrink_labels(torch.zeros(1, 4, 4), 2),
            "labels must be .* got torch.float32",
        ),
        (
            lambda: shrink_labels(torch.zeros(1, 4, 4, dtype=torch.long), 0),
            "factor must be an integer >= 1, got 0",
        ),
    ],
)
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("kind", [np.array, torch.tensor, tuple])
def test_shares_may_be_an_array(kind):
    labels = labels_of(80, 20, 5)
    assert counts(labels, 20, kind([0.75, 0.25])) == (15, 5)
    assert counts(labels, 10, kind([1.0, 0.0])) == (10, 0)
    for bad in ([[0.5, 0.5]], 1.0):
        with pytest.raises(ValueError, match="strategy must be a name or class shares"):
            counts(labels, 20, np.array(bad))


class Waits(TorchDispatchMode):
    """How often what depends on a tensor's values is asked for, so that a device is waited for."""

    def __init__(self):
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        asks = {torch.ops.aten.nonzero.default, torch.ops.aten._local_scalar_dense.default}
        self.number += function in asks
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("shortfall", SHORTFALLS)
def test_a_draw_waits_for_its_device_once_a_side(shortfall, monkeypatch):
    """A list of a tensor is no operation that the mode sees."""
    lists = []

    def listed(tensor, to_list=torch.Tensor.tolist):
        lists.append(tensor)
        return to_list(tensor)

    monkeypatch.setattr(torch.Tensor, "tolist", listed)
    labels, labelled = torch.arange(600) % 4 - 1, torch.arange(600) < 300
    generator = torch.Generator().manual_seed(0)
    with Waits() as waits:
        drawn = sample_sides(
            labels,
            labelled,
            60,
            strategy="80/20",
            generator=generator,
            shortfall=shortfall,
            n_classes=3,
        )
    assert list(drawn) == ["labelled", "unlabelled"]
    assert (waits.number, len(lists)) == (0, 2)
