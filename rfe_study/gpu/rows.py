"""Rows and masks of one trained network on the heads of some patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.gpu import scores
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import LOWER, UPPER_BOUND
from rfe_study.phantom.domains import Patient
from rfe_study.runs import baselines, lesion_hits, predicted_slices, tuning
from rfe_study.runs.scoring import trained_columns
from rfe_study.tables import LESIONS

#: Slices of this seed or below are kept for the book's explorers.
SHOWN_SEEDS = 2


def scored(
    table: str,
    job: baselines.Job | tuning.Job,
    model: UNet,
    about: dict[str, Any],
    weights: str,
    who: Sequence[Patient],
    head_of: Callable[[Patient], scores.OnDevice],
) -> dict[str, Any]:
    """Rows of `table`, of lesions found if the paper compares them, and masks of shown slices."""
    born = provenance.certificate("rfe_study.gpu.scores", device=job.device)
    trained = trained_columns(job, about, weights)
    name = job.identity["model"]
    target = getattr(job, "target", name.removeprefix("upper-"))
    upper = name.startswith("upper-")
    rows, lesions = [], []
    masks: dict[str, list[NDArray[np.bool_]]] = {}
    model.eval()
    for patient in who:
        head = head_of(patient)
        found = scores.probability(model, head)
        made = scores.scores_of(found, head, about.get("threshold_a"))
        rows.append({**job.identity, "role": patient.role, **made, **trained, **born})
        if name != LOWER and patient.domain != target:
            continue
        if patient.role == "test" and patient.number <= predicted_slices.PATIENTS:
            if job.seed <= SHOWN_SEEDS:
                masks[patient.name] = shown(found, head)
        if patient.role in lesion_hits.ROLES and (upper or name == PAPER):
            hits = scores.detected(found > 0.5, head)
            lesions.append(
                {
                    "profile": job.profile.name,
                    "target": target,
                    "model": UPPER_BOUND if upper else PAPER,
                    "seed": job.seed,
                    "subject": patient.name,
                    "role": patient.role,
                    "found": "".join(str(int(hit)) for hit in hits),
                    "weights": weights,
                    **born,
                }
            )
    return {table: rows, LESIONS: lesions, "masks": [(job.identity, weights, masks)]}


def shown(found: torch.Tensor, head: scores.OnDevice) -> list[NDArray[np.bool_]]:
    """Masks of the slices that an explorer shows, inside the head's box."""
    lesion = head.head.lesion.transpose(1, 2, 0) > 0
    chosen = predicted_slices.chosen_slices(lesion)
    return [(found[z] > 0.5).cpu().numpy() for z in chosen]
