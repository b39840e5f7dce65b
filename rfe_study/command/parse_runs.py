"""Arguments of the commands that train: `rfe train`, `rfe sweep` and `rfe variants`."""

from pathlib import Path

from rfe_study.command.arguments import add_seeds, folder, positive, rate, text
from rfe_study.methods.bounds import BOUNDS
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import TARGETS

#: Experiments, and the target domains that each is made for: the proof of concept's controls are
#: named after B, as is the paper's, and its settings were chosen there.
EXPERIMENTS = {
    "proof-of-concept": ("B",),
    "search": ("B",),
    "choices": ("B",),
    "adaptation": TARGETS,
    "adaptation-search": TARGETS,
}

#: The networks trained on variants of the phantom's training patients, and the one that goes on
#: from the first and learns to do without T1 and T2.
VARIANT_NAMES = ("four-scanners", "random-protocols", "modality-dropout")

#: Whom a model is scored on.
ON_TEST, ON_DEV, ON_V1 = "test", "dev", "V1"


def _add_common(parser, out: str) -> None:
    """What all commands that train have in common."""
    parser.add_argument("--profile", choices=list(PROFILES), default="laptop")
    add_seeds(parser, "default: 0 1 2", [0, 1, 2])
    parser.add_argument(
        "--out",
        type=folder,
        metavar="DIR",
        help=f"folder for {out}; of profile smoke data/cache/smoke",
    )


def add_train(groups) -> None:
    """Add `rfe train` to the commands."""
    parser = groups.add_parser(
        "train",
        help="train the lower and upper bounds, and score them",
        **text(
            "Train the baselines of Section 3.1: per seed the lower bound on domain A, "
            "then the upper bounds B, C, D from its epoch 35. Finished models are skipped; a "
            "stopped run goes on where it was when the same command is given again.",
            """
            rfe train --profile laptop --seeds 0 1 2 --jobs 2
            rfe train --profile laptop --seeds 0 1 2 --evaluate dev      for any choice you make
            rfe train --profile laptop --seeds 0 1 2 --evaluate test     once, at the end
            rfe train --profile laptop --learning-rate 1e-3 --out data/cache/lr --evaluate dev
        """,
        ),
    )
    _add_common(parser, "weights and tables (data/checkpoints and data/results)")
    parser.add_argument(
        "--models",
        nargs="+",
        choices=BOUNDS,
        default=list(BOUNDS),
        metavar="MODEL",
        help=f"some of {', '.join(BOUNDS)} (all); the lower bound is always among them",
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        help="models at a time (one per core, with one thread; on a GPU 1)",
    )
    parser.add_argument(
        "--evaluate",
        choices=(ON_DEV, ON_TEST),
        help="score on the development or on the test patients of all domains, seed by seed",
    )
    parser.add_argument("--epochs", type=positive, help="instead of the profile's; needs --out")
    parser.add_argument("--learning-rate", type=rate, help="instead of the profile's; needs --out")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu, but for profile paper")
    parser.set_defaults(run="train.train")


def add_sweep(groups) -> None:
    """Add `rfe sweep` to the commands."""
    parser = groups.add_parser(
        "sweep",
        help="fine-tune the 36 models and those beside them, and score them",
        **text(
            "Fine-tune all models of an experiment from the lower bound's epoch 35 (Section "
            "3.2), which `rfe train` must have made: seed by seed, each scored, if that is asked, "
            "before the next one begins. Finished models are skipped: a sweep that was stopped or "
            "killed goes on when the same command is given again.",
            """
            rfe sweep --seeds 0                                one process per core
            rfe sweep --seeds 0 1 2 --evaluate test            test patients: once
            rfe sweep --seeds 0-7 --evaluate test              of eight seeds what verdicts rest on
            rfe sweep --seeds 3-7 --methods control "* 2000"   some methods, of five more seeds
            rfe sweep --seeds 0 1 2 --explorer                 its masks again, without scores
            rfe sweep --experiment search --seeds 0 1 --evaluate dev
            rfe sweep --experiment choices --seeds 0 --evaluate dev
            rfe sweep --experiment adaptation --seeds 0 1 2    with a real prior (chapter 09)
            rfe sweep --seeds 0 --scheduler tcp://host:8786    on a Dask cluster
        """,
        ),
    )
    _add_common(
        parser,
        "weights, tables and the explorer's masks (data/cache/sweep, data/results and "
        "data/explorer)",
    )
    parser.add_argument("--experiment", choices=EXPERIMENTS, default="proof-of-concept")
    parser.add_argument(
        "--target",
        nargs="+",
        choices=TARGETS,
        metavar="DOMAIN",
        help="some of the experiment's target domains (all: B; of the adaptation B C D)",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        metavar="NAME",
        help="some of the experiment's methods, by name, by pattern such as '80/20 ACD *', or by "
        "group, the column of the table of models, of all --seeds; without, all methods, each of "
        "no more seeds than its list says: 8 where a verdict rests on it, else 3 or 1",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=positive, help="models at a time (one per core, with one thread each)"
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that runs them")
    parser.add_argument(
        "--evaluate",
        choices=(ON_DEV, ON_TEST, ON_V1),
        help="score on development or test patients of the target domain, seed by seed (after the "
        "adaptation, on test patients of the others too), or on its first training patient V1",
    )
    parser.add_argument(
        "--explorer",
        action="store_true",
        help="store what the models at hand predict on a few test slices, for the explorers of "
        "chapters 07 and 09 (--evaluate test does, too); masks of models without weights are kept",
    )
    parser.add_argument(
        "--baselines",
        type=Path,
        metavar="DIR",
        help="folder with the lower bound's weights (data/checkpoints)",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu, but for profile paper")
    parser.set_defaults(run="sweep.sweep")


def add_variants(groups) -> None:
    """Add `rfe variants` to the commands."""
    parser = groups.add_parser(
        "variants",
        help="train networks on other training patients, and one for scans without T1 or T2",
        **text(
            "Train networks from scratch on other choices of training patients (chapter 11), one "
            "after another; modality-dropout goes on from four-scanners of the same seed. "
            "Finished ones are kept; a stopped run goes on when the same command is given again.",
            """
            rfe variants --seeds 0 1 2
            rfe variants --variants four-scanners modality-dropout --seeds 0
        """,
        ),
    )
    _add_common(parser, "weights (data/checkpoints)")
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=VARIANT_NAMES,
        default=list(VARIANT_NAMES),
        metavar="VARIANT",
        help=f"some of {', '.join(VARIANT_NAMES)} (all)",
    )
    parser.add_argument("--quiet", action="store_true", help="a line an epoch instead of a bar")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu, but for profile paper")
    parser.set_defaults(run="variants.train")
