"""From tissue to image: signal equations, slice thickness, bias field, Rician noise.

The physics is deliberately the textbook's (one relaxation time per tissue, ideal pulses), so that
every contrast in the phantom can be traced to a handful of numbers, here and in
:mod:`rfe_study.phantom.domains`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import BSpline

from rfe_study.phantom.protocols import Domain, PulseSequence

#: The order of the tissue axis everywhere: volume fractions that add up to at most one.
TISSUES = ("csf", "gm", "wm", "lesion")


@dataclass(frozen=True)
class Relaxation:
    """T1 and T2 in ms, proton density relative to water."""

    t1_ms: float
    t2_ms: float
    proton_density: float


# Within or next to what is published; where a range is wide, fitted to the contrasts of patients 07
# and 19, one value for all scanners of a field. 3 T (Wansapura 1999, Stanisz 2005): T1 of white
# matter 832-1084 ms, of gray 1331-1820 ms; T2 of white matter 69-80 ms. T2 of gray matter is below
# the published 99-110 ms: with them cortex is too bright (a turbo spin echo is not a single echo).
# 1.5 T: BrainWeb, T2 of gray matter lowered by the same argument.
# "lesion" is fully demyelinated tissue, full of water; a lesion voxel is a mixture of it with what
# stood there. Fitted at 3 T; at 1.5 T its T1 is longer than white matter's by the same share.
# BrainWeb's CSF (T1 2569 ms) would stay bright at TI 2400 ms; free water hardly depends on the
# field, so both fields use one value.
RELAXATION: dict[float, dict[str, Relaxation]] = {
    3.0: {
        "csf": Relaxation(4000, 1750, 1.00),
        "gm": Relaxation(1331, 84, 0.86),
        "wm": Relaxation(1000, 70, 0.77),
        "lesion": Relaxation(1420, 102, 1.00),
    },
    1.5: {
        "csf": Relaxation(4000, 1750, 1.00),
        "gm": Relaxation(833, 78, 0.86),
        "wm": Relaxation(500, 70, 0.77),
        "lesion": Relaxation(850, 102, 1.00),
    },
}

#: Sequences in which CSF that flows in after the inversion pulse is bright.
INVERTING = ("inversion-recovery", "mprage")

#: Noise of T1 against the other two, measured on the real development patient (2.6% against 5%).
T1_NOISE = np.float32(0.55)


def signal(sequence: PulseSequence, tissue: Relaxation) -> float:
    r"""Magnitude of the signal of one tissue, in units of fully relaxed water.

    With :math:`E_1 = e^{-TR/T_1}`:

    - spin echo: :math:`\rho\,(1 - E_1)\,e^{-TE/T_2}`
    - inversion recovery: :math:`\rho\,|1 - 2e^{-TI/T_1} + E_1|\,e^{-TE/T_2}`
    - MPRAGE, approximately: :math:`\rho\,|1 - 2e^{-TI/T_1}/(1 + E_1)|`
    - spoiled gradient echo: :math:`\rho\,\sin\alpha\,(1 - E_1)/(1 - E_1\cos\alpha)`

    The gradient echoes are so short (3-4 ms) that their :math:`T_2^*` decay is left out.

    Raises
    ------
    ValueError
        For an unknown kind, or a missing inversion time or flip angle.
    """
    rho, t1, t2 = tissue.proton_density, tissue.t1_ms, tissue.t2_ms
    e1 = np.exp(-sequence.repetition_time_ms / t1)
    decay = np.exp(-sequence.echo_time_ms / t2)
    if sequence.kind == "spin-echo":
        return float(rho * (1 - e1) * decay)
    if sequence.kind == "spoiled-gradient-echo":
        alpha = np.deg2rad(_required(sequence, "flip_angle_deg"))
        return float(rho * np.sin(alpha) * (1 - e1) / (1 - e1 * np.cos(alpha)))
    if sequence.kind in ("inversion-recovery", "mprage"):
        inverted = 2 * np.exp(-_required(sequence, "inversion_time_ms") / t1)
        if sequence.kind == "mprage":
            return float(rho * abs(1 - inverted / (1 + e1)))
        return float(rho * abs(1 - inverted + e1) * decay)
    raise ValueError(f"unknown sequence kind {sequence.kind!r}")


def _required(sequence: PulseSequence, name: str) -> float:
    value = getattr(sequence, name)
    if value is None:
        raise ValueError(f"a {sequence.kind} sequence needs {name}, got None")
    return value


def tissue_signals(sequence: PulseSequence, field_strength_t: float) -> np.ndarray:
    """Signals (4,) of :data:`TISSUES` for one sequence at 1.5 or 3 T."""
    if field_strength_t not in RELAXATION:
        raise ValueError(
            f"field_strength_t must be one of {tuple(RELAXATION)}, got {field_strength_t}"
        )
    return np.array([signal(sequence, RELAXATION[field_strength_t][t]) for t in TISSUES])


def flow_signal(sequence: PulseSequence, field_strength_t: float) -> float:
    """Signal of CSF that flowed in after the inversion pulse: as if there had been none.

    Raises
    ------
    ValueError
        If the sequence inverts nothing.
    """
    if sequence.kind not in INVERTING:
        raise ValueError(f"kind must be one of {INVERTING} for inflow, got {sequence.kind!r}")
    csf = RELAXATION[field_strength_t]["csf"]
    if sequence.kind == "mprage":  # fresh magnetisation, whole
        return csf.proton_density
    return signal(replace(sequence, kind="spin-echo"), csf)


def smooth_field(shape, spacing, rng: np.random.Generator) -> np.ndarray:
    """A smooth random field: a cubic B-spline over normal coefficients `spacing` voxels apart.

    Returns
    -------
    ndarray of float32, `shape`
        Mean about 0, standard deviation about 1.
    """
    bases = [_bspline_basis(n, spacing) for n in shape]
    field = rng.standard_normal([basis.shape[1] for basis in bases], dtype=np.float32)
    for basis in bases:  # one matrix product an axis; each moves its axis to the end
        field = np.tensordot(field, basis, axes=(0, 1))
    return field


def _bspline_basis(n: int, spacing: float) -> np.ndarray:
    n_basis = int(np.ceil(n / spacing)) + 3
    knots = (np.arange(n_basis + 4) - 3.0) * spacing
    basis = BSpline.design_matrix(np.arange(n, dtype=float), knots, 3).toarray()
    # Over unit-variance coefficients a cubic basis has variance 0.479 an axis, on average.
    return (basis / np.cbrt(0.33)).astype(np.float32)


def _slice_matrices(n: int, voxel_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Box averages over voxels of `voxel_mm` (acquire), and linear interpolation back (display)."""
    count = int(np.ceil(n / voxel_mm))
    edges = np.arange(n)
    low = np.arange(count)[:, None] * voxel_mm
    overlap = np.clip(np.minimum(edges + 1, low + voxel_mm) - np.maximum(edges, low), 0, None)
    acquire = overlap / overlap.sum(1, keepdims=True)
    centres = (np.arange(count) + 0.5) * voxel_mm - 0.5
    display = np.maximum(0, 1 - np.abs(edges[:, None] - centres) / voxel_mm)
    return acquire.astype(np.float32), (display / display.sum(1, keepdims=True)).astype(np.float32)


