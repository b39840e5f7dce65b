"""How wrong the labels of each prior are: voxels, and the pairs that Eq. 2 makes of them.

A prior labels V2 and V3 of a target domain; here their own labels say how well. What the embedding
loss learns from are pairs: a wrong one pulls together what differs or parts what is alike.
``rfe measure prior`` writes ``data/results/prior_labels.csv`` anew. Test patients are never read.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rfe_core import strategies
from rfe_core.sampling import IGNORE, Strategy
from rfe_core.scans.subject import Subject
from rfe_study import provenance, results
from rfe_study.methods.bounds import BRANCH
from rfe_study.methods.method import FROM_A, OWN
from rfe_study.methods.priors import SEEDLESS
from rfe_study.phantom.domains import TARGETS
from rfe_study.runs import networks
from rfe_study.runs.crops import NUMBERS, target_labels, unlabelled_patients

TABLE = "prior_labels"

#: Class shares that pairs are drawn in.
STRATEGIES: tuple[Strategy, ...] = ("distribution-aware", "2x", "4x", "80/20", "50/50")

#: The row of both patients together.
BOTH = "V2 and V3"


def confusion(
    labels: NDArray[np.int8], truth: NDArray[np.bool_], part: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Voxels of a part by what a prior says of them and what they are: (3, 2).

    Rows: background, lesion, unsure. Columns: background, lesion.
    """
    said = np.where(labels[part] == IGNORE, 2, labels[part])
    return np.bincount(2 * said + truth[part], minlength=6).reshape(3, 2)


def wrong_pair_rate(
    counts: NDArray[np.int64], drawn: Sequence[int], labelled: Sequence[int] = (0, 0)
) -> float:
    r"""Share of the ordered pairs of Eq. 2, i = j included, whose adjacency is wrong: expected.

    Of two classes a pair is wrong if just one of its pixels is called what it is not. Pixels of
    prior class c, of which the share :math:`e_c` is wrong, are drawn without replacement: with
    :math:`w_c = e_c N_c` wrong ones

    .. math:: n_c (n_c - 1) \frac{2 w_c (N_c - w_c)}{N_c (N_c - 1)}, \qquad
              n_c n_d \, (e_c (1 - e_d) + e_d (1 - e_c))

    pairs are expected within a class, and for either order of two. Labelled pixels have no error.

    Parameters
    ----------
    counts : (2, 2) or (3, 2)
        From `confusion`; unsure voxels are not drawn.
    drawn : (int, int)
        Background and lesion pixels drawn by the prior's labels, of each at most what there is.
    labelled : (int, int)
        Those drawn from labelled images beside them.

    Raises
    ------
    ValueError
        If more is to be drawn than there is, or nothing.
    """
    there = counts[:2].sum(axis=1).tolist()  # Python's integers: pairs of millions need the room
    if any(want > have for want, have in zip(drawn, there, strict=True)):
        raise ValueError(f"drawn must be at most {there}, got {list(drawn)}")
    n = sum(drawn) + sum(labelled)
    if n == 0:
        raise ValueError("a pixel must be drawn, got none")
    wrong = [int(counts[0, 1]), int(counts[1, 0])]
    error = [w / max(have, 1) for w, have in zip(wrong, there, strict=True)]
    groups = [*zip(drawn, error, strict=True), *((m, 0.0) for m in labelled)]
    pairs = 0.0
    for k, (size, e) in enumerate(groups):
        for other, f in groups[k + 1 :]:
            pairs += 2 * size * other * (e * (1 - f) + f * (1 - e))
    for size, of_class, w in zip(drawn, there, wrong, strict=True):
        if size > 1:
            pairs += size * (size - 1) * 2 * w * (of_class - w) / (of_class * (of_class - 1))
    return pairs / n**2


def drawn_of_all(counts: NDArray[np.int64], strategy: Strategy) -> tuple[int, ...]:
    """Pixels of each class in the largest sample that a strategy can draw from a prior's labels."""
    have = counts[:2].sum(axis=1).tolist()
    shares = strategies.class_shares(strategy, have)
    wanted = strategies.apportion(max(2, strategies.largest_n_e(have, shares)), shares)
    return tuple(map(min, wanted, have))


