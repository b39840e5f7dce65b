"""Arguments of the commands about patients: `rfe data` and `rfe adapt`."""

import os
from pathlib import Path

from rfe_study.command.arguments import add_seeds, folder, label, positive, text
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import DOMAINS, ROLES

#: Ways to adapt a network to a scan, for `rfe adapt --methods`.
ADAPTATIONS = ("RFE, NCC", "no embedding", "Dice on NCC", "labels of the source")

#: The lists of --labels and --patients would take a path behind them for one more of theirs.
PATH_FIRST = "%(prog)s PATH [options]"

LAYOUTS = ("bids", "msseg-2016", "msseg-2021", "open-ms-data")

#: What `--without` may leave out.
OPTIONAL = ("t1", "t2")


def add_data(groups) -> None:
    """Add `rfe data` to the commands."""
    data = groups.add_parser("data", help="make phantom patients, check folders of real ones")
    commands = data.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    make = commands.add_parser(
        "make",
        help="make phantom patients in data/cache",
        **text(
            "Make phantom patients in data/cache; those that are there are kept.",
            """
            rfe data make
            rfe data make --domains A B --roles train dev
            rfe data make --profile smoke
        """,
        ),
    )
    make.add_argument("--domains", nargs="+", choices=list(DOMAINS), help="(all)")
    make.add_argument(
        "--roles",
        nargs="+",
        choices=ROLES,
        metavar="ROLE",
        help=f"some of {', '.join(ROLES)} (train test)",
    )
    make.add_argument(
        "--profile",
        choices=list(PROFILES),
        help="in place of both: all patients that `make reproduce` of this profile looks at",
    )
    make.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="processes (one per core)"
    )
    make.set_defaults(run="data.make_patients")
    check = commands.add_parser(
        "check",
        usage=PATH_FIRST,
        help="say what a folder of patients holds and what is wrong with it",
        **text(
            "Read every patient of a folder and print what was found, what is odd about it and "
            "what was not read. Exit status 1 if a patient cannot be used; with --strict, also "
            "if there was a warning.",
            """
            rfe data check ~/MSSEG-Training --layout msseg-2021
            rfe data check ~/scans --strict
            rfe data check ~/scans --labels 1 2 --register
            rfe data check ~/scans --without t2
            rfe data check ~/open_ms_data --layout open-ms-data
        """,
        ),
    )
    check.add_argument("path", type=Path, metavar="PATH", help="folder that holds the patients")
    check.add_argument("--layout", choices=LAYOUTS, default="bids", help="default: bids")
    check.add_argument("--strict", action="store_true", help="exit status 1 after a warning too")
    _add_reading(check)
    _add_without(check, "")
    check.set_defaults(run="data.check")
    statistics = commands.add_parser(
        "statistics",
        usage=PATH_FIRST,
        help="measure real scans and the phantom the same way, in numbers only",
        **text(
            "Measure contrast, texture, edges and intensities of patients of a folder and of "
            "phantom patients, and write scan_statistics.csv and scan_histograms.csv anew: "
            "numbers, no images. The book's own lie in data/results.",
            """
            rfe data statistics ~/open_ms_data --layout open-ms-data --patients patient07
                                --out data/results
        """,
        ),
    )
    statistics.add_argument(
        "path", type=Path, metavar="PATH", help="folder that holds the patients"
    )
    _add_choice(statistics)
    _add_reading(statistics)
    statistics.add_argument(
        "--out", type=folder, required=True, metavar="DIR", help="folder of tables, written anew"
    )
    statistics.set_defaults(run="data.statistics")


