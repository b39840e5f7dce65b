"""`make bench`, third part: the NCC prior beside scikit-image's match_template.

30 templates of 5 x 5 x 5 voxels on a volume of 144 x 512 x 512, float32, the matrix of domains A to
C in Table 1. scikit-image is called once a template and its results are dropped at once; ours also
takes the geometric mean. Values are compared first, on a smaller volume.

Time is processor time on one thread (see bench.py), memory the peak of a call in a process of its
own (see memory.py): the volume itself does not count, the result does. match_template is called
three times for it: each call drops what the one before it took.

Writes ``benchmarks/prior.json`` and ``data/results/prior_cost.csv``.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from memory import peak_mb, print_peak_mb
from numpy.typing import NDArray
from skimage.feature import match_template

from rfe_core import ncc
from rfe_core.files import replacing
from rfe_core.prior import N_TEMPLATES, SIZE
from rfe_study import provenance, results

SHAPE, SMALL = (144, 512, 512), (20, 40, 60)
COUNTS = (1, N_TEMPLATES)
LAST = Path(__file__).with_name("prior.json")


def arrays(shape: tuple[int, int, int], n: int) -> tuple[NDArray, NDArray]:
    """A volume of noise on an offset, as float32, and n cubes of noise."""
    generator = np.random.default_rng(0)
    volume = 5 + generator.standard_normal(shape, np.float32)
    return volume, generator.standard_normal((n, SIZE, SIZE, SIZE), np.float32)


def library(volume: NDArray, templates: NDArray) -> None:
    for template in templates:
        match_template(volume, template)


VARIANTS: dict[str, Callable] = {"match_template": library, "ours": ncc.response}


def compare_values() -> float:
    """Largest difference of the two geometric means where the windows lie in the volume."""
    volume, templates = arrays(SMALL, N_TEMPLATES)
    theirs = np.stack([match_template(volume.astype(float), t.astype(float)) for t in templates])
    inside = (slice(SIZE // 2, -(SIZE // 2)),) * 3
    ours = ncc.response(volume, templates)[inside]
    return float(np.abs(ours - ncc.combine(0.5 + 0.5 * theirs)).max())


def print_peak_memory(name: str, n: int, shape: tuple[int, int, int]) -> None:
    n = min(n, 3) if name == "match_template" else n
    small, volume_and_templates = arrays(SMALL, 1), arrays(shape, n)
    VARIANTS[name](*small)
    print_peak_mb(lambda: VARIANTS[name](*volume_and_templates))


def measure(name: str, n: int, rounds: int, shape: tuple[int, int, int]) -> float:
    """Median processor seconds, after a small volume to warm up."""
    VARIANTS[name](*arrays(SMALL, 1))
    data, seconds = arrays(shape, n), []
    for _ in range(rounds):
        start = time.process_time()
        VARIANTS[name](*data)
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="of ours; one of 30 templates else")
    parser.add_argument("--small", action="store_true", help="a small volume: to see that it runs")
    parser.add_argument("--out", type=Path, help="folder of the table, and of nothing else")
    parser.add_argument("--memory", nargs=2, metavar=("NAME", "TEMPLATES"), help="of one variant")
    args = parser.parse_args()
    torch.set_num_threads(1)
    shape = SMALL if args.small else SHAPE
    if args.memory:
        print_peak_memory(args.memory[0], int(args.memory[1]), shape)
        return
    difference = compare_values()
    if difference > 1e-5:
        raise SystemExit(f"bench: the geometric means differ by {difference:g}")
    rows = []
    for name in VARIANTS:
        for n in COUNTS:
            rounds = 1 if name == "match_template" and n > 1 else args.rounds
            seconds = measure(name, n, rounds, shape)
            mb = peak_mb(__file__, name, str(n), *["--small"] * args.small)
            rows.append({"variant": name, "templates": n, "seconds": seconds, "mb": mb})
    theirs, ours = (
        next(r for r in rows if (r["variant"], r["templates"]) == (name, N_TEMPLATES))
        for name in VARIANTS
    )
    ratios = {key: theirs[key] / ours[key] for key in ("seconds", "mb")}
    print(f"\nNCC prior, {SIZE} x {SIZE} x {SIZE} templates, volume {shape}")
    for row in rows:
        print(
            f"  {row['variant']:16s} {row['templates']:3d} templates "
            f"{row['seconds']:8.1f} s {row['mb']:9.0f} MB"
        )
    print(
        f"  {N_TEMPLATES} templates: {ratios['seconds']:.1f} times faster, "
        f"{ratios['mb']:.1f} times less memory; geometric means agree to {difference:.0e}"
    )
    born = provenance.certificate("rfe_core.prior")
    about = {"shape": "x".join(map(str, shape)), "size": SIZE, "difference": difference}
    results.write("prior_cost", [row | about | born for row in rows], folder=args.out)
    if args.out is None:
        text = json.dumps({**born, **about, "ratios": ratios, "rows": rows}, indent=2) + "\n"
        with replacing(LAST) as partial:
            partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
