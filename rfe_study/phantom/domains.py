"""Table 1 as data: four scanners, their protocols, and which patients stand where.

Nothing here computes. A number names its source, a key of :data:`SOURCES`, or says "assumed".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rfe_core.scans.layouts import MODALITIES

ROLES = ("train", "test", "dev", "extra")

SOURCES = {
    "table-1": "Baur et al. 2017, Table 1",
    "ms-smart": "protocol of the MS-SMART trial for the same vendor and field strength",
    "msseg": "matrix of the distributed MSSEG 2016 training volumes; below 1 mm counts as 1 mm",
    "assumed": "our choice; no published value was found",
}


@dataclass(frozen=True, kw_only=True)
class PulseSequence:
    """One pulse sequence: times in ms, flip angle in degrees, voxel size in mm (x, y, z).

    `source` says, part by part, where each number comes from (keys of :data:`SOURCES`).
    """

    kind: Literal["spin-echo", "inversion-recovery", "mprage", "spoiled-gradient-echo"]
    repetition_time_ms: float
    echo_time_ms: float
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    voxel_size_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    source: str


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A row of Table 1: a scanner, its three sequences and how many patients it contributes.

    Attributes
    ----------
    noise : float
        Standard deviation of the complex noise, as a share of the white-matter signal of a
        1 mm3 voxel of T2 or FLAIR. It falls with the square root of the voxel volume: larger
        voxels collect more signal but are scanned in less time (assumed).
    bias : float
        Intensity non-uniformity left after correction: 0.2 means a field from 0.9 to 1.1.
    csf_flow : float
        Strength of unsuppressed cerebrospinal fluid in FLAIR (inflow after the inversion).
    """

    letter: str
    scanner: str
    field_strength_t: float
    n_train: int
    n_test: int
    t1: PulseSequence
    t2: PulseSequence
    flair: PulseSequence
    noise: float
    bias: float
    csf_flow: float

    def sequence(self, modality: str) -> PulseSequence:
        """The sequence behind ``"t1"``, ``"t2"`` or ``"flair"``."""
        if modality not in MODALITIES:
            raise ValueError(f"modality must be one of {MODALITIES}, got {modality!r}")
        return getattr(self, modality)


def _spoiled(flip_angle_deg: float) -> PulseSequence:
    return PulseSequence(
        kind="spoiled-gradient-echo",
        repetition_time_ms=9.0,
        echo_time_ms=4.0,
        flip_angle_deg=flip_angle_deg,
        source="assumed",
    )


DOMAINS: dict[str, Domain] = {
    "A": Domain(
        letter="A",
        scanner="Philips Ingenia",
        field_strength_t=3.0,
        n_train=3,
        n_test=2,
        t1=_spoiled(15.0),
        t2=PulseSequence(
            kind="spin-echo",
            repetition_time_ms=2900,
            echo_time_ms=90,
            voxel_size_mm=(1.0, 1.0, 2.0),
            source="times: ms-smart (Philips 3 T); voxel: assumed",
        ),
        flair=PulseSequence(
            kind="inversion-recovery",
            repetition_time_ms=9500,
            echo_time_ms=120,
            inversion_time_ms=2400,
            source="times: ms-smart (Philips 3 T); voxel: msseg",
        ),
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
        t1=PulseSequence(
            kind="mprage",
            repetition_time_ms=2300,
            echo_time_ms=3,
            inversion_time_ms=1000,
            voxel_size_mm=(1.25, 1.03, 1.03),
            source="TI: ms-smart (Siemens); TR, TE: assumed; voxel: msseg",
        ),
        t2=PulseSequence(
            kind="spin-echo",
            repetition_time_ms=2680,
            echo_time_ms=86,
            voxel_size_mm=(1.0, 1.0, 4.0),
            source="times: ms-smart (Siemens 1.5 T); voxel: assumed",
        ),
        flair=PulseSequence(
            kind="inversion-recovery",
            repetition_time_ms=9500,
            echo_time_ms=122,
            inversion_time_ms=2400,
            voxel_size_mm=(1.25, 1.03, 1.03),
            source="times: ms-smart (Siemens 1.5 T); voxel: msseg",
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
        t1=_spoiled(15.0),
        t2=PulseSequence(
            kind="spin-echo",
            repetition_time_ms=2700,
            echo_time_ms=97,
            voxel_size_mm=(1.0, 1.0, 3.0),
            source="times: ms-smart (Siemens 3 T); voxel: assumed",
        ),
        flair=PulseSequence(
            kind="inversion-recovery",
            repetition_time_ms=9500,
            echo_time_ms=100,
            inversion_time_ms=2400,
            voxel_size_mm=(1.1, 1.0, 1.0),
            source="times: ms-smart (Siemens 3 T); voxel: msseg",
        ),
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
        t1=_spoiled(12.0),
        t2=PulseSequence(
            kind="spin-echo",
            repetition_time_ms=2900,
            echo_time_ms=90,
            voxel_size_mm=(1.0, 1.0, 3.0),
            source="times: ms-smart (Philips 3 T); voxel: assumed",
        ),
        flair=PulseSequence(
            kind="inversion-recovery",
            repetition_time_ms=9500,
            echo_time_ms=120,
            inversion_time_ms=2400,
            source="times: ms-smart (Philips 3 T); voxel: table-1 (a 3-D scan by its matrix)",
        ),
        noise=0.05,
        bias=0.20,
        csf_flow=0.8,
    ),
}

#: Beside Table 1: patients for every choice anyone makes, and more test patients for power.
N_DEV = 4
N_EXTRA = 6

#: The domains a model is adapted to; labels come from A.
TARGETS = tuple(letter for letter in DOMAINS if letter != "A")


@dataclass(frozen=True)
class Patient:
    """Who a phantom patient is: domain letter, role and number (from 1)."""

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
        """The BIDS label, e.g. ``Atrain1``."""
        return f"{self.domain}{self.role}{self.number}"

    @property
    def index(self) -> int:
        """Position among all patients of all roles, the same for ever."""
        everyone = patients(DOMAINS, ROLES)
        return everyone.index(self)


def n_patients(domain: str, role: str) -> int:
    """How many patients of `role` a domain has (Table 1 for "train" and "test")."""
    row = DOMAINS[domain]
    counts = {"train": row.n_train, "test": row.n_test, "dev": N_DEV, "extra": N_EXTRA}
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
