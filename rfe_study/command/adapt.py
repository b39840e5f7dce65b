"""What `rfe adapt` does: run trained networks on scans of a folder, or adapt them to each scan."""

import argparse
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rfe_core.evaluation import segment
from rfe_core.patches import Patches
from rfe_core.scans.load import load_subjects
from rfe_core.scans.nifti import write_mask
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study import results
from rfe_study.command.errors import CommandError
from rfe_study.realism.statistics import without_negatives
from rfe_study.runs import networks, real
from rfe_study.runs.networks import Network
from rfe_study.workers import one_thread


def adapt(args: argparse.Namespace) -> int:
    """`rfe adapt`: segment, score where there are labels, adapt if asked."""

    _check(args)
    weights = args.weights or results.DATA / "checkpoints"
    found = networks.find(weights, args.model, args.seeds, profile=args.profile)
    prepared = real.NO_NEGATIVES if args.no_negatives else real.AS_READ
    subjects = load_subjects(args.data, args.layout, args.patients, allow_empty_lesions=True)
    if args.no_negatives:
        subjects = list(map(without_negatives, subjects))
    with one_thread():
        if args.prior_from is None:
            for subject in subjects:
                _segment(args, found, subject, prepared)
        else:
            (source,) = load_subjects(args.data, args.layout, [args.prior_from])
            if args.patients is None:  # its own scan is no new one
                subjects = [subject for subject in subjects if subject.name != source.name]
            for network in found:
                _adapt(args, network, source, subjects)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything is read."""

    if args.methods and not args.prior_from:
        raise CommandError("--methods needs --prior-from, which names the templates")
    if unknown := sorted(set(args.methods or ()) - set(real.METHODS)):
        known = ", ".join(map(repr, real.METHODS))
        raise CommandError(f"--methods must be some of {known}, got {unknown[0]!r}")
    if args.no_negatives and args.prior_from:
        raise CommandError("--no-negatives must go without --prior-from, got both")
    if not args.role.strip():
        raise CommandError("--role must be a word, got an empty one")
    if args.out is not None and args.out.exists() and not args.out.is_dir():
        raise CommandError(f"--out must be a folder, got the file {args.out}")


def _segment(
    args: argparse.Namespace, found: Sequence[Network], subject: Subject, experiment: str
) -> None:
    """Segment a patient with all networks that have not scored it yet."""

    wanted = [
        network
        for network in found
        if not _scored(args, real.row_of(network, experiment, subject.name))
    ]
    for network, mask in real.segmentations(wanted, subject):
        _keep(args, network, experiment, subject, mask, real.NOBODY)


def _adapt(
    args: argparse.Namespace, network: Network, source: Subject, subjects: Sequence[Subject]
) -> None:
    """Adapt a network to each patient in turn, by each method."""
    if not network.branch.exists():
        raise CommandError(
            f"{network.branch} must hold the weights of the branch epoch, but is not there"
        )
    adaptation = _Adaptation(network, source)
    for subject in subjects:
        wanted = [
            experiment
            for experiment in (real.PRIOR, *(args.methods or real.METHODS))
            if not _scored(args, real.row_of(network, experiment, subject.name, source.name))
        ]
        for experiment, mask in adaptation.masks(subject, wanted):
            _keep(args, network, experiment, subject, mask, source.name)


class _Adaptation:
    """A network and the labelled patient of its priors; what all patients share is made once."""

    def __init__(self, network: Network, source: Subject) -> None:
        self.network, self.source = network, source

    @cached_property
    def _labelled(self) -> Patches:
        return real.labelled_crops(self.network)

    @cached_property
    def _at_home(self) -> UNet:
        """Trained on the source with its own labels."""
        mask = self.source.lesion_mask
        return real.adapt(self.network, self._labelled, self.source, mask, real.SOURCE_LABELS)

    def masks(
        self, subject: Subject, wanted: Sequence[str]
    ) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """The mask of each experiment that is wanted."""
        if not wanted:
            return
        prior = real.prior_of(self.source, subject, seed=self.network.seed)
        for experiment in wanted:
            if experiment == real.PRIOR:
                yield experiment, prior
            elif experiment == real.SOURCE_LABELS:
                yield experiment, segment(self._at_home, subject)
            else:
                adapted = real.adapt(self.network, self._labelled, subject, prior, experiment)
                yield experiment, segment(adapted, subject)


def _has_row(args: argparse.Namespace, identity: dict) -> bool:
    """Whether the table has a row of this network, experiment, patient and prior."""

    return tuple(identity.values()) in set(results.keys(real.TABLE, real.KEY, args.out))


def _scored(args: argparse.Namespace, identity: dict) -> bool:
    """Whether nothing is left to do: the row is there, and the mask if masks are wanted."""
    written = args.out is None or _mask_path(args, **identity).exists()
    if done := written and _has_row(args, identity):
        print(f"{_about(**identity)}: scored before, kept")
    return done


def _keep(
    args: argparse.Namespace,
    network: Network,
    experiment: str,
    subject: Subject,
    mask: NDArray[np.bool_],
    source: str,
) -> None:
    """Write a mask if asked, a row if there are labels, and say in a line what was found."""

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
    results.append(real.TABLE, [row], folder=args.out)
    print(
        f"{_about(**identity)}: Dice {row['f_score']:.3f}, precision {row['precision']:.3f}, "
        f"recall {row['recall']:.3f}, {row['detected']} of {row['lesions']} lesions found, "
        f"{row['fp_per_slice']:.1f} false positives a slice, {millilitres:.2f} ml marked"
    )


def _mask_path(
    args: argparse.Namespace, *, profile, model, seed, experiment, subject, prior_from
) -> Path:
    """One file for each row that there may be."""

    source = "" if prior_from == real.NOBODY else f"_from-{prior_from}"
    name = f"{subject}_{profile}-{model}-seed{seed}_{experiment}{source}.nii.gz"
    return args.out / name.replace(" ", "-").replace(",", "")


def _about(*, model, seed, experiment, subject, **_) -> str:
    return f"{model} seed {seed}, {experiment}, {subject}"
