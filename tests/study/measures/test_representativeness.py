"""Rows behind Fig. 3(b), on a small batch."""

import numpy as np
import pytest
import torch

from rfe_core import divergence, sampling
from rfe_core.patches import Patches
from rfe_study.measures import monte_carlo
from rfe_study.measures.representativeness import (
    KINDS,
    MEASURES,
    batch_rows,
    batches_of,
    flat_embeddings,
    flat_labels,
)


def crops(n, letter, size=8):
    generator = np.random.default_rng(ord(letter))
    return Patches(
        images=generator.random((n, 3, size, size), np.float32),
        labels=(generator.random((n, size, size)) < 0.1).astype(np.uint8),
        valid=generator.random((n, size, size)) < 0.8,
        subjects=np.array([f"{letter}train1"] * n),
        slices=np.arange(n),
    )


def test_batches_are_of_their_kind_and_the_same_again():
    patches = {"A": crops(14, "A"), "B": crops(30, "B")}
    for kind in KINDS:
        found = list(batches_of(kind, patches, 5, seed=1))
        again = list(batches_of(kind, patches, 5, seed=1))
        assert len(found) == 5 and all(len(batch.images) == 12 for batch in found)
        np.testing.assert_array_equal(found[-1].images, again[-1].images)
    halves = next(batches_of("6 A + 6 B", patches, 1, seed=1)).source
    assert halves.tolist() == [0] * 6 + [1] * 6
    with pytest.raises(ValueError, match=r"kind must be one of .*, got 'C'"):
        next(batches_of("C", patches, 1, seed=1))


def test_rows_are_the_core_s_numbers():
    batch = crops(12, "B")
    features = np.random.default_rng(2).gamma(1, 1, (12, 4, 8, 8)).astype(np.float32)
    labels, embeddings = flat_labels(batch), flat_embeddings(features)
    assert embeddings[70].tolist() == features[1, :, 0, 6].tolist()
    assert ((labels == -1).numpy() == ~batch.valid.ravel()).all()
    rows = batch_rows(embeddings, labels, seed=7, n_e=(20, 100), null_draws=3)
    assert len(rows) == 6
    known = labels >= 0
    population = embeddings[known.numpy()]
    for row in rows:
        drawn = monte_carlo.draw(
            labels[known], row["n_e"], row["strategy"], seed=7, shortfall="all available"
        )
        assert (row["drawn_background"], row["drawn_lesion"]) == drawn.drawn
        assert (row["wanted_background"], row["wanted_lesion"]) == drawn.wanted
        assert row["pixels"] == len(population)
        assert row["lesion_pixels"] == sampling.available(labels)[1]
        sample = population[drawn.indices.numpy()]
        for name, (edges, per) in MEASURES.items():
            found = divergence.jensen_shannon(sample, population, edges=edges, per=per)
            assert row[name] == pytest.approx(np.mean(found), rel=1e-9)
        released = divergence.jensen_shannon(sample, embeddings, edges="own", per="flattened")
        assert row["released"] == pytest.approx(released, rel=1e-9)
        assert 0 < row["null_flattened"] < row["null_channel"] < np.log(2)
    assert isinstance(labels, torch.Tensor)
