"""Damaged and hostile files through every reader: each is read, or refused in words of ours.

    python tests/torture.py --cases 100000        # `make torture`

A refusal is a ValueError that names the file. Anything else is a fault: another exception or
warning, more than `SECONDS` for a file, or memory beyond `MEGABYTES` (all inputs are small).
"""

import argparse
import gzip
import io
import json
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import torch
from safetensors.torch import save

from rfe_core import checkpoints
from rfe_core.scans.header import read_header
from rfe_core.scans.nifti import read_image, read_mask
from rfe_core.scans.patients import read_participants
from rfe_core.unet import UNet
from rfe_study import results
from rfe_study.command.adapt_run import Run
from rfe_study.command.show import show
from rfe_study.runs import masks
from rfe_study.runs.derivatives import DIGESTS, Derivative
from rfe_study.tables import SCORES, TABLES

SECONDS, MEGABYTES = 5, 256

#: Half a megabyte that unpacks to half a gigabyte.
BOMB = 512 * gzip.compress(bytes(2**20))

#: Numbers that break arithmetic, for each of NumPy's letters of a type.
WILD = {
    "i": [0, -1, 1, 2, 7, 8, 348, 540, 32767, -32768, 2**31 - 1, 2**63 - 1, -(2**63)],
    "u": [0, 1, 255],
    "f": [0, -1, 1, np.nan, np.inf, -np.inf, 1e-42, 1e-30, 1e30, 1e38, -1e38, 351, 352.5, 2**31],
}

WORDS = [b"", b"\0", b",", b"\t", b"\n", b'"', b"nan", b"\xff\xfe", b"9" * 400, b"{", b"}", b"[]"]


def _nifti() -> list[bytes]:
    rng, samples = np.random.default_rng(0), []
    for kind in (nib.Nifti1Image, nib.Nifti2Image):
        for dtype in (np.uint8, np.int16, np.float32, np.float64, np.complex64):
            voxels = rng.integers(0, 2, (5, 6, 7)).astype(dtype)
            image = kind(voxels, np.diag([-1.0, 1, 1.5, 1]))
            image.set_qform(image.affine, 1)
            samples.append(image.to_bytes())
    return samples


def _safetensors() -> list[bytes]:
    model = UNet(widths=(2, 3), norm="batch")
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3, 4, 4)).logits.sum().backward()
    optimizer.step()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"
        checkpoints.save_state(path, model, optimizer, np.random.default_rng(0), {"history": []})
        state = path.read_bytes()
    foreign = save({"a": torch.ones(1)}, {"format": "pt"})
    return [checkpoints.weights_bytes(model, {"code_version": "a"}), state, foreign]


def _masks() -> list[bytes]:
    explorer = masks.Explorer(
        patients=("B1",),
        slices=np.array([[3]]),
        corner=np.zeros((1, 1, 2), int),
        flair=np.zeros((1, 4, 4), np.uint8),
        truth=np.zeros((1, 4, 4), bool),
        models=("a",),
        seeds=np.array([0]),
        weights=("w",),
        packed=np.zeros((1, 1, 1, 2), np.uint8),
        born=np.array([["x"]]),
        record={"a": 1},
    )
    with tempfile.TemporaryDirectory() as folder:
        masks.save(explorer, Path(folder) / "m.npz")
        return [(Path(folder) / "m.npz").read_bytes()]


def _state(path: Path) -> None:
    model = UNet(widths=(2, 3), norm="batch")
    optimizer = torch.optim.Adam(model.parameters())
    checkpoints.load_state(path, model, optimizer, np.random.default_rng(0))


IDENTITY = dict.fromkeys(TABLES["real"].key, "a") | {"seed": 0}


def _json() -> list[bytes]:
    """A sidecar of `rfe adapt`, and what somebody else's may look like."""
    about = {"Type": "Lesion", "Lesions": 3, "identity": IDENTITY, "mask": "none", "Absent": []}
    about |= dict.fromkeys(DIGESTS, "0123456789ab")
    return [json.dumps(said, indent=2).encode() for said in (about, {"identity": {"seed": [0]}})]


