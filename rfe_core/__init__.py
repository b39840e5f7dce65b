"""Random Feature Embedding and what one needs to use it: one idea a module.

Baur, Albarqouni and Navab, "Semi-Supervised Deep Learning for Fully Convolutional Networks",
MICCAI 2017. In the order of the paper:

==========================  ==============================================  ====================
In the paper                Module                                          Chapter
==========================  ==============================================  ====================
2.1  the network            `unet`                                          02 unet
2.1  Dice loss, Eq. 1       `losses.dice_loss`, `losses.total_loss`         02 unet, 04 embedding
2.1  Eq. 2, as it stands    `losses.embedding_loss`                         04 embedding
     a_ij, d(h_i, h_j)      `adjacency`, `distances`                        04 embedding
     Eq. 2, fast            `losses.label_embedding_loss`, `pair_sums`      04 embedding
     Eq. 2, of all pixels   `losses.exact_embedding_loss`, `exact`          10 exact
2.2  how many of a class,   `strategies`,                                   05 sampling
     which pixels           `sampling`
2.2  the embedding loss     `random_feature_embedding.PixelEmbeddingLoss`   05 sampling
3    crops, batches of 12   `patches`, `batches`                            03 baselines
3    training               `settings`, `training`, `checkpoints`, `files`  03 baselines
3.1  scores                 `metrics` (masks to scores),                    03 baselines
                            `evaluation` (networks to masks to scores)
3.2  fine-tuning            `fine_tuning`                                   07 proof of concept
3.2  Fig. 3(b)              `divergence`                                    06 divergence
3.2  the real prior         `ncc`, `prior`                                  08 prior
     one's own patients     `scans`                                         11 real
==========================  ==============================================  ====================

Import what you need, ``from rfe_core import losses``: the package itself loads none. An argument
that breaks its docstring's rule (a shape, a name, a range) is a ValueError that names it, the rule
and the value (`checks` has the common ones); "Raises" lists what else can happen.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfe_core.random_feature_embedding import PixelEmbeddingLoss

__all__ = ["PixelEmbeddingLoss"]

__version__ = "0.1.0"


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def __getattr__(name: str) -> Any:
    """Import PyTorch when it is asked for: modules that need none stay quick to load."""
    if name == "PixelEmbeddingLoss":
        return import_module("rfe_core.random_feature_embedding").PixelEmbeddingLoss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
