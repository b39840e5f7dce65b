"""How well samples of each strategy represent their batch: the rows behind Fig. 3(b).

For each batch of 12 crops, strategy and n_E, one sample is drawn from the embeddings that the
trained lower bound A_L gives, and held against all embeddings of the batch::

    python -m rfe_study.measures.representativeness --seeds 0 1 2

writes ``data/results/representativeness.csv`` anew. Crops come from training patients only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rfe_core import checkpoints, divergence, sampling
from rfe_core.batches import Batch, Batches
from rfe_core.divergence import BinnedPopulation
from rfe_core.patches import Patches
from rfe_study import provenance, results
from rfe_study.measures import monte_carlo, probes
from rfe_study.methods.bounds import LOWER
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import baselines

TABLE = "representativeness"

N_E = (20, 100, 200, 500, 1000, 2000)  # Section 3.2

BATCHES = 20

NULL_DRAWS = 20

#: What a batch of 12 consists of: the target domain alone, or half and half as in fine-tuning.
KINDS = {"12 B": ("B",), "6 A + 6 B": ("A", "B")}

#: The divergence each column holds; "own" edges, flattened, is what the released code computes.
MEASURES = {
    f"{edges}_{per}": (edges, per)
    for edges in ("own", "shared")
    for per in ("flattened", "channel")
}

KEY = ("profile", "model", "seed", "batch_of", "batch", "strategy", "n_e")


def batches_of(kind: str, patches: Mapping[str, Patches], n: int, *, seed: int) -> Iterator[Batch]:
    """`n` batches of a kind, the same for each network.

    Parameters
    ----------
    kind : str
        Key of `KINDS`.
    patches : mapping
        Domain letter to crops.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {tuple(KINDS)}, got {kind!r}")
    sets = [patches[letter] for letter in KINDS[kind]]
    generator = np.random.default_rng(seed)
    left = n
    while left:  # epochs: a small set of crops may have fewer batches than wanted
        for batch in Batches(*sets, generator=generator):
            yield batch
            left -= 1
            if not left:
                break


def flat_labels(batch: Batch) -> torch.Tensor:
    """Labels of all pixels of a batch (n,), -1 outside the brain."""
    labels = np.where(batch.valid, batch.labels.astype(np.int64), sampling.IGNORE)
    return torch.from_numpy(labels.ravel())


def flat_embeddings(features: NDArray) -> NDArray:
    """(N, C, H, W) -> (N H W, C)."""
    return np.moveaxis(features, 1, -1).reshape(-1, features.shape[1])


def batch_rows(
    embeddings: NDArray,
    labels: torch.Tensor,
    *,
    seed: int,
    n_e: Sequence[int] = N_E,
    null_draws: int = NULL_DRAWS,
) -> list[dict]:
    """One sample of each strategy and n_E from one batch, as rows.

    Parameters
    ----------
    embeddings : array, (n, C)
        Of all pixels, those outside the brain too.
    labels : Tensor, (n,)
        1 lesion, 0 background, -1 outside the brain.
    seed : int
        Of the draws and of the null.

    Returns
    -------
    list of dict
        Counts (``pixels``, ``lesion_pixels``, ``wanted_*``, ``drawn_*``), the divergences of
        `MEASURES` (means over channels), ``released`` (own edges, flattened, the population with
        the pixels outside the brain, as in the authors' code), and ``null_flattened``,
        ``null_channel``.
    """
    known = (labels != sampling.IGNORE).numpy()
    known_labels = labels[torch.from_numpy(known)]
    binned = {
        per: BinnedPopulation(embeddings[known], known_labels.numpy(), per=per)
        for per in ("flattened", "channel")
    }
    low, high = (np.full(1, end(embeddings)) for end in (np.min, np.max))
    released = divergence.histograms(embeddings.reshape(-1, 1), low, high, divergence.BINS)[0]
    background, lesion = sampling.available(known_labels)
    generator = np.random.default_rng(seed)
    rows = []
    for strategy, n in product(sampling.STRATEGIES, n_e):
        drawn = monte_carlo.draw(known_labels, n, strategy, seed=seed, shortfall="all available")
        chosen = drawn.indices.numpy()
        row = {"strategy": strategy, "n_e": n}
        row |= {"pixels": background + lesion, "lesion_pixels": lesion}
        for name, counts in (("wanted", drawn.wanted), ("drawn", drawn.drawn)):
            row |= {f"{name}_{c}": k for c, k in zip(sampling.CLASSES, counts, strict=True)}
        for name, (edges, per) in MEASURES.items():
            row[name] = binned[per].divergence(chosen, edges)
        values = binned["flattened"].population[chosen].reshape(-1, 1)
        counts = divergence.histograms(values, values.min(0), values.max(0), divergence.BINS)[0]
        row["released"] = float(divergence.jsd(counts, released))
        for per, population in binned.items():
            null = divergence.null_divergence(
                population, drawn.drawn, draws=null_draws, generator=generator
            )
            row[f"null_{per}"] = float(null.mean())
        rows.append(row)
    return rows


def measure(
    job: baselines.Job, patches: Mapping[str, Patches], *, batches: int = BATCHES
) -> Iterator[list[dict]]:
    """Rows of one trained network, a list for each batch of each kind."""
    model = checkpoints.load_model(job.path())
    born = provenance.certificate(__name__, threads=torch.get_num_threads())
    identity = {"profile": job.profile.name, "model": job.model, "seed": job.seed}
    weights = checkpoints.weights_digest(job.path())
    for kind in KINDS:
        for number, batch in enumerate(batches_of(kind, patches, batches, seed=1)):
            embeddings = flat_embeddings(probes.features(model, batch.images))
            rows = batch_rows(embeddings, flat_labels(batch), seed=1000 * number)
            about = identity | {"batch_of": kind, "batch": number}
            yield [about | row | {"weights": weights} | born for row in rows]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table anew."""
    parser = argparse.ArgumentParser(
        prog="python -m rfe_study.measures.representativeness",
        description="Measure how well sampled embeddings represent their batch (Fig. 3(b)).",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="networks (default: 0)")
    parser.add_argument("--batches", type=int, default=BATCHES, help=f"of each kind ({BATCHES})")
    parser.add_argument("--weights", type=Path, default=results.DATA / "checkpoints")
    parser.add_argument("--out", type=Path, help="folder of the table (data/results)")
    args = parser.parse_args(arguments)
    profile = PROFILES["laptop"]
    patches = {letter: baselines.domain_patches(profile, letter, 0)[0] for letter in "AB"}
    rows = []
    with tqdm(total=len(args.seeds) * len(KINDS) * args.batches, desc="batches") as bar:
        for seed in args.seeds:
            job = baselines.Job(profile=profile, model=LOWER, seed=seed, weights=args.weights)
            for found in measure(job, patches, batches=args.batches):
                rows += found
                bar.update()
    results.write(TABLE, rows, folder=args.out)


if __name__ == "__main__":
    main()
