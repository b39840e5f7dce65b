"""Random calls of the public numeric functions beside plain loops in double precision.

    python tests/torture_numbers.py --cases 100000        # `make torture-numbers`

Sizes, types, classes, ignored pixels and empty classes are drawn at random. A fault is a value that
is off by more than rounding, a NaN or infinity, a warning, an error where the loop has a value, or
a value where there is none.
"""

import argparse
import math
import sys
import time
import warnings
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import torch

from rfe_core import divergence, metrics, sampling, strategies
from rfe_core.distances import DISTANCES, REDUCTIONS, pairwise
from rfe_core.losses import dice_loss, embedding_loss, exact_embedding_loss, label_embedding_loss
from rfe_core.random_feature_embedding import PixelEmbeddingLoss

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
LABELS = (torch.int64, torch.int32, torch.int16, torch.uint8)
SHARES = ("50/50", "80/20", "distribution-aware", "2x", "3.5x")

Rng = np.random.Generator


def apart(a: list[float], b: list[float], distance: str) -> float:
    """One distance, by its formula."""
    squared = math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    if distance in ("l2", "l2_squared"):
        return squared if distance == "l2_squared" else math.sqrt(squared)
    one, other = math.hypot(*a), math.hypot(*b)
    product_ = math.fsum(x * y for x, y in zip(a, b, strict=True))
    cosine = product_ / one / other if min(one, other) > 1e-8 else 0.0
    return 1 - cosine if distance == "cosine" else math.acos(max(-1, min(1, cosine))) / math.pi


def rounding(h: torch.Tensor, distance: str, pairs: float, close: float) -> float:
    """How far off a sum over pairs may be; a length or angle near 0 has the root of rounding."""
    eps = torch.finfo(torch.float64 if h.dtype == torch.float64 else torch.float32).eps
    size = 1.0 if distance in ("cosine", "angular") else 1 + float(h.detach().double().abs().max())
    size *= size if distance == "l2_squared" else 1
    rooted = 16 * math.sqrt(eps) * close if distance in ("l2", "angular") else 0
    return size * (256 * eps * pairs + rooted)


def off(what: str, got: object, expected: object, tolerance: float = 0.0) -> str:
    """A fault in words, or nothing."""
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    if got.shape == expected.shape and (np.isnan(got) == np.isnan(expected)).all():
        if (np.abs(got - expected)[~np.isnan(expected)] <= tolerance).all():
            return ""
    return f"{what}: got {got.tolist()}, expected {expected.tolist()} within {tolerance:g}"


def refusal(what: str, call: Callable[[], object]) -> str:
    """A fault, unless a call is refused by a ValueError."""
    try:
        return f"{what}: must be refused, got {call()}"
    except ValueError:
        return ""


def vectors(rng: Rng, n: int, *, signed: bool) -> torch.Tensor:
    """Embeddings (n, C) of any type, some of them zero, some equal."""
    h = torch.from_numpy(rng.normal(size=(n, int(rng.integers(1, 6)))) * rng.choice([0.1, 1, 30]))
    h = (h if signed else h.abs()).to(DTYPES[rng.integers(len(DTYPES))])
    h[torch.from_numpy(rng.random(n) < 0.1)] = 0
    h[torch.from_numpy(rng.random(n) < 0.1)] = h[0].clone()
    return h.requires_grad_()


def classes(rng: Rng, *shape: int, k: int) -> tuple[torch.Tensor, int]:
    """Labels of some of k classes, and what stands for an ignored pixel."""
    ignore = int(rng.choice([-1, 255]))
    kinds = rng.choice([*range(k), ignore], int(rng.integers(1, k + 2)), replace=False)
    fitting = [t for t in LABELS if torch.iinfo(t).min <= ignore <= torch.iinfo(t).max]
    labels = torch.from_numpy(rng.choice(kinds, shape))
    return labels.to(fitting[rng.integers(len(fitting))]), ignore


def summed(h: torch.Tensor, labels: list[int], distance: str, margin: float, weight=None) -> float:
    """Eq. 2 over all ordered pairs, of equal labels and others; each pair by its weight."""
    rows, total = h.detach().double().tolist(), []
    for i, j in product(range(len(rows)), repeat=2):
        w = 1.0 if weight is None else weight(i, j)
        d = apart(rows[i], rows[j], distance) if w else 0.0
        total.append(w * (d if labels[i] == labels[j] else max(0.0, margin - d)))
    return math.fsum(total)