def _sidecar(path: Path) -> None:
    place = Derivative(folder=path.parents[2], identity=IDENTITY)
    place.is_of(dict.fromkeys(DIGESTS, "0123456789ab"), probabilities=True)
    place.check_owner()


@cache
def _table(name: str, file: str) -> bytes:
    """A table of that name with two rows, or the file of its origins."""
    table = TABLES[name]
    row = dict.fromkeys((*table.key, *table.also_text), "a") | {"seed": 0, "steps": 7}
    row |= dict.fromkeys(("f_score", "precision", "recall", "fp_per_slice"), 0.25)
    row |= {"code_version": "0123456789ab", "date": "2026-01-01", "commit": "a"}
    with tempfile.TemporaryDirectory() as folder:
        results.write(name, [row, row | {"seed": 1, "commit": "b"}], folder=Path(folder))
        return results.path_of(file, Path(folder)).read_bytes()


def _rows(path: Path) -> None:
    """What commands do with a table of one's own; of a large one both files are there."""
    broken = path.parent.name == "origins"
    folder, name = path.parent.parent if broken else path.parent, path.stem
    if name in TABLES and TABLES[name].large:
        other = name if broken else results.origins_of(name)
        results.path_of(other, folder).parent.mkdir(exist_ok=True)
        results.path_of(other, folder).write_bytes(_table(name, other))
    results.stored(name, folder)
    if name in TABLES:
        key = (*TABLES[name].key, "code_version")
        sorted(results.keys(name, key, folder))
    if name == "real":
        Run._stored(SimpleNamespace(args=SimpleNamespace(out=folder)))
    with redirect_stdout(io.StringIO()):
        show(SimpleNamespace(table=name, of=None, out=folder))


TABLE = b'role,seed,subject,f_score\ntest,0,B1,0.5\ndev,1,"B 2",0.25\n'
PARTICIPANTS = b"participant_id\tdomain\nsub-a\tA\nsub-b\tn/a\n"

#: Kind of file: its name, whole ones, and what reads it.
KINDS: dict[str, tuple[str, Callable[[], list[bytes]], list[Callable[[Path], object]]]] = {
    "nifti": ("scan.nii", _nifti, [read_header, read_image, read_mask]),
    "safetensors": (
        "w.safetensors",
        _safetensors,
        [checkpoints.load_model, checkpoints.read_about, _state],
    ),
    "npz": ("m.npz", _masks, [masks.load]),
    "csv": ("t.csv", lambda: [TABLE], [_rows]),
    "real": ("real.csv", lambda: [_table("real", "real")], [_rows]),
    "scores": ("sweep-scores.csv", lambda: [_table(SCORES, SCORES)], [_rows]),
    "origins": (
        "origins/sweep-scores.csv",
        lambda: [_table(SCORES, results.origins_of(SCORES))],
        [_rows],
    ),
    "json": (
        Derivative(folder=Path(), identity=IDENTITY).sidecar.as_posix(),
        _json,
        [_sidecar],
    ),
    "tsv": (
        "participants.tsv",
        lambda: [PARTICIPANTS],
        [lambda path: read_participants(path.parent)],
    ),
}


def mutated(kind: str, content: bytes, rng: np.random.Generator) -> bytes:
    """A file with one to four faults: fields of its header, bytes, words, cuts, a gzip bomb."""
    raw = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        fault = rng.integers(8)
        at = int(rng.integers(len(raw) + 1))
        if kind == "nifti" and fault < 4 and len(raw) >= 540:
            _wild_field(raw, rng)
        elif kind == "safetensors" and fault == 0 and len(raw) >= 8:
            raw[:8] = struct.pack("<Q", int(rng.choice([0, 1, 8, 2**20, 2**40, 2**63])))
        elif kind == "json" and fault == 0:
            deep = int(rng.choice([300, 900, 100_000]))
            raw[at:at] = b"[" * deep + b"]" * (deep if deep < 1000 else 0)
        elif fault < 3:
            raw[at : at + 1] = bytes([rng.integers(256)])
        elif fault < 5:
            raw[at:at] = WORDS[rng.integers(len(WORDS))]
        elif fault == 5:
            del raw[at:]
        elif fault == 6:
            del raw[at : at + int(rng.integers(1, 40))]
        else:
            raw += raw[at : at + 1000]
    if kind != "nifti" or rng.random() < 0.4:
        return bytes(raw)
    packed = bytearray(gzip.compress(bytes(raw), 1))
    if rng.random() < 0.002:
        packed += BOMB
    if rng.random() < 0.2:
        packed[int(rng.integers(len(packed)))] ^= int(rng.integers(1, 256))
    return bytes(packed[: int(rng.integers(len(packed)))] if rng.random() < 0.1 else packed)


