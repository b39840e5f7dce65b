"""`rfe adapt` runs trained networks on scans of a folder; `rfe data statistics` measures them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rfe_study import results
from rfe_study.command import train
from rfe_study.command.arguments import seed, text
from rfe_study.methods.profiles import PROFILES


def add_parser(groups, layouts: Sequence[str]) -> None:
    """Add `rfe adapt` to the commands."""
    parser = groups.add_parser(
        "adapt",
        help="segment scans of a folder with trained networks, score them, adapt to them",
        **text(
            "Segment the patients of a folder with networks of this book and score those that "
            "have a lesion mask. Each is scored once: rows that are there are kept. With "
            "--prior-from, networks are first adapted to each patient's own unlabelled scan by "
            "Random Feature Embedding with an NCC prior (transductive). Images stay where they "
            "are; no network of this book may be used for a diagnosis.",
            """
            rfe adapt --data ~/scans --out ~/masks                        your own, a BIDS tree
            rfe adapt --data ~/open_ms_data --layout open-ms-data --patients patient07
            rfe adapt --data ~/open_ms_data --layout open-ms-data --patients patient19
                      --model lower fitted --prior-from patient07 --role test
            rfe results real
        """,
        ),
    )
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="the folder")
    parser.add_argument("--layout", choices=layouts, default="bids", help="default: bids")
    parser.add_argument("--patients", nargs="+", metavar="NAME", help="some of them (all)")
    parser.add_argument(
        "--model", nargs="+", default=["lower"], metavar="NAME", help="default: lower"
    )
    parser.add_argument(
        "--seeds", nargs="+", type=seed, metavar="SEED", help="default: all there are"
    )
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
        "--prior-from", metavar="NAME", help="adapt; templates and threshold from this patient"
    )
    parser.add_argument(
        "--methods", nargs="+", metavar="METHOD", help="ways to adapt (all), with --prior-from"
    )
    parser.add_argument(
        "--role", default="real", help='what the scores are for, e.g. "dev", "test" (real)'
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for masks (none) and rows (data/results)"
    )
    parser.set_defaults(run=adapt)


def add_statistics_parser(groups, layouts: Sequence[str]) -> None:
    """Add `rfe data statistics` to the commands of `rfe data`."""
    parser = groups.add_parser(
        "statistics",
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
    parser.add_argument("path", type=Path, help="folder that holds the patients")
    parser.add_argument("--layout", choices=layouts, default="bids", help="default: bids")
    parser.add_argument("--patients", nargs="+", metavar="NAME", help="some of them (all)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of tables, written anew"
    )
    parser.set_defaults(run=statistics)


def statistics(args: argparse.Namespace) -> int:
    """`rfe data statistics`: measure, write both tables, print the distances."""
    from rfe_core.scans.load import load_subjects
    from rfe_study.realism import distance
    from rfe_study.realism.statistics import without_negatives

    subjects = load_subjects(args.path, args.layout, args.patients, allow_empty_lesions=True)
    distance.measure_all([without_negatives(s) for s in subjects], folder=args.out)
    table = distance.distances(results.stored(distance.STATISTICS, args.out))
    print("distance from the real scans, mean |log2 ratio|:")
    print(table.to_string(float_format=lambda x: f"{x:.2f}"))
    return 0


def adapt(args: argparse.Namespace) -> int:
    """`rfe adapt`: segment, score where there are labels, adapt if asked."""
    from rfe_core.scans.load import load_subjects
    from rfe_study.realism.statistics import without_negatives
    from rfe_study.runs import real
    from rfe_study.workers import one_thread

    _check(args)
    weights = args.weights or results.DATA / "checkpoints"
    networks = real.find_networks(weights, args.model, args.seeds, profile=args.profile)
    prepared = real.NO_NEGATIVES if args.no_negatives else real.AS_READ
    subjects = load_subjects(args.data, args.layout, args.patients, allow_empty_lesions=True)
    if args.no_negatives:
        subjects = list(map(without_negatives, subjects))
    with one_thread():
        if args.prior_from is None:
            for subject in subjects:
                _segment(args, networks, subject, prepared)
        else:
            (source,) = load_subjects(args.data, args.layout, [args.prior_from])
            if args.patients is None:  # its own scan is no new one
                subjects = [subject for subject in subjects if subject.name != source.name]
            for network in networks:
                _adapt(args, network, source, subjects)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything is read."""
    from rfe_study.runs import real

    if args.methods and not args.prior_from:
        raise train.CommandError("--methods needs --prior-from, which names the templates")
    if unknown := sorted(set(args.methods or ()) - set(real.METHODS)):
        known = ", ".join(map(repr, real.METHODS))
        raise train.CommandError(f"--methods must be some of {known}, got {unknown[0]!r}")
    if args.no_negatives and args.prior_from:
        raise train.CommandError("--no-negatives must go without --prior-from, got both")
    if not args.role.strip():
        raise train.CommandError("--role must be a word, got an empty one")
    if args.out is not None and args.out.exists() and not args.out.is_dir():
        raise train.CommandError(f"--out must be a folder, got the file {args.out}")