def finite(what: str, loss: torch.Tensor, h: torch.Tensor, part: torch.Tensor | None = None) -> str:
    """Whether the gradient is finite, and zero for what takes no part."""
    (gradient,) = torch.autograd.grad(loss, h)
    out = gradient[~part] if part is not None else gradient[:0]
    right = bool(gradient.isfinite().all()) and not bool(out.any())
    return "" if right else f"{what}: gradient {gradient.tolist()}"


def options_of(rng: Rng) -> dict:
    margin = float(rng.choice([0.3, 1.0, 2.5, 40.0]))
    return {"distance": str(rng.choice(DISTANCES)), "margin": margin}


def label(rng: Rng) -> str:
    n, reduction, options = int(rng.integers(1, 16)), str(rng.choice(REDUCTIONS)), options_of(rng)
    h = vectors(rng, n, signed=bool(rng.random() < 0.5))
    labels, ignore = classes(rng, n, k=5)
    options |= {"reduction": reduction, "ignore_index": ignore}
    part, chunk = labels != ignore, int(rng.integers(1, 9))
    if not part.any():
        return refusal("label", lambda: label_embedding_loss(h, labels, chunk=chunk, **options))
    loss, m = label_embedding_loss(h, labels, chunk=chunk, **options), int(part.sum())
    over = m ** REDUCTIONS.index(reduction)
    distance = options["distance"]
    expected = summed(h[part], labels[part].tolist(), distance, options["margin"]) / over
    tolerance = rounding(h, distance, m * m, m) * max(1.0, options["margin"]) / over
    return off(f"label {options}", loss.item(), expected, tolerance) or finite(
        "label", loss, h, part
    )


def pairs(rng: Rng) -> str:
    n, options = int(rng.integers(1, 16)), options_of(rng)
    h, distance, margin = vectors(rng, n, signed=True), options["distance"], options["margin"]
    rows = h.detach().double().tolist()
    each = [[apart(a, b, distance) for b in rows] for a in rows]
    tolerance = rounding(h, distance, 1, 1)
    fault = off(f"pairwise {distance}", pairwise(h, h, distance).tolist(), each, tolerance)
    near = rng.random((n, n)) < 0.5
    expected = np.where(near, each, np.clip(margin - np.array(each), 0, None)).sum()
    loss = embedding_loss(h, torch.from_numpy(near), **options)
    tolerance *= n * n * max(1.0, margin)
    fault = fault or off(f"pairs {options}", loss.item(), expected, tolerance)
    return fault or finite("pairs", loss, h)


def exact(rng: Rng) -> str:
    n, reduction = int(rng.integers(1, 16)), str(rng.choice(REDUCTIONS))
    h = vectors(rng, n, signed=False)
    labels, ignore = classes(rng, n, k=4)
    part, options = labels != ignore, {"reduction": reduction, "ignore_index": ignore}
    if not part.any():
        return refusal("exact", lambda: exact_embedding_loss(h, labels, **options))
    strata = 2 * labels.long() + torch.from_numpy(rng.integers(0, 2, n))
    size = [int((strata[part] == g).sum()) for g in range(8)]
    drawn = [int(rng.integers(0, have + 1)) for have in size]
    of, m, weight = strata[part].tolist(), int(part.sum()), None
    if rng.random() < 0.5 and sum(drawn):
        options |= {"strata": strata, "counts": drawn}
        m, weight = sum(drawn), together(of, size, drawn)
    loss, over = exact_embedding_loss(h, labels, **options), m ** REDUCTIONS.index(reduction)
    expected = summed(h[part], labels[part].tolist(), "cosine", 1.0, weight) / over
    tolerance = rounding(h, "cosine", m * m, 0) / over
    return off(f"exact {options}", loss.item(), expected, tolerance) or finite(
        "exact", loss, h, part
    )


