"""What chapter 07 says of embeddings before and after fine-tuning, by their directions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_book.findings import Findings, must_hold
from rfe_study.measures import directions
from rfe_study.methods import proof


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
        As `rfe_book.figures.proof.embedding_plane` takes it.
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


def plane(found: pd.DataFrame) -> Findings:
    """Cosines of `cosines` between lesions of both scanners, and between the classes on B."""
    lesions, apart = found.loc["lesion A with lesion B"], found.loc["lesion with background, B"]
    must_hold("lesions of both scanners point the same way", lesions["after"] > lesions["before"])
    must_hold("lesion stays apart from background", apart["after"] < lesions["after"])
    return Findings(
        enough=f"{1 - proof.CHOSEN['cosine'][1]:g}",
        lesions_before=f"{lesions['before']:.2f}".replace("-", "−"),
        lesions_after=f"{lesions['after']:.2f}".replace("-", "−"),
        apart_before=f"{apart['before']:.2f}".replace("-", "−"),
        apart_after=f"{apart['after']:.2f}".replace("-", "−"),
    )
