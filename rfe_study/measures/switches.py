"""The choices of the paper's text and of its released code, as data; the defaults are ours.

Ours are the settings of `rfe_study.methods.proof_of_concept`, n_E = 200; `SWITCHES` holds the
others, and `rfe_study.measures.switched` says what each changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from rfe_core.evaluation import THRESHOLD
from rfe_study.methods.proof_of_concept import CHOSEN, PRINTED_L2, SEARCH_N_E, SQUARED

#: The release ignores pixels of which a channel is darker than this; and its decision threshold.
DARK, RELEASED_THRESHOLD = 0.1, 0.99


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a batch is drawn from and compared; the defaults are ours.

    Attributes
    ----------
    embeddings, strategy, n_e, distance, margin, weight, reduction
        See `rfe_study.methods.embedding.RandomFeatureEmbedding` and `rfe_core.unet.UNet`.
    drawn_from : {"brain", "not dark", "all"}
        Pixels that may be drawn: the brain mask's; those of which no channel is below `DARK`, as
        in the release; all.
    fraction_of : {"brain", "all"}
        Which pixels the labelled side's class shares are taken over in distribution-aware sampling:
        those that may be drawn, or, as in the release, all.
    edges : {"shared", "own"}
        Of the divergence, see `rfe_core.divergence.jensen_shannon`.
    threshold : float
        A pixel is marked as lesion from there on.
    gradient : {"true", "radial error", "no hinge test"}
        The last two are the defects of the release.
    """

    embeddings: Literal["relu", "linear"] = "relu"
    strategy: str = "80/20"
    n_e: int = SEARCH_N_E
    distance: str = "cosine"
    margin: float = CHOSEN["cosine"][1]
    weight: float = CHOSEN["cosine"][0]
    reduction: str = "mean"
    drawn_from: Literal["brain", "not dark", "all"] = "brain"
    fraction_of: Literal["brain", "all"] = "brain"
    edges: Literal["shared", "own"] = "shared"
    threshold: float = THRESHOLD
    gradient: Literal["true", "radial error", "no hinge test"] = "true"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """A choice that is not ours: what a reader calls it, whose it is, and what it changes."""

    name: str
    word: str  # in a page's address
    whose: Literal["ours", "text", "code", "text, code"]
    choices: Choices


OURS = Choices()
_AWARE = replace(OURS, strategy="distribution-aware")
_L2 = dict(zip(("weight", "margin"), CHOSEN["l2"], strict=True))

SWITCHES = tuple(
    Switch(name=name, word=word, whose=whose, choices=choices)
    for name, word, whose, choices in (
        ("ours, nothing switched", "ours", "ours", OURS),
        ("sum over pairs", "sum", "text", replace(OURS, reduction="sum")),
        ("sum over pairs / n", "per-embedding", "code", replace(OURS, reduction="per_embedding")),
        ("margin 1", "margin", "text, code", replace(OURS, margin=1.0)),
        ("number drawn in total", "total", "text", replace(OURS, n_e=SEARCH_N_E // 2)),
        ("before the ReLU", "linear", "code", replace(OURS, embeddings="linear")),
        ("angle / π", "angular", "code", replace(OURS, distance="angular")),
        ("ℓ2, our λ and m", "l2", "text", replace(OURS, distance="l2", **_L2)),
        ("ℓ2, λ 0.01 and m 1000", "l2-printed", "text", replace(OURS, distance="l2", **PRINTED_L2)),
        ("squared ℓ2", "l2-squared", "code", replace(OURS, distance="l2_squared", **SQUARED)),
        ("radial error", "radial", "code", replace(OURS, gradient="radial error")),
        ("no hinge test", "no-hinge", "code", replace(OURS, gradient="no hinge test")),
        ("dark pixels ignored", "dark", "code", replace(OURS, drawn_from="not dark")),
        ("nothing ignored", "air", "text", replace(OURS, drawn_from="all")),
        ("distribution-aware", "aware", "text", _AWARE),
        ("its share of all pixels", "aware-all", "code", replace(_AWARE, fraction_of="all")),
        ("own-range bins", "own-edges", "code", replace(OURS, edges="own")),
        ("threshold 0.99", "threshold", "code", replace(OURS, threshold=RELEASED_THRESHOLD)),
    )
)