def together(of: list[int], size: list[int], drawn: list[int]) -> Callable[[int, int], float]:
    """The chance that both of a pair are drawn, without replacement, from their strata."""

    def chance(i: int, j: int) -> float:
        g, f = of[i], of[j]
        if i == j:
            return drawn[g] / size[g]
        if g == f:
            return drawn[g] * (drawn[g] - 1) / size[g] / (size[g] - 1)
        return drawn[g] / size[g] * drawn[f] / size[f]

    return chance


def pixels(rng: Rng) -> str:
    """`PixelEmbeddingLoss`, drawn or of all pixels; what was drawn is checked as well."""
    k, shape = int(rng.integers(2, 5)), tuple(rng.integers(1, 4, int(rng.integers(1, 4))))
    maps = vectors(rng, 2 * math.prod(shape), signed=False)
    labels, ignore = classes(rng, 2, *shape, k=k)
    n_e = "all" if rng.random() < 0.5 else int(rng.integers(2, 20))
    rfe = PixelEmbeddingLoss(n_e, "50/50", n_classes=k, ignore_index=ignore)
    labelled = torch.tensor([True, False]) if rng.random() < 0.5 else None
    flat, half = labels.flatten().long(), labels.numel() // 2
    sides = [flat] if labelled is None else [flat[:half], flat[half:]]
    images = maps.reshape(2, *shape, -1).movedim(-1, 1)
    if not all((side != ignore).any() for side in sides):
        return refusal("pixels", lambda: rfe(images, labels, labelled))
    have = [[int((side == c).sum()) for c in range(k)] for side in sides]
    seat = [Fraction(1, k)] * k
    if n_e != "all" and not all(any(map(min, seats(n_e, seat), n)) for n in have):
        return refusal("pixels", lambda: rfe(images, labels, labelled))
    found = rfe.compare(images, labels, labelled)
    of_all = max(2, min(strategies.largest_n_e(n, seat) for n in have))
    want = seats(of_all if n_e == "all" else n_e, seat)
    taken = [[*map(min, want, n)] for n in have]
    fault = off("pixels drawn", list(found.drawn.values()), taken)
    total = sum(map(sum, found.drawn.values()))
    tolerance = rounding(maps, "cosine", 2, 0)
    if n_e != "all":
        own = {(c, *row) for c, row in zip(flat.tolist(), maps.tolist(), strict=True)}
        drawn = zip(found.labels.tolist(), found.embeddings.tolist(), strict=True)
        fault = fault or ("" if {(c, *row) for c, row in drawn} <= own else "pixels: others drawn")
        of = found.labels.tolist()
        expected = summed(found.embeddings, of, "cosine", 1.0) / total**2
    else:
        part, second = flat != ignore, torch.arange(2 * half) >= half
        strata = flat + k * second if labelled is not None else flat
        counts = [n for side in found.drawn.values() for n in side]
        weight = together(strata[part].tolist(), [n for side in have for n in side], counts)
        expected = summed(maps[part], flat[part].tolist(), "cosine", 1.0, weight) / total**2
    fault = fault or off(f"pixels {n_e}", found.loss.item(), expected, tolerance)
    return fault or finite("pixels", found.loss, maps)


def dice(rng: Rng) -> str:
    shape = tuple(rng.integers(1, 5, int(rng.integers(1, 4))))
    target, ignore = classes(rng, *shape, k=2)
    logits = torch.from_numpy(rng.normal(size=shape) * rng.choice([1, 20, 1e4]))
    logits = logits.to(DTYPES[rng.integers(len(DTYPES))]).requires_grad_()
    mask = torch.from_numpy(rng.random(shape) < 0.7) if rng.random() < 0.5 else None
    smooth, part = float(rng.choice([1e-3, 1, 10])), target != ignore
    part = part if mask is None else part & mask
    overlap = size = smooth
    for z, t in zip(logits[part].tolist(), target[part].tolist(), strict=True):
        p = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
        overlap, size = overlap + 2 * p * t, size + p * p + t * t
    loss = dice_loss(logits, target, mask, smooth=smooth, ignore_index=ignore)
    fault = off("dice", loss.item(), 1 - overlap / size, 1e-5)
    return fault or finite("dice", loss, logits, part)


