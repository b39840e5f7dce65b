"""Scripts of others are those of their packages, unchanged, and small."""

import hashlib
from pathlib import Path

import pytest

VENDOR = Path(__file__).parents[2] / "book" / "vendor"


def listed():
    lines = (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def test_every_file_is_listed_and_licensed():
    files = {p.relative_to(VENDOR).as_posix() for p in VENDOR.glob("*/**/*") if p.is_file()}
    assert files == set(listed())
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    for folder in {name.split("/")[0] for name in files}:
        assert f"{folder}/LICENSE" in files and f"(`{folder}/LICENSE`)" in readme


@pytest.mark.parametrize(("name", "digest"), listed().items())
def test_no_file_was_changed(name, digest):
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest


def test_reveal_is_small():
    assert sum(path.stat().st_size for path in (VENDOR / "reveal").iterdir()) < 250_000
