"""Which single lesions a model finds, so that two models can be compared lesion by lesion.

Claim 11 needs it: scores count what a model finds, not whether another one finds the same.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from tqdm import tqdm

from rfe_core.evaluation import segment
from rfe_core.metrics import detected_lesions
from rfe_core.patches import stack
from rfe_study import provenance, results
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import UPPER_BOUND
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient
from rfe_study.runs import baselines, looked_at, networks
from rfe_study.runs.scoring import Trained, check_phantom
from rfe_study.runs.tuning import Job
from rfe_study.tables import LESIONS, TABLES
from rfe_study.workers import one_thread

KEY = TABLES[LESIONS].key

#: Patients whose lesions are compared.
ROLES = ("test", "paired")


def compared(jobs: Sequence[Job]) -> list[tuple[str, str, Trained]]:
    """Target, name and job of each model to look at: the paper's method, and its upper bound."""
    found = []
    for job in jobs:
        if job.method.name == PAPER:
            bound = baselines.Job(
                profile=job.profile,
                model=f"upper-{job.target}",
                seed=job.seed,
                weights=job.baselines,
                device=job.device,
            )
            found += [(job.target, PAPER, job), (job.target, UPPER_BOUND, bound)]
    return found


def key(target: str, name: str, job: Trained, patient: Patient) -> tuple:
    """What identifies a row: the values of `KEY`."""
    return job.profile.name, target, name, job.seed, patient.name


def compare(jobs: Sequence[Job], who: Sequence[Patient], pool: Executor, out: Path | None) -> None:
    """Append the rows that are not there; weights that are not there are named and left out."""
    known = set(results.keys(LESIONS, KEY, out))
    models, futures, absent = compared(jobs), [], set()
    for patient in looked_at.some(who, jobs[0].profile.name):
        wanted = [m for m in models if key(*m, patient) not in known]
        left = [m for m in wanted if m[2].path().exists()]
        absent |= {m[2].path() for m in wanted if m not in left}
        if left:
            futures.append(pool.submit(rows, left, patient))
    for path in sorted(absent):
        print(f"{path} does not exist: what it finds is not compared lesion by lesion")
    for future in tqdm(futures, desc="lesion by lesion"):
        results.append(LESIONS, future.result(), folder=out)


def rows(models: Sequence[tuple[str, str, Trained]], patient: Patient) -> list[dict]:
    """A row a model: ``found`` is a 1 or 0 for each lesion of the patient, in a fixed order."""
    with one_thread():
        (subject,) = phantom_subjects([patient], workers=1, progress=False)
        subject = looked_at.cut(subject, models[0][2].profile.name)
        images = stack(subject)
        lines = []
        for target, name, job in models:
            born = provenance.certificate(__name__, device=job.device)
            check_phantom(job)
            model, _, weights = networks.load(job.path(), job.device)
            mask = segment(model, subject, images=images)
            detected, _ = detected_lesions(mask, subject.lesion_mask)
            lines.append(
                {
                    **dict(zip(KEY, key(target, name, job, patient), strict=True)),
                    "role": patient.role,
                    "found": "".join(str(int(d)) for d in detected),
                    "weights": weights,
                    **born,
                }
            )
    return lines
