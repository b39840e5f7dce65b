from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfe_study.phantom.domains import DOMAINS
from rfe_study.phantom.protocols import PulseSequence
from rfe_study.phantom.scanner import (
    RELAXATION,
    TISSUES,
    Relaxation,
    _slice_matrices,
    acquire,
    flow_signal,
    signal,
    smooth_field,
    tissue_signals,
)


def bloch(sequence: PulseSequence, tissue: Relaxation, dt=0.25) -> float:
    """Longitudinal magnetisation step by step: an oracle that knows no closed form."""
    m = 1.0
    for _ in range(12):  # repetitions until the steady state
        if sequence.kind == "inversion-recovery":
            m = -m
            wait = [
                sequence.inversion_time_ms,
                sequence.repetition_time_ms - sequence.inversion_time_ms,
            ]
        else:
            wait = [0.0, sequence.repetition_time_ms]
        for _ in range(round(wait[0] / dt)):
            m += (1 - m) * dt / tissue.t1_ms
        read = m
        if sequence.kind == "spoiled-gradient-echo":
            angle = np.deg2rad(sequence.flip_angle_deg)
            read, m = m * np.sin(angle), m * np.cos(angle)
        else:  # 90 degrees
            m = 0.0
        for _ in range(round(wait[1] / dt)):
            m += (1 - m) * dt / tissue.t1_ms
    decay = 1.0 if "gradient" in sequence.kind else np.exp(-sequence.echo_time_ms / tissue.t2_ms)
    return tissue.proton_density * abs(read) * decay


@pytest.mark.parametrize(
    "sequence",
    [
        PulseSequence(kind="spin-echo", repetition_time_ms=900, echo_time_ms=90, source=""),
        PulseSequence(
            kind="inversion-recovery",
            repetition_time_ms=3000,
            echo_time_ms=60,
            inversion_time_ms=800,
            source="",
        ),
    ],
)
@pytest.mark.parametrize("tissue", ["wm", "csf"])
def test_closed_forms_agree_with_a_simulation(sequence, tissue):
    tissue = RELAXATION[3.0][tissue]
    assert signal(sequence, tissue) == pytest.approx(bloch(sequence, tissue), rel=2e-3)


def test_spoiled_gradient_echo_agrees_with_a_simulation():
    sequence = PulseSequence(
        kind="spoiled-gradient-echo",
        repetition_time_ms=50,
        echo_time_ms=4,
        flip_angle_deg=60,
        source="",
    )
    tissue = Relaxation(300, 80, 0.8)  # short T1: the steady state comes within 12 pulses
    assert signal(sequence, tissue) == pytest.approx(bloch(sequence, tissue), rel=2e-3)


def test_mprage_recovers_fully_and_inverts():
    long_wait = PulseSequence(
        kind="mprage", repetition_time_ms=1e6, echo_time_ms=3, inversion_time_ms=1e5, source=""
    )
    assert signal(long_wait, RELAXATION[3.0]["wm"]) == pytest.approx(0.77)
    nulled = PulseSequence(
        kind="mprage",
        repetition_time_ms=1e6,
        echo_time_ms=3,
        inversion_time_ms=RELAXATION[3.0]["wm"].t1_ms * np.log(2),
        source="",
    )
    assert signal(nulled, RELAXATION[3.0]["wm"]) == pytest.approx(0, abs=1e-9)


def test_flair_darkens_csf_and_flow_undoes_it():
    for domain in DOMAINS.values():
        csf, _, wm, lesion = tissue_signals(domain.flair, domain.field_strength_t)
        assert csf < 0.5 * wm < wm < lesion
        assert flow_signal(domain.flair, domain.field_strength_t) > 3 * wm
        white = tissue_signals(domain.t1, domain.field_strength_t)[2]
        assert flow_signal(domain.t1, domain.field_strength_t) > white


def test_moving_fluid_brightens_what_inverts_and_nothing_else():
    fluid = np.zeros((4, 12, 12, 12), np.float32)
    fluid[TISSUES.index("csf")] = 1
    quiet = replace(DOMAINS["C"], noise=0.0, bias=0.0)
    for modality, brighter in (("t1", True), ("t2", False), ("flair", True)):
        still, moving = (
            acquire(fluid, share * fluid[0], quiet, modality, np.random.default_rng(0)).mean()
            for share in (0, 0.2)
        )
        assert (moving > 1.2 * still) == brighter


@given(st.integers(4, 40), st.floats(1.0, 6.0))
def test_thick_slices_keep_a_constant(n, voxel):
    take, show = _slice_matrices(n, voxel)
    np.testing.assert_allclose(take.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(show @ (take @ np.ones(n)), 1, rtol=1e-5)


def test_thick_slices_blur_a_plane():
    take, show = _slice_matrices(12, 4.0)
    plane = np.zeros(12)
    plane[5] = 1
    image = show @ (take @ plane)
    assert 0.15 < image.max() <= 0.25 and (image > 0).sum() > 4


def test_smooth_field_is_smooth_and_standard():
    rng = np.random.default_rng(0)
    field = np.stack([smooth_field((40, 41, 42), 8, rng) for _ in range(30)])
    inner = field[:, 8:-8, 8:-8, 8:-8]
    assert inner.std() == pytest.approx(1, abs=0.1)
    assert np.abs(np.diff(inner, axis=1)).mean() < 0.25
    assert field.dtype == np.float32


def test_noise_is_rician_where_there_is_no_signal():
    tissues = np.zeros((4, 24, 24, 24), np.float32)
    domain = DOMAINS["C"]
    image = acquire(tissues, tissues[0], domain, "t2", np.random.default_rng(0))
    sigma = 1000 * domain.noise / np.sqrt(3)
    # Rayleigh mean; a slice midway between two acquired ones keeps it.
    assert image.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.02)
    assert image.min() >= 0


def test_white_matter_is_about_1000_and_the_order_of_tissues_holds():
    one = np.zeros((4, 24, 24, 24), np.float32)
    one[TISSUES.index("wm")] = 1
    for domain in DOMAINS.values():
        image = acquire(one, one[0], domain, "flair", np.random.default_rng(1))
        assert image.mean() == pytest.approx(1000, rel=0.15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: tissue_signals(DOMAINS["A"].t2, 7.0),
            r"field_strength_t must be one of \(3.0, 1.5\), got 7.0",
        ),
        (
            lambda: acquire(np.zeros((3, 4, 4, 4)), None, DOMAINS["A"], "t1", None),
            r"tissues must be \(4, X, Y, Z\)",
        ),
        (
            lambda: signal(
                PulseSequence(kind="mprage", repetition_time_ms=1, echo_time_ms=1, source=""),
                RELAXATION[3.0]["wm"],
            ),
            "mprage sequence needs inversion_time_ms, got None",
        ),
        (
            lambda: signal(
                PulseSequence(kind="epi", repetition_time_ms=1, echo_time_ms=1, source=""),
                RELAXATION[3.0]["wm"],
            ),
            "unknown sequence kind 'epi'",
        ),
        (
            lambda: flow_signal(DOMAINS["A"].t2, 3.0),
            r"kind must be one of .* for inflow, got 'spin-echo'",
        ),
    ],
)
def test_wrong_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
