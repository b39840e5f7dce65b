"""What chapter 03 says of the bounds, from rows of `rfe train` and `claims.comparisons.gaps`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.words import listed, origin, span, with_interval
from rfe_study.claims import baselines as claim
from rfe_study.claims.baselines import F_ON_A
from rfe_study.claims.comparisons import Share, reading
from rfe_study.claims.rows import of_model
from rfe_study.claims.verdicts import REPRODUCED, UNDECIDED, Verdict, overall
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.domains import DOMAINS, TARGETS


def profiles(used: Profile, paper: Profile) -> Findings:
    """Patches of a domain and steps of an epoch, here and as in the paper.

    After the epoch ``branch`` the lower bound takes ``rest`` steps with ``batch`` patches each, a
    fine-tuning without unlabelled images ``tuning`` steps with ``half``.
    """
    epochs = used.epochs - used.branch_epoch
    return Findings(
        branch=used.branch_epoch,
        tuning=epochs * used.tuning_steps,
        rest=epochs * steps(used),
        half=used.batch_size // 2,
        batch=used.batch_size,
        patches=used.patches_per_domain,
        steps=steps(used),
        steps_paper=steps(paper),
    )


def steps(profile: Profile) -> int:
    """Steps of an epoch: the full batches that A's training patches make."""
    return round(0.7 * profile.patches_per_domain) // profile.batch_size


def curves(rows: pd.DataFrame, branch_epoch: int) -> Findings:
    """How the lower bound ends, on training and on validation patches."""
    lower = rows[rows["model"] == LOWER].groupby("epoch")[["loss", "f_A"]].mean()
    upper = rows[rows["model"] != LOWER].groupby("epoch")["loss"].mean()
    before, after = float(lower["loss"][branch_epoch]), float(upper[branch_epoch + 1])
    overlap, f_last = 1 - float(lower["loss"].iloc[-1]), float(lower["f_A"].iloc[-1])
    must_hold("the mean loss jumps", after > before)
    must_hold("it does better on what it trained on", overlap > f_last)
    return Findings(
        overlap=f"{overlap:.2f}",
        f_last=f"{f_last:.2f}",
        seeds=int(rows["seed"].nunique()),
        minutes=f"{rows['seconds'].sum() / 60:.0f}",
        hardware=listed(sorted(rows["hardware"].unique())),
    )


def gate(development: pd.DataFrame) -> Findings:
    """The lower bound on A's development heads: its mean F, and how many seeds alone would fail."""
    of_seed = of_model(development, LOWER, "A").mean(axis=1)
    must_hold("the gate passed, though not by much", F_ON_A[0] <= of_seed.mean() < F_ON_A[0] + 0.05)
    return Findings(
        least=f"{F_ON_A[0]:.1f}",
        failing=int((of_seed < F_ON_A[0]).sum()),
        seeds=len(of_seed),
    )


def not_taken() -> Findings:
    """F on B of choices that were tried on development heads and not taken, by `claims/DESIGN.md`.

    One training each, whose rows were not kept: ``batch_B`` of the norm that was taken, ``group_B``
    of the other, ``median_B`` of images scaled by the median of the brain.
    """
    text = (Path(claim.__file__).parent / "DESIGN.md").read_text(encoding="utf-8")
    norms = re.search(r"statistics \(A \S+ B (\S+), .*? before group norm \(\S+, (\S+),", text)
    median = re.search(r"median of the brain helps on B \((\S+) against (\S+)\)", text)
    batch, group, scaled, again = map(float, (*norms.groups(), *median.groups()))
    must_hold("both would have left a smaller gap", min(group, scaled) > batch == again)
    return Findings(batch_B=f"{batch:.2f}", group_B=f"{group:.2f}", median_B=f"{scaled:.2f}")


def scores(paired: pd.DataFrame, paper: pd.DataFrame) -> Findings:
    """The lower bound's mean F on each domain, and how far heads and seeds lie apart.

    ``test_A`` ... are of the paper's own test patients; ``low``, ``high`` of the heads on which it
    is lowest and highest on A; ``seeds_low_B`` ... of the seeds; ``bounds`` counts the seeds of
    each bound on a domain.
    """
    ours, theirs = ({d: of_model(rows, LOWER, d) for d in DOMAINS} for rows in (paired, paper))
    values = {d: f"{table.to_numpy().mean():.2f}" for d, table in ours.items()}
    on_test = {d: float(table.to_numpy().mean()) for d, table in theirs.items()}
    must_hold("on the paper's patients C looks easier than A", on_test["C"] > on_test["A"])
    must_hold("on the same heads A is easiest", max(values, key=values.get) == "A")
    values |= {f"test_{d}": f"{mean:.2f}" for d, mean in on_test.items()}
    by_head, seeds = ours["A"].mean(axis=0), ours["B"].mean(axis=1)
    upper = of_model(paired, UPPER["B"], "B").mean(axis=1)
    must_hold("the lower bound's seeds differ more on B", seeds.std() > 3 * upper.std())
    counts = paired.groupby(["model", "domain"])["seed"].nunique()
    return Findings(
        low=f"{by_head.min():.2f}",
        high=f"{by_head.max():.2f}",
        seeds_low_B=f"{seeds.min():.2f}",
        seeds_high_B=f"{seeds.max():.2f}",
        upper_low_B=f"{upper.min():.2f}",
        upper_high_B=f"{upper.max():.2f}",
        bounds=span(counts),
        heads=ours["A"].shape[1],
        origin=origin(paired),
        **values,
    )