def _segment(args: argparse.Namespace, networks, subject, experiment: str) -> None:
    """Segment a patient with all networks that have not scored it yet."""
    from rfe_study.runs import real

    wanted = [
        network
        for network in networks
        if not _scored(args, real.row_of(network, experiment, subject.name))
    ]
    for network, mask in real.segmentations(wanted, subject):
        _keep(args, network, experiment, subject, mask, real.NOBODY)


def _adapt(args: argparse.Namespace, network, source, subjects) -> None:
    """Adapt a network to each patient in turn, by each method."""
    from rfe_core.evaluation import segment
    from rfe_study.runs import real

    if not network.branch.exists():
        raise train.CommandError(
            f"{network.branch} must hold the weights of the branch epoch, but is not there"
        )
    labelled = at_home = None  # at_home: trained on the source, the same for each patient
    for subject in subjects:
        wanted = [
            experiment
            for experiment in (real.PRIOR, *(args.methods or real.METHODS))
            if not _scored(args, real.row_of(network, experiment, subject.name, source.name))
        ]
        if not wanted:
            continue
        labelled = real.labelled_crops(network) if labelled is None else labelled
        prior = real.prior_of(source, subject, seed=network.seed)
        for experiment in wanted:
            mask = prior
            if experiment == real.SOURCE_LABELS:
                at_home = at_home or real.adapt(
                    network, labelled, source, source.lesion_mask, experiment
                )
                mask = segment(at_home, subject)
            elif experiment != real.PRIOR:
                adapted = real.adapt(network, labelled, subject, prior, experiment)
                mask = segment(adapted, subject)
            _keep(args, network, experiment, subject, mask, source.name)


def _has_row(args: argparse.Namespace, identity: dict) -> bool:
    """Whether the table has a row of this network, experiment, patient and prior."""
    from rfe_study.runs import real

    if not results.exists(real.TABLE, args.out):
        return False
    table = results.stored(real.TABLE, args.out)
    keys = table[list(real.KEY)].itertuples(index=False, name=None)
    return tuple(identity.values()) in set(keys)


def _scored(args: argparse.Namespace, identity: dict) -> bool:
    """Whether nothing is left to do: the row is there, and the mask if masks are wanted."""
    written = args.out is None or _mask_path(args, **identity).exists()
    if done := written and _has_row(args, identity):
        print(f"{_about(**identity)}: scored before, kept")
    return done


def _keep(args: argparse.Namespace, network, experiment: str, subject, mask, source: str) -> None:
    """Write a mask if asked, a row if there are labels, and say in a line what was found."""
    from rfe_core.scans.nifti import write_mask
    from rfe_study.runs import real

    identity = real.row_of(network, experiment, subject.name, source)
    if args.out is not None:
        write_mask(_mask_path(args, **identity), mask, subject.affine)
    millilitres = mask.sum() * float(subject.voxel_size_mm.prod()) / 1000
    if subject.lesion_mask is None:
        print(f"{_about(**identity)}: {millilitres:.2f} ml marked; no lesion mask, so no scores")
        return
    if _has_row(args, identity):
        print(f"{_about(**identity)}: scored before, kept; {millilitres:.2f} ml marked anew")
        return
    row = real.scored_row(network, experiment, args.role, mask, subject, source)
    results.append(real.TABLE, [row], key=real.KEY, folder=args.out)
    print(
        f"{_about(**identity)}: Dice {row['f_score']:.3f}, precision {row['precision']:.3f}, "
        f"recall {row['recall']:.3f}, {row['detected']} of {row['lesions']} lesions found, "
        f"{row['fp_per_slice']:.1f} false positives a slice, {millilitres:.2f} ml marked"
    )


def _mask_path(
    args: argparse.Namespace, *, profile, model, seed, experiment, subject, prior_from
) -> Path:
    """One file for each row that there may be."""
    from rfe_study.runs import real

    source = "" if prior_from == real.NOBODY else f"_from-{prior_from}"
    name = f"{subject}_{profile}-{model}-seed{seed}_{experiment}{source}.nii.gz"
    return args.out / name.replace(" ", "-").replace(",", "")


def _about(*, model, seed, experiment, subject, **_) -> str:
    return f"{model} seed {seed}, {experiment}, {subject}"
