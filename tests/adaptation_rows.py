"""Rows of the adaptation with a real prior, made up: for tests of what reads them."""

from collections.abc import Callable, Iterable

import pandas as pd
from sweep_rows import BORN

from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.methods.adaptation import adaptation_methods
from rfe_study.phantom.domains import DOMAINS, patients

TARGETS = ("B", "C", "D")
NAMES = [method.name for method in adaptation_methods()]

#: F of a model made for a target, by the domain of the patient: (target, model, seed, domain).
FScore = Callable[[str, str, int, str], float]


def differs(target: str, model: str, seed: int, domain: str) -> float:
    """Another F for each model, seed and domain; the upper bound highest, the lower one lowest."""
    order = ["lower", *NAMES, f"upper-{target}"]
    at = order.index(model) / 90 + 0.01 * seed + 0.02 * "ABCD".index(domain)
    return 0.3 + at + 0.005 * TARGETS.index(target)


def _scores(
    target: str, model: str, seed: int, f_score: FScore, domain: str, roles: Iterable[str]
) -> list[dict]:
    """A row a patient of a domain; a patient adds the same to every model."""
    rows = []
    for patient in patients([domain], roles):
        f = f_score(target, model, seed, domain) + 0.005 * (patient.number % 8)
        where = {"role": patient.role, "subject": patient.name, "domain": domain}
        parts = {"f_score": f, "precision": f + 0.1, "recall": f - 0.1, "fp_per_slice": 1 - f}
        parts["average_precision"] = f + 0.05
        sizes = {"lesions": 25, "lesions_0_10": 10, "detected_0_10": round(10 * f)}
        for size in ("10_30", "30_100", "100_inf"):
            sizes |= {f"lesions_{size}": 5, f"detected_{size}": 3}
        rows.append({"seed": seed, **where, **parts, **sizes, **BORN})
    return rows


def rows(
    f_score: FScore = differs,
    seeds: Iterable[int] = (0, 1),
    diverged: Iterable[tuple[str, str, int]] = (),
) -> AdaptationRows:
    """Rows of all methods and bounds; `diverged` holds (target, model, seed).

    Baselines have one seed more, and scores on all patients of all domains.
    """
    diverged, seeds = set(diverged), list(seeds)
    models, scores, baselines = [], [], []
    for target in TARGETS:
        for method in adaptation_methods():
            for seed in seeds:
                gone = (target, method.name, seed) in diverged
                about = {"profile": "laptop", "experiment": "adaptation", "target": target}
                about |= {"model": method.name}
                status = {"status": "diverged" if gone else "finished", "wall_s": 60.0}
                weights = None if gone else f"{target}-{method.name}-{seed}"
                models.append({**about, "seed": seed, **status, "weights": weights, **BORN})
                if not gone:
                    for domain in DOMAINS:
                        roles = ("test", "paired") if domain == target else ("test",)
                        own = _scores(target, method.name, seed, f_score, domain, roles)
                        scores += [{**about, **row} for row in own]
    for model in ("lower", *(f"upper-{target}" for target in TARGETS)):
        for seed in [*seeds, max(seeds) + 1]:
            about = {"profile": "laptop", "model": model, "weights": f"{model}-{seed}"}
            for domain in DOMAINS:
                target = model[-1] if model != "lower" else domain if domain != "A" else "B"
                everyone = _scores(target, model, seed, f_score, domain, ("test", "paired"))
                baselines += [{**about, **row} for row in everyone]
    return AdaptationRows(
        scores=pd.DataFrame(scores), models=pd.DataFrame(models), baselines=pd.DataFrame(baselines)
    )