def setup(gaps: pd.DataFrame, tested: Iterable[Verdict]) -> Findings:
    """The gap on each target and the drop from A, with intervals, and what claim 9 comes to.

    ``repaired``, ``repaired_open``, ``worse``: on which targets that part is reproduced or
    undecided.

    Parameters
    ----------
    gaps : DataFrame
        `claims.comparisons.gaps`.
    tested : iterable of Verdict
        `claims.baselines.setup_parts`.
    """
    values = {}
    for row in gaps.itertuples():
        values[f"gap_{row.domain}"] = with_interval(row.gap, row.low, row.high)
        values[f"drop_{row.domain}"] = with_interval(row.drop, row.drop_low, row.drop_high)
    tested = list(tested)

    def on(words: str, verdict: str) -> str:
        ends = {f"{d}: {words}": d for d in TARGETS}
        return listed([ends[p.part] for p in tested if p.part in ends and p.verdict == verdict])

    must_hold("both parts are shown on the mean", overall(tested) == REPRODUCED)
    by_domain = gaps.set_index("domain")
    must_hold("drop and gap are largest on B", by_domain[["drop", "gap"]].idxmax().eq("B").all())
    must_hold("the drop is smallest on D", by_domain["drop"].idxmin() == "D")
    must_hold("the drop on D is shown", by_domain.loc["D", "drop_low"] > 0)
    return Findings(
        verdict=overall(tested),
        repaired=on("repaired by labels", REPRODUCED),
        repaired_open=on("repaired by labels", UNDECIDED),
        worse=on("worse than A", REPRODUCED),
        **values,
    )


def parts(by_score: Mapping[str, pd.DataFrame]) -> Findings:
    """How the bounds differ in precision, recall and average precision, and on which targets.

    Parameters
    ----------
    by_score : mapping of DataFrame
        `claims.comparisons.gaps` of the columns "precision", "recall" and "average_precision".
    """
    values = {}
    for score, gaps in by_score.items():
        for row in gaps.itertuples():
            values[f"{score}_{row.domain}"] = with_interval(row.gap, row.low, row.high)
            values[f"lower_{score}_{row.domain}"] = f"{row.lower:.2f}"
    read = {
        score: {r.domain: reading(r.low, r.high) for r in gaps.itertuples()}
        for score, gaps in by_score.items()
    }
    must_hold("labels raise precision on B", read["precision"]["B"] == "yes")
    must_hold("and lower recall there", read["recall"]["B"] == "no")
    must_hold("they raise recall on C", read["recall"]["C"] == "yes")
    ranked = [d for d, answer in read["average_precision"].items() if answer == "yes"]
    must_hold("without a threshold the gap is shown everywhere", ranked == list(TARGETS))
    return Findings(**values)


def statistics(found: Mapping[str, tuple[tuple[float, float, float], Share]]) -> Findings:
    """What new statistics of batch norm alone win back.

    Parameters
    ----------
    found : mapping
        `rfe_book.tables.baselines.statistics_alone`.
    """
    must_hold("statistics alone help on B", found["B"][0][1] > 0)
    must_hold("they close more than half the gap on B", found["B"][1].share > 0.5)
    others = [added for d, (added, _) in found.items() if d != "B"]
    must_hold("they bring little elsewhere", max(high for *_, high in others) < found["B"][0][1])
    return Findings(
        **{d: with_interval(*added) for d, (added, _) in found.items()},
        share_B=found["B"][1].text,
    )


def sizes(found: pd.DataFrame) -> Findings:
    """Shares of small and of large lesions that upper bounds find, in per cent: means over domains.

    Parameters
    ----------
    found : DataFrame
        `claims.rows.detection`.
    """
    own = found[found["model"] == found["domain"].map(UPPER)]
    each = own.groupby(["domain", "size"], sort=False)["found"].mean()
    by_size = 100 * each.groupby("size", sort=False).mean()
    small, large = by_size.iloc[0], by_size.iloc[-1]
    must_hold("small lesions are found less often", bool(small < large))
    lower = found[found["model"] == LOWER].groupby(["domain", "size"], sort=False)["found"].mean()
    more = (100 * (each - lower)).dropna()
    must_hold("labels help least on B", more.groupby("domain").mean().idxmin() == "B")
    return Findings(
        more_B=f"{more['B'].max():.0f}",
        small=f"{small:.0f}",
        large=f"{large:.0f}",
    )
