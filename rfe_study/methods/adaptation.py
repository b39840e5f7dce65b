"""The models of Section 3.2, *Real Prior*, and what they must be compared with, as data.

All see every labelled crop of A and as many steps and crops of a target domain B, C or D; a method
may know the labels of V1 and no other of the target, unless it is a bound. Settings were chosen on
V1 alone.
"""

from functools import partial
from itertools import product

from rfe_core.random_feature_embedding import ALL
from rfe_core.sampling import Strategy
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.method import FROM_A, HEADLINE, OWN, SHOWN_ONCE, Method
from rfe_study.methods.self_training import KINDS, SelfTraining

#: The paper's method, and the same with the labels that nobody would have.
PAPER = "RFE, NCC"

PERFECT = "RFE, perfect prior"

#: n_E of Section 3.2 for the real prior; the strategy and distance found best before, by the paper.
N_E = 100

STRATEGY, DISTANCE = "80/20", "cosine"

#: The exact loss whose share of lesion lies between natural and 80/20, and how it ends a name.
BEST_SHARE, AT_BEST = "4x", ", exact 4x"

#: Priors by the words that methods call them; "perfect prior" and "labels of V1" have true labels.
WORDS = {"NCC": "NCC", "true": "perfect prior", "V1": "labels of V1", FROM_A: FROM_A, OWN: OWN}

#: Chosen by `search`, the same for all targets: of each line of settings the one with the highest
#: F on the full slices of V1, averaged over B, C and D. The margin is the paper's.
RATE = 0.1

WEIGHTS = {
    "RFE": 1.0,
    "RFE exact 4x": 1.0,
    "entropy": 1.0,
    "pseudo-labels": 0.1,
    "mean teacher": 1.0,
    "CORAL": 10.0,
}

#: The search: rates without any term on unlabelled images, then equally many weights for each term.
SEARCH_RATES = (1.0, 0.3, 0.1)

SEARCH_WEIGHTS = {
    "RFE": (1.0, 10.0, 100.0),
    "RFE exact 4x": (1.0, 10.0, 100.0),
    "entropy": (0.01, 0.1, 1.0),
    "pseudo-labels": (0.1, 0.3, 1.0),
    "mean teacher": (0.1, 1.0, 10.0),
    "CORAL": (0.1, 1.0, 10.0),
}


def rfe(weight: float | None = None, n_e: int | str = N_E) -> RandomFeatureEmbedding:
    """The embedding term of the real prior; the chosen weight if none is given."""
    weight = WEIGHTS["RFE"] if weight is None else weight
    return RandomFeatureEmbedding(strategy=STRATEGY, n_e=n_e, distance=DISTANCE, weight=weight)


def exact(weight: float | None = None, share: Strategy = BEST_SHARE) -> RandomFeatureEmbedding:
    """The embedding term over all pixels; the weight chosen at `BEST_SHARE` if none is given."""
    weight = WEIGHTS["RFE exact 4x"] if weight is None else weight
    return RandomFeatureEmbedding(strategy=share, n_e=ALL, distance=DISTANCE, weight=weight)


_tuned = partial(Method, rate=RATE)


def adaptation_methods() -> list[Method]:
    """All methods for one target domain, the bound with the target's labels last."""
    bound = _tuned(
        name="labels of V2 and V3", group="bound", source="true", primary="both", seeds=HEADLINE
    )
    return [*priors(), *controls(), *rivals(), *luck(), bound]


