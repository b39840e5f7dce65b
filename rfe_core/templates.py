"""Templates of the real prior: small FLAIR cubes around the lesions of a labelled volume.

Section 3.2, *Real Prior*: 30 cubes of 5 x 5 x 5 voxels, drawn at random around lesions of V1, the
first labelled training volume of a domain.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SIZE = 5  # voxels, all sides
N_TEMPLATES = 30


def lesion_centres(lesion_mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Centroids of the connected lesions (26 neighbours), rounded to voxels: (n, 3).

    The centroid of a bent lesion may lie outside it, as in the released code.
    """
    if lesion_mask.ndim != 3 or lesion_mask.dtype != bool:
        raise ValueError(
            f"lesion_mask must be bool (X, Y, Z), got {lesion_mask.dtype} {lesion_mask.shape}"
        )
    labels, n = ndimage.label(lesion_mask, np.ones((3, 3, 3)))
    centres = ndimage.center_of_mass(lesion_mask, labels, np.arange(1, n + 1))
    return np.round(np.array(centres).reshape(n, 3)).astype(np.int64)


def extract_templates(
    volume: NDArray,
    lesion_mask: NDArray[np.bool_],
    n: int = N_TEMPLATES,
    size: int = SIZE,
    *,
    generator: np.random.Generator,
    shortfall: Literal["error", "all available"] = "error",
) -> NDArray[np.float32]:
    """Cubes around lesions, one a lesion, drawn at random without replacement.

    A cube is centred on the lesion's centroid and may be smaller or larger than the lesion. Lesions
    whose cube would leave the volume are not drawn. The first k of a draw are a draw of k.

    Parameters
    ----------
    volume : array, (X, Y, Z)
        FLAIR of the labelled patient V1.
    lesion_mask : bool array, (X, Y, Z)
    n : int, >= 1
    size : int, odd
        Side in voxels.
    shortfall : {"error", "all available"}
        What to do when there are fewer lesions than `n`.

    Returns
    -------
    (n, size, size, size) float32; fewer only with ``shortfall="all available"``, never none.

    Raises
    ------
    ValueError
        If an argument breaks its rule, or too few lesions have room for a cube.
    """
    if volume.shape != lesion_mask.shape:
        raise ValueError(
            f"lesion_mask must have the shape of volume {volume.shape}, got {lesion_mask.shape}"
        )
    if size < 1 or size % 2 == 0:
        raise ValueError(f"size must be odd, so that a cube has a centre voxel, got {size}")
    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}")
    if shortfall not in ("error", "all available"):
        raise ValueError(f'shortfall must be "error" or "all available", got {shortfall!r}')
    low = lesion_centres(lesion_mask) - size // 2
    low = low[((low >= 0) & (low + size <= volume.shape)).all(axis=1)]
    if len(low) == 0 or (len(low) < n and shortfall == "error"):
        raise ValueError(
            f"lesion_mask must hold {n} lesions with room for a cube of {size} voxels, "
            f'got {len(low)}; lower n or choose shortfall="all available"'
        )
    chosen = low[generator.permutation(len(low))[:n]]
    cubes = [volume[x : x + size, y : y + size, z : z + size] for x, y, z in chosen]
    return np.stack(cubes).astype(np.float32)