def acquire(
    tissues: np.ndarray,
    flow: np.ndarray,
    domain: Domain,
    modality: str,
    rng: np.random.Generator,
    *,
    uneven: np.ndarray | None = None,
) -> np.ndarray:
    """Scan a head.

    Parameters
    ----------
    tissues : (4, X, Y, Z) float32
        Volume fractions of :data:`TISSUES` on a 1 mm grid.
    flow : (X, Y, Z) float32
        Share of the CSF in a voxel that flowed in after the inversion, in [0, 1].
    domain, modality
        Which scanner, and "t1", "t2" or "flair".
    uneven : (X, Y, Z) float32, optional
        Factor on the signal of the tissue (`texture.uneven`); None: even tissue.

    Returns
    -------
    (X, Y, Z) float32
        Intensities >= 0 on the 1 mm grid; white matter is near 1000.
    """
    if tissues.ndim != 4 or tissues.shape[0] != len(TISSUES):
        raise ValueError(f"tissues must be ({len(TISSUES)}, X, Y, Z), got shape {tissues.shape}")
    sequence = domain.sequence(modality)
    signals = tissue_signals(sequence, domain.field_strength_t)
    scale = 1000 / signals[TISSUES.index("wm")]
    weights = (signals * scale).astype(np.float32)
    image = np.tensordot(weights, tissues, axes=1)
    if sequence.kind in INVERTING:
        extra = flow_signal(sequence, domain.field_strength_t) * scale - weights[0]
        image += np.float32(domain.csf_flow * extra) * flow * tissues[0]
    if uneven is not None:
        image *= uneven
    image *= np.exp(np.float32(domain.bias / 4) * smooth_field(image.shape, 60, rng))
    matrices = [
        _slice_matrices(n, v) for n, v in zip(image.shape, sequence.voxel_size_mm, strict=True)
    ]
    image = _along_axes(image, [m[0] for m in matrices], sequence.voxel_size_mm)
    sigma = np.float32(1000 * domain.noise / np.sqrt(np.prod(sequence.voxel_size_mm)))
    if modality == "t1":
        sigma *= T1_NOISE
    image += sigma * rng.standard_normal(image.shape, dtype=np.float32)
    image = np.hypot(image, sigma * rng.standard_normal(image.shape, dtype=np.float32))
    return _along_axes(image, [m[1] for m in matrices], sequence.voxel_size_mm)


def _along_axes(image: np.ndarray, matrices, voxel_size_mm) -> np.ndarray:
    for axis, (matrix, size) in enumerate(zip(matrices, voxel_size_mm, strict=True)):
        if size != 1.0:
            image = np.moveaxis(np.tensordot(matrix, image, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(image)
