"""Widgets of the book: Python computes, the browser draws.

A widget is a module ``x.py`` with ``x.js`` beside it. The Python side computes every number and
puts it into traits; the JavaScript side may index, blend and threshold what it finds there, so that
it works without a kernel. Its controls are native inputs, declared as data (`controls`) and made by
``_controls.js``. This module holds what all of them share.
"""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

_HERE = Path(__file__).parent

# Height and width that every browser can decode in one image.
_LARGEST_SIDE = 16_383


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


STYLE = _read("_shared.css") + _read("_controls.css")


def shared_esm() -> str:
    """The JavaScript that all widgets have in common: what a module of one begins with."""
    return _read("_shared.js") + _read("_controls.js")


def esm(name: str) -> str:
    """The JavaScript module of a widget: what all share, then ``<name>.js``."""
    return shared_esm() + _read(f"{name}.js")


def encode_stack(images: np.ndarray, *, quality: int | None = None, fast: bool = False) -> str:
    """Compress a stack of images into one data URI (WebP, one image below the other).

    The browser side reads it with ``decodeStack(uri, count)``.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, 3) uint8
        Row 0 is drawn at the top.
    quality : int, optional
        None: lossless, every value arrives as it is, as masks and thresholded data need it;
        1-100: lossy and several times smaller, for gray images to look at.
    fast : bool
        Look less hard for a small encoding: hundreds of masks take a second instead of a minute
        and a third more bytes.

    Raises
    ------
    TypeError
        If the images are not uint8.
    ValueError
        If the stack has another shape, is empty, or is too large for one image.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, got {images.dtype}")
    if images.ndim not in (3, 4) or images.shape[3:] not in ((), (3,)) or images.size == 0:
        raise ValueError(f"images must be (N, H, W) or (N, H, W, 3), got {images.shape}")
    sheet = images.reshape(-1, *images.shape[2:])
    if max(sheet.shape[:2]) > _LARGEST_SIDE:
        raise ValueError(f"stack sides must be <= {_LARGEST_SIDE} pixels, got {sheet.shape[:2]}")
    buffer = io.BytesIO()
    effort = {"quality": 75, "method": 4} if fast else {"quality": 100, "method": 6}
    options = {"lossless": True} | effort if quality is None else effort | {"quality": quality}
    Image.fromarray(sheet).convert("RGB").save(buffer, "WEBP", **options)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def decode_stack(uri: str, count: int) -> np.ndarray:
    """What the browser sees of an encoded stack: (count, H, W, 3) uint8, for tests."""
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
        sheet = np.asarray(image.convert("RGB"))
    return sheet.reshape(count, -1, *sheet.shape[1:])
