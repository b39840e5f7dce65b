"""Files appear whole or not at all."""

import errno
import os
import stat

import pytest

from rfe_core.files import replacing


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "folder" / "a.txt"
    with replacing(path) as partial:
        partial.write_text("whole", encoding="utf-8")
        assert partial == path.with_name(f".a.txt.{os.getpid()}.partial")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_it_is_readable_by_whom_any_new_file_is(tmp_path):
    (tmp_path / "plain").touch()
    with replacing(tmp_path / "replaced") as partial:
        partial.touch()
    modes = {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path, error):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), replacing(path) as partial:
        partial.write_bytes(b"ne")
        raise error
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_names_the_file(tmp_path):
    path = tmp_path / "a.bin"
    with pytest.raises(OSError, match=r"No space left on device: .*/a.bin'$"), replacing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match=r"Is a directory: .*/other'$"), replacing(path):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), "/other")


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.bin"):
        pass
    assert list(tmp_path.iterdir()) == []
