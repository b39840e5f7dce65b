"""Made-up rows of `prior_quality` and `prior_labels`, whose means are known."""

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
                        "brain": 1_000,
                    }
                )
    extra = made[0] | {"wanted": 1, "templates": 1, "f_score": 0.9}
    return pd.DataFrame([*made, extra])


#: Dice and wrong pairs of each prior on B by V1's first patient.
DICE = {"NCC": 0.05, "NCC band": 0.06, "brightness": 0.3, "brightness band": 0.35}
DICE |= {"classifier": 0.45, "classifier band": 0.5, "NCC from A": 0.04, "own predictions": 0.4}
DICE |= {"true": 1.0}
WRONG = {"NCC": 0.3, "NCC band": 0.2, "brightness": 0.15, "brightness band": 0.1}
WRONG |= {"classifier": 0.08, "classifier band": 0.05, "NCC from A": 0.3, "own predictions": 0.04}


def with_a(wrong):
    """Wrong pairs with A's, of 3 in 10 wrong: nine tenths of the prior's lesion, a hundredth of its
    background."""
    lesion, ground = 3 * wrong, wrong / 30
    own = {"80/20": wrong, "50/50": wrong}
    mixed = {"80/20": 0.2 * lesion + 0.8 * ground, "50/50": (lesion + ground) / 2}
    found = {f"wrong_with_a_{s}": (mixed[s] + own[s] / 2) / 2 for s in own}
    return found | {"wrong_50/50": wrong}


def label_rows():
    """One draw; on C and D Dice is .1 and .2 higher, of own predictions .4 and .8; each further V1
    costs .2 of it.
    """
    made = []
    for more, target in enumerate("BCD"):
        for source, dice in DICE.items():
            for v1 in (1, 2, 3) if source in ("NCC", "classifier band") else (1,):
                unseen = [f"{target}train{k}" for k in (1, 2, 3) if k != v1]
                for subject in (*unseen, "V2 and V3"):
                    gained = 0.4 if source == "own predictions" else 0.1
                    f = dice + gained * more - 0.2 * (v1 - 1)
                    about = {"target": target, "source": source, "v1": v1, "seed": 0}
                    wrong = WRONG.get(source, 0.0)
                    made.append(
                        {
                            **about,
                            **{"subject": subject, "f_score": f, "precision": f, "recall": f},
                            **{"unsure": 0.01, "unsure_lesion": 0.2 * source.endswith("band")},
                            **{"wrong_distribution-aware": wrong / 2, "wrong_80/20": wrong},
                            **with_a(wrong),
                        }
                    )
    return pd.DataFrame(made)
