"""Arguments of the commands about tables: `rfe measure` and `rfe results`."""

import os
from pathlib import Path

from rfe_study.command.arguments import add_seeds, condition, folder, positive, text
from rfe_study.methods.profiles import PROFILES

#: What `rfe measure` measures, and what that needs.
MEASURES = {
    "representativeness": "how well samples resemble their batch (chapter 06); needs rfe train",
    "prior": "how well the NCC prior marks lesions (chapter 08)",
    "modalities": "what it costs to do without T1 or T2; needs rfe variants",
    "fidelity": "the phantom, beside figures of real scans (chapter 01)",
    "embedding-cost": "seconds of the embedding losses (chapter 10)",
    "prior-cost": "seconds and memory of the NCC prior (chapter 08)",
    "tuning-cost": "seconds of a step of fine-tuning (chapter 07)",
}


def add_measure(groups) -> None:
    """Add `rfe measure` to the commands."""
    measured = "\n            ".join(f"{name:20} {words}" for name, words in MEASURES.items())
    parser = groups.add_parser(
        "measure",
        help="measure the phantom, the prior, samples or costs, and write the table anew",
        **text(
            "Measure something and write its table anew, data/results/NAME.csv: one of those "
            "listed below. Of profile smoke little is measured, in data/cache/smoke.",
            f"""
            rfe measure representativeness --seeds 0 1 2
            rfe measure prior
            rfe measure fidelity --out data/cache/mine

            {measured}
        """,
        ),
    )
    parser.add_argument("name", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--profile", choices=list(PROFILES), default="laptop")
    about = "of networks or of templates, where there are any (default: 0 1 2)"
    add_seeds(parser, about, [0, 1, 2])
    parser.add_argument(
        "--baselines",
        type=Path,
        metavar="DIR",
        help="folder with the lower bound's weights (data/checkpoints)",
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        default=os.cpu_count() or 1,
        help="processes, of fidelity (one per core)",
    )
    parser.add_argument("--out", type=folder, metavar="DIR", help="folder of the table")
    parser.set_defaults(run="measure.measure")


def add_results(groups) -> None:
    """Add `rfe results` to the commands."""
    parser = groups.add_parser(
        "results",
        help="list the tables of results, summarise one, or say where its rows come from",
        **text(
            "List the tables, or print one: scores are averaged over patients, mean and standard "
            "deviation are over seeds. With `origin`, say of the rows of a table which commit "
            "made them or, if they do not say, which one first stored them, with the versions and "
            "the machine. A table named origin is none of ours.",
            """
            rfe results
            rfe results baselines
            rfe results real --out ~/masks                 patients of your own
            rfe results origin baselines model=lower seed=0
        """,
        ),
    )
    parser.add_argument("table", nargs="?", help="name without .csv, or origin")
    parser.add_argument("of", nargs="?", metavar="TABLE", help="whose rows, after origin")
    parser.add_argument(
        "where",
        nargs="*",
        type=condition,
        metavar="COLUMN=VALUE",
        help="after origin: rows that have these values (all)",
    )
    parser.add_argument(
        "--out", type=folder, metavar="DIR", help="folder of the tables, as of the command's --out"
    )
    parser.set_defaults(run="show.show")
