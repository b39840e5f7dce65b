"""Strategies of Random Feature Embedding: how many pixels of each class to draw (Section 2.2).

The paper has three, for two classes; here they stand for K, and any class shares are a strategy.
Between "distribution-aware" and the others lies "2x", and any such multiple: so many times the
natural share of each class but 0. K is never read off a batch, which may lack a class: `n_classes`
says it, or as many shares.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import SupportsIndex

from rfe_core.checks import integer

STRATEGIES = ("50/50", "distribution-aware", "80/20")

CLASSES = ("background", "lesion")

#: A name (one of `STRATEGIES` or a multiple, "2x"), the share of each class, or the shares of some
#: classes (the others get none).
Strategy = str | Sequence[float] | Mapping[int, float]

#: A class other than 0 is multiplied up to half of all pixels, with its like.
MOST = Fraction(1, 2)


def class_names(n_classes: int) -> tuple[str, ...]:
    """Background and lesion, or "class 0" and so on."""
    return CLASSES if n_classes == 2 else tuple(f"class {c}" for c in range(n_classes))


def _by_class(shares: Sequence[float] | Mapping[int, float]) -> dict[int, float]:
    return dict(shares) if isinstance(shares, Mapping) else dict(enumerate(shares))


def multiple(strategy: str) -> Fraction:
    """k of a strategy "kx", a number > 0, exactly.

    Examples
    --------
    >>> multiple("2.5x")
    Fraction(5, 2)
    """
    if not re.fullmatch(r"\d+(\.\d+)?x", strategy) or not (k := Fraction(strategy[:-1])):
        rule = f'strategy must be one of {STRATEGIES}, a multiple as "2x" or shares as [0.7, 0.3]'
        raise ValueError(f"{rule}, got {strategy!r}")
    return k


def number_of_classes(strategy: Strategy, n_classes: int | None = None) -> int:
    """K: `n_classes` if given, else as many as there are shares, or 2 for a strategy by name."""
    if isinstance(strategy, str):
        if strategy not in STRATEGIES:
            multiple(strategy)
        return 2 if n_classes is None else integer(n_classes, "n_classes", least=2)
    if not hasattr(strategy, "__len__") or getattr(strategy, "ndim", 1) != 1:
        raise ValueError(f"strategy must be a name or class shares, got {strategy!r}")
    by_class = _by_class(strategy)
    whole = all(isinstance(c, SupportsIndex) and c >= 0 for c in by_class)
    if not whole or not all(s >= 0 for s in by_class.values()):
        raise ValueError(f"class shares must be >= 0, of classes >= 0, got {strategy}")
    if not math.isclose(math.fsum(by_class.values()), 1, abs_tol=1e-6):
        raise ValueError(f"class shares must sum to 1, got {strategy}")
    said = max(2, *(c + 1 for c in by_class)) if isinstance(strategy, Mapping) else len(by_class)
    k = integer(said if n_classes is None else n_classes, "n_classes", least=2)
    if k < said or (k > said and not isinstance(strategy, Mapping)):
        raise ValueError(f"class shares must be of n_classes = {k} classes, got {strategy}")
    return k


def class_shares(strategy: Strategy, have: Sequence[int]) -> tuple[Fraction, ...]:
    """Exact share of each class in a draw, (K,).

    "50/50": equal shares. "80/20": 4/5 of class 0, the rest in equal shares. "distribution-aware":
    the shares of the pixels there are, `have` (K,), ignored ones not counted. "kx": k times those,
    but for class 0, which takes the rest; so "1x" is "distribution-aware". Else as given.

    A batch in which k times the classes but 0 would be more than half of all pixels gets as much of
    them as makes half, or what there is if that is more already: their ratio to each other stays,
    and class 0 never becomes the rare one by multiplying. So no batch ends a training.

    Examples
    --------
    >>> class_shares("4x", (95, 3, 2))
    (Fraction(4, 5), Fraction(3, 25), Fraction(2, 25))
    >>> class_shares("4x", (60, 40)), class_shares("4x", (30, 70))
    ((Fraction(1, 2), Fraction(1, 2)), (Fraction(3, 10), Fraction(7, 10)))
    """
    k, n = len(have), sum(have)
    if n == 0:
        raise ValueError("labels must hold a pixel that is not ignored, got none")
    if not isinstance(strategy, str):
        by_class = _by_class(strategy)
        # 0.1 means 1/10, not the nearest number in floating point
        given = [Fraction(float(by_class.get(c, 0))).limit_denominator(10**9) for c in range(k)]
        return tuple(share / sum(given) for share in given)
    if strategy == "50/50":
        return (Fraction(1, k),) * k
    if strategy == "80/20":
        return Fraction(4, 5), *(Fraction(1, 5 * (k - 1)),) * (k - 1)
    natural = [Fraction(of_class, n) for of_class in have]
    others = 1 - natural[0]
    times = Fraction(1) if strategy == "distribution-aware" else multiple(strategy)
    if others:
        times = min(times, max(MOST, others) / others)
    return 1 - times * others, *(times * share for share in natural[1:])


def apportion(n_e: int, shares: Sequence[Fraction]) -> tuple[int, ...]:
    """Whole numbers in the ratio of `shares` that add up to `n_e`.

    With two classes, lesion gets ``floor(n_e * share + 1/2)`` and background the rest. In general
    each is rounded to the nearest; until they add up, the class rounded furthest for its share
    gives one back or gets one. By this rule, Webster's, a larger n_e takes nothing from any class.

    Examples
    --------
    >>> apportion(7, [Fraction(1, 2), Fraction(1, 2)])
    (3, 4)
    >>> apportion(20, [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)])
    (6, 7, 7)
    """
    n_e, half = integer(n_e, "n_e", least=2), Fraction(1, 2)
    n = [math.floor(n_e * share + half) for share in shares]
    some = [c for c, share in enumerate(shares) if share]
    while sum(n) > n_e:  # of equals the first one, background, gives
        n[max(some, key=lambda c: ((n[c] - half) / shares[c], -c))] -= 1
    while sum(n) < n_e:  # and the last one gets
        n[min(some, key=lambda c: ((n[c] + half) / shares[c], -c))] += 1
    return tuple(n)


def largest_n_e(have: Sequence[int], shares: Sequence[Fraction]) -> int:
    """The largest n_e for which no class runs short; a class without any pixel sets no limit.

    Class c gets its k-th pixel when n_e reaches (k - 1/2) / share (of two classes at the same n_e,
    the later one first). So the first pixel that is not there ends it.
    """
    half = Fraction(1, 2)
    pairs = enumerate(zip(have, shares, strict=True))
    ends = [((n + half) / share, -c) for c, (n, share) in pairs if n and share]
    if not ends:
        raise ValueError(f"strategy must want a class that is there, got {tuple(have)} pixels")
    end, minus_last = min(ends)
    gets = [end * share + half for share in shares]
    return sum(math.floor(x) if c > -minus_last else math.ceil(x) - 1 for c, x in enumerate(gets))
