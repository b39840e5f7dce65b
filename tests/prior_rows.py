"""Made-up rows of `rfe_study.measures.prior_quality`, whose means are known."""

import pandas as pd


def rows():
    """Two draws for V1 and V2 of B, templates of B and of A, and brightness."""
    made = []
    for method, source, seeds in (
        ("NCC", "Btrain1", (0, 1)),
        ("NCC", "Atrain1", (0, 1)),
        ("brightness", "Btrain1", (0,)),
        ("brightness", "Atrain1", (0,)),
    ):
        for seed in seeds:
            for patient in (1, 2, 3):
                own = source == "Btrain1"
                f = 0.1 * patient + 0.02 * seed + (0 if own else 0.5)
                made.append(
                    {
                        "method": method,
                        "target": "B",
                        "source": source,
                        "subject": f"Btrain{patient}",
                        "wanted": 30 if method == "NCC" else 0,
                        "templates": 27 if method == "NCC" else 0,
                        "size": 5 if method == "NCC" else 1,
                        "seed": seed,
                        "threshold": 0.6 + 0.01 * seed,
                        "f_score": f + (0.05 if method == "brightness" else 0),
                        "precision": 0.25,
                        "recall": 0.5,
                        "best_f_score": f + 0.1,
                        "auc": 0.7,
                        "marked": 200,
                        "lesion": 100,
                        "brain": 10_000,
                    }
                )
    extra = made[0] | {"wanted": 1, "templates": 1, "f_score": 0.9}
    return pd.DataFrame([*made, extra])
