"""What `rfe adapt` does before any network is loaded: refuse what cannot be done, find patients.

PyTorch takes seconds to load, so `rfe_study.command.adapt_run`, which does the work, is imported
when it is known that there is some, and after a first line has said so.
"""

import argparse
import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rfe_core.scans.discovery import find_subjects
from rfe_core.scans.nifti import VolumeError
from rfe_core.scans.patients import SubjectFiles
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import alone
from rfe_study.command.parse_data import ADAPTATIONS
from rfe_study.methods.modalities import DROPOUT, OPTIONAL, leave_out
from rfe_study.realism.alignment import alignment
from rfe_study.realism.left_out import misnamed


def adapt(args: argparse.Namespace) -> int:
    """`rfe adapt`: segment, score where there are labels, adapt if asked; 1 if one was skipped."""
    _check(args)
    align = alignment(resample=args.resample, register=args.register)
    found = _found(args)
    others = [] if args.patients else misnamed(found, args.layout, args.data)
    bad = {folder.name: f"{folder}: {why}" for folder, why in others}
    source = None if args.prior_from is None else _source(args)
    if source is not None and args.patients is not None:
        if source.name in {files.name for files in found}:
            print(f"{source.name} is adapted to with templates of its own labels")
    elif source is not None:  # its own scan is no new one
        found = [files for files in found if files.name != source.name]
        if not found:
            raise CommandError(
                f"--prior-from {source.name} needs another patient to adapt to, got {source.name} "
                "alone; name others with --patients, or leave --prior-from out to segment it"
            )
    usable, skipped = _usable(args, found, bad)
    with nullcontext() if args.out is None else alone("adapt", [args.out]):
        some = f"{len(usable)} patient{'s' * (len(usable) != 1)}"
        print(f"{some} in {args.data}: loading networks", flush=True)
        from rfe_study.command.adapt_run import Run  # here: it brings PyTorch, which takes seconds

        run = Run(args, skipped, align)
        run.all(usable, source)
    for name, why in run.skipped.items():
        print(f"SKIPPED {name}: {why}")
    if run.skipped:
        total = len(usable) + len(skipped)
        print(
            f"{total - len(run.skipped)} of {total} patients done, skipped {', '.join(run.skipped)}"
        )
    return 1 if run.skipped else 0


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything is read."""
    if args.methods and not args.prior_from:
        raise CommandError("--methods needs --prior-from, which names the templates")
    if unknown := sorted(set(args.methods or ()) - set(ADAPTATIONS)):
        known = ", ".join(map(repr, ADAPTATIONS))
        raise CommandError(f"--methods must be some of {known}, got {unknown[0]!r}")
    if args.no_negatives and args.prior_from:
        raise CommandError("--no-negatives must go without --prior-from, got both")
    if args.without and args.prior_from:
        raise CommandError("--without must go without --prior-from, got both")
    if args.without and (others := sorted(set(args.model) - {DROPOUT})):
        raise CommandError(
            f"--without needs a network that was trained to do without, --model {DROPOUT}, got "
            f"{others[0]}"
        )
    if not args.role.strip():
        raise CommandError("--role must be a word, got an empty one")
    if args.out is None:
        if args.probabilities or args.no_masks:
            raise CommandError("--probabilities and --no-masks need --out, the folder of masks")
        return
    if args.probabilities and args.no_masks:
        raise CommandError("--probabilities must go without --no-masks, got both")
    out, data = (Path(os.path.realpath(path.expanduser())) for path in (args.out, args.data))
    if out.is_relative_to(data) and "derivatives" not in out.relative_to(data).parts:
        raise CommandError(
            f"--out must not lie among the patients, where masks would be taken for some, got "
            f"{args.out}; {args.data / 'derivatives' / 'rfe'} would do"
        )


def _find(
    args: argparse.Namespace, names: Sequence[str] | None
) -> tuple[list[SubjectFiles], list[str]]:
    """The files that are to be read, and the names of patients with a lesion mask alone."""
    found, lone = find_subjects(args.data, args.layout, names, labels=args.labels, rater=args.rater)
    return [leave_out(files, args.without) for files in found], lone


def _found(args: argparse.Namespace) -> list[SubjectFiles]:
    """The files of the patients that are asked for; says who was left out."""
    found, lone = _find(args, args.patients)
    if lone:
        print(f"with a lesion mask and no images: {', '.join(lone)}")
    if not found:
        raise VolumeError(f"{args.data}: must contain a patient with images, got none")
    return found


def _source(args: argparse.Namespace) -> SubjectFiles:
    """The files of the labelled patient that priors come from."""
    ((source,), _) = _find(args, [args.prior_from])
    if source.lesion_mask is None:
        raise CommandError(f"templates need a labelled patient, got {source.name} without labels")
    return source


def _usable(
    args: argparse.Namespace, found: Sequence[SubjectFiles], bad: dict[str, str]
) -> tuple[list[SubjectFiles], dict[str, str]]:
    """Those patients whose images are all there, and why others, and the bad, are not, by name."""
    usable = [files for files in found if not files.missing]
    why = {files.name: files.lack() for files in found if files.missing} | bad
    if why and not args.skip_bad:
        gone = {m for files in found for m in files.missing}
        doubtful = {m for files in found for m in files.doubtful if m in files.missing}
        names = " ".join(sorted(gone | {*args.without}))
        ways = ["--skip-bad does the others"] if usable else []
        if gone <= {*OPTIONAL} and not (doubtful or bad):
            ways.append(f"--model {DROPOUT} --without {names} does all without these")
        total = len(usable) + len(why)
        raise CommandError(
            "; ".join([f"{len(why)} of {total} patients cannot be used", *why.values(), *ways])
        )
    if not usable:
        raise CommandError(f"no patient can be used: {'; '.join(why.values())}")
    return usable, why
