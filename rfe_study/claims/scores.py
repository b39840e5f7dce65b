"""Scores by seed and head: what a claim's statistic is computed of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from rfe_study.claims.contrasts import average
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.rows import TARGET, NotTrained, by_model


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Scores of models on their domain's heads.

    Attributes
    ----------
    tables : mapping of (domain, model, column) to DataFrame
        A row a seed, a column a head (`rfe_study.claims.heads.head`), without gaps.
    """

    tables: Mapping[tuple[str, str, str], pd.DataFrame]

    @classmethod
    def of_rows(
        cls,
        rows: pd.DataFrame,
        models: pd.DataFrame,
        patients: str = VERDICT,
        columns: Iterable[str] = ("f_score",),
    ) -> "Scores":
        """From long rows, all on the domain that a model is made for.

        Parameters
        ----------
        rows : DataFrame
            ``domain``, ``model``, ``seed``, ``role``, ``subject`` and the columns.
        models : DataFrame
            ``domain``, ``model``, ``seed`` and ``status``: what must be there; see
            `rfe_study.claims.rows.by_model`.
        patients : str
            A key of `rfe_study.claims.heads.PATIENTS`.
        columns : names
            Those that the rows do not have are left out: of them nothing can be tested yet.

        Raises
        ------
        ValueError
            If a domain has no patients, or a finished model lacks a score.
        """
        tables = {}
        of_domain = dict(list(rows.groupby("domain")))
        for domain, made in models.groupby("domain"):
            if domain not in of_domain:
                raise ValueError(f"scores must hold patients of {domain}, got none")
            for column in set(columns) & set(rows.columns):
                found = by_model(of_domain[domain], made, patients, column)
                tables |= {(str(domain), m, column): table for m, table in found.items()}
        return cls(tables=tables)

    def of(self, model: str, domain: str = TARGET, column: str = "f_score") -> pd.DataFrame:
        """One model's scores, (seeds, heads).

        Raises
        ------
        NotTrained
            If there are none.
        """
        key = (domain, model, column)
        if key not in self.tables or self.tables[key].empty:
            raise NotTrained(f"{model!r} has no {column} on {domain}")
        return self.tables[key]

    def mean(
        self, models: Sequence[str], domain: str = TARGET, column: str = "f_score"
    ) -> pd.DataFrame:
        """The mean over models, for the seeds that all have, (seeds, heads)."""
        return average([self.of(model, domain, column) for model in models])
