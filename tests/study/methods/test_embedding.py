"""The embedding term as settings: checked when they are made, a loss for each layer."""

import math
from dataclasses import asdict

import pytest

from rfe_core.random_feature_embedding import ALL
from rfe_study.methods.embedding import RandomFeatureEmbedding


def test_every_layer_has_the_loss_of_the_settings():
    settings = {"distance": "l2", "margin": 5.0, "reduction": "sum", "weight": 3.0}
    losses = RandomFeatureEmbedding(strategy="80/20", n_e=20, layers=(2, 0), **settings).losses()
    assert list(losses) == [2, 0]
    for loss in losses.values():
        assert {name: getattr(loss, name) for name in settings} == settings
        assert (loss.strategy, loss.n_e, loss.shortfall) == ("80/20", 20, "all available")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strategy": "60/40"}, "strategy must be one of .*, got '60/40'"),
        ({"distance": "ACD"}, "distance must be one of .*, got 'ACD'"),
        ({"reduction": "max"}, "reduction must be one of .*, got 'max'"),
        ({"n_e": 1}, 'n_e must be an integer >= 2 or "all", got 1'),
        ({"n_e": 20.0}, 'n_e must be an integer >= 2 or "all", got 20.0'),
        ({"n_e": "every"}, "n_e must be an integer >= 2 or \"all\", got 'every'"),
        ({"n_e": ALL, "distance": "l2"}, "needs distance 'cosine' and margin 1, got 'l2' and 1.0"),
        ({"n_e": ALL, "margin": 0.5}, "needs distance 'cosine' and margin 1, got 'cosine' and 0.5"),
        ({"margin": 0.0}, "margin must be a finite number > 0, got 0.0"),
        ({"margin": math.nan}, "margin must be a finite number > 0, got nan"),
        ({"weight": -0.1}, "weight must be a finite number >= 0, got -0.1"),
        ({"weight": math.nan}, "weight must be a finite number >= 0, got nan"),
        ({"layers": ()}, r"layers must be different integers >= 0, got \(\)"),
        ({"layers": (-1,)}, r"layers must be different integers >= 0, got \(-1,\)"),
        ({"layers": (1, 0, 1)}, r"layers must be different integers >= 0, got \(1, 0, 1\)"),
    ],
)
def test_bad_settings_one_by_one(change, message):
    good = {"strategy": "80/20", "n_e": 20}
    assert asdict(RandomFeatureEmbedding(**good))["weight"] == 1.0
    with pytest.raises(ValueError, match=message):
        RandomFeatureEmbedding(**good | change)
