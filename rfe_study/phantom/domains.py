"""Table 1 as data: four scanners, their protocols, and which patients stand where.

Nothing here computes. A number either names its source or says "assumed"; sources are spelled out
in :data:`SOURCES`. Scanners differ by these numbers alone: the heads are drawn alike for all.
"""

from __future__ import annotations

from dataclasses import dataclass

from rfe_study.phantom.protocols import Domain, PulseSequence

SOURCES = {
    "table-1": "Baur et al. 2017, Table 1",
    "ms-smart": "protocol of the MS-SMART trial for the same vendor and field strength",
    "msseg": "matrix of the distributed MSSEG 2016 training volumes; below 1 mm counts as 1 mm",
    "assumed": "our choice; no published value was found",
}


def _mprage(inversion_time_ms, repetition_time_ms, echo_time_ms, source, voxel=(1.0, 1.0, 1.0)):
    return PulseSequence(
        kind="mprage",
        repetition_time_ms=repetition_time_ms,
        echo_time_ms=echo_time_ms,
        inversion_time_ms=inversion_time_ms,
        voxel_size_mm=voxel,
        source=source,
    )


def _t2(repetition_time_ms, echo_time_ms, slice_mm, source):
    return PulseSequence(
        kind="spin-echo",
        repetition_time_ms=repetition_time_ms,
        echo_time_ms=echo_time_ms,
        voxel_size_mm=(1.0, 1.0, slice_mm),
        source=source,
    )


def _flair(echo_time_ms, source, voxel=(1.0, 1.0, 1.0)):
    return PulseSequence(
        kind="inversion-recovery",
        repetition_time_ms=9500,
        echo_time_ms=echo_time_ms,
        inversion_time_ms=2400,
        voxel_size_mm=voxel,
        source=source,
    )


DOMAINS: dict[str, Domain] = {
    "A": Domain(
        letter="A",
        scanner="Philips Ingenia",
        field_strength_t=3.0,
        n_train=3,
        n_test=2,
        t1=_mprage(830, 1800, 3.2, "TI, TE: ms-smart (Philips 3 T); TR of a shot, voxel: assumed"),
        t2=_t2(2900, 90, 3.0, "times, slices: ms-smart (Philips 3 T)"),
        flair=_flair(120, "times: ms-smart (Philips 3 T); voxel: msseg"),
        noise=0.035,
        bias=0.10,
        csf_flow=0.5,
    ),
    "B": Domain(
        letter="B",
        scanner="Siemens Aera",
        field_strength_t=1.5,
        n_train=3,
        n_test=2,
        t1=_mprage(
            *(1000, 2400, 3.45),
            "times: ms-smart (Siemens 1.5 T); voxel: msseg",
            voxel=(1.25, 1.03, 1.03),
        ),
        t2=_t2(2680, 86, 4.0, "times: ms-smart (Siemens 1.5 T); slices: assumed"),
        flair=_flair(
            122, "times: ms-smart (Siemens 1.5 T); voxel: msseg", voxel=(1.25, 1.03, 1.03)
        ),
        noise=0.06,
        bias=0.10,
        csf_flow=1.0,
    ),
    "C": Domain(
        letter="C",
        scanner="Siemens Verio",
        field_strength_t=3.0,
        n_train=3,
        n_test=2,
        t1=_mprage(1000, 2400, 4.0, "times: ms-smart (Siemens 3 T); voxel: assumed"),
        t2=_t2(2700, 97, 3.0, "times, slices: ms-smart (Siemens 3 T)"),
        flair=_flair(100, "times: ms-smart (Siemens 3 T); voxel: msseg", voxel=(1.1, 1.0, 1.0)),
        noise=0.05,
        bias=0.15,
        csf_flow=0.7,
    ),
    "D": Domain(
        letter="D",
        scanner="Philips Achieva",
        field_strength_t=3.0,
        n_train=3,
        n_test=10,
        t1=_mprage(830, 1800, 3.2, "TI, TE: ms-smart (Philips 3 T); TR of a shot, voxel: assumed"),
        t2=_t2(2900, 90, 3.0, "times, slices: ms-smart (Philips 3 T)"),
        flair=_flair(
            120, "times: ms-smart (Philips 3 T); voxel: table-1 (a 3-D scan by its matrix)"
        ),
        noise=0.05,
        bias=0.20,
        csf_flow=0.8,
    ),
}

#: Labels come from this domain, and the others are those a model is adapted to.
SOURCE = "A"
TARGETS = tuple(letter for letter in DOMAINS if letter != SOURCE)

#: Beside Table 1's, patients of each domain: for every choice anyone makes, and for power.
N_DEV, N_EXTRA = 4, 6

#: Heads that all four scanners scan, each role with its own, and how many: to test, and to choose.
PAIRED = {"paired": 40, "pairdev": 8}

#: A paired head has at least this load; above it, loads are as in the database.
LEAST_LOAD_ML = 1.0

ROLES = ("train", "test", "dev", "extra", *PAIRED)


@dataclass(frozen=True)
class Patient:
    """Who a phantom patient is: domain letter, role and number (from 1).

    Training patient 1 of a domain is the V1 of the paper, the only one whose labels a prior knows:
    of the domain's three the one of median lesion load (`lesions.ranks` deals loads so).

    Patients of a role in :data:`PAIRED` with one number are one head on four scanners.
    """

    domain: str
    role: str
    number: int

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise ValueError(f"domain must be one of {tuple(DOMAINS)}, got {self.domain!r}")
        n = n_patients(self.domain, self.role)
        if not 1 <= self.number <= n:
            raise ValueError(
                f"number of a {self.role} patient of domain {self.domain} must be in 1..{n}, "
                f"got {self.number}"
            )

    @property
    def name(self) -> str:
        """The BIDS label, e.g. ``Atrain1`` or ``Apaired07``."""
        width = 2 if self.role in PAIRED else 1
        return f"{self.domain}{self.role}{self.number:0{width}d}"

    @property
    def head(self) -> int:
        """Number of the head, whatever scans it: patients of one head have one anatomy.

        The same for ever, from which all randomness of the anatomy follows.
        """
        first = 0
        for role in ROLES:
            domains = SOURCE if role in PAIRED else DOMAINS
            for letter in domains:
                if role == self.role and (role in PAIRED or letter == self.domain):
                    return first + self.number - 1
                first += n_patients(letter, role)
        raise AssertionError(f"no head for {self}")


def n_patients(domain: str, role: str) -> int:
    """How many patients of `role` a domain has (Table 1 for "train" and "test")."""
    row = DOMAINS[domain]
    counts = {"train": row.n_train, "test": row.n_test, "dev": N_DEV, "extra": N_EXTRA} | PAIRED
    if role not in counts:
        raise ValueError(f"role must be one of {ROLES}, got {role!r}")
    return counts[role]


def patients(domains="ABCD", roles=("train", "test")) -> list[Patient]:
    """All patients of the given domains and roles; the defaults are the 28 of Table 1."""
    return [
        Patient(domain, role, number)
        for role in roles
        for domain in domains
        for number in range(1, n_patients(domain, role) + 1)
    ]
