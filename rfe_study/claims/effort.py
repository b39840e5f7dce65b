"""Claim 14: what n_E = 100 costs against n_E = 2000, from the paper's own numbers."""

from rfe_study.claims.evidence import Exact
from rfe_study.claims.verdicts import Question, Verdict, judge
from rfe_study.methods import adaptation

#: Numbers of Section 3.2: n_E and images of the proof of concept and of the real prior.
PROOF, REAL = (2000, 200), (adaptation.N_E, 4000)


def arithmetic() -> list[Verdict]:
    """Claim 14 from the paper's own numbers: no run can change it.

    Each image is looked at once an epoch, so n_E times images counts embeddings, and n_E squared
    times images counts pairs, both up to a factor that is the same for both experiments.
    """
    (n_proof, images_proof), (n_real, images_real) = PROOF, REAL
    embeddings = n_real * images_real / (n_proof * images_proof)
    pairs = n_proof**2 * images_proof / (n_real**2 * images_real)
    return judge(
        (Question(claim=14, part=words, statistic="ratio", threshold=threshold), Exact(ratio))
        for words, ratio, threshold in (
            ("n_E = 100: as many embeddings in an epoch", embeddings, 0.9),
            ("fewer pairs in an epoch", pairs, 1.0),
        )
    )
