"""Mean Teacher: predictions held to those of a slower copy of the network (the teacher)."""

import copy
import math

import torch
from torch import Tensor

from rfe_core.fine_tuning import Step
from rfe_core.unet import UNet

#: Share of its weights that the teacher keeps in a step, once it has seen a hundred.
DECAY = 0.99

#: Standard deviation of the noise on the teacher's images, in their units, and its largest value.
NOISE, NOISE_LIMIT = 0.1, 0.2


def ramp_up(share: float) -> float:
    """Weight of the consistency loss after a share of the run: from e^-5 up to 1 at its end."""
    return math.exp(-5 * (1 - min(share, 1.0)) ** 2)


class MeanTeacher:
    r"""Mean squared difference of lesion probability between student and teacher.

    .. math:: e^{-5 (1 - k / K)^2} \; \frac{1}{n} \sum_i (p_i - p_i')^2

    in step k of K, over the n valid pixels of the unlabelled half (Tarvainen and Valpola, 2017;
    settings of SSL4MIS). The teacher's weights are the running mean of the student's, with decay
    min(1 - 1 / (k + 1), .99); its images carry noise. Of its batch norm it uses the statistics of
    the batch, which is the student's whole batch, so that both see the same mixture of scanners.

    Deviation: the student is what is kept and scored, as in SSL4MIS; Tarvainen and Valpola score
    the teacher. The teacher has no dropout, so that the student's is that of the other methods.

    Parameters
    ----------
    steps : int
        K >= 1, of the whole run. An object serves one run.
    """

    def __init__(self, steps: int) -> None:
        if steps < 1:
            raise ValueError(f"steps must be >= 1, got {steps}")
        self.steps, self.done = steps, 0
        self.teacher: UNet | None = None

    def __call__(self, step: Step) -> Tensor:
        """The loss of the next step, before its weight; 0 if no pixel counts."""
        teacher = self._follow(step.model)
        noise = torch.randn(step.images.shape, generator=step.generator)
        noise = (NOISE * noise).clamp(-NOISE_LIMIT, NOISE_LIMIT).to(step.images)
        half = len(step.images) // 2
        with torch.no_grad():
            wanted = teacher(step.images + noise).logits[half:].sigmoid()
        squares = (step.logits[half:].sigmoid() - wanted).square()[:, 0][step.valid[half:]]
        self.done += 1
        return ramp_up(self.done / self.steps) * squares.sum() / max(len(squares), 1)

    @torch.no_grad()
    def _follow(self, student: UNet) -> UNet:
        """The teacher after the student's last step."""
        if self.teacher is None:
            self.teacher = copy.deepcopy(student).train()
            self.teacher.dropout.eval()
        decay = min(1 - 1 / (self.done + 1), DECAY)
        for mean, now in zip(self.teacher.parameters(), student.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)
        return self.teacher
