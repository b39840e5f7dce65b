"""Figures of chapter 01."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from nilearn.datasets import load_mni152_wm_template
from scipy import ndimage

from rfe_book.style import (
    BLUE,
    COLOURS,
    DARK_VERMILION,
    DOMAIN_STYLE,
    GRAY,
    GREEN,
    PURPLE,
    VERMILION,
    show_plane,
    upright,
)
from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import Domain
from rfe_study.phantom.heads import AFFINE, Anatomy
from rfe_study.realism import fidelity

_TISSUE_STYLE = {
    "csf": ("CSF", BLUE, "o"),
    "gm": ("gray matter", GRAY, "s"),
    "lesion": ("lesion tissue", VERMILION, "^"),
}

#: Signal over that of even tissue from which a spot is outlined: more than texture reaches.
_SPOT = 1.35


def same_head(
    scans: Mapping[str, Mapping[str, np.ndarray]], anatomy: Anatomy, z: int, *, zoom: int = 44
) -> Figure:
    """FLAIR of one head in several scanners, whole and around its largest lesion, axial slice `z`.

    All panes share one gray scale; the first near view has the lesion's outline.

    Parameters
    ----------
    scans : mapping of scanner to {modality: (X, Y, Z)}
    anatomy : rfe_study.phantom.heads.Anatomy
        The head.
    z : int
    zoom : int
        Side of the near view in voxels.
    """
    mask = anatomy.lesion_mask[..., z]
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    middle = np.round(ndimage.center_of_mass(labels == largest)).astype(int)
    low = np.clip(middle - zoom // 2, 0, np.array(mask.shape) - zoom)
    near = tuple(slice(start, start + zoom) for start in low)
    brain = anatomy.brain_mask[..., z]
    whole = tuple(slice(*np.flatnonzero(brain.any(axis=a))[[0, -1]]) for a in (1, 0))
    planes = {letter: scan["flair"][..., z] for letter, scan in scans.items()}
    top = max(np.percentile(plane[brain], 99.8) for plane in planes.values())
    figure, axes = plt.subplots(2, len(scans), figsize=(7, 4.1), height_ratios=(1.25, 1))
    for (letter, plane), (above, below) in zip(planes.items(), axes.T, strict=True):
        show_plane(above, plane[whole], f"scanner {letter}", vmin=0, vmax=top)
        show_plane(below, plane[near], "", vmin=0, vmax=top)
        corner = (low[0] - whole[0].start - 0.5, whole[1].stop - low[1] - zoom - 0.5)  # top left
        frame = plt.Rectangle(corner, zoom, zoom, fill=False, color=COLOURS["highlight"])
        above.add_patch(frame)
    outline = upright((labels == largest)[near].astype(float))
    axes[1, 0].contour(outline, [0.5], colors=COLOURS["highlight"], linewidths=0.9)
    return figure


def anatomy(anatomy: Anatomy, z: int) -> Figure:
    """From the population's white-matter map to one person with lesions, axial slice `z`.

    Parameters
    ----------
    anatomy : rfe_study.phantom.heads.Anatomy
        The person's head.
    z : int
    """
    template = load_mni152_wm_template(resolution=1)
    lowest = np.round(np.linalg.inv(template.affine) @ AFFINE[:, 3])[:3].astype(int)
    x, y = (
        slice(max(0, low), low + n)
        for low, n in zip(lowest, anatomy.wm_probability.shape[:2], strict=False)
    )
    _, gray, white, lesion = anatomy.tissues[..., z]
    brightness = 0.45 * gray + 0.85 * white  # T1-like shades, only to look at
    figure, axes = plt.subplots(1, 4, figsize=(7, 2.5))
    show_plane(
        axes[0],
        np.asarray(template.dataobj)[x, y, lowest[2] + z],
        "1. population: white-\nmatter probability",
        vmin=0,
        vmax=1,
    )
    show_plane(axes[1], anatomy.wm_probability[..., z], "2. warped to\none person", vmin=0, vmax=1)
    healthy = brightness + 0.85 * lesion
    show_plane(axes[2], healthy, "3. sharpened to\none person's tissues", vmin=0, vmax=1)
    coloured = np.repeat(healthy[..., None], 3, axis=-1)
    coloured[anatomy.lesion_mask[..., z]] = [213 / 255, 94 / 255, 0]
    show_plane(axes[3], coloured, "4. lesions\n(orange)")
    return figure


def contrasts(domains: Mapping[str, Domain]) -> Figure:
    """Signal of pure tissues over white matter's, for each sequence and scanner.

    Parameters
    ----------
    domains : mapping of letter to rfe_study.phantom.domains.Domain
    """
    figure, axes = plt.subplots(1, 3, figsize=(7, 2.7))
    for panel, modality in zip(axes, MODALITIES, strict=True):
        ratios = []
        for domain in domains.values():
            signals = scanner.tissue_signals(domain.sequence(modality), domain.field_strength_t)
            ratios.append(signals / signals[scanner.TISSUES.index("wm")])
        for tissue, (name, colour, marker) in _TISSUE_STYLE.items():
            values = np.array(ratios)[:, scanner.TISSUES.index(tissue)]
            panel.plot(list(domains), values, marker, color=colour, label=name, markersize=7)
        panel.axhline(1, color=GREEN, linewidth=1.5, label="white matter")
        panel.margins(y=0.12)
        panel.set(
            title=modality.upper(),
            xlabel="scanner",
            ylim=(0, None),
            xlim=(-0.5, len(domains) - 0.5),
        )
    axes[0].set_ylabel("signal / white matter")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def lesions(rows: pd.DataFrame, sizes: pd.DataFrame) -> Figure:
    """Distribution of lesion sizes, and count against load of each patient, with the real figures.

    Parameters
    ----------
    rows, sizes : DataFrame
        The stored tables `TABLE` (one row a patient) and `SIZES` of `rfe_study.realism.fidelity`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9))
    voxels = np.sort(sizes["size_mm3"].to_numpy())
    share = 100 * np.arange(1, len(voxels) + 1) / len(voxels)
    left.step(voxels, share, where="post", color=BLUE, label="phantom")
    real = [
        fidelity.REAL[f"lesion size, {q}th percentile (mm3)"] for q in fidelity.SIZE_PERCENTILES
    ]
    left.plot(real, fidelity.SIZE_PERCENTILES, "D", color=VERMILION, label="real percentiles")
    left.set(xscale="log", xlabel="lesion size (mm³)", ylabel="lesions up to this size (%)")
    left.set_xticks(ticks := [1, 10, 100, 1000, 10_000], [f"{tick:,}" for tick in ticks])
    left.minorticks_off()
    left.legend(loc="lower right")
    for letter, group in rows.groupby("domain"):
        colour, marker = DOMAIN_STYLE[letter]
        right.plot(
            group["load_ml"], group["lesions"], marker, color=colour, label=letter, alpha=0.85
        )
    for line, figure_name in (
        (right.axvline, "load, median (ml)"),
        (right.axhline, "count, median"),
    ):
        line(fidelity.REAL[f"lesion {figure_name}"], color=VERMILION, linestyle="--", linewidth=1.2)
    place = {"transform": right.get_yaxis_transform(), "color": DARK_VERMILION, "va": "bottom"}
    right.text(0.02, fidelity.REAL["lesion count, median"], "real median", **place)
    right.set(xscale="log", yscale="log", xlabel="lesion load (ml)", ylabel="lesions of a patient")
    right.set_xticks(ticks := [0.3, 1, 3, 10, 30], map(str, ticks))
    right.set_yticks(ticks := [20, 40, 80, 160, 320], map(str, ticks))
    right.minorticks_off()
    right.legend(ncols=2, title="scanner")
    return figure


