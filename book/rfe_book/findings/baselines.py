"""What chapter 03 says of the bounds, from rows of `rfe train` and `claims.comparisons.gaps`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from rfe_book.findings import Findings
from rfe_book.words import listed, origin, with_interval
from rfe_study.claims.comparisons import reading
from rfe_study.claims.rows import of_model
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.domains import DOMAINS, TARGETS


def profiles(used: Profile, paper: Profile) -> Findings:
    """Patches of a domain and steps of an epoch, here and as in the paper; the learning rate."""
    return Findings(
        patches=used.patches_per_domain,
        patches_paper=paper.patches_per_domain,
        steps=steps(used),
        steps_paper=steps(paper),
        rate=f"{used.learning_rate:g}",
    )


def steps(profile: Profile) -> int:
    """Steps of an epoch: the full batches that A's training patches make."""
    return round(0.7 * profile.patches_per_domain) // profile.batch_size


def curves(rows: pd.DataFrame, branch_epoch: int) -> Findings:
    """Losses where the upper bounds leave, and how the lower bound ends."""
    lower = rows[rows["model"] == LOWER].groupby("epoch")[["loss", "f_A"]].mean()
    upper = rows[rows["model"] != LOWER].groupby("epoch")["loss"].mean()
    before, after = float(lower["loss"][branch_epoch]), float(upper[branch_epoch + 1])
    overlap, f_last = 1 - float(lower["loss"].iloc[-1]), float(lower["f_A"].iloc[-1])
    return Findings(
        before=f"{before:.2f}",
        after=f"{after:.2f}",
        overlap=f"{overlap:.2f}",
        f_last=f"{f_last:.2f}",
        hours=f"{rows['seconds'].sum() / 3600:.1f}",
    )


def scores(table: pd.DataFrame) -> Findings:
    """The lower bound's mean F-score on each domain, and how far patients lie apart.

    ``test_A`` and ``others_A`` are of the paper's test patients of A and of all others of A (for B
    alike), ``low`` and ``high`` of the patients of A for whom it is lowest and highest.
    """
    values = {d: f"{of_model(table, LOWER, d).to_numpy().mean():.2f}" for d in DOMAINS}
    is_test = table["role"] == "test"
    for name, rows in {"test": table[is_test], "others": table[~is_test]}.items():
        for d in "AB":
            values[f"{name}_{d}"] = f"{of_model(rows, LOWER, d).to_numpy().mean():.2f}"
    by_patient = of_model(table, LOWER, "A").mean(axis=0)
    return Findings(
        low=f"{by_patient.min():.2f}",
        high=f"{by_patient.max():.2f}",
        seeds=int(table["seed"].nunique()),
        patients=int(table["subject"].nunique()),
        origin=origin(table),
        **values,
    )


def setup(gaps: pd.DataFrame) -> Findings:
    """The gap on each target with its interval, and on which targets the paper's setup is shown.

    ``repaired``: labels help; ``worse`` and ``worse_open``: the lower bound does worse than on A,
    or that is undecided. Each is a list of letters.
    """
    values, repaired, read = {}, [], {"yes": [], "no": [], "undecided": []}
    for row in gaps.itertuples():
        values[f"gap_{row.domain}"] = with_interval(row.gap, row.low, row.high)
        read[reading(row.drop_low, row.drop_high)].append(row.domain)
        if reading(row.low, row.high) == "yes":
            repaired.append(row.domain)
    largest = gaps.loc[gaps["gap"].idxmax()]
    return Findings(
        largest=largest["domain"],
        repaired=listed(repaired),
        worse=listed(read["yes"]),
        worse_open=listed(read["undecided"]),
        **values,
    )


def parts(by_score: Mapping[str, pd.DataFrame]) -> Findings:
    """On which targets labels raise precision, raise recall, and lower false positives.

    Parameters
    ----------
    by_score : mapping of DataFrame
        `claims.comparisons.gaps` of the columns "precision", "recall" and "fp_per_slice".
    """
    shown = {}
    for score, gaps in by_score.items():
        wanted = "no" if score == "fp_per_slice" else "yes"
        rows = gaps.itertuples()
        shown[score] = listed([r.domain for r in rows if reading(r.low, r.high) == wanted])
    return Findings(
        precision=shown["precision"], recall=shown["recall"], fewer=shown["fp_per_slice"]
    )


def sizes(found: pd.DataFrame) -> Findings:
    """Share of small and of large lesions found with labels of their own domain, in per cent.

    Parameters
    ----------
    found : DataFrame
        `claims.rows.detection`.
    """
    own = found[found["model"] == found["domain"].map(UPPER)]
    by_size = 100 * own.groupby("size", sort=False)["found"].mean()
    small, large = by_size.iloc[0], by_size.iloc[-1]
    return Findings(small=f"{small:.0f}", large=f"{large:.0f}")


def on_a(changes: pd.DataFrame) -> Findings:
    """For how many upper bounds the F-score on A rises, falls or is left open.

    Parameters
    ----------
    changes : DataFrame
        `rfe_book.tables.baselines.change_on_a`.
    """
    read = [reading(row.low, row.high) for row in changes.itertuples()]
    return Findings(
        better=read.count("yes"),
        worse=read.count("no"),
        undecided=read.count("undecided"),
        of=len(TARGETS),
    )
