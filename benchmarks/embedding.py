"""`make bench`, second part: the embedding losses beside their peers, and what n_E costs.

2 x 2000 embeddings of 64 channels, 80/20, 1 - cos with margin 1 and squared l2 with margin 1000;
forward and backward. The peers are pytorch-metric-learning's ContrastiveLoss, set to compute the
same sum, and the masked z @ z.T that one writes first. Signed features make our hinge compare
pairs; non-negative ones (after a ReLU) let it take a closed form. All values are compared first.

Time is processor time on one thread, the median over interleaved rounds (see bench.py), memory the
peak of a call in a process of its own (see memory.py).

Writes ``benchmarks/embedding.json`` and ``data/results/embedding_cost.csv``.
"""

import argparse
import json
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from bench import measure
from memory import peak_mb, print_peak_mb
from torch import Tensor
from torch.nn import functional as F

from rfe_core.exact import exact_embedding_loss
from rfe_core.files import replacing
from rfe_core.losses import label_embedding_loss
from rfe_study import provenance, results
from rfe_study.methods import proof_of_concept

CHANNELS, N = 64, 4000
BATCH = 12 * 128 * 128
N_E = (*proof_of_concept.N_E, 4000, 20000, BATCH)
#: Most embeddings a variant is given: beyond, it takes too long or too much memory.
LIMITS = {"pytorch-metric-learning": 4000, "z @ z.T": 4000, "label form, signed": 20000}
LAST = Path(__file__).with_name("embedding.json")
Loss = Callable[[Tensor, Tensor], Tensor]