def mimics(anatomy: Anatomy, flair: np.ndarray, z: int) -> Figure:
    """A FLAIR slice plain, and with true lesions and what merely looks like one outlined.

    Parameters
    ----------
    anatomy : rfe_study.phantom.heads.Anatomy
        The head.
    flair : (X, Y, Z)
        Its scan.
    z : int
        The axial slice.
    """
    plane, mask = flair[..., z], anatomy.lesion_mask[..., z]
    near = ndimage.binary_dilation(mask)
    lesion_like = np.where(near, 0, anatomy.tissues[scanner.TISSUES.index("lesion"), ..., z])
    even = np.ones_like(lesion_like)  # a head without texture has no spots either
    spots = anatomy.uneven["flair"][..., z] if "flair" in anatomy.uneven else even
    moving = anatomy.flow[..., z] * anatomy.tissues[scanner.TISSUES.index("csf"), ..., z]
    figure, axes = plt.subplots(1, 2, figsize=(7, 4.3))
    top = np.percentile(plane[plane > 0], 99.8)
    for panel, title in zip(axes, ("as the network sees it", "as the maker knows it"), strict=True):
        show_plane(panel, plane, title, vmin=0, vmax=top)
    kinds = [
        (mask.astype(float), 0.5, COLOURS["highlight"], "lesion", "solid"),
        (
            lesion_like,
            0.25,
            COLOURS["false positive"],
            "cap, bright cortex, dirty white matter",
            "solid",
        ),
        (moving, 0.12, COLOURS["false negative"], "moving fluid", "dashed"),
        (spots, _SPOT, PURPLE, "bright spot", "dotted"),
    ]
    for values, level, colour, name, style in kinds:
        if values.max() > level:
            axes[1].contour(
                upright(values), [level], colors=colour, linewidths=1.1, linestyles=style
            )
        axes[1].plot([], [], color=colour, linestyle=style, label=name)
    look = {"facecolor": "black", "edgecolor": "none", "labelcolor": "white", "frameon": True}
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=2, **look)
    return figure
