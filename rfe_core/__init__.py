"""The code behind the book: one idea a module, readable on its own.

Import the module you need (``from rfe_core import losses``); `PixelEmbeddingLoss` is loaded when it
is asked for, so that modules which need no torch stay quick to load.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfe_core.pixel_embedding_loss import PixelEmbeddingLoss

__version__ = "0.1.0"

__all__ = ["PixelEmbeddingLoss"]


def __getattr__(name: str) -> Any:
    """`PixelEmbeddingLoss`, loaded when it is asked for."""
    if name == "PixelEmbeddingLoss":
        from rfe_core.pixel_embedding_loss import PixelEmbeddingLoss

        return PixelEmbeddingLoss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
