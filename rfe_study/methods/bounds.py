"""The bounds of Section 3.1 by name.

The lower bound has seen labels of domain A alone, an upper bound also those of its target.
"""

from rfe_study.phantom.domains import TARGETS

#: The lower bound, in rows and file names; and as it was at the branch epoch (35), where all
#: fine-tuning starts.
LOWER, BRANCH = "lower", "lower-branch"
#: The upper bound of each target.
UPPER = {domain: f"upper-{domain}" for domain in TARGETS}
#: All bounds, in the order in which they are trained.
BOUNDS = (LOWER, *UPPER.values())
#: Names for tables that hold the bounds beside methods for one target.
LOWER_BOUND, UPPER_BOUND = "lower bound", "upper bound"