def jsd(rng: Rng) -> str:
    (n, more), c = rng.integers(1, 20, 2), int(rng.integers(1, 4))
    population, bins = rng.normal(size=(more, c)), int(rng.integers(1, 12))
    sample = population[rng.integers(0, more, n)] * rng.choice([1, 1.5])
    per, edges = str(rng.choice(["channel", "flattened"])), str(rng.choice(["shared", "own"]))
    got = divergence.jensen_shannon(sample, population, bins=bins, edges=edges, per=per)
    columns = [(sample[:, k].tolist(), population[:, k].tolist()) for k in range(c)]
    if per == "flattened":
        columns = [(sample.ravel().tolist(), population.ravel().tolist())]
    expected = []
    for few, all_ in columns:
        p = histogram(few, few if edges == "own" else all_, bins)
        q = histogram(all_, all_, bins)
        m = [(x + y) / 2 for x, y in zip(p, q, strict=True)]
        halves = [x * math.log(x / z) for of in (p, q) for x, z in zip(of, m, strict=True) if x]
        expected.append(math.fsum(halves) / 2)
    return off(f"jsd {per} {edges}", got, expected if per == "channel" else expected[0], 1e-12)


def histogram(values: list[float], over: list[float], bins: int) -> list[float]:
    low, width, found = min(over), max(over) - min(over) or 1.0, [0.0] * bins
    for value in values:
        found[min(max(math.floor((value - low) / width * bins), 0), bins - 1)] += 1 / len(values)
    return found


def f_score(rng: Rng) -> str:
    shape = tuple(rng.integers(1, 5, int(rng.integers(1, 4))))
    masks = [rng.random(shape) < rng.choice([0, 0.1, 0.5, 1]) for _ in "pt"]
    masks = [m.astype(rng.choice(["bool", "uint8", "float32"])) for m in masks]
    p, t = (set(np.flatnonzero(m).tolist()) for m in masks)
    expected = [
        len(p & t) / len(p) if p else float(not t),
        len(p & t) / len(t) if t else float(not p),
        2 * len(p & t) / (len(p) + len(t)) if p or t else 1.0,
    ]
    got = [score(*masks) for score in (metrics.precision, metrics.recall, metrics.f_score)]
    return off("precision, recall, F", got, expected, 1e-12)


def average_precision(rng: Rng) -> str:
    n = int(rng.integers(1, 40))
    score = rng.normal(size=n).round(int(rng.integers(0, 3))).astype(rng.choice(["f4", "f8"]))
    truth = rng.random(n) < rng.choice([0, 0.1, 0.5, 1])
    expected, before = 0.0 if truth.any() else math.nan, 0.0
    for threshold in sorted(set(score.tolist()), reverse=True) if truth.any() else ():
        marked = [bool(t) for s, t in zip(score.tolist(), truth, strict=True) if s >= threshold]
        recall = sum(marked) / truth.sum()
        expected, before = expected + (recall - before) * sum(marked) / len(marked), recall
    return off("average precision", metrics.average_precision(score, truth), expected, 1e-12)


def shares_of(strategy: strategies.Strategy, have: list[int]) -> list[Fraction]:
    k, n = len(have), sum(have)
    if not isinstance(strategy, str):
        return [Fraction(str(share)) for share in strategy]
    if strategy == "50/50":
        return [Fraction(1, k)] * k
    if strategy == "80/20":
        return [Fraction(4, 5)] + [Fraction(1, 5 * (k - 1))] * (k - 1)
    others = Fraction(n - have[0], n)
    times = Fraction(1) if strategy == "distribution-aware" else Fraction(strategy[:-1])
    if others and times * others > max(Fraction(1, 2), others):
        times = max(Fraction(1, 2), others) / others
    return [1 - times * others, *(times * Fraction(x, n) for x in have[1:])]


def seats(n_e: int, shares: list[Fraction]) -> list[int]:
    """Webster's rule: one seat after another to the class that has the best claim to it."""
    found = [0] * len(shares)
    for _ in range(n_e):
        claims = [
            (share / (2 * n + 1), c) for c, (n, share) in enumerate(zip(found, shares, strict=True))
        ]
        found[max(claims)[1]] += 1
    return found


