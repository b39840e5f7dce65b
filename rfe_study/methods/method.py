"""What can be fine-tuned, as data: which images and labels a network learns from, by which losses.

`rfe_study.methods.proof_of_concept` and `rfe_study.methods.adaptation` list methods,
`rfe_study.runs.sweep` runs them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, Literal

from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.priors import PRIORS
from rfe_study.methods.self_training import SelfTraining

#: Priors that know no label of the target: NCC with templates from the first patient of A, and
#: what the network at the branch epoch is sure of.
FROM_A, OWN = "NCC from A", "own predictions"

#: Where crops of the target domain come from and what stands for their labels: the proof of
#: concept's subset of all training patients with true labels; the training patient V1 with true
#: labels; V2 and V3 with true labels, or with those of a prior that knows V1's, or of one that
#: knows none of the target. See `rfe_study.runs.crops`.
SOURCES = ("subset", "V1", "true", FROM_A, OWN, *PRIORS)

#: Seeds of a method that a verdict or a headline rests on, of one that stands beside it, and of one
#: that only shows what a setting does.
HEADLINE, COMPARED, SHOWN_ONCE = 8, 3, 1

#: Whose crops batch norm's statistics are taken from, precisely, when a training ends: those of the
#: labelled domain A, of the target, of both alike; or of none, the moving average stays.
STATISTICS = ("A", "target", "both", "none")

GROUPS = {
    "search": "settings tried, judged on patients that may be looked at",
    "choice": "one choice of the paper's text or of its released code switched",
    "rfe": "the 36 models of Section 3.2",
    "all pixels": "the exact loss, n_E = all, by each strategy's ratio; and sampled beside it",
    "sum / n": "80/20 with the released code's sum over pairs / n",
    "layers": "embedding losses at several layers, the paper's future work",
    "prior": "Random Feature Embedding with a prior on V2 and V3",
    "luck": "another training patient plays V1",
    "rival": "other ways to learn from the same unlabelled images",
    "control": "the same steps and images without the embedding loss",
    "bound": "the same steps and images with the target's labels",
}


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to fine-tune.

    Attributes
    ----------
    name : str
        Names its rows.
    group : str
        What it is for, one of `GROUPS`.
    rate : float
        Learning rate as a share of the profile's.
    embedding
        Its embedding term; None: no such term.
    source : str
        Which crops of the target it sees, one of `SOURCES`.
    unlabelled : bool
        Whether half of each batch comes from the target domain.
    primary : {"labelled", "both"}
        Which half the Dice loss learns from; "both" takes the source's labels as true.
    statistics : {"A", "target", "both", "none"}, optional
        Whose crops batch norm's statistics are those of in the end, see `STATISTICS`. By default of
        the crops it was trained on, as for lower and upper bounds, so that methods differ by their
        losses: both, or A if it sees no others. Means nothing to a network without batch norm.
    self_training
        Its loss on predictions for the unlabelled half; None: no such term.
    match_histograms : bool
        Give the images of A the intensities of the target's.
    v1 : int
        Which training patient of the target plays V1; the other two are V2 and V3.
    embeddings : {"relu", "linear"}
        Take them after the last ReLU, or before it: see `rfe_core.unet.UNet`.
    seeds : int
        How many seeds it deserves, from 0 on. Decides no result.
    """

    name: str
    group: str
    rate: float
    embedding: RandomFeatureEmbedding | None = None
    source: str = "subset"
    unlabelled: bool = True
    primary: Literal["labelled", "both"] = "labelled"
    statistics: Literal["A", "target", "both", "none"] | None = None
    self_training: SelfTraining | None = None
    match_histograms: bool = False
    v1: int = 1
    embeddings: Literal["relu", "linear"] = "relu"
    seeds: int = COMPARED

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"group must be one of {tuple(GROUPS)}, got {self.group!r}")
        if self.source not in SOURCES:
            raise ValueError(f"source must be one of {SOURCES}, got {self.source!r}")
        if self.statistics not in (None, *STATISTICS):
            raise ValueError(f"statistics must be one of {STATISTICS}, got {self.statistics!r}")
        if self.v1 not in (1, 2, 3):
            raise ValueError(f"v1 must be 1, 2 or 3, got {self.v1}")

    @property
    def statistics_of(self) -> str:
        """Whose crops batch norm's statistics are those of in the end, one of `STATISTICS`."""
        return self.statistics or ("both" if self.unlabelled else "A")

    @property
    def headline(self) -> bool:
        """Whether a verdict or a headline rests on it."""
        return self.seeds >= HEADLINE

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides a result: the fields that differ from their default."""
        chosen = {f.name for f in fields(self) if getattr(self, f.name) != f.default}
        return {k: v for k, v in asdict(self).items() if k in chosen - {"group", "seeds"}}

    @property
    def columns(self) -> dict[str, Any]:
        """The settings as columns of a row; empty where a term is not there."""
        about = {"group": self.group, "rate": self.rate, "statistics": self.statistics_of}
        if self.source != "subset":
            about["source"] = self.source
        if self.v1 != 1:
            about["v1"] = self.v1
        if self.embeddings != "relu":
            about["embeddings"] = self.embeddings
        if self.self_training is not None:
            about["lambda"] = self.self_training.weight
        if self.embedding is not None:
            settings = asdict(self.embedding)
            settings["lambda"] = settings.pop("weight")
            if not settings["lesionwise"]:
                del settings["lesionwise"]
            settings["layers"] = "+".join(map(str, self.embedding.layers))
            about |= settings
        return about


def some(methods: Sequence[Method], wanted: Sequence[str]) -> list[Method]:
    """The methods that are wanted, in the order of the list: by name, pattern ("80/20 *") or group.

    Raises
    ------
    ValueError
        If something that is wanted is none of these.
    """

    def is_meant(method: Method, name: str) -> bool:
        return name in (method.name, method.group) or fnmatchcase(method.name, name)

    for name in wanted:
        if not any(is_meant(method, name) for method in methods):
            names = ", ".join(dict.fromkeys([m.group for m in methods] + [m.name for m in methods]))
            raise ValueError(f"method {name!r} must be a group, name or pattern of these: {names}")
    return [method for method in methods if any(is_meant(method, name) for name in wanted)]
