"""A picture a patient, so that a person looks before believing: masks drawn onto the FLAIR."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from scipy import ndimage

from rfe_core.files import replacing
from rfe_core.scans.subject import Subject

#: Axial slices side by side, and how many pixels show a millimetre.
SLICES, PIXELS_PER_MM = 6, 1.5

#: Outlines of what is marked, of what a rater marked, and of what both did: red, green, yellow.
MARKED, TRUTH, BOTH = (255, 60, 60), (60, 220, 60), (255, 230, 60)

#: The field of a PNG file that says what it shows.
SHOWS = "shows"

#: Voxels of air left around the brain, and pixels above a row for its title.
MARGIN, TITLE = 4, 16


def slices_shown(mask: NDArray[np.bool_], brain: NDArray[np.bool_]) -> list[int]:
    """Axial slices from below to above: of each of `SLICES` parts of the brain the fullest one.

    That is the one with most voxels of the mask (X, Y, Z), or the middle one if all are empty.
    """
    with_brain = np.flatnonzero(brain.any(axis=(0, 1)))
    area = mask.sum(axis=(0, 1))
    parts = [part for part in np.array_split(with_brain, SLICES) if len(part)]
    return [int(p[area[p].argmax()] if area[p].any() else p[len(p) // 2]) for p in parts]


def montage(subject: Subject, masks: Mapping[str, NDArray[np.bool_]]) -> Image.Image:
    """A row of slices without marks, then one for each mask (X, Y, Z) with its outline in red.

    The rater's own lesions, if there are labels, are green in every row; both together yellow.
    The patient's right is on the left, as radiologists look at it; front is up.
    """
    brain, truth = subject.brain_mask, subject.lesion_mask
    every = np.any([*masks.values(), truth if truth is not None else brain & False], axis=0)
    shown = slices_shown(every, brain)
    flair = subject.images["flair"]
    low, high = np.percentile(flair[brain], (1, 99.5))
    gray = (np.clip((flair - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    boxes = [
        slice(max(n.start - MARGIN, 0), n.stop + MARGIN)
        for n in ndimage.find_objects(brain.astype(np.uint8))[0]
    ]
    size = [
        max(1, round(PIXELS_PER_MM * mm * n))
        for mm, n in zip(
            subject.voxel_size_mm[:2], brain[boxes[0], boxes[1]].shape[:2], strict=True
        )
    ]
    nothing = np.zeros_like(brain)
    rows = {"FLAIR, right side on the left": nothing, **masks}
    picture = Image.new("RGB", (len(shown) * size[0], len(rows) * (size[1] + TITLE)))
    draw = ImageDraw.Draw(picture)
    for k, (title, mask) in enumerate(rows.items()):
        top = k * (size[1] + TITLE)
        draw.text((4, top + 2), title, fill=(255, 255, 255))
        for column, z in enumerate(shown):
            flat = [
                a[boxes[0], boxes[1], z] for a in (gray, mask, nothing if truth is None else truth)
            ]
            picture.paste(_tile(*flat, tuple(size)), (column * size[0], top + TITLE))
    return picture


def _tile(
    gray: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    size: tuple[int, int],
) -> Image.Image:
    """One slice (X, Y), front up and right on the left, with outlines a pixel wide."""
    turned = [np.ascontiguousarray(a[::-1, ::-1].T) for a in (gray, mask, truth)]
    tile = np.array(
        Image.fromarray(turned[0]).resize(size, Image.Resampling.BILINEAR).convert("RGB")
    )
    outlines = []
    for area in turned[1:]:
        large = np.array(Image.fromarray(area).resize(size, Image.Resampling.NEAREST), bool)
        outlines.append(large & ~ndimage.binary_erosion(large))
    tile[outlines[1]], tile[outlines[0]], tile[outlines[0] & outlines[1]] = TRUTH, MARKED, BOTH
    return Image.fromarray(tile)


def draw(
    path: Path, subject: Subject, masks: Mapping[str, NDArray[np.bool_]], *, shows: str = ""
) -> None:
    """Write `montage` as a PNG file, whole or not at all; `shows` says what of, for `shown`."""
    about = PngInfo()
    about.add_text(SHOWS, shows)
    with replacing(path) as partial:
        montage(subject, masks).save(partial, format="PNG", optimize=True, pnginfo=about)


def shown(path: Path) -> str | None:
    """What a picture was told that it shows; None if there is none, or it tells nothing."""
    if not path.exists():
        return None
    try:
        with Image.open(path) as picture:
            return picture.info.get(SHOWS)
    except UnidentifiedImageError:
        return None  # not ours: drawn anew