def score(whole: NDArray[np.int64], near: NDArray[np.int64]) -> dict[str, float]:
    """Numbers of a prior's labels.

    Parameters
    ----------
    whole : (3, 2)
        `confusion` in the brain.
    near : (3, 2)
        In the slices that crops come from, those where the prior sees a lesion.

    Returns
    -------
    dict
        ``f_score``, ``precision`` and ``recall`` of the voxels it is sure of; ``unsure``, the share
        of the brain, and ``unsure_lesion``, of all lesion voxels; ``wrong_<strategy>``, the wrong
        pairs among pixels of the target; ``wrong_with_a_<strategy>``, among all that Eq. 2
        compares, if as many of each class come from A. NaN where nothing is sure.
    """
    (_, missed), (false, found), unsure = whole
    with np.errstate(invalid="ignore"):
        row = {
            "f_score": 2 * found / np.float64(2 * found + false + missed),
            "precision": found / np.float64(found + false),
            "recall": found / np.float64(found + missed),
            "unsure": unsure.sum() / whole.sum(),
            "unsure_lesion": unsure[1] / whole[:, 1].sum(),
        }
    for strategy in STRATEGIES:
        drawn = drawn_of_all(near, strategy)
        row[f"wrong_{strategy}"] = wrong_pair_rate(near, drawn)
        row[f"wrong_with_a_{strategy}"] = wrong_pair_rate(near, drawn, drawn)
    return {name: float(value) for name, value in row.items()}


def rows(subjects: Sequence[Subject], maps: Sequence[NDArray[np.int8]]) -> Iterator[dict]:
    """A row for each patient that a prior labels, and one for both."""
    found = []
    for subject, labels in zip(subjects, maps, strict=True):
        brain, truth = subject.brain_mask, subject.lesion_mask
        near = brain & (labels == 1).any(axis=(0, 1))
        found.append((confusion(labels, truth, brain), confusion(labels, truth, near)))
    names = [subject.name for subject in subjects]
    for name, (whole, near) in zip([*names, BOTH], [*found, np.sum(found, axis=0)], strict=True):
        if near[1].any():  # a prior that marks nothing makes no pairs
            yield {"subject": name} | score(whole, near)


def wanted(seeds: Sequence[int]) -> list[tuple[str, int, int]]:
    """Source, V1 and seed of all that is measured: what models are trained with, or could be.

    What no seed changes has the first one; other patients as V1 teach two priors alone.
    """
    some = [("true", 1, seeds[0])]
    some += [(s, 1, seed) for s in (FROM_A, OWN, "NCC", "NCC band") for seed in seeds]
    some += [(s, 1, seeds[0]) for s in SEEDLESS]
    some += [(s, v1, seeds[0]) for v1 in NUMBERS[1:] for s in ("NCC", "classifier band")]
    return some


def measure_all(
    seeds: Sequence[int],
    *,
    profile: str = "laptop",
    folder: Path | None = None,
    baselines: Path | None = None,
) -> None:
    """Measure all priors of all targets and write the table anew, in `folder`.

    `baselines` has the networks whose own predictions are a prior. Of profile smoke one seed.
    """
    seeds = seeds[:1] if profile == "smoke" else seeds
    baselines = baselines or networks.baselines_folder(profile, folder)
    born = provenance.certificate(__name__, threads=torch.get_num_threads())
    table = []
    for target, (source, v1, seed) in tqdm([*product(TARGETS, wanted(seeds))], desc="labels"):
        network = baselines / networks.file_name(profile, BRANCH, seed)
        maps = target_labels(profile, target, seed, source, v1=v1, network=network)
        subjects = unlabelled_patients(target, v1, profile)
        about = {"target": target, "source": source, "v1": v1, "seed": seed}
        table += [about | row | born for row in rows(subjects, maps)]
    results.write(TABLE, table, folder=folder)
