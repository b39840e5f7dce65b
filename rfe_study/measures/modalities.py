"""What it costs to do without T1 or T2: F of two networks on paired development heads of B.

The network of all four scanners, whose missing channels are filled all the same, and the one that
was trained with modality dropout, each with all modalities and with fewer. ``rfe measure
modalities`` writes ``data/results/modalities.csv`` anew. Test heads are never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from rfe_core.evaluation import probability_map
from rfe_core.patches import stack
from rfe_study import provenance, results
from rfe_study.methods.modalities import DROPOUT, blanked
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient, patients
from rfe_study.runs import looked_at, networks
from rfe_study.runs.networks import Network
from rfe_study.runs.scoring import scores_of
from rfe_study.runs.variants import FOUR

TABLE = "modalities"

#: Whose paired development heads are scanned: as for other choices of the book, B.
DOMAIN = "B"

#: What is left out, by its name in the column ``without``.
WITHOUT = {"none": (), "t2": ("t2",), "t1": ("t1",), "t1 t2": ("t1", "t2")}

SCORES = ("f_score", "precision", "recall", "fp_per_slice", "average_precision")


def rows_of(patient: Patient, some: Sequence[Network]) -> Iterator[dict]:
    """Rows of one patient, for each network and each of `WITHOUT`."""
    (subject,) = phantom_subjects([patient], workers=1, progress=False)
    subject = looked_at.cut(subject, some[0].profile)
    images = stack(subject)
    for network in some:
        model, _, weights = network.load()
        about = {"profile": network.profile, "model": network.model, "seed": network.seed}
        for name, gone in WITHOUT.items():
            found = probability_map(model, subject, images=blanked(images, gone))
            scores = scores_of(found, subject)
            about |= {"without": name, "subject": patient.name, "domain": patient.domain}
            yield about | {key: scores[key] for key in SCORES} | {"weights": weights}


def measure_all(
    seeds: Sequence[int], weights: Path, *, profile: str = "laptop", folder: Path | None = None
) -> None:
    """Measure both networks of each seed that has them, and write the table anew.

    Parameters
    ----------
    seeds
        Of the networks' training.
    weights : Path
        Their folder.
    profile, folder
        Of the networks; of the table, instead of ``data/results``.

    Raises
    ------
    ValueError
        If neither network of these seeds is there, or one without the other.
    """
    born = provenance.certificate(__name__, threads=torch.get_num_threads())
    trained = {n.seed for n in networks.find(weights, [DROPOUT], None, profile=profile)}
    wanted = [seed for seed in seeds if seed in trained]
    if not wanted:
        raise ValueError(
            f"seeds must hold one of {DROPOUT} in {weights} ({sorted(trained)}), got {[*seeds]}"
        )
    some = networks.find(weights, [FOUR, DROPOUT], wanted, profile=profile)
    rows = []
    for patient in tqdm(looked_at.some(patients(DOMAIN, ["pairdev"]), profile), desc="heads"):
        rows += [row | born for row in rows_of(patient, some)]
        results.write(TABLE, rows, folder=folder)  # what is there counts, if this is stopped
