"""Random Feature Embedding and what one needs to use it: one idea a module.

Baur, Albarqouni and Navab, "Semi-Supervised Deep Learning for Fully Convolutional Networks",
MICCAI 2017. In the order of the paper:

==========================  ==============================================  =============from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfe_core.pixel_embedding_loss import PixelEmbeddingLoss

__all__ = ["PixelEmbeddingLoss"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import PyTorch when it is asked for: modules that need none stay quick to load."""
    if name == "PixelEmbeddingLoss":
        return import_module("rfe_core.pixel_embedding_loss").PixelEmbeddingLoss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