def drawn_case(rng: Rng) -> tuple[torch.Tensor, int, dict, list[int]]:
    k, n_e = int(rng.integers(2, 6)), int(rng.integers(2, 60))
    labels, ignore = classes(rng, int(rng.integers(1, 80)), k=k)
    cuts = np.diff(np.sort(rng.integers(0, 11, k - 1)), prepend=0, append=10) / 10
    strategy = [*SHARES, cuts, cuts.tolist()][rng.integers(len(SHARES) + 2)]
    have = [labels.tolist().count(c) for c in range(k)]
    return labels, n_e, {"strategy": strategy, "n_classes": k, "ignore_index": ignore}, have


def counts(rng: Rng) -> str:
    labels, n_e, options, have = drawn_case(rng)
    k, ignore = options["n_classes"], options["ignore_index"]
    fault = off("available", sampling.available(labels, n_classes=k, ignore_index=ignore), have)
    if not sum(have):
        return fault or refusal("counts", lambda: sampling.counts(labels, n_e, **options))
    expected = seats(n_e, shares_of(options["strategy"], have))
    fault = fault or off(f"counts {options}", sampling.counts(labels, n_e, **options), expected)
    shares = shares_of(options["strategy"], have)
    if not any(n and share for n, share in zip(have, shares, strict=True)):
        return fault or refusal("largest", lambda: strategies.largest_n_e(have, shares))
    largest = strategies.largest_n_e(have, shares)
    fits = []
    for m in (largest, largest + 1):
        wanted = zip(seats(m, shares), have, strict=True)
        fits.append(all(want <= there for want, there in wanted if there))
    return fault or off(f"largest {options} {have}", fits, [True, False])


def sample(rng: Rng) -> str:
    labels, n_e, options, have = drawn_case(rng)
    shortfall = str(rng.choice(sampling.SHORTFALLS))
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    options |= {"shortfall": shortfall, "generator": generator}
    want = seats(n_e, shares_of(options["strategy"], have)) if sum(have) else have
    short = [w > n for w, n in zip(want, have, strict=True)]
    none = any(w and not n for w, n in zip(want, have, strict=True))
    taken = [min(w, n) for w, n in zip(want, have, strict=True)]
    if not any(taken) or (shortfall == "error" and any(short)) or (shortfall == "replace" and none):
        return refusal(f"sample {options}", lambda: sampling.sample(labels, n_e, **options))
    found = sampling.sample(labels, n_e, **options)
    taken = want if shortfall == "replace" else taken
    of = labels[found.indices].tolist()
    fault = off(f"sample {options}", [found.wanted, found.drawn], [want, taken])
    fault = fault or off("sample", of, [c for c, n in enumerate(taken) for _ in range(n)])
    for c, once in enumerate(short):
        own = [i for i, label_ in zip(found.indices.tolist(), of, strict=True) if label_ == c]
        if len(set(own)) < len(own) and not (once and shortfall == "replace"):
            fault = fault or f"sample {options}: class {c} twice in {own}"
    return fault


KINDS = (label, pairs, exact, pixels, dice, jsd, f_score, average_precision, counts, sample)


def torture(kind: Callable[[Rng], str], cases: int, seed: int = 0) -> list[str]:
    """Faults met in a number of random calls of a kind."""
    faults = []
    for case in range(cases):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                fault = kind(np.random.default_rng([seed, case]))
        except Exception as error:  # whatever it is, it is what this looks for
            fault = f"{type(error).__name__}: {error}"
        if fault:
            faults.append(f"{kind.__name__} case {case} seed {seed}: {fault[:300]}")
    return faults


def main() -> int:
    """Print a line a kind; the exit status is 1 if there was a fault."""
    names = {kind.__name__: kind for kind in KINDS}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=100_000, help="calls in all")
    parser.add_argument("--kinds", nargs="+", choices=names, default=list(names))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    for name in args.kinds:
        cases, start = -(-args.cases // len(args.kinds)), time.perf_counter()
        faults = torture(names[name], cases, args.seed)
        found += faults
        seconds = time.perf_counter() - start
        print(f"{name}: {cases} calls, {len(faults)} faults, {seconds:.0f} s", flush=True)
        print(*faults[:10], sep="\n", end="\n" if faults else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
