r"""Template matching: normalised cross-correlation (NCC) of every window of a volume (Section 3.2).

.. math:: \mathrm{NCC}(w, t) = \frac{\langle w - \bar w, t - \bar t \rangle}
                                   {\|w - \bar w\| \, \|t - \bar t\|}

of a window w and a template t, cubes of equal size. Each response is 0.5 + 0.5 NCC, and those to
several templates are combined by their geometric mean. NCC ignores a window's mean and contrast, so
volumes need no normalisation. `rfe_core.prior` draws the templates and chooses the threshold.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

#: A window is flat if its standard deviation is at most this share of its mean, as float32 has.
FLAT = 1e-6

WINDOWS = 2048  # looked at together: their values stay in a processor's cache


def unit_templates(templates: NDArray[Any]) -> torch.Tensor:
    """Templates (K, s, s, s) as rows (K, s^3) of mean 0 and length 1: float32.

    Raises
    ------
    ValueError
        If they are no cubes of odd side, none, not finite, or one is constant (has no pattern).
    """
    shape = templates.shape
    if len(shape) != 4 or not shape[0] or len(set(shape[1:])) > 1 or shape[1] % 2 == 0:
        rule = "templates must be one or more cubes of odd side (K, s, s, s)"
        raise ValueError(f"{rule}, got {shape}")
    flat = torch.from_numpy(np.asarray(templates, np.float64).reshape(len(templates), -1))
    if not torch.isfinite(flat).all():
        raise ValueError("templates must be finite, got NaN or infinity")
    rows = flat - flat.mean(dim=1, keepdim=True)
    length = rows.norm(dim=1, keepdim=True)
    constant = torch.nonzero(length[:, 0] <= FLAT * flat.norm(dim=1)).flatten().tolist()
    if constant:
        raise ValueError(f"templates must vary, got constant ones at {constant}")
    unit: torch.Tensor = (rows / length).float()
    return unit


def checked_mean(volume: NDArray[Any], size: int, brain_mask: NDArray[np.bool_] | None) -> float:
    """Mean of a volume that templates of `size` voxels may be sought in, or the reason why not."""
    shape, mask = volume.shape, brain_mask
    if volume.ndim != 3 or min(shape) < size:
        raise ValueError(f"volume must be (X, Y, Z) with sides >= a template's {size}, got {shape}")
    if mask is not None and (mask.shape != shape or mask.dtype != np.bool_):
        rule = f"brain_mask must be bool of the volume's shape {shape}"
        raise ValueError(f"{rule}, got {mask.dtype} {mask.shape}")
    with np.errstate(invalid="ignore"):  # infinity minus infinity is seen in the next line
        mean = float(volume.mean(dtype=np.float64))
    if not np.isfinite(mean):
        bad = np.count_nonzero(~np.isfinite(volume))
        raise ValueError(f"volume must be finite, got NaN or infinity at {bad} voxels")
    return mean


def box_sums(slab: torch.Tensor, size: int) -> torch.Tensor:
    """Sum over every cube of `size` voxels, along one axis after another: no running sum."""
    for axis in range(3):
        slab = slab.unfold(axis, size, 1).sum(dim=-1)
    return slab


def window_responses(
    volume: NDArray[Any], templates: NDArray[Any], brain_mask: NDArray[np.bool_] | None = None
) -> Iterator[tuple[tuple[slice, ...], torch.Tensor]]:
    """Responses 0.5 + 0.5 NCC of some windows at a time, to all templates.

    What depends on the volume alone (windows without their mean, their lengths) is computed once;
    the correlations with all templates are then one matrix product. Means and lengths are float64
    sums over single windows, so no error runs up along the volume, and a large offset of the
    intensities does no harm. Rows without brain are left out.

    Yields
    ------
    place : tuple of slice
        Where the windows' centres lie in the volume.
    responses : (K, 1, rows, columns) float32, in [0, 1]
    """
    unit = unit_templates(templates)  # (K, s^3)
    size, offset = templates.shape[1], checked_mean(volume, templates.shape[1], brain_mask)
    volume = np.ascontiguousarray(volume)
    r = size // 2
    depth, height, width = (n - size + 1 for n in volume.shape)
    step = max(1, WINDOWS // width)
    brain = np.broadcast_to(True, volume.shape) if brain_mask is None else brain_mask
    for x in range(depth):
        brain_rows = np.flatnonzero(brain[x + r, r : r + height].any(axis=1))
        if len(brain_rows) == 0:
            continue
        slab = torch.from_numpy(volume[x : x + size] - offset).float()
        mean = box_sums(slab.double(), size) / size**3
        energy = box_sums(slab.double().square(), size) - size**3 * mean.square()
        is_flat = energy <= size**3 * (FLAT * mean).square()
        one_over_length = energy.clamp_min(0).rsqrt().masked_fill_(is_flat, 0).float()
        windows = slab.unfold(0, size, 1).unfold(1, size, 1).unfold(2, size, 1)
        windows, mean = windows.permute(3, 4, 5, 0, 1, 2), mean.float()
        for y in range(brain_rows[0], brain_rows[-1] + 1, step):
            rows = slice(y, min(y + step, brain_rows[-1] + 1))
            some = windows[..., rows, :]  # (s, s, s, 1, rows, columns)
            centred = torch.sub(some, mean[:, rows], out=torch.empty(some.shape))
            ncc = unit @ centred.view(size**3, -1) * one_over_length[:, rows].flatten()
            responses = ncc.clamp_(-1, 1).mul_(0.5).add_(0.5).view(len(unit), 1, -1, width)
            rows = slice(rows.start + r, rows.stop + r)
            yield (slice(x + r, x + r + 1), rows, slice(r, r + width)), responses


def ncc_response(volume: NDArray[Any], templates: NDArray[Any]) -> NDArray[np.float32]:
    """Response of every voxel to each template: 0.5 + 0.5 NCC, in [0, 1].

    NCC at a voxel is the correlation coefficient of the template and the window centred there.
    A flat window, and one that would leave the volume, has NCC 0: no evidence, response 0.5.

    Deviation: the released code replaces the undefined NCC of a flat window (0 / 0) by a response
    of 1, so air becomes a perfect match for every template.

    Of a FLAIR volume (X, Y, Z) in any units and templates (K, s, s, s), for example from
    `rfe_core.prior.extract_templates`: (K, X, Y, Z). For whole patients use `response`, which keeps
    the mean alone.

    Examples
    --------
    >>> volume = np.random.default_rng(0).random((7, 7, 7))
    >>> template = volume[2:5, 2:5, 2:5]
    >>> ncc_response(volume, template[None])[0, 3, 3, 3].round(3)
    np.float32(1.0)
    """
    responses = np.full((len(templates), *volume.shape), 0.5, np.float32)
    for place, values in window_responses(volume, templates):
        responses[(slice(None), *place)] = values.numpy()
    return responses


def combine(responses: NDArray[Any]) -> NDArray[np.float32]:
    """Geometric mean over the first axis: (K, ...) -> (...). One response of 0 makes it 0."""
    if len(responses) == 0 or not ((responses >= 0) & (responses <= 1)).all():
        found = f"{responses.min()} to {responses.max()}" if len(responses) else "none"
        raise ValueError(f"responses must be one or more in [0, 1], got {found}")
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        mean: NDArray[np.float32] = np.exp(np.log(responses).mean(axis=0)).astype(np.float32)
    return mean


def response(
    volume: NDArray[Any], templates: NDArray[Any], brain_mask: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """The same as ``combine(ncc_response(volume, templates))``, without keeping each response.

    Takes the memory of the result and little more, however many templates there are. Outside a
    `brain_mask` (X, Y, Z) the response is 0.
    """
    mean = np.full(volume.shape, 0.5, np.float32)
    for place, values in window_responses(volume, templates, brain_mask):
        mean[place] = values.log_().mean(dim=0).exp_().numpy()
    return mean if brain_mask is None else np.where(brain_mask, mean, np.float32(0))
