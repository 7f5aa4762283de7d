"""A small file in the state folder."""

import os
import stat

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
