"""Patients without T1 or T2, for a network that was trained to do without.

A network has three input channels, whatever a patient has. The channel of a modality that is left
out is `ABSENT` everywhere: 0, the value of air after `rfe_core.patches.normalise`. FLAIR, on which
lesions are drawn, is always there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rfe_core.patches import normalise
from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.patients import SubjectFiles
from rfe_core.scans.subject import Subject

#: What may be left out.
OPTIONAL = ("t1", "t2")

#: The input of a channel without an image.
ABSENT = 0.0

#: The network that was trained to do without (`rfe_study.runs.modality_dropout`), by name.
DROPOUT = "modality-dropout"


def leave_out(files: SubjectFiles, names: Collection[str]) -> SubjectFiles:
    """The files of a patient without those of some modalities, which are then not read."""
    images = {key: path for key, path in files.images.items() if key not in names}
    return replace(files, images=images)


def left_out(present: Collection[str]) -> list[str]:
    """The modalities that are not there, of those that are: the keys of ``images``, say."""
    return [name for name in MODALITIES if name not in present]


def in_words(present: Collection[str]) -> str:
    """What is left out, to stand behind the name of an experiment; nothing if nothing is.

    Examples
    --------
    >>> in_words(["flair"])
    ', without t1 t2'
    """
    names = left_out(present)
    return f", without {' '.join(names)}" if names else ""


def stack(subject: Subject) -> NDArray[np.float32]:
    """`rfe_core.patches.stack` for a patient who may lack images: (Z, 3, H, W)."""
    images = np.full((subject.shape[2], 3, *subject.shape[:2]), ABSENT, np.float32)
    for channel, name in enumerate(MODALITIES):
        if name in subject.images:
            image = normalise(subject.images[name], subject.brain_mask)
            images[:, channel] = image.transpose(2, 0, 1)
    return images


def blanked(images: NDArray[np.float32], names: Collection[str]) -> NDArray[np.float32]:
    """A copy of images (N, 3, H, W) in which some modalities are left out.

    Raises
    ------
    ValueError
        If one is not among `OPTIONAL`.
    """
    if wrong := sorted(set(names) - set(OPTIONAL)):
        raise ValueError(f"names must be some of {', '.join(OPTIONAL)}, got {wrong[0]!r}")
    images = images.copy()
    images[:, [MODALITIES.index(name) for name in names]] = ABSENT
    return images
