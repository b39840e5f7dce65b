"""The embeddings that a network gives to slices of a phantom patient, ready to look at."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from rfe_book import style
from rfe_book.widgets.embedding_tables import NamedPixel
from rfe_book.widgets.embedding_view import EmbeddingView, embedding_view
from rfe_core import patches
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study.measures import probes
from rfe_study.phantom.heads import Anatomy


def named_places(anatomy: Anatomy, z: int) -> dict[str, tuple[int, int]]:
    """A pixel (x, y) of axial slice `z` for each kind of tissue, as far from other kinds as can be.

    The phantom knows what every pixel is made of. A real patient would need an expert's hand.

    Raises
    ------
    ValueError
        If the slice lacks a tissue.
    """
    csf, gray, white, damaged = anatomy.tissues[..., z]
    lesions = anatomy.lesion_mask[..., z]
    brain, distance = anatomy.brain_mask[..., z], anatomy.ventricle_distance_mm[..., z]
    labels, n = ndimage.label(lesions, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    away = ~ndimage.binary_dilation(lesions, iterations=4)
    regions = {
        "a large lesion": labels == 1 + np.argmax(sizes) if n else lesions,
        "a small lesion": labels == 1 + np.argmin(sizes) if n else lesions,
        "white matter": (white > 0.85) & away,
        "cortex": (gray > 0.7) & away,
        "ventricle": (csf > 0.8) & (distance < 1) & brain,
        "a look-alike of a lesion": away & (damaged > 0.9 * (damaged * away).max()),
        "air": ~ndimage.binary_dilation(brain, iterations=8),
    }
    places = {}
    for name, region in regions.items():
        if not region.any():
            raise ValueError(f"slice z = {z} must hold {name}, choose another one")
        depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
        places[name] = tuple(int(i) for i in np.unravel_index(np.argmax(depth), depth.shape))
    return places


def embedding_maps(
    model: UNet, subject: Subject, anatomy: Anatomy, slices: Sequence[int], *, start: int
) -> EmbeddingView:
    """The widget of chapter 02: embeddings of a patient's slices.

    Parameters
    ----------
    model : UNet
    subject, anatomy
        The same phantom patient as scanned and as made.
    slices : sequence of int
        Axial slices to show.
    start : int
        Position in `slices` of the one shown first; it holds the named pixels.
    """
    slices = list(slices)
    images = patches.stack(subject)[slices]
    before = probes.features(model, images, before_relu=True)
    brain = subject.brain_mask[..., slices]
    x, y = ndimage.find_objects(brain.any(axis=2).astype(int))[
        0
    ]  # black borders cost bytes and show nothing
    x, y = slice(max(0, x.start - 12), x.stop + 12), slice(max(0, y.start - 12), y.stop + 12)

    def drawn(array: np.ndarray) -> np.ndarray:
        """(S, ..., X, Y) as rows and columns of the screen."""
        return np.swapaxes(array[..., x, y], -1, -2)[..., ::-1, :]

    height = images[..., x, y].shape[-1]
    places = named_places(anatomy, slices[start])
    pixels = [
        NamedPixel(name=name, index=start, row=height - 1 - (py - y.start), column=px - x.start)
        for name, (px, py) in places.items()
    ]
    flair = drawn(images[:, -1])
    masks = drawn(np.moveaxis(subject.lesion_mask[..., slices], -1, 0))
    inside = drawn(np.moveaxis(brain, -1, 0))
    return embedding_view(
        style.to_display(flair, low=0, high=np.percentile(flair[inside], 99.8)),
        masks,
        inside,
        drawn(before),
        pixels,
        weights=model.head.weight.detach().numpy().ravel().tolist(),
        slices=[f"slice z = {z}" for z in slices],
        label=f"Axial FLAIR slice of patient {subject.name}",
        start=start,
        quality=50,
    )
