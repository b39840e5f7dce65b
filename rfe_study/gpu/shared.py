"""What the processes share in memory-backed files: heads to score, crops to train on, weights."""

from __future__ import annotations

import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rfe_core.patches import Patches, extract_all
from rfe_core.scans.subject import Subject
from rfe_study.gpu import scores
from rfe_study.methods.method import SOURCES
from rfe_study.methods.priors import SEEDLESS
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.domains import Patient
from rfe_study.phantom.volumes import INT16_LEVELS
from rfe_study.runs import baselines, crops, variants


def save_arrays(folder: Path, arrays: dict[str, NDArray]) -> None:
    """Write arrays into a folder that appears whole, or not at all if that fails.

    A folder is renamed here; `rfe_core.files.replacing` is for one file.
    """
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", suffix=".partial", dir=folder.parent) as beside:
        whole = Path(beside) / folder.name
        whole.mkdir()
        for name, array in arrays.items():
            np.save(whole / f"{name}.npy", array)
        whole.rename(folder)


def save_patches(folder: Path, patches: Patches) -> None:
    save_arrays(folder, {f.name: getattr(patches, f.name) for f in fields(Patches)})


def patches(folder: Path) -> Patches:
    """Crops whose images stay where they are until they are looked at."""
    held = {f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(Patches)}
    small = {name: np.asarray(a) for name, a in held.items() if name != "images"}
    return Patches(images=held["images"], **small)


def as_stored(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """An image as it comes back from the phantom's cache: scaled int16."""
    scale = np.float32(np.abs(image).max() / INT16_LEVELS)
    levels = np.clip(np.round(image / scale), -INT16_LEVELS, INT16_LEVELS).astype(np.int16)
    return (levels * np.float64(scale)).astype(np.float32)


def make_heads(root: Path, role: str, number: int, domains: str, multiple: int) -> None:
    """Scan a patient's head, by one scanner or all, and keep what scoring needs."""
    from rfe_study.phantom import heads  # only here: who scores needs no brain atlas

    for letter in domains:
        who = Patient(letter, role, number)
        if (root / "heads" / who.name).exists():
            continue
        made = heads.make_patient(who)
        subject = Subject(
            name=who.name,
            images={name: as_stored(image) for name, image in made.images.items()},
            lesion_mask=made.lesion_mask,
            brain_mask=made.brain_mask,
            affine=made.affine,
            domain=letter,
        )
        head = scores.cut(subject, role, multiple)
        arrays = {name: getattr(head, name) for name in ("images", "brain", "lesion", "voxels")}
        arrays |= {"mm3": head.mm3, "box": np.array(head.box)}
        save_arrays(root / "heads" / who.name, arrays)


def head(root: Path, who: Patient) -> scores.Head:
    held = {p.stem: np.load(p) for p in (root / "heads" / who.name).glob("*.npy")}
    box = tuple(tuple(map(int, ends)) for ends in held.pop("box"))
    return scores.Head(name=who.name, domain=who.domain, role=who.role, box=box, **held)


def crops_folder(root: Path, domain: str, seed: int, source: str, v1: int = 1) -> Path:
    name = source.replace(" ", "_")
    return root / "crops" / f"{domain}-seed{seed}-{name}-v{v1}"


def make_domain(root: Path, profile: Profile, domain: str, seed: int) -> None:
    """Training and validation crops of a domain."""
    found = baselines.domain_patches(profile, domain, seed)
    for side, part in zip(("train", "val"), found, strict=True):
        save_patches(crops_folder(root, domain, seed, side), part)


def make_variant(root: Path, profile: Profile, variant: str, seed: int) -> None:
    """Training and validation crops of a variant."""
    found = variants.variant_patches(profile, variant, seed)
    for side, part in zip(("train", "val"), found, strict=True):
        save_patches(crops_folder(root, variant, seed, side), part)


def make_v1(root: Path, profile: Profile, domain: str, seed: int, v1: int) -> None:
    """Crops of V1 with its labels, and those that a learning curve looks at."""
    train, watched = crops.v1_crops(profile, domain, seed, v1)
    save_patches(crops_folder(root, domain, seed, "watched", v1), watched)
    save_patches(crops_folder(root, domain, seed, "V1", v1), train)


def make_target(
    root: Path,
    profile: Profile,
    domain: str,
    seed: int,
    source: str,
    v1: int,
    labels: list[NDArray[np.int8]] | None = None,
) -> None:
    """Crops of V2 and V3 with the labels of a prior, as `crops.training_crops` takes them.

    Labels that no seed changes are kept for the next seed; those of the network are given.
    """
    folder = crops_folder(root, domain, seed, source, v1)
    if labels is None:
        kept = root / "labels" / f"{domain}-{source.replace(' ', '_')}-v{v1}"
        if source in SEEDLESS and kept.exists():
            labels = [np.load(kept / f"{k}.npy") for k in range(2)]
        else:
            labels = crops.target_labels(profile.name, domain, seed, source, v1=v1)
            if source in SEEDLESS:
                save_arrays(kept, {str(k): array for k, array in enumerate(labels)})
    subjects = crops.unlabelled_patients(domain, v1, profile.name)
    generator = np.random.default_rng([seed, ord(domain), SOURCES.index(source), v1])
    n, size = profile.target_crops, profile.crop
    found = extract_all(subjects, n, generator=generator, size=size, labels=labels)
    save_patches(folder, found)
