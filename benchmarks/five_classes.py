"""What `rfe_core.PixelEmbeddingLoss` costs on a 4 x 32 x 384 x 384 map with five classes.

Forward and backward for n_E = 2000 and for all pixels, on one thread. All pairs of the 589,824
pixels as a matrix would take 1.4 TB. Time is processor time, the median over interleaved rounds.
Memory is the peak of the call, the map's gradient included, in its own process (see memory.py).

    python benchmarks/five_classes.py
"""

import argparse
import statistics
import time

import torch
from memory import peak_mb, print_peak_mb

from rfe_core import PixelEmbeddingLoss

IMAGES, CHANNELS, CLASSES = 4, 32, 5
N_E = ("2000", "all")


def step(n_e: str, size: int):
    """Forward and backward on a map that is non-negative, as after a ReLU; half background."""
    source = torch.Generator().manual_seed(0)
    maps = torch.randn(IMAGES, CHANNELS, size, size, generator=source).relu_().requires_grad_()
    labels = torch.randint(2 * CLASSES - 2, (IMAGES, size, size), generator=source)
    labels = (labels - CLASSES + 2).clamp_min(0)
    rfe = PixelEmbeddingLoss(n_e if n_e == "all" else int(n_e), "80/20", n_classes=CLASSES)

    def run() -> float:
        maps.grad = None
        start = time.process_time()
        rfe(maps, labels).backward()
        return time.process_time() - start

    return run


def print_peak_memory(n_e: str, size: int) -> None:
    step(n_e, 64)()
    print_peak_mb(step(n_e, size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=384, help="height and width of the map")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory", choices=N_E, help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.memory:
        print_peak_memory(args.memory, args.size)
        return
    steps = {n_e: step(n_e, args.size) for n_e in N_E}
    seconds: dict[str, list[float]] = {n_e: [] for n_e in N_E}
    for _ in range(args.rounds):
        for n_e, run in steps.items():
            seconds[n_e].append(run())
    print(f"{IMAGES} x {CHANNELS} x {args.size} x {args.size}, {CLASSES} classes, one thread")
    for n_e in N_E:
        mb = peak_mb(__file__, n_e, "--size", str(args.size))
        print(f"n_E = {n_e:>4}: {statistics.median(seconds[n_e]):.2f} s, peak {mb:.0f} MB")


if __name__ == "__main__":
    main()
