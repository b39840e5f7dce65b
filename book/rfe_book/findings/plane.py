"""What chapter 07 says of embeddings before and after fine-tuning, by their directions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_book.findings import Findings, must_hold
from rfe_study.measures import directions
from rfe_study.methods import proof_of_concept


def in_plane(
    groups: Mapping[tuple[str, str, str], NDArray], n: int, *, seed: int
) -> dict[str, dict[str, dict[str, NDArray]]]:
    """Up to `n` directions of each group in the plane of largest variance of the first stage.

    Parameters
    ----------
    groups : mapping of (stage, domain, class) to directions (m, C)

    Returns
    -------
    dict
        As `rfe_book.figures.proof_of_concept.embedding_plane` takes it.
    """
    few = {key: np.random.default_rng(seed).permutation(z)[:n] for key, z in groups.items()}
    first = next(iter(few))[0]
    mean, axes, _ = directions.principal_plane(
        np.concatenate([z for (stage, *_), z in few.items() if stage == first])
    )
    flat: dict[str, dict[str, dict[str, NDArray]]] = {}
    for (stage, domain, kind), z in few.items():
        flat.setdefault(stage, {}).setdefault(domain, {})[kind] = (z - mean) @ axes.T
    return flat


def cosines(groups: Mapping[tuple[str, str, str], NDArray]) -> pd.DataFrame:
    """Mean cosines between groups of directions, a column a stage.

    Parameters
    ----------
    groups : mapping of (stage, domain, class) to directions (n, C)
    """
    pairs = {
        "lesion A with lesion B": (("A", "lesion"), ("B", "lesion")),
        "background A with background B": (("A", "background"), ("B", "background")),
        "lesion with background, A": (("A", "lesion"), ("A", "background")),
        "lesion with background, B": (("B", "lesion"), ("B", "background")),
    }
    found = {}
    for stage in dict.fromkeys(stage for stage, *_ in groups):
        own = {key[1:]: z for key, z in groups.items() if key[0] == stage}
        of = directions.mean_cosines({f"{d} {c}": z for (d, c), z in own.items()})
        found[stage] = {
            pair: of.loc[" ".join(one), " ".join(other)] for pair, (one, other) in pairs.items()
        }
    return pd.DataFrame(found).rename_axis("pairs")


def parted(groups: Mapping[tuple[str, str, str], NDArray]) -> dict[tuple[str, str], float]:
    """By (stage, domain), how far apart the classes' means lie along the direction that parts them
    best (Fisher's), in standard deviations within a class.
    """
    found = {}
    for stage, domain in dict.fromkeys(key[:2] for key in groups):
        lesion, ground = (groups[stage, domain, kind] for kind in ("lesion", "background"))
        within = (np.cov(lesion.T) + np.cov(ground.T)) / 2
        apart = lesion.mean(axis=0) - ground.mean(axis=0)
        found[stage, domain] = float(np.sqrt(apart @ np.linalg.pinv(within) @ apart))
    return found


def plane(found: pd.DataFrame, apart_by: Mapping[tuple[str, str], float]) -> Findings:
    """How alike the backgrounds of both scanners are, and above what cosine a pair is pushed.

    Parameters
    ----------
    found : DataFrame
        `cosines`.
    apart_by : mapping of (stage, domain) to float
        `parted`.
    """
    ground = found.loc["background A with background B"]
    lesions, apart = found.loc["lesion A with lesion B"], found.loc["lesion with background, B"]
    enough = 1 - proof_of_concept.CHOSEN["cosine"][1]
    must_hold("backgrounds come to point one way", ground["after"] > max(0.9, ground["before"]))
    must_hold("lesions are as alike as before", abs(lesions["after"] - lesions["before"]) < 0.1)
    must_hold("lesion is as far from background as is asked", apart["after"] < enough)
    labelled = found.loc["lesion with background, A"]
    closer = all(row["after"] > row["before"] for row in (apart, labelled))
    must_hold("lesion and background come closer on both", closer)
    values = (f"{ground[stage]:.2f}".replace("-", "−") for stage in ("before", "after"))
    before, after = values
    must_hold("on B a plane parts them better", apart_by["after", "B"] > apart_by["before", "B"])
    return Findings(
        enough=f"{enough:g}",
        ground_before=before,
        ground_after=after,
        **{f"parted_{d}_{stage}": f"{value:.1f}" for (stage, d), value in apart_by.items()},
    )
