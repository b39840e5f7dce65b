"""Exercises of chapters 01 to 03: a solution passes its checks, a plausible mistake does not."""

from dataclasses import replace

import answered
import exercises
import numpy as np
import pandas as pd
import pytest
import synthetic
import torch

from rfe_book.cells import checks
from rfe_core import checkpoints, evaluation, metrics, patches
from rfe_study import results
from rfe_study.claims.rows import of_model
from rfe_study.measures import probes
from rfe_study.methods.profiles import PROFILES, SHOWN
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import DOMAINS

NULL = "(np.log(2) - np.log(1 + np.exp(-tr_ms / t1_ms)))"
HYBRID = 'return replace(DOMAINS["A"], field_strength_t=1.5)'
BEST = "key=lambda te: difference(te, field_t)"
WHITE = "scanner.tissue_signals(replace(flair, echo_time_ms=te), field_t)[2]"
LAZY = '{"cross entropy": q, "Dice loss": np.sqrt(q)}'
LEAK = "np.mean([place in seen for place in places])"
OVER_SEEDS, OVER_HEADS = "scores.mean(axis=1).std()", "scores.mean(axis=0).std()"

#: By exercise: in the solution, what a student may write instead.
MISTAKES = [
    ("d01-31", NULL, "np.log(2)"),  # as if TR were endless
    ("d01-31", "np.log(2) - np.log(1 +", "np.log(2) + np.log(1 +"),
    ("d01-31", "-tr_ms / t1_ms", "-t1_ms / tr_ms"),
    ("d01-31", "-tr_ms / t1_ms", "tr_ms / t1_ms"),
    ("d01-31", "np.log(", "np.log10("),
    ("d01-33", "return max(", "return min("),
    ("d01-33", "return max(range(40, 201)", "return max(range(40, 201, 10)"),
    ("d01-33", BEST, BEST.replace("field_t", "3.0")),
    ("d01-33", BEST, BEST.replace("field_t", "1.5")),
    ("d01-33", BEST, BEST + " / " + WHITE),  # the ratio
    ("d01-35", HYBRID, 'return replace(DOMAINS["B"], flair=DOMAINS["A"].flair)'),
    ("d01-35", "field_strength_t=1.5", "field_strength_t=3.0"),
    ("unet-49", "k * k * c_in * c_out + c_out", "k * k * c_in * c_out"),
    ("unet-49", "k * k * c_in * c_out + c_out", "k * k * c_in * c_out + c_in"),
    ("unet-49", "k * k * c_in * c_out + c_out", "k * k * c_in * c_out + 1"),
    ("unet-49", "k * k * c_in", "k * c_in"),
    ("unet-55", "skips=skips, coarse=coarse", "coarse=coarse"),
    ("unet-55", "skips=skips, coarse=coarse", "skips=skips"),
    ("unet-55", " & brain[some]", ""),
    ("unet-55", "metrics.f_score(", "metrics.precision("),
    ("unet-55", "> 0.5", "> 0.05"),
    ("unet-58", "np.sqrt(q)", "q"),
    ("unet-58", "np.sqrt(q)", "q**2"),
    ("unet-58", "np.sqrt(q)", "2 * q"),
    ("unet-58", LAZY, '{"cross entropy": np.sqrt(q), "Dice loss": q}'),
    ("unet-58", '"cross entropy": q', '"cross entropy": 1 - q'),
    ("base-32", "2 * p * r / (p + r)", "(p + r) / 2"),
    ("base-32", "2 * p * r / (p + r)", "p * r / (p + r)"),
    ("base-32", "2 * p * r / (p + r)", "np.sqrt(p * r)"),
    ("base-32", " if p + r else 0.0", ""),
    ("base-34", "np.mean([", "sum(["),
    ("base-34", "np.mean([", "any(["),
    ("base-34", LEAK, "len(seen & set(places)) / len(set(zip(second.subjects, second.slices)))"),
    ("base-34", LEAK, "np.isin(second.slices, first.slices).mean()"),
    ("base-34", LEAK, "np.isin(second.subjects, first.subjects).mean()"),
    ("base-36", f"{OVER_SEEDS}, {OVER_HEADS}", f"{OVER_HEADS}, {OVER_SEEDS}"),
    ("base-36", OVER_SEEDS, "scores.std(axis=0).mean()"),
    ("base-36", OVER_HEADS, "scores.std(axis=1).mean()"),
    ("base-36", ".std()", ".var()"),
    ("base-36", ".std()", ".std(ddof=0)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def defined(ball_anatomy):
    """What the chapters have defined above their exercises, in small."""
    subjects = [synthetic.tiny_subject(f"A{seed}", seed=seed) for seed in range(2)]
    training, validation = patches.extract(
        subjects, 60, generator=np.random.default_rng(0), size=16
    )
    weights = results.DATA / "checkpoints" / "laptop-lower-seed0.safetensors"
    names = {
        **{"np": np, "pd": pd, "torch": torch, "checks": checks, "replace": replace},
        **{"DOMAINS": DOMAINS, "scanner": scanner, "flair": DOMAINS["A"].flair},
        "anatomy": ball_anatomy,
        "contrast_figures": lambda image, anatomy: {
            "flair": {"lesion / white matter": image["flair"][anatomy.lesion_mask].mean()}
        },
        **{"metrics": metrics, "probes": probes, "evaluation": evaluation, "patches": patches},
        **{"model": checkpoints.load_model(weights), "some": np.arange(24, 36)},
        "images": patches.stack(subjects[0]),
        "lesions": subjects[0].lesion_mask.transpose(2, 0, 1),
        "brain": subjects[0].brain_mask.transpose(2, 0, 1).copy(),
        **{"subjects": subjects, "training": training, "validation": validation},
        **{"PROFILES": PROFILES, "SHOWN": SHOWN},
        "paired": results.read("baselines").query("role == 'paired'"),
        "of_model": of_model,
    }
    # Half of the brain, so that a mask that is forgotten matters on a tiny head too.
    names["brain"][:, :18] = False
    with_it = answered.source_of("unet-55").split("tabled")[0]
    exec(exercises.solution(with_it), names)
    names["skips"] = pd.DataFrame({"F-score": [names["f_without"](), names["f_without"]([0])]})
    return names


@pytest.fixture
def names(defined):
    """The same for one test, with a generator of its own."""
    return defined | {"rng": np.random.default_rng(0)}


@pytest.mark.parametrize("exercise", sorted({mistake[0] for mistake in MISTAKES}))
def test_solution_is_right_and_a_stub_is_not_yet(exercise, names, capsys):
    answered.solution_is_right_and_stub_is_not_yet(exercise, names, capsys)


@pytest.mark.parametrize(("exercise", "right", "wrong"), MISTAKES)
def test_plausible_mistake_is_not_yet_right(exercise, right, wrong, names, capsys):
    answered.mistake_is_not_yet_right(exercise, right, wrong, names, capsys)
