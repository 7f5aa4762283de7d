"""A small file in the state folder."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from watchdog.store.failures import StoreError
from watchdog.store.kept_file import MOST, KeptFile


def test_what_was_written_is_read(tmp_path):
    """The last one, for its owner alone; nothing else is left in the folder."""
    file = KeptFile(tmp_path, "one.kept")
    assert file.read() is None
    file.write(b"a")
    file.write(b"b")
    assert file.read() == b"b"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["one.kept"]


def test_a_draft_that_a_crash_has_left_is_no_hindrance(tmp_path):
    """And is never read."""
    file = KeptFile(tmp_path, "one.kept")
    file.write(b"a")
    (tmp_path / ".one.kept.new").write_bytes(b"half")
    assert file.read() == b"a"
    file.write(b"b")
    assert file.read() == b"b"


def test_what_can_not_be_read_or_written_is_said(tmp_path):
    """With the path, and the reason; a link, and what is far too large, is no file of ours."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"x")
    with pytest.raises(StoreError, match="link can't be read"):
        KeptFile(tmp_path, "link").read()
    (tmp_path / "large").write_bytes(b"x" * (MOST + 1))
    with pytest.raises(StoreError, match="larger"):
        KeptFile(tmp_path, "large").read()
    with pytest.raises(StoreError, match="can't be written"):
        KeptFile(tmp_path / "nowhere", "one.kept").write(b"x")


def test_two_that_write_at_once_leave_a_whole_one(tmp_path):
    """A thread goes on although whoever waited for it was told to end: neither fails, and what is there is what one of them has written."""
    file = KeptFile(tmp_path, "one.kept")
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(file.write, bytes([number]) * 100_000) for number in range(64)]:
            done.result()
    data = file.read()
    assert data is not None
    assert data == data[:1] * 100_000
