"""Drawn protocols stay in their ranges, differ, and are those of a scanner the phantom knows."""

import numpy as np
import pytest

from rfe_study.phantom.protocols import RANGES, draw_domain
from rfe_study.phantom.scanner import RELAXATION, tissue_signals


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    return [draw_domain(rng) for _ in range(200)]


def within(values, name):
    low, high = RANGES[name]
    values = np.array(values)
    assert (low <= values).all() and (values <= high).all()
    assert np.ptp(values) > 0.8 * (high - low)


def test_all_that_is_drawn_fills_its_range(drawn):
    within([d.noise for d in drawn], "noise")
    within([d.bias for d in drawn], "bias")
    within([d.csf_flow for d in drawn], "csf flow")
    within([d.t2.echo_time_ms for d in drawn], "t2 echo time")
    within([d.t2.repetition_time_ms for d in drawn], "t2 repetition time")
    within([d.flair.echo_time_ms for d in drawn], "flair echo time")
    within([d.flair.inversion_time_ms for d in drawn], "flair inversion time")
    within([d.flair.repetition_time_ms for d in drawn], "flair repetition time")
    within([d.t1.flip_angle_deg for d in drawn if d.t1.kind != "mprage"], "t1 flip angle")
    within([d.t1.inversion_time_ms for d in drawn if d.t1.kind == "mprage"], "t1 inversion time")
    thick = [d.flair.voxel_size_mm[2] for d in drawn if len(set(d.flair.voxel_size_mm)) > 1]
    within(thick, "slice thickness")
    assert 0.3 < len(thick) / len(drawn) < 0.7


def test_signals_are_those_of_a_scan(drawn):
    assert {d.field_strength_t for d in drawn} == set(RELAXATION)
    for domain in drawn[:40]:
        for modality in ("t1", "t2", "flair"):
            signals = tissue_signals(domain.sequence(modality), domain.field_strength_t)
            assert (signals > 0).all() and signals[2] > 0.02


def test_the_generator_alone_decides():
    first, second = (draw_domain(np.random.default_rng(3)) for _ in range(2))
    assert first == second != draw_domain(np.random.default_rng(4))
