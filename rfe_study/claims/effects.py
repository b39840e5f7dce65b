"""Statistics by name, and the smallest effect of each that anyone would care for.

Fixed before the rows of phantom 2.0 were made.
"""

from rfe_study.phantom.domains import TARGETS

#: How the part of a claim ends that is about all targets.
MEAN = f"mean of {', '.join(TARGETS)}"

#: F gained: three tenths of the least gap between the bounds that the task must have
#: (`rfe_study.claims.baselines.SMALLEST_GAP`), about two mean lesions in a hundred found or lost.
DIFFERENCE = "difference of mean F"
SMALLEST_F = 0.03

#: The same on the scale of its own, which is as wide as that of F.
PRECISION_DIFFERENCE = "difference of mean average precision"

#: How far F moves between two trainings or two n_E. Half of `SMALLEST_F`: a difference of two such
#: moves then reaches it.
STEP = "difference of the mean step in F"
SMALLEST_STEP = SMALLEST_F / 2

#: Lesions found, as many as `SMALLEST_F`; the median patient has two or three in 79.
LESION_SHARE = "share of lesions"
SMALLEST_SHARE = SMALLEST_F

#: False positives before over after, as a logarithm, since counts multiply: 0.22 is one in five
#: gone. The paper calls what it sees dramatic.
FALSE_RATIO = "log ratio of false positives, lower bound to RFE"
SMALLEST_FALSE_RATIO = 0.22

#: Precision gained less recall gained: F lies between the two, and hides what they trade.
GAINS = "difference of gains"
SMALLEST_GAINS = 0.05

#: The part of a gap between two models that a third closes; asked for as a bound alone.
GAP_SHARE = "share of a gap"

#: F by which a model may fall short and still be only slightly inferior (claim 10).
SLIGHTLY = 0.05

#: What a statistic is in a column of scores that is not F at 0.5.
IN_COLUMN = {
    "f_score": DIFFERENCE,
    "f_score_a": DIFFERENCE,
    "average_precision": PRECISION_DIFFERENCE,
}
