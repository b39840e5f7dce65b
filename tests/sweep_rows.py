"""Rows as `rfe sweep` writes them, made up: for tests of what reads them.

`seeds` are those of all models, or a function of a method, as `some_seeds`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from rfe_study.methods.method import COMPARED, HEADLINE, SHOWN_ONCE, Method
from rfe_study.methods.proof_of_concept import proof_of_concept
from rfe_study.phantom.domains import patients

BORN = {
    "code_version": "abc",
    "phantom_version": "2.0-x",
    "torch": "2",
    "hardware": "cpu: made up, 1 thread",
    "date": "2026-01-02",
}
FIRST_EPOCH, LAST_EPOCH = 36, 50


def identity(method: Method, seed: int, experiment: str = "proof-of-concept") -> dict:
    """The columns that name a model."""
    about = {"profile": "laptop", "experiment": experiment, "target": "B"}
    return {**about, "model": method.name, "seed": seed}


def some_seeds(method: Method) -> range:
    """Seeds as unequal as real ones: three, two of a method that deserves few, or one."""
    return range({HEADLINE: 3, COMPARED: 2, SHOWN_ONCE: 1}[method.seeds])


def models(seeds=(0, 1, 2), methods=None, diverged=()) -> pd.DataFrame:
    """A row a model and seed; `diverged` holds (model, seed) pairs."""
    rows = []
    for method in methods or proof_of_concept():
        for seed in seeds(method) if callable(seeds) else seeds:
            status = "diverged" if (method.name, seed) in diverged else "finished"
            about = {"status": status, "learning_rate": 9e-4, "steps": 255, "wall_s": 57.0}
            rows.append({**identity(method, seed), **method.columns, **about, **BORN})
    return pd.DataFrame(rows)


def no_effect(method: Method, seed: int) -> float:
    """F of every model, if none differs from another."""
    return 0.5 + 0.02 * seed


def scores(
    f_score: Callable[[Method, int], float] = no_effect, seeds=(0, 1, 2), methods=None
) -> pd.DataFrame:
    """A row a model, seed and patient of B; a patient adds the same to every model."""
    rows = []
    for method in methods or proof_of_concept():
        for seed in seeds(method) if callable(seeds) else seeds:
            for patient in patients("B", ("test", "extra", "paired")):
                f = f_score(method, seed) + 0.01 * (patient.number % 8)
                counts = {"fp_components": 40, "fp_per_slice": 0.3, "lesions": 50, "detected": 30}
                about = {"role": patient.role, "subject": patient.name, "domain": "B"}
                parts = {"f_score": f, "precision": f + 0.1, "recall": f - 0.1}
                parts |= {"f_score_a": f - 0.05, "average_precision": f + 0.05}
                rows.append({**identity(method, seed), **about, **parts, **counts, **BORN})
    return pd.DataFrame(rows)


def curves(seeds=(0, 1, 2), methods=None, growth: float = 0.0) -> pd.DataFrame:
    """A row a model, seed and epoch; with l2, lesions' lengths grow by `growth` an epoch."""
    rows = []
    for method in methods or proof_of_concept():
        for seed in seeds(method) if callable(seeds) else seeds:
            for epoch in range(FIRST_EPOCH, LAST_EPOCH + 1):
                rows.append({**identity(method, seed), **_epoch(method, epoch, growth)})
    return pd.DataFrame(rows)


def _epoch(method: Method, epoch: int, growth: float) -> dict:
    at = epoch - FIRST_EPOCH
    row = {"epoch": epoch, "loss": 0.3 / (1 + at), "dice_loss": 0.2 / (1 + at), "seconds": 4.0}
    row |= {"f_A": 0.7, "f_B": 0.6}
    term = method.embedding
    if term is None:
        return row
    pixels = 20_000 if term.n_e == "all" else term.n_e
    sides = {
        f"drawn_{side}_{name}": pixels * share
        for side in ("labelled", "unlabelled")
        for name, share in (("background", 0.8), ("lesion", 0.2))
    }
    lesion = 2.0 * (1 + growth * at) if term.distance == "l2" else 2.0
    lengths = {"length_background": 1.0, "length_lesion": lesion}
    seconds = {"seconds": 4.0 * (1 + (np.log10(pixels) - 1) / 20)}
    return {**row, "embedding_loss": 0.4, "short": 0.0, **sides, **lengths, **seconds}
