"""The models of Section 3.2, *Real Prior*, and what they must be compared with, as data.

All see every labelled crop of A and as many steps and crops of a target domain B, C or D; a method
may know the labels of V1 and no other of the target, unless it is a bound. Settings were chosen on
V1 alone.
"""

from functools import partial

from rfe_core.random_feature_embedding import ALL
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.method import Method
from rfe_study.methods.self_training import KINDS, SelfTraining

#: The paper's method, and the same with the labels that nobody would have.
PAPER = "RFE, NCC"

PERFECT = "RFE, perfect prior"

#: n_E of Section 3.2 for the real prior; the strategy and distance found best before, by the paper.
N_E = 100

STRATEGY, DISTANCE = "80/20", "cosine"

#: Chosen by `search`, the same for all targets: of each line of settings the one with the highest
#: F on the full slices of V1, averaged over B, C and D. The margin is the paper's.
RATE = 0.1

WEIGHTS = {"RFE": 1.0, "entropy": 0.01, "pseudo-labels": 0.1}

#: The search: rates without any term on unlabelled images, then equally many weights for each term.
SEARCH_RATES = (1.0, 0.3, 0.1)

SEARCH_WEIGHTS = {
    "RFE": (1.0, 10.0, 100.0),
    "entropy": (0.01, 0.1, 1.0),
    "pseudo-labels": (0.1, 0.3, 1.0),
}


def rfe(weight: float | None = None, n_e: int | str = N_E) -> RandomFeatureEmbedding:
    """The embedding term of the real prior; the chosen weight if none is given."""
    weight = WEIGHTS["RFE"] if weight is None else weight
    return RandomFeatureEmbedding(strategy=STRATEGY, n_e=n_e, distance=DISTANCE, weight=weight)


def adaptation_methods() -> list[Method]:
    """All methods for one target domain, the bound with the target's labels last."""
    tuned = partial(Method, rate=RATE)
    of_prior = partial(tuned, group="prior")
    control = partial(tuned, group="control", source="NCC")
    # A weight of 0 draws and measures embeddings as the others do, and learns nothing from them.
    measured = rfe(0.0)
    return [
        of_prior(name="RFE, NCC", source="NCC", embedding=rfe()),
        of_prior(name="RFE, perfect prior", source="true", embedding=rfe()),
        of_prior(name="RFE, NCC, all pixels", source="NCC", embedding=rfe(n_e=ALL)),
        of_prior(name="RFE, perfect prior, all pixels", source="true", embedding=rfe(n_e=ALL)),
        of_prior(name="RFE, NCC from A", source="NCC from A", embedding=rfe()),
        control(name="no embedding", embedding=measured),
        control(name="labelled A only", unlabelled=False),
        control(name="statistics only", unlabelled=False, statistics=True),
        control(name="labels of V1", source="V1", primary="both"),
        control(name="Dice on NCC", primary="both"),
        *(
            tuned(name=kind, group="rival", source="NCC", self_training=_self_training(kind))
            for kind in KINDS
        ),
        tuned(name="histogram matching", group="rival", source="NCC", match_histograms=True),
        tuned(name="labels of V2 and V3", group="bound", source="true", primary="both"),
    ]


def _self_training(kind: str, weight: float | None = None) -> SelfTraining:
    return SelfTraining(kind=kind, weight=WEIGHTS[kind] if weight is None else weight)


def search() -> list[Method]:
    """All rates, then all weights at the chosen rate."""
    tried = partial(Method, group="search", source="NCC")
    rates = [tried(name=f"no embedding rate {rate:g}", rate=rate) for rate in SEARCH_RATES]
    embeddings = [
        tried(name=f"RFE weight {weight:g}", rate=RATE, embedding=rfe(weight))
        for weight in SEARCH_WEIGHTS["RFE"]
    ]
    others = [
        tried(name=f"{kind} weight {w:g}", rate=RATE, self_training=_self_training(kind, w))
        for kind in KINDS
        for w in SEARCH_WEIGHTS[kind]
    ]
    return rates + embeddings + others