def embeddings(n: int, *, signed: bool) -> tuple[Tensor, Tensor]:
    """Embeddings (n, 64) that ask for a gradient, and 80/20 labels in random order."""
    generator = torch.Generator().manual_seed(0)
    h = torch.randn(n, CHANNELS, generator=generator)
    labels = (torch.randperm(n, generator=generator) < n // 5).long()
    return (h if signed else h.relu()).requires_grad_(), labels


def peers(distance: str) -> dict[str, Loss]:
    """The same sum by a library and as one writes it first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
        from pytorch_metric_learning.losses import ContrastiveLoss
        from pytorch_metric_learning.reducers import SumReducer
    if distance == "cosine":
        library = ContrastiveLoss(1, 0, distance=CosineSimilarity(), reducer=SumReducer())
    else:
        squared = LpDistance(normalize_embeddings=False, p=2, power=2)
        library = ContrastiveLoss(0, 1000, distance=squared, reducer=SumReducer())

    def plain(h: Tensor, labels: Tensor) -> Tensor:
        same = labels[:, None] == labels
        if distance == "cosine":
            z = F.normalize(h)
            d, margin = 1 - z @ z.T, 1
        else:
            lengths = h.square().sum(1)
            d, margin = lengths[:, None] + lengths - 2 * h @ h.T, 1000
        return torch.where(same, d, (margin - d).clamp_min(0)).sum()

    return {"pytorch-metric-learning": library, "z @ z.T": plain}


def variants() -> dict[str, dict[str, tuple[Loss, bool]]]:
    """Title -> name -> (loss, whether it is given signed embeddings)."""
    squared = partial(label_embedding_loss, distance="l2_squared", margin=1000.0)
    ours = {"label form": label_embedding_loss}
    exact = {"exact form": exact_embedding_loss}
    sets = {
        "1 - cos, signed features": (peers("cosine") | ours, True),
        "1 - cos, non-negative features": (peers("cosine") | ours | exact, False),
        "squared l2, signed features": (peers("l2_squared") | {"label form": squared}, True),
    }
    return {
        title: {name: (loss, signed) for name, loss in losses.items()}
        for title, (losses, signed) in sets.items()
    }


def step(loss: Loss, n: int, signed: bool) -> Callable[[], float]:
    """Forward and backward; the value is returned."""
    h, labels = embeddings(n, signed=signed)

    def run() -> float:
        h.grad = None
        value = loss(h, labels)
        value.backward()
        return value.item()

    return run


def print_peak_memory(title: str, name: str) -> None:
    loss, signed = variants()[title][name]
    step(loss, 40, signed)()
    print_peak_mb(step(loss, N, signed))


def compare(rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Seconds and MB of each variant."""
    report = {}
    for title, losses in variants().items():
        tasks = {name: step(loss, N, signed) for name, (loss, signed) in losses.items()}
        found = {name: task() for name, task in tasks.items()}
        reference = found["label form"]
        if any(abs(value / reference - 1) > 1e-4 for value in found.values()):
            raise SystemExit(f"bench: {title}: the values differ: {found}")
        seconds = measure(tasks, rounds)
        report[title] = {
            name: {"seconds": seconds[name], "mb": peak_mb(__file__, title, name)}
            for name in losses
        }
    return report


def whole_batch(rounds: int) -> dict[str, float]:
    """Seconds on all pixels of a batch: normalising alone, and the exact loss."""
    h, labels = embeddings(BATCH, signed=False)
    incoming = torch.randn(BATCH, CHANNELS, generator=torch.Generator().manual_seed(1))

    def normalise() -> None:
        torch.autograd.grad(F.normalize(h), h, incoming)

    def exact() -> None:
        torch.autograd.grad(exact_embedding_loss(h, labels), h)

    return measure({"F.normalize": normalise, "exact form": exact}, rounds)


def cost(rounds: int) -> list[dict[str, float | str]]:
    """Rows (variant, n_e, comparisons, seconds), from 20 embeddings to all pixels of a batch."""
    losses = {name: (loss, True) for name, loss in peers("cosine").items()}
    losses |= {
        "label form, signed": (label_embedding_loss, True),
        "label form, non-negative": (label_embedding_loss, False),
        "exact form": (exact_embedding_loss, False),
    }
    rows = []
    for n_e in N_E:
        tasks = {
            name: step(loss, n_e, signed)
            for name, (loss, signed) in losses.items()
            if n_e <= LIMITS.get(name, BATCH)
        }
        for name, seconds in measure(tasks, rounds if n_e <= 2000 else min(rounds, 5)).items():
            rows.append({"variant": name, "n_e": n_e, "comparisons": n_e**2, "seconds": seconds})
    return rows


def print_report(report: dict) -> None:
    print(f"\nembedding losses, {N} x {CHANNELS}, 80/20, forward and backward")
    for title, losses in report["losses"].items():
        print(title)
        ours = losses["label form"]
        for name, found in losses.items():
            print(
                f"  {name:26s} {1000 * found['seconds']:8.1f} ms "
                f"{found['seconds'] / ours['seconds']:7.1f} x label form"
                f"{found['mb']:9.1f} MB {found['mb'] / ours['mb']:7.1f} x label form"
            )
    losses = report["losses"]["1 - cos, non-negative features"]
    speedup = losses["pytorch-metric-learning"]["seconds"] / losses["exact form"]["seconds"]
    print(f"exact form: {speedup:.0f} times faster than pytorch-metric-learning")
    batch = report["whole batch"]
    print(f"all {BATCH} pixels of a batch")
    for name, seconds in batch.items():
        print(f"  {name:26s} {1000 * seconds:8.1f} ms {seconds / batch['F.normalize']:7.2f} x")


def print_cost(rows: list[dict]) -> None:
    names = list(dict.fromkeys(row["variant"] for row in rows))
    print("ms by n_E: " + ", ".join(names))
    for n_e in N_E:
        found = {row["variant"]: 1000 * row["seconds"] for row in rows if row["n_e"] == n_e}
        cells = [f"{found[name]:10.2f}" if name in found else " " * 9 + "-" for name in names]
        print(f"  {n_e:7d} {' '.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory", nargs=2, metavar=("TITLE", "NAME"), help="of one variant")
    parser.add_argument("--out", type=Path, help="folder of the table; nothing else is measured")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.memory:
        print_peak_memory(*args.memory)
        return
    born = provenance.certificate("rfe_core.random_feature_embedding")
    if args.out is None:
        report = {"losses": compare(args.rounds), "whole batch": whole_batch(args.rounds)}
        print_report(report)
        text = json.dumps({**born, "rounds": args.rounds, **report}, indent=2) + "\n"
        with replacing(LAST) as partial_file:
            partial_file.write_text(text, encoding="utf-8")
    rows = cost(args.rounds)
    print_cost(rows)
    results.write("embedding_cost", [row | born for row in rows], folder=args.out)


if __name__ == "__main__":
    main()
