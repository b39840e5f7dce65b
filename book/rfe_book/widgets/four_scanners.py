"""One head of the phantom in several scanners, with what each makes of it in figures."""

import numpy as np
from scipy import ndimage

from rfe_book import style
from rfe_book.widgets.scanner_view import ScannerView, scanner_view
from rfe_study.realism import fidelity

#: Rows of the table under the pictures, and how they are written.
CONTRAST_FIGURES = {
    "lesion / white matter": "{:.2f}",
    "gray / white matter": "{:.2f}",
    "spread of white matter": "{:.1%}",
    "(lesion − white) / spread": "{:+.1f}",
}


def four_scanners(anatomy, scans, domains, slices) -> ScannerView:
    """The same head in several scanners.

    Parameters
    ----------
    anatomy : phantom.Anatomy
        The head.
    scans : dict of dict of (X, Y, Z)
        ``scans[letter][modality]``, from `rfe_study.phantom.heads.scan`; the first scanner
        is the reference.
    domains : dict of Domain
        By letter.
    slices : sequence of int
        Axial slices to show.
    """
    kinds = list(next(iter(scans.values())))
    tops = {
        kind: max(np.percentile(scan[kind][anatomy.brain_mask], 99.8) for scan in scans.values())
        for kind in kinds
    }
    images = {
        letter: {
            kind.upper(): style.to_display(_planes(scan[kind], slices), low=0, high=tops[kind])
            for kind in kinds
        }
        for letter, scan in scans.items()
    }
    masks = _planes(anatomy.lesion_mask, slices)
    rows = {letter: contrast_figures(scan, anatomy) for letter, scan in scans.items()}
    return scanner_view(
        images,
        masks,
        {
            kind.upper(): [
                (name, *(form.format(rows[letter][kind][name]) for letter in scans))
                for name, form in CONTRAST_FIGURES.items()
            ]
            for kind in kinds
        },
        names=[f"{x}: {domains[x].scanner}, {domains[x].field_strength_t:g} T" for x in scans],
        captions=[
            f"axial slice z = {z}: {mask.sum()} mm² of lesion in it"
            for z, mask in zip(slices, masks, strict=True)
        ],
        label="Axial slice of one head",
        start=len(slices) // 2,
    )


def contrast_figures(images, anatomy) -> dict[str, dict[str, float]]:
    """The figures of :data:`CONTRAST_FIGURES` for each image of one scanner.

    The spread is 1.48 times the median absolute deviation of white matter (map above 0.9, away
    from lesions) over its median: noise, uneven brightness and remains of other tissue together.
    """
    maps = anatomy.wm_probability, anatomy.gm_probability
    ratios = fidelity.contrasts(images, anatomy.lesion_mask, *maps, anatomy.brain_mask)
    away = anatomy.brain_mask & ~ndimage.binary_dilation(anatomy.lesion_mask, iterations=2)
    rows = {}
    for kind, image in images.items():
        white = image[away & (anatomy.wm_probability > 0.9)]
        middle = np.median(white)
        spread = 1.4826 * np.median(np.abs(white - middle)) / middle
        lesion = ratios[f"lesion / white matter, {kind.upper()}"]
        gray = ratios[f"gray / white matter, {kind.upper()}"]
        values = lesion, gray, spread, (lesion - 1) / spread
        rows[kind] = dict(zip(CONTRAST_FIGURES, values, strict=True))
    return rows


def _planes(volume: np.ndarray, slices) -> np.ndarray:
    """Axial slices (X, Y, Z) as drawn: (N, Y, X)."""
    return np.moveaxis(style.upright(volume[:, :, slices]), -1, 0)