def priors() -> list[Method]:
    """The paper's setting with its prior and others, then all pixels at several class shares."""

    def of(source: str, embedding: RandomFeatureEmbedding, end: str = "", **about) -> Method:
        name = f"RFE, {WORDS.get(source, source)}{end}"
        return _tuned(name=name, group="prior", source=source, embedding=embedding, **about)

    lesionwise = RandomFeatureEmbedding(
        strategy=STRATEGY, n_e=N_E, distance=DISTANCE, weight=WEIGHTS["RFE"], lesionwise=True
    )
    at_best = {
        **dict.fromkeys(("true", "classifier band", OWN), HEADLINE),
        **dict.fromkeys(("NCC", "NCC band", "brightness band", "V1"), SHOWN_ONCE),
    }
    return [
        of("NCC", rfe(), seeds=HEADLINE),
        of("true", rfe(), seeds=HEADLINE),
        of("NCC", rfe(n_e=ALL), ", all pixels", seeds=SHOWN_ONCE),
        of("true", rfe(n_e=ALL), ", all pixels", seeds=HEADLINE),
        of(FROM_A, rfe(), seeds=SHOWN_ONCE),
        of("classifier band", rfe()),
        of(OWN, rfe()),
        of("true", lesionwise, ", every lesion alike", seeds=HEADLINE),
        of("true", exact(share="distribution-aware"), ", exact 1x", seeds=HEADLINE),
        of("true", exact(share="2x"), ", exact 2x"),
        *(of(source, exact(), AT_BEST, seeds=n) for source, n in at_best.items()),
    ]


def controls() -> list[Method]:
    """The same steps and images without the embedding loss."""
    control = partial(_tuned, group="control", source="NCC")
    # A weight of 0 draws and measures embeddings as the others do, and learns nothing from them.
    measured = rfe(0.0)
    return [
        control(name="no embedding", embedding=measured, seeds=HEADLINE),
        control(
            name="no embedding, crops at lesions",
            source="true",
            embedding=measured,
            seeds=HEADLINE,
        ),
        control(name="labelled A only", unlabelled=False),
        control(name="statistics only", unlabelled=False, statistics="target", seeds=HEADLINE),
        control(name="labels of V1", source="V1", primary="both", seeds=HEADLINE),
        control(name="Dice on NCC", primary="both"),
        control(name="Dice on classifier band", source="classifier band", primary="both"),
    ]


def rivals() -> list[Method]:
    """Other ways to learn from the same unlabelled crops."""
    rival = partial(_tuned, group="rival", source="NCC")
    return [
        *(rival(name=kind, self_training=_self_training(kind)) for kind in KINDS),
        rival(name="histogram matching", match_histograms=True),
    ]


def luck() -> list[Method]:
    """What V1 teaches, with either of the other training patients as V1."""
    learners = {
        "RFE, NCC": {"source": "NCC", "embedding": rfe()},
        f"RFE, classifier band{AT_BEST}": {"source": "classifier band", "embedding": exact()},
        "labels of V1": {"source": "V1", "primary": "both"},
    }
    other = partial(_tuned, group="luck", seeds=SHOWN_ONCE)
    return [
        other(name=f"{name}, V1 is patient {v1}", v1=v1, **about)
        for v1, (name, about) in product((2, 3), learners.items())
    ]


def _self_training(kind: str, weight: float | None = None) -> SelfTraining:
    return SelfTraining(kind=kind, weight=WEIGHTS[kind] if weight is None else weight)


def search() -> list[Method]:
    """All rates, then all weights at the chosen rate."""
    tried = partial(Method, group="search", source="NCC", seeds=SHOWN_ONCE)
    rates = [tried(name=f"no embedding rate {rate:g}", rate=rate) for rate in SEARCH_RATES]
    weighed = partial(tried, rate=RATE)
    terms = [
        weighed(name=f"RFE weight {weight:g}", embedding=rfe(weight))
        for weight in SEARCH_WEIGHTS["RFE"]
    ]
    terms += [
        weighed(
            name=f"RFE exact 4x weight {weight:g}",
            source="classifier band",
            embedding=exact(weight),
        )
        for weight in SEARCH_WEIGHTS["RFE exact 4x"]
    ]
    terms += [
        weighed(name=f"{kind} weight {weight:g}", self_training=_self_training(kind, weight))
        for kind in KINDS
        for weight in SEARCH_WEIGHTS[kind]
    ]
    return rates + terms
