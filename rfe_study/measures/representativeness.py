"""How well samples of each strategy represent their batch: the rows behind Fig. 3(b).

For each batch of 12 crops, strategy and n_E, one sample is drawn from the embeddings that the
trained lower bound A_L gives, and held against all embeddings of the batch. ``rfe measure
representativeness`` writes ``data/results/representativeness.csv`` anew. Crops come from training
patients only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rfe_core import divergence, sampling
from rfe_core.batches import Batch, Batches
from rfe_core.patches import Patches
from rfe_study import provenance, results
from rfe_study.measures import monte_carlo, probes
from rfe_study.measures.perfect_samples import BinnedPopulation, null_divergence
from rfe_study.methods.bounds import LOWER
from rfe_study.methods.profiles import Profile
from rfe_study.methods.proof_of_concept import N_E
from rfe_study.runs import baselines, networks

TABLE = "representativeness"

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
            null = null_divergence(population, drawn.drawn, draws=null_draws, generator=generator)
            row[f"null_{per}"] = float(null.mean())
        rows.append(row)
    return rows


def measure(
    job: baselines.Job, patches: Mapping[str, Patches], *, batches: int = BATCHES
) -> Iterator[list[dict]]:
    """Rows of one trained network, a list for each batch of each kind."""
    model, _, weights = networks.load(job.path())
    born = provenance.certificate(__name__, threads=torch.get_num_threads())
    for kind in KINDS:
        for number, batch in enumerate(batches_of(kind, patches, batches, seed=1)):
            embeddings = flat_embeddings(probes.features(model, batch.images))
            rows = batch_rows(embeddings, flat_labels(batch), seed=1000 * number)
            about = job.identity | {"batch_of": kind, "batch": number}
            yield [about | row | {"weights": weights} | born for row in rows]


def measure_all(
    profile: Profile,
    seeds: Sequence[int],
    weights: Path,
    *,
    folder: Path | None = None,
) -> None:
    """Measure the lower bounds of some seeds and write the table anew.

    Parameters
    ----------
    profile, seeds
        Of the networks; `seeds` of their training alone: the crops are always those of seed 0.
    weights : Path
        Their folder.
    folder : Path, optional
        Of the table, instead of ``data/results``.
    """
    batches = 2 if profile.name == "smoke" else BATCHES  # of each kind
    jobs = [
        baselines.Job(profile=profile, model=LOWER, seed=seed, weights=weights) for seed in seeds
    ]
    for job in jobs:
        networks.check_there(job.path())
    patches = {letter: baselines.domain_patches(profile, letter, 0)[0] for letter in "AB"}
    rows = []
    with tqdm(total=len(seeds) * len(KINDS) * batches, desc="batches") as bar:
        for job in jobs:
            for found in measure(job, patches, batches=batches):
                rows += found
                bar.update()
    results.write(TABLE, rows, folder=folder)
