"""The effect that decides a claim of the paper, as a sentence for readers of the scoreboard."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rfe_study.claims.verdicts import Verdict

#: How F is written, and all else that says nothing more: what an interval of ±0.05 leaves of it.
FORM = "{:z.2f}"


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """How the effect of a part is told.

    Attributes
    ----------
    part : str
        What the part's name begins with.
    words : str
        With ``{}`` where the number and its 95% interval stand, ``{limit}`` where the threshold.
    of : callable
        The number that is told, of the part's: a monotone function.
    form : str
        How it is written.
    """

    part: str
    words: str
    of: Callable[[float], float] = float
    form: str = FORM


def _turned(value: float) -> float:
    return -value


def _percent(value: float) -> float:
    return 100 * value


#: By claim; a part that is not here is told by its statistic.
SENTENCES = {
    1: Sentence(part="", words="rank correlation of the divergence with n_E: {}", of=_turned),
    2: Sentence(part="higher at", words="F is higher by {} at n_E = 2000 than at 20"),
    3: Sentence(part="80/20 better than 50/50", words="F of 80/20 less F of 50/50 is {}"),
    4: Sentence(part="l2 worse", words="F of ACD less F of l2 is {}"),
    5: Sentence(part="two trainings", of=_turned,
                words="two trainings of one model differ by {} in F; at most {limit} was allowed"),
    6: Sentence(part="better than the lower", words="F less that of the lower bound is {}"),
    7: Sentence(part="fewer false", form="{:.1f}", of=lambda value: float(np.exp(-value)),
                words="{} times as many false positives as the lower bound"),
    8: Sentence(part="most lesions", form="{:.0f}%", of=_percent,
                words="{} of the lesions below 10 mm³ are missed"),
    9: Sentence(part="worse than A", words="F off A is lower than on A by {}"),
    10: Sentence(part="C: at most", of=_turned,
                 words="F on C is {} below the upper bound; at most {limit} was allowed"),
    11: Sentence(part="finds lesions", form="{:z.0f}%", of=_percent,
                 words="{} of all lesions are found that the upper bound misses"),
    12: Sentence(part="every lesion equally", form="{:z.0f}", of=_percent,
                 words="of 100 lesions below 10 mm³, {} more are found"),
    13: Sentence(part="50/50 oversamples", form="{:.0f}",
                 words="50/50 draws {} times the true share of lesion"),
    14: Sentence(part="n_E = 100", form="{:.1f}", words="{} times as many embeddings in an epoch"),
}  # fmt: skip


def effect(part: Verdict) -> str:
    """``"two trainings of one model differ by 0.07 (0.06 to 0.12) in F ..."``; else its number.

    Empty if there is no number.
    """
    if np.isnan(part.estimate):
        return ""
    told = SENTENCES.get(part.claim)
    if told is None or not part.part.startswith(told.part):
        return f"{part.statistic}: {figures(part, sign='+')}"
    text = figures(part, of=told.of, form=told.form)
    return told.words.format(text, limit=f"{told.of(part.threshold):g}")


def figures(
    part: Verdict, *, of: Callable[[float], float] = float, form: str = FORM, sign: str = ""
) -> str:
    """``"0.04 (0.01 to 0.07)"``: the effect of a part with its 95% interval, if there is one.

    Parameters
    ----------
    part : Verdict
    of : callable
        The number that is told, of the part's: a monotone function.
    form : str
        How it is written.
    sign : str
        "+" for one before what is not negative, but not in the interval.
    """
    text = form.replace("{:", f"{{:{sign}").format(of(part.estimate))
    if np.isfinite([part.low, part.high]).all() and part.low != part.high:
        low, high = map(form.format, sorted(map(of, (part.low, part.high))))
        text += f" ({low} to {high})"
    return text.replace("-", "−")
