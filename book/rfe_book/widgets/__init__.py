"""Widgets of the book: Python computes, the browser draws.

A widget is a module ``x.py`` with ``x.js`` beside it. The Python side computes every number and
puts it into traits; the JavaScript side may index, blend and threshold what it finds there, so that
it works without a kernel. Controls are ordinary ipywidgets joined to traits of the view by
``jslink``. This module holds what all of them share.
"""

import base64
import io
from pathlib import Path

import ipywidgets
import numpy as np
from PIL import Image

_HERE = Path(__file__).parent

# Height and width that every browser can decode in one image.
_LARGEST_SIDE = 16_383

STYLE = (_HERE / "_shared.css").read_text(encoding="utf-8")


def esm(name: str) -> str:
    """The JavaScript module of a widget: the shared functions, then ``<name>.js``."""
    return (_HERE / "_shared.js").read_text(encoding="utf-8") + (_HERE / f"{name}.js").read_text(
        encoding="utf-8"
    )


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


def slider(description: str, count: int, *, value: int = 0) -> ipywidgets.IntSlider:
    """A slider over 0 ... count - 1 whose description is always readable in full."""
    return ipywidgets.IntSlider(
        value=value,
        min=0,
        max=count - 1,
        description=description,
        style={"description_width": "initial"},
        layout={"width": "min(100%, 32em)"},
    )