def _add_reading(parser) -> None:
    """How files are read where a data set leaves it open."""
    parser.add_argument(
        "--labels",
        type=label,
        nargs="+",
        default=[],
        metavar="N",
        help="values of lesion masks that count as lesion (masks hold 0 and 1)",
    )
    parser.add_argument(
        "--rater", metavar="K", help="one rater's lesion masks, e.g. 3, not the consensus"
    )
    moves = parser.add_mutually_exclusive_group()
    moves.add_argument(
        "--resample",
        action="store_true",
        help="put T1, T2 and masks of other grids onto the FLAIR's, as the headers say",
    )
    moves.add_argument(
        "--register",
        action="store_true",
        help="the same, and find by a rigid registration how T1 and T2 lie (SimpleITK)",
    )


def _add_without(parser, needs: str) -> None:
    """Which modalities are not there, or not to be read."""
    parser.add_argument(
        "--without",
        nargs="+",
        choices=OPTIONAL,
        default=[],
        metavar="MODALITY",
        help=f"do without t1, t2 or both, of all patients{needs} (none)",
    )


def _add_choice(parser) -> None:
    """Which patients of a folder, and how it is laid out."""
    parser.add_argument("--layout", choices=LAYOUTS, default="bids", help="default: bids")
    parser.add_argument("--patients", nargs="+", metavar="NAME", help="some of them (all)")


def add_adapt(groups) -> None:
    """Add `rfe adapt` to the commands."""
    parser = groups.add_parser(
        "adapt",
        help="segment scans of a folder with trained networks, score them, adapt to them",
        **text(
            "Segment the patients of a folder with networks of this book, one patient at a time, "
            "and score those that have a lesion mask. Masks go into --out as BIDS derivatives on "
            "the FLAIR's own grid, with a picture for each patient and a table, real.csv; without "
            "--out nothing is written. What was made of the same images, labels and weights is "
            "kept, all else is made again. With --prior-from, networks are first adapted to each "
            "patient's own unlabelled scan by Random Feature Embedding with an NCC prior "
            "(transductive). No network of this book may be used for a diagnosis.",
            """
            rfe adapt --data ~/scans --out ~/masks                        your own, a BIDS tree
            rfe adapt --data ~/scans --out ~/masks --register             T1 and T2 on other grids
            rfe adapt --data ~/scans --out ~/masks --model modality-dropout --without t1 t2
            rfe adapt --data ~/open_ms_data --layout open-ms-data --patients patient07
            rfe adapt --data ~/open_ms_data --layout open-ms-data --patients patient19
                      --model lower --prior-from patient07 --role dev
                      --out ~/masks
            rfe results real --out ~/masks
        """,
        ),
    )
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="the folder")
    _add_choice(parser)
    _add_reading(parser)
    _add_without(parser, "; needs --model modality-dropout")
    parser.add_argument(
        "--model", nargs="+", default=["lower"], metavar="NAME", help="default: lower"
    )
    add_seeds(parser, "default: all there are", None)
    parser.add_argument("--profile", choices=list(PROFILES), default="laptop")
    parser.add_argument(
        "--weights", type=Path, metavar="DIR", help="folder of networks (data/checkpoints)"
    )
    parser.add_argument(
        "--no-negatives",
        action="store_true",
        help="set negative voxels, which interpolation makes at sharp edges, to 0 (kept)",
    )
    parser.add_argument(
        "--prior-from",
        metavar="NAME",
        help="adapt, some minutes a method; templates and threshold from this patient",
    )
    methods = ", ".join(f'"{name}"' for name in ADAPTATIONS)
    parser.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        help=f"ways to adapt, with --prior-from: some of {methods} (all)",
    )
    parser.add_argument(
        "--role", default="real", help='what the scores are for, e.g. "dev", "test" (real)'
    )
    parser.add_argument(
        "--out", type=folder, metavar="DIR", help="folder for masks, pictures and the table (none)"
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="write probability maps beside the masks"
    )
    parser.add_argument(
        "--no-masks", action="store_true", help="write the table alone, no masks and pictures"
    )
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="skip patients that cannot be used, name them, and exit with status 1",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu, but for profile paper")
    parser.set_defaults(run="adapt.adapt")
