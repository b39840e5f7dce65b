"""Networks adapted to the scan that they then segment, by each method of `rfe_study.runs.real`."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rfe_core.patches import Patches
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study.runs import real
from rfe_study.runs.networks import Network

#: A mask (X, Y, Z), and the probabilities that it comes from, if it does.
Made = tuple[NDArray[np.bool_], NDArray[np.float32] | None]


class Adaptation:
    """A network and the labelled patient of its priors; what all patients share is made once."""

    def __init__(self, network: Network, source: Subject, device: str) -> None:
        self.network, self.source, self.device = network, source, device

    @cached_property
    def _labelled(self) -> Patches:
        return real.labelled_crops(self.network)

    @cached_property
    def _at_home(self) -> UNet:
        """Trained on the source with its own labels."""
        return self._adapted(self.source, self.source.lesion_mask, real.SOURCE_LABELS)

    def _adapted(self, target: Subject, prior: NDArray[np.bool_], method: str) -> UNet:
        return real.adapt(self.network, self._labelled, target, prior, method, device=self.device)

    def masks(self, subject: Subject, wanted: Sequence[str]) -> Iterator[tuple[str, Made]]:
        """The mask of each experiment that is wanted."""
        prior = real.prior_of(self.source, subject, seed=self.network.seed)
        for experiment in wanted:
            if experiment == real.PRIOR:
                yield experiment, (prior, None)
                continue
            if experiment == real.SOURCE_LABELS:
                model = self._at_home
            else:
                model = self._adapted(subject, prior, experiment)
            probability = real.probability_of(model, subject)
            yield experiment, (real.marked(probability), probability)
