"""How noisy the real prior is: its masks held against the labels nobody would have.

For each target domain, templates and threshold come from one labelled patient: V1, the domain's
first training patient, as in the paper, or the first of A, so that no label of the target is used.
The prior of the domain's three training patients is then compared with their lesions. On V1 itself,
where the threshold was chosen, the score flatters. ``rfe measure prior`` writes
``data/results/prior.csv`` anew. Test patients are never read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from rfe_core import metrics, ncc, prior
from rfe_core.prior import N_TEMPLATES, SIZE, extract_templates
from rfe_core.scans.subject import Subject
from rfe_study import provenance, results
from rfe_study.measures import prior_labels
from rfe_study.methods.ncc_prior import threshold_in_brain
from rfe_study.methods.priors import brightness
from rfe_study.phantom.domains import TARGETS
from rfe_study.runs import looked_at
from rfe_study.runs.crops import training_patients

TABLE = "prior"

SEEDS = (0, 1, 2)

PAPER = (N_TEMPLATES, SIZE)

#: Other settings, and the domain in which they are measured too.
COUNTS, SIZES, EXPLORED = (1, 5, N_TEMPLATES), (3, SIZE, 7), "B"


def score(values: NDArray, threshold: float, subject: Subject) -> dict[str, float]:
    """How well ``values >= threshold`` marks a patient's lesions.

    Returns
    -------
    dict
        ``f_score``, ``precision``, ``recall``; inside the brain, ``best_f_score``, that of the
        threshold which suits this patient best and which nobody can know, and ``auc``, which needs
        no threshold; voxels ``marked``, of ``lesion`` and of ``brain``.
    """
    truth, brain = subject.lesion_mask, subject.brain_mask
    mask = values >= threshold
    return {
        "f_score": metrics.f_score(mask, truth),
        "precision": metrics.precision(mask, truth),
        "recall": metrics.recall(mask, truth),
        "best_f_score": float(prior.dice_curve(values[brain], truth[brain])[1].max()),
        "auc": float(roc_auc_score(truth[brain], values[brain])),
        "marked": int(mask.sum()),
        "lesion": int(truth.sum()),
        "brain": int(brain.sum()),
    }


def ncc_rows(
    source: Subject, subjects: Sequence[Subject], *, n: int, size: int, seed: int
) -> Iterator[dict]:
    """Rows of patients whose prior takes templates and threshold from `source`.

    Where `source` has fewer lesions than `n`, all of them are taken: ``templates`` of ``wanted``.
    """
    templates = extract_templates(
        source.images["flair"],
        source.lesion_mask,
        n,
        size,
        generator=np.random.default_rng(seed),
        shortfall="all available",
    )

    def respond(subject: Subject) -> tuple[NDArray[np.float32], float]:
        start = time.perf_counter()
        values = ncc.response(subject.images["flair"], templates, subject.brain_mask)
        return values, time.perf_counter() - start

    at_source = respond(source)
    about = {"wanted": n, "templates": len(templates), "size": size, "seed": seed}
    about["threshold"] = threshold_in_brain(at_source[0], source)
    for subject in subjects:
        values, seconds = at_source if subject is source else respond(subject)
        yield about | score(values, about["threshold"], subject) | {"seconds": seconds}


def brightness_rows(source: Subject, subjects: Sequence[Subject]) -> Iterator[dict]:
    """Rows of patients whose FLAIR is thresholded where it suits `source` best."""
    threshold = threshold_in_brain(brightness(source), source)
    for subject in subjects:
        about = {"wanted": 0, "templates": 0, "size": 1, "seed": 0, "threshold": threshold}
        yield about | score(brightness(subject), threshold, subject)


def measure(
    target: str,
    subjects: Sequence[Subject],
    other: Subject,
    *,
    settings: Iterable[tuple[int, int]] = (PAPER,),
    seeds: Sequence[int] = SEEDS,
) -> Iterator[dict]:
    """Rows of one target domain, its first patient being V1.

    The paper's setting is measured with each seed, templates of A in no other one; other settings
    with the first seed.

    Parameters
    ----------
    target : str
        Domain letter.
    subjects : sequence of Subject
        V1, V2, V3 of the target.
    other : Subject
        The first patient of A.
    settings : iterable of (int, int)
        Number and size of templates.
    """
    for source in (subjects[0], other):
        sets = [("brightness", brightness_rows(source, subjects))]
        for n, size in settings if source is subjects[0] else [PAPER]:
            draws = seeds if (n, size) == PAPER else seeds[:1]
            sets += [("NCC", ncc_rows(source, subjects, n=n, size=size, seed=s)) for s in draws]
        for method, rows in sets:
            for subject, row in zip(subjects, rows, strict=True):
                about = {"method": method, "target": target, "source": source.name}
                yield about | {"subject": subject.name} | row


def measure_all(
    seeds: Sequence[int] = SEEDS,
    *,
    profile: str = "laptop",
    folder: Path | None = None,
    baselines: Path | None = None,
) -> None:
    """Measure all targets and write the table anew, in `folder` (``data/results``).

    `seeds` are draws of templates. Of profile smoke one seed on a part of each patient. The labels
    of all priors follow, see `rfe_study.measures.prior_labels`.
    """
    seeds = seeds[:1] if profile == "smoke" else seeds
    born = provenance.certificate(__name__, threads=torch.get_num_threads())
    (other,) = _patients("A", 1, profile=profile)
    grid = tuple(product(COUNTS, SIZES))
    total = 3 * (len(TARGETS) * (2 + 2 * len(seeds)) + len(grid) - 1)
    rows = []
    with tqdm(total=total, desc="priors") as bar:
        for target in TARGETS:
            subjects = _patients(target, 1, 2, 3, profile=profile)
            settings = grid if target == EXPLORED else (PAPER,)
            for row in measure(target, subjects, other, settings=settings, seeds=seeds):
                rows.append(row | born)
                bar.update()
    results.write(TABLE, rows, folder=folder)
    prior_labels.measure_all(seeds, profile=profile, folder=folder, baselines=baselines)


def _patients(domain: str, *numbers: int, profile: str) -> list[Subject]:
    return [looked_at.cut(subject, profile) for subject in training_patients(domain, *numbers)]