def _wild_field(raw: bytearray, rng: np.random.Generator) -> None:
    """Set one field of a NIfTI header, or one element of it, to a wild value."""
    kind = nib.Nifti2Header if raw[4:8] == b"n+2\0" else nib.Nifti1Header
    dtype = kind.template_dtype
    header = np.frombuffer(raw, dtype, 1)  # shares the memory
    name = str(rng.choice(dtype.names))
    field = header[name].reshape(-1)
    if field.dtype.kind in WILD:
        value = rng.choice(np.array(WILD[field.dtype.kind], object))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrapped = np.array([value], np.float64 if field.dtype.kind == "f" else object)
            if field.dtype.kind != "f":
                limits = np.iinfo(field.dtype)
                wrapped = np.array([min(max(int(value), limits.min), limits.max)])
            field[rng.integers(len(field))] = wrapped.astype(field.dtype)[0]
    else:
        field[0] = bytes(rng.integers(0, 256, field.dtype.itemsize, np.uint8))


@contextmanager
def _limit() -> Iterator[None]:
    def late(signum, frame):
        raise TimeoutError(f"more than {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def megabytes() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fault_of(read: Callable[[Path], object], path: Path) -> str | None:
    """What is wrong with how a file is read, if anything."""
    try:
        with _limit(), warnings.catch_warnings():
            warnings.simplefilter("error")
            read(path)
    except ValueError as error:
        if type(error).__name__ in ("ValueError", "VolumeError") and path.name in str(error):
            return None
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # whatever it is, it is what this looks for
        return f"{type(error).__name__}: {error}"
    return None


def torture(kind: str, cases: int, folder: Path, seed: int = 0) -> list[str]:
    """Faults met in a number of broken files of a kind."""
    name, make, readers = KINDS[kind]
    samples, rng, path = make(), np.random.default_rng(seed), folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for sample in samples:  # whole ones: everything is loaded before memory is measured
        path.write_bytes(sample)
        for read in readers:
            fault_of(read, path)
    before, faults = megabytes(), []
    for case in range(cases):
        content = mutated(kind, samples[rng.integers(len(samples))], rng)
        path.write_bytes(content)
        for read in readers:
            if fault := fault_of(read, path):
                faults.append(f"{kind} case {case} seed {seed}: {fault[:300]}")
                (folder / f"{kind}-{seed}-{case}-{path.name}").write_bytes(content)
    if megabytes() > before + MEGABYTES:
        faults.append(f"{kind}: {megabytes() - before:.0f} MB more than before")
    return faults


def main() -> int:
    """Print a line a kind; the exit status is 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=100_000, help="broken files in all")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that found a fault")
    args = parser.parse_args()
    found = []
    for kind in args.kinds:
        share = 0.6 if kind == "nifti" else 0.4 / (len(KINDS) - 1)
        cases = round(args.cases * (share if len(args.kinds) > 1 else 1))
        start, before = time.perf_counter(), megabytes()
        with tempfile.TemporaryDirectory() as folder:
            faults = torture(kind, cases, args.keep or Path(folder), args.seed)
        found += faults
        print(
            f"{kind}: {cases} files, {len(faults)} faults, "
            f"{time.perf_counter() - start:.0f} s, {megabytes() - before:.0f} MB",
            flush=True,
        )
        for fault in sorted({f.split(": ", 1)[1] for f in faults})[:20]:
            print("   ", fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
