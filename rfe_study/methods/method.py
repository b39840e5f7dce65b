"""What can be fine-tuned, as data: which images and labels a network learns from, by which losses.

`rfe_study.methods.proof` and `rfe_study.methods.adaptation` list methods, `rfe_study.runs.sweep`
runs them.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.self_training import SelfTraining

#: Where crops of the target domain come from and what stands for their labels: the proof of
#: concept's subset of all training patients with true labels; the first training patient V1 with
#: true labels; V2 and V3 with true labels, or with the NCC prior of templates from V1, or of
#: templates from the first patient of A. See `rfe_study.runs.crops`.
SOURCES = ("subset", "V1", "true", "NCC", "NCC from A")

GROUPS = {
    "search": "settings tried, judged on patients that may be looked at",
    "rfe": "the 36 models of Section 3.2",
    "all pixels": "the exact loss, n_E = all, by each strategy's ratio; and sampled beside it",
    "sum / n": "80/20 with the released code's sum over pairs / n",
    "layers": "embedding losses at several layers, the paper's future work",
    "prior": "Random Feature Embedding with a prior on V2 and V3",
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
    statistics : bool
        Replace batch norm's statistics by those of the target's images at the end.
    self_training
        Its loss on predictions for the unlabelled half; None: no such term.
    match_histograms : bool
        Give the images of A the intensities of the target's.
    """

    name: str
    group: str
    rate: float
    embedding: RandomFeatureEmbedding | None = None
    source: str = "subset"
    unlabelled: bool = True
    primary: Literal["labelled", "both"] = "labelled"
    statistics: bool = False
    self_training: SelfTraining | None = None
    match_histograms: bool = False

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"group must be one of {tuple(GROUPS)}, got {self.group!r}")
        if self.source not in SOURCES:
            raise ValueError(f"source must be one of {SOURCES}, got {self.source!r}")

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides a result: the fields that differ from their default, but the group."""
        chosen = [f.name for f in fields(self) if getattr(self, f.name) != f.default]
        return {k: v for k, v in asdict(self).items() if k in chosen and k != "group"}

    @property
    def columns(self) -> dict[str, Any]:
        """The settings as columns of a row; empty where a term is not there."""
        about = {"group": self.group, "rate": self.rate}
        if self.source != "subset":
            about["source"] = self.source
        if self.self_training is not None:
            about["lambda"] = self.self_training.weight
        if self.embedding is not None:
            settings = asdict(self.embedding)
            settings["lambda"] = settings.pop("weight")
            settings["layers"] = "+".join(map(str, self.embedding.layers))
            about |= settings
        return about
