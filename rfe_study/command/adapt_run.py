"""The work of `rfe adapt`, one patient in memory at a time: masks, rows, a picture a patient."""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from rfe_core.scans.nifti import VolumeError, read_mask
from rfe_core.scans.patients import SubjectFiles
from rfe_core.scans.subject import Subject, load_subject
from rfe_core.training import Diverged
from rfe_study import results
from rfe_study.command.device import device_of
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import remove_partial
from rfe_study.methods.modalities import in_words, stack
from rfe_study.realism.alignment import Alignment
from rfe_study.realism.plausibility import concerns
from rfe_study.realism.statistics import without_negatives
from rfe_study.runs import derivatives, networks, overlay, real
from rfe_study.runs.derivatives import DIGESTS, Derivative
from rfe_study.runs.networks import Network
from rfe_study.runs.transductive import Adaptation, Made
from rfe_study.workers import one_thread


class Run:
    """One run of the command: what is there already, what is made, who is skipped and why."""

    def __init__(
        self, args: argparse.Namespace, skipped: dict[str, str], align: Alignment | None
    ) -> None:
        self.args, self.skipped, self.align = args, dict(skipped), align
        self.device = device_of(args)
        weights = args.weights or results.DATA / "checkpoints"
        self.networks = networks.find(weights, args.model, args.seeds, profile=args.profile)
        self.rows = self._stored()
        self.estimated = False

    def all(self, patients: Sequence[SubjectFiles], source: SubjectFiles | None) -> None:
        """Make what is missing or stale for all patients; with a source, adapt to each first."""
        self._check_names(patients)
        self._remove_partial(patients)
        with one_thread():
            if source is None:
                with self._bar(len(patients) * len(self.networks), "segment") as bar:
                    for files in patients:
                        self._try(files, self._segment, len(patients))
                        bar.update(len(self.networks))
                return
            for network in self.networks:
                if not network.branch.exists():
                    raise CommandError(
                        f"{network.branch} must hold the weights of the branch epoch, but is not "
                        "there"
                    )
            loaded = load_subject(source, align=self.align)
            with self._bar(len(patients) * len(self.networks), "adapt") as bar:
                for network in self.networks:
                    adaptation = Adaptation(network, loaded, self.device)
                    for files in patients:
                        self._try(files, self._adapt, adaptation, source)
                        bar.update()

    def _check_names(self, patients: Sequence[SubjectFiles]) -> None:
        """Refuse two patients whose files would have one name, also where case does not count."""
        owner: dict[str, str] = {}
        for files in patients:
            other = owner.setdefault(derivatives.label(files.name).casefold(), files.name)
            if other != files.name and self.args.out is not None:
                raise CommandError(
                    f"{other!r} and {files.name!r} would share the names of their masks; do one of "
                    "them with --patients and another --out"
                )

    def _bar(self, total: int, what: str) -> tqdm:
        return tqdm(total=total, desc=what, unit="mask", smoothing=0)

    def _try(self, files: SubjectFiles, work: Callable[..., None], *more: Any) -> None:
        """Do a patient's work; what is wrong with it stops all, or skips it with --skip-bad."""
        try:
            if files.name not in self.skipped:
                work(files, *more)
        except (VolumeError, real.EmptyPrior, Diverged) as error:
            if not self.args.skip_bad:
                raise CommandError(f"{error}; --skip-bad does the other patients") from error
            self.skipped[files.name] = " ".join(str(error).split())

    def _segment(self, files: SubjectFiles, n_patients: int) -> None:
        experiment = real.AS_TRAINED[self.args.no_negatives] + in_words(files.images)
        made_of = derivatives.digests(files, align=self.align)
        wanted = [n for n in self.networks if self._wanted(n, experiment, files, made_of)]
        if not wanted:
            return self._draw(files)
        subject = self._loaded(files)
        if self.args.no_negatives:
            subject = without_negatives(subject)
        self._say_minutes(subject, wanted[0], len(wanted) * n_patients)
        for network, probability in real.probabilities(wanted, subject, device=self.device):
            made = real.marked(probability), probability
            self._keep(network, experiment, files, subject, made, made_of)
        return self._draw(files, subject)

    def _adapt(self, files: SubjectFiles, adaptation: Adaptation, source: SubjectFiles) -> None:
        made_of = derivatives.digests(files, source, self.align)
        network = adaptation.network
        wanted = [
            experiment
            for experiment in (real.PRIOR, *(self.args.methods or real.METHODS))
            if self._wanted(network, experiment, files, made_of, source.name)
        ]
        if not wanted:
            return self._draw(files)
        subject = self._loaded(files)
        for experiment, made in adaptation.masks(subject, wanted):
            self._keep(network, experiment, files, subject, made, made_of, source.name)
        return self._draw(files, subject)

    def _wanted(
        self,
        network: Network,
        experiment: str,
        files: SubjectFiles,
        made_of: dict[str, str],
        source: str = real.NOBODY,
    ) -> bool:
        """Whether row or mask is missing, or made of other files than there are now; says so."""
        identity = real.row_of(network, experiment, files.name, source)
        if self.args.out is not None and not self.args.no_masks:
            Derivative(folder=self.args.out, identity=identity).check_owner()
        row = self.rows.get(tuple(identity.values()))
        now = made_of | {"weights": real.weights_of(network, experiment)}
        other = [name for name in DIGESTS if row is not None and row.get(name) != now[name]]
        if other:
            tqdm.write(f"{about(identity)}: made again, as other {' and '.join(other)} made it")
        if row is None or other:
            return True
        mapped = self.args.probabilities and experiment != real.PRIOR
        place = Derivative(folder=self.args.out, identity=identity)
        there = self.args.no_masks or place.is_of(now, probabilities=mapped)
        again = "made again, as files of it are gone or changed"
        kept = "made before of the same files, kept"
        tqdm.write(f"{about(identity)}: {kept if there else again}")
        return not there

    def _keep(
        self,
        network: Network,
        experiment: str,
        files: SubjectFiles,
        subject: Subject,
        made: Made,
        made_of: dict[str, str],
        source: str = real.NOBODY,
    ) -> None:
        """Write mask, then row, and say in a line what was found."""
        (mask, probability), args = made, self.args
        more = {"probability": probability, "device": self.device}
        row = real.made_row(network, experiment, args.role, mask, subject, source, **more)
        row |= made_of
        identity = real.row_of(network, experiment, subject.name, source)
        if args.out is not None:
            if not args.no_masks:
                place = Derivative(folder=args.out, identity=identity)
                place.check_owner()
                mapped = probability if args.probabilities else None
                place.write(files, mask, row, mapped, self.align)
            results.append(real.TABLE, [row], folder=args.out, anew=True)
            self.rows[tuple(identity.values())] = row
        marked = f"{row['marked_ml']:.2f} ml in {row['marked_lesions']} lesions marked"
        if subject.lesion_mask is None:
            tqdm.write(f"{about(identity)}: {marked}; no lesion mask, so no scores")
        else:
            tqdm.write(
                f"{about(identity)}: Dice {row['f_score']:.3f}, precision {row['precision']:.3f}, "
                f"recall {row['recall']:.3f}, {row['detected']} of {row['lesions']} lesions found, "
                f"{row['fp_per_slice']:.1f} false positives a slice, {marked}"
            )

    def _say_minutes(self, subject: Subject, network: Network, masks: int) -> None:
        """Say once how long all will take, from the second of two slices by the first network."""
        if self.estimated:
            return
        self.estimated = True
        with_brain = np.flatnonzero(subject.brain_mask.any(axis=(0, 1)))
        model, some = network.load(self.device).model, with_brain[[len(with_brain) // 2]]
        images = stack(subject)
        for _ in range(2):
            started = time.perf_counter()
            real.predict(model, images, slices=some)
        minutes = (time.perf_counter() - started) * len(with_brain) * masks / 60
        tqdm.write(
            f"about {max(minutes, 0.1):.1f} min for {masks} mask{'s' * (masks != 1)}, one thread"
        )

    def _draw(self, files: SubjectFiles, subject: Subject | None = None) -> None:
        """The patient's picture of all its masks in the folder, unless it shows them already."""
        if self.args.out is None or self.args.no_masks:
            return
        path, places, shows = derivatives.picture(self.args.out, files.name), {}, []
        for key in sorted(key for key, row in self.rows.items() if row["subject"] == files.name):
            row, identity = self.rows[key], dict(zip(real.KEY, key, strict=True))
            place = Derivative(folder=self.args.out, identity=identity)
            if place.is_of(row):
                places[about(identity)] = place
                shows.append(" ".join([about(identity), *(row[name] for name in DIGESTS)]))
        text = "; ".join(shows)
        if overlay.shown(path) != text:
            subject = subject or load_subject(files, allow_empty_lesions=True, align=self.align)
            masks = {title: read_mask(place.mask)[0] for title, place in places.items()}
            alike = {title: mask for title, mask in masks.items() if mask.shape == subject.shape}
            overlay.draw(path, subject, alike, shows=text)

    def _loaded(self, files: SubjectFiles) -> Subject:
        """A patient; what is odd about it is said before anybody believes its masks."""
        subject = load_subject(files, allow_empty_lesions=True, align=self.align)
        moves = [] if self.align is None else self.align.moves(files)
        for move in moves:
            tqdm.write(f"{files.name}: {move}")
        doubts = [doubt for move in moves for doubt in move.concerns()]
        for doubt in (*doubts, *concerns(files, subject)):
            tqdm.write(f"WARNING {doubt}")
        return subject

    def _stored(self) -> dict[tuple, dict[str, Any]]:
        """The rows of the table in the folder, by key."""
        if self.args.out is None or not results.path_of(real.TABLE, self.args.out).exists():
            return {}
        rows = results.stored(real.TABLE, self.args.out).to_dict("records")
        unknown = dict.fromkeys(DIGESTS, "unknown")
        return {tuple(row[name] for name in real.KEY): unknown | row for row in rows}

    def _remove_partial(self, patients: Sequence[SubjectFiles]) -> None:
        """What a killed run left of table, masks and pictures; this one has the folder alone."""
        out = self.args.out
        if out is not None:
            remove_partial([results.path_of(real.TABLE, out), out / derivatives.DESCRIPTION])
            for files in patients:
                folder = derivatives.patient_folder(out, files.name)
                for partial in folder.rglob(".*.partial"):
                    partial.unlink()


def about(identity: dict[str, Any]) -> str:
    """A row's key in words."""
    return "{model} seed {seed}, {experiment}, {subject}".format(**identity)
