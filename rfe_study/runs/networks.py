"""Trained networks by name: where their weights lie, and the network that a file holds.

Baselines and variants are files ``<profile>-<model>-seed<seed>.safetensors`` in one folder, as they
were at the branch epoch under ``<model>-branch``. A fine-tuned model lies in a folder of its sweep;
the few that the book looks into stand beside the baselines, under ``<sweep>-<name>``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rfe_core import checkpoints
from rfe_core.unet import UNet
from rfe_study import results


class Loaded(NamedTuple):
    """A network, what its file says about its training, and the digest of that file."""

    model: UNet
    about: dict[str, Any]
    weights: str


@dataclass(frozen=True, kw_only=True)
class Network:
    """A trained network by name: its profile, model and seed, and where its weights lie."""

    profile: str
    model: str
    seed: int
    path: Path

    @property
    def branch(self) -> Path:
        """Its weights as they were at the branch epoch, from which adaptation starts."""
        return self.path.parent / file_name(self.profile, f"{self.model}-branch", self.seed)

    def load(self, device: str = "cpu") -> Loaded:
        """The network, with what its file says; see `load`."""
        return load(self.path, device)


def file_name(profile: str, model: str, seed: int) -> str:
    """The name of the file with a network's weights."""
    return f"{profile}-{model}-seed{seed}.safetensors"


def as_file_name(name: str) -> str:
    """A method's name without what a file's name should not hold."""
    for character, replacement in (("/", "-"), (" ", "_"), (",", "")):
        name = name.replace(character, replacement)
    return name


def tables_folder(profile: str, out: Path | None = None) -> Path | None:
    """Where a run writes rows: `out`, or ``data/results`` (None).

    Of profile smoke, whose scores mean nothing, ``data/cache/smoke``: never among the others.
    """
    return results.DATA / "cache" / "smoke" if out is None and profile == "smoke" else out


def weights_folder(profile: str, out: Path | None = None) -> Path:
    """Where a run keeps weights: with its rows, but ``data/checkpoints`` if those are stored."""
    return tables_folder(profile, out) or results.DATA / "checkpoints"


def baselines_folder(profile: str, out: Path | None, named: Path | None = None) -> Path:
    """Where a run that writes to `out` finds baselines: in the folder `named`, if there is one.

    Else in ``data/checkpoints``; of profile smoke with its rows.
    """
    return named or weights_folder(profile, out if profile == "smoke" else None)


def load(path: Path, device: str = "cpu") -> Loaded:
    """Read a network's file.

    Raises
    ------
    FileNotFoundError
        Naming the file and the commands that make it.
    ValueError
        If it is damaged.
    """
    check_there(path)
    model = checkpoints.load_model(path).to(device)
    return Loaded(model, checkpoints.read_about(path), checkpoints.weights_digest(path))


def check_there(path: Path) -> None:
    """Refuse a file of weights that is missing, naming it and the commands that make it."""
    if not path.exists():
        made = "`rfe train`, `rfe variants` and `rfe sweep` make weights"
        raise FileNotFoundError(f"{path} does not exist; {made}")


def stored(
    model: str, seed: int = 0, *, profile: str = "laptop", folder: Path | None = None
) -> Network:
    """One network by name, in ``data/checkpoints`` or another folder.

    Raises
    ------
    ValueError
        If it is not there; the message lists what is.
    """
    folder = results.DATA / "checkpoints" if folder is None else folder
    return find(folder, [model], [seed], profile=profile)[0]


def find(
    folder: Path, models: Sequence[str], seeds: Sequence[int] | None, *, profile: str = "laptop"
) -> list[Network]:
    """The networks of these models and seeds (None: all there are) that a folder has.

    Raises
    ------
    ValueError
        If there is no such folder, or a model lacks a seed; the message lists what there is.
    """
    if not folder.is_dir():
        raise ValueError(f"the folder of networks must exist, got {folder}")
    have: dict[str, dict[int, Path]] = {}
    for path in sorted(folder.glob(f"{profile}-*-seed*.safetensors")):
        model, _, seed = path.stem.removeprefix(f"{profile}-").rpartition("-seed")
        if seed.isdecimal() and not model.endswith("-branch"):
            have.setdefault(model, {})[int(seed)] = path
    found = []
    for model in dict.fromkeys(models):
        own = have.get(model, {})
        wanted = sorted(own) if seeds is None else list(dict.fromkeys(seeds))
        if not own:
            names = ", ".join(have) or "none at all"
            raise ValueError(f"model must be one of {names} in {folder}, got {model}")
        if missing := [seed for seed in wanted if seed not in own]:
            rule = f"seed of {model} must be one of {', '.join(map(str, sorted(own)))} in {folder}"
            raise ValueError(f"{rule}, got {missing[0]}")
        found += [Network(profile=profile, model=model, seed=s, path=own[s]) for s in wanted]
    return found
