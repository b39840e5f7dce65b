"""Lesions drawn alike: sizes, chances against counting, equal counts, and what stays as it is."""

import numpy as np
import pytest
import torch

from rfe_core.random_feature_embedding import PixelEmbeddingLoss
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.lesionwise import LesionwiseEmbeddingLoss, lesion_sizes, thin_lesions


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def labels():
    """Two images; lesions of 1, 4 and 25 pixels, one image's touching none of the other's."""
    found = torch.zeros(2, 12, 12, dtype=torch.int64)
    found[0, 1, 1] = 1
    found[0, 4:6, 4:6] = 1
    found[1, 5:10, 4:9] = 1
    found[0, 0, 11] = -1
    return found


def test_a_lesion_is_a_component_of_one_image():
    size = lesion_sizes((labels() == 1).numpy())
    assert [size[0, 1, 1], size[0, 5, 5], size[1, 5, 5], size[0, 0, 0]] == [1, 4, 25, 0]
    diagonal = np.zeros((1, 4, 4), bool)
    diagonal[0, [0, 1], [0, 1]] = True
    assert lesion_sizes(diagonal).max() == 2


def test_the_first_pixel_is_of_any_lesion_alike():
    whole, sizes = labels(), lesion_sizes((labels() == 1).numpy())
    source, found = generator(), {1: 0, 4: 0, 25: 0}
    for _ in range(600):
        thinned = thin_lesions(whole, 1, generator=source)
        (size,) = sizes[(thinned == 1).numpy()]
        found[size] += 1
    assert all(abs(n - 200) < 4 * (600 * 2 / 9) ** 0.5 for n in found.values())


def test_as_many_are_left_as_wanted_and_all_else_stays():
    whole = labels()
    for wanted in (0, 1, 7, 29):
        thinned = thin_lesions(whole, wanted, generator=generator(wanted))
        kept = thinned == 1
        assert kept.sum() == wanted and (whole[kept] == 1).all()
        assert torch.equal(thinned == 0, whole == 0)
        assert (thinned[(whole == 1) & ~kept] == -1).all()
    assert thin_lesions(whole, 31, generator=generator()) is whole
    assert (whole == 1).sum() == 30  # not changed in place


@pytest.mark.parametrize("strategy", ["80/20", "50/50"])
@pytest.mark.parametrize("n_e", [20, 400])
def test_as_many_are_drawn_of_each_class_and_side_as_by_pixel(strategy, n_e):
    maps = torch.rand(4, 3, 12, 12, generator=generator())
    both, labelled = torch.cat([labels(), labels()]), torch.tensor([True, True, False, False])
    alike, plain = (
        kind(n_e, strategy).compare(maps, both, labelled, generator=generator())
        for kind in (LesionwiseEmbeddingLoss, PixelEmbeddingLoss)
    )
    assert alike.drawn == plain.drawn and alike.wanted == plain.wanted
    assert (alike.loss == plain.loss) == (n_e == 400)  # where all lesions are taken


def test_small_lesions_are_drawn_more_often_than_by_pixel():
    maps = torch.zeros(2, 2, 12, 12)
    maps[0, 1, 1, 1] = 5.0  # the smallest lesion, told by its embedding
    found = {}
    for kind in (LesionwiseEmbeddingLoss, PixelEmbeddingLoss):
        loss, source = kind(10, "80/20"), generator()
        drawn = [loss.compare(maps, labels(), generator=source).embeddings for _ in range(60)]
        found[kind] = sum(bool((h[:, 1] == 5).any()) for h in drawn)
    assert found[PixelEmbeddingLoss] < 15 and found[LesionwiseEmbeddingLoss] > 22


def test_it_is_a_setting_of_the_study():
    term = RandomFeatureEmbedding(strategy="80/20", n_e=100, lesionwise=True)
    assert isinstance(term.losses()[0], LesionwiseEmbeddingLoss)
    assert type(RandomFeatureEmbedding(strategy="80/20", n_e=100).losses()[0]) is PixelEmbeddingLoss


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_e": "all"}, "needs n_e pixels to draw, got 'all'"),
        ({"strategy": "distribution-aware"}, r"a strategy of \('50/50', '80/20'\), got 'dist"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RandomFeatureEmbedding(**{"strategy": "80/20", "n_e": 100, "lesionwise": True} | settings)
