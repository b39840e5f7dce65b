"""Scores by seed and patient, and ways to weigh both: what a claim's statistic is computed of.

A statistic is written once and takes `Scores`: with even weights it is the estimate, with the
weights of `rfe_study.claims.resampling` it is all resampled values at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rfe_study.claims.rows import TARGET, ByModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Scores of models, and K ways to weigh seeds and patients.

    Attributes
    ----------
    tables : mapping of (domain, column) to a mapping of model to (seeds, patients)
    seeds : (K, seeds)
        How often a seed counts, as a share.
    patients : mapping of domain to (K, patients)
        How often a patient counts, as a share.
    """

    tables: Mapping[tuple[str, str], ByModel]
    seeds: NDArray[np.float64]
    patients: Mapping[str, NDArray[np.float64]]

    @classmethod
    def even(cls, tables: Mapping[tuple[str, str], ByModel]) -> "Scores":
        """All seeds and all patients count alike: K = 1."""
        patients = {}
        for (domain, _), of_model in tables.items():
            n_seeds, n_patients = next(iter(of_model.values())).shape
            patients[domain] = np.full((1, n_patients), 1 / n_patients)
        return cls(tables=tables, seeds=np.full((1, n_seeds), 1 / n_seeds), patients=patients)

    def weighed(
        self,
        *,
        patients: Mapping[str, NDArray[np.float64]],
        seeds: NDArray[np.float64] | None = None,
    ) -> "Scores":
        """The same scores with other weights; without `seeds` these count alike."""
        if seeds is None:
            draws, n_seeds = len(next(iter(patients.values()))), self.seeds.shape[1]
            seeds = np.full((draws, n_seeds), 1 / n_seeds)
        return replace(self, seeds=seeds, patients=patients)

    def of(
        self, models: Sequence[str], domain: str = TARGET, column: str = "f_score"
    ) -> NDArray[np.float64]:
        """Some models' scores by seed, averaged over patients, (K, seeds, len(models))."""
        values = np.stack([self.tables[domain, column][model] for model in models], axis=-1)
        return np.einsum("spm,kp->ksm", values, self.patients[domain])

    def mean(
        self, models: Sequence[str], domain: str = TARGET, column: str = "f_score"
    ) -> NDArray[np.float64]:
        """Some models' scores, averaged over seeds and patients, (K, len(models))."""
        return np.einsum("ks,ksm->km", self.seeds, self.of(models, domain, column))
