"""A plain log file: backwards in blocks, on from a place, over both ways of rotating."""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.host import log_file
from watchdog.host.log_file import BLOCK, LogFile
from watchdog.host.log_source import LONGEST_LINE, Bounds, LogUnreadableError
from watchdog.model.log_lines import LinesLost, ReadEnd


def into(entries):
    """Takes every entry, and never has enough."""

    def take(entry):
        entries.append(entry)
        return False

    return take


def backwards(path, **bounds):
    """All lines, the newest first, and how far was read."""
    entries: list[Any] = []
    extent = asyncio.run(LogFile(path).backwards(into(entries), bounds=Bounds(**bounds)))
    return [entry.text for entry in entries], extent


def forwards(path, cursor):
    """What came after that place, and the new place."""
    entries: list[Any] = []
    extent = asyncio.run(LogFile(path).forwards(into(entries), cursor=cursor))
    return [entry if isinstance(entry, LinesLost) else entry.text for entry in entries], extent.cursor


@given(
    st.lists(st.text(st.characters(exclude_characters="\n\0", codec="utf-8"), min_size=1, max_size=12), max_size=12),
    st.integers(1, 40),
)
def test_every_line_once_whatever_the_block(lines, block):
    """The same lines from both ends, wherever a block begins."""
    import tempfile
    from pathlib import Path
    from unittest.mock import patch

    with tempfile.TemporaryDirectory() as folder, patch.object(log_file, "BLOCK", block):
        path = Path(folder) / "log"
        path.write_bytes("".join(f"{line}\n" for line in lines).encode())

        assert backwards(path)[0] == lines[::-1]
        assert forwards(path, "")[0] == lines


def test_a_line_that_is_not_complete_is_not_read(tmp_path):
    """Neither from the end nor in going on: it comes once, when its end is there."""
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthr")
    assert backwards(path)[0] == ["two", "one"]

    _, cursor = forwards(path, "")
    with path.open("ab") as file:
        file.write(b"ee\n")
    assert forwards(path, cursor)[0] == ["three"]


def test_it_goes_on_behind_the_newest_line(tmp_path):
    """The cursor of reading backwards is that of the newest line."""
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\n")
    cursor = backwards(path)[1].cursor
    with path.open("ab") as file:
        file.write(b"three\n")
    assert forwards(path, cursor)[0] == ["three"]


def test_it_reads_on_in_the_file_before(tmp_path):
    """Where the newest file does not reach back far enough."""
    (tmp_path / "log.1").write_bytes(b"one\ntwo\n")
    (tmp_path / "log").write_bytes(b"three\n")
    assert backwards(tmp_path / "log")[0] == ["three", "two", "one"]


def test_rotated_by_a_new_name(tmp_path):
    """What was written into the old file until the end is read, then the new one."""
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    _, cursor = forwards(path, "")
    with path.open("ab") as file:
        path.rename(tmp_path / "log.1")
        assert forwards(path, cursor) == ([], cursor)
        file.write(b"two\n")
    path.write_bytes(b"three\n")

    assert forwards(path, cursor)[0] == ["two", "three"]


def test_rotated_twice(tmp_path):
    """The file of the cursor is no longer there: that is a hole, and the rest is read."""
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    _, cursor = forwards(path, "")
    path.rename(tmp_path / "log.2")
    (tmp_path / "log.1").write_bytes(b"two\n")
    path.write_bytes(b"three\n")

    hole, *rest = forwards(path, cursor)[0]
    assert isinstance(hole, LinesLost)
    assert rest == ["three"]


def test_copied_and_cut_off(tmp_path):
    """A hole; a writer that does not append leaves NULs before its next line, which is read all the same."""
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as file:
        file.write(b"one\n" * 1_000)
        _, cursor = forwards(path, "")
        os.truncate(path, 0)
        hole, *_ = forwards(path, cursor)[0] or [None]
        assert isinstance(hole, LinesLost)
        file.write(b"two\n")

    assert path.read_bytes()[0] == 0
    assert backwards(path)[0] == ["two"]
    assert forwards(path, "")[0] == ["two"]


def test_a_sparse_file_of_blocks(tmp_path):
    """A hole of many blocks hides no line."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(10 * BLOCK + 7)
        file.seek(0, os.SEEK_END)
        file.write(b"two\nthree\n")
    assert backwards(path)[0] == ["three", "two"]
    assert forwards(path, "")[0] == ["two", "three"]


def test_a_huge_line_is_cut(tmp_path):
    """A megabyte on one line: its beginning is kept, and so are its neighbours."""
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + b"ab" * 500_000 + b"\ntwo\n")
    for lines in (backwards(path)[0], forwards(path, "")[0][::-1]):
        assert lines[0] == "two"
        assert lines[2] == "one"
        assert len(lines[1]) == LONGEST_LINE
        assert lines[1].startswith("abab")


def test_what_is_no_utf_8_is_replaced(tmp_path):
    """It never raises."""
    (tmp_path / "log").write_bytes(b"a\xff\xfeb\n")
    assert backwards(tmp_path / "log")[0] == ["a\ufffd\ufffdb"]


def test_bounds(tmp_path):
    """Lines and bytes, and whoever has enough."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * 99 + b"\n")
    path.write_bytes((b"x" * 99 + b"\n") * 10_000)

    lines, extent = backwards(path, lines=7)
    assert (len(lines), extent.end) == (7, ReadEnd.TOO_MANY_LINES)
    lines, extent = backwards(path, size=100_000)
    assert extent.end is ReadEnd.TOO_MANY_BYTES
    assert extent.size < 100_000 + BLOCK
    assert backwards(path, milliseconds=0)[1].end is ReadEnd.OUT_OF_TIME
    extent = asyncio.run(LogFile(path).backwards(lambda _: True))
    assert (extent.lines, extent.end) == (1, ReadEnd.ANSWERED)


def test_following_over_a_rotation(tmp_path):
    """Lines come as they are written, and after a rotation those of the new file."""
    path = tmp_path / "log"
    path.write_bytes(b"old\n")

    async def follow():
        heard = []
        lines = LogFile(path).follow()
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        while not first.done():
            # Until it listens, nothing tells that it does.
            with path.open("ab") as file:
                file.write(b"new\n")
            await asyncio.wait([first], timeout=0.05)
        heard.append((await first).text)
        path.rename(tmp_path / "log.1")
        path.write_bytes(b"newer\n")
        async for line in lines:
            if line.text != "new":
                heard.append(line.text)
                break
        await lines.aclose()
        return heard

    assert asyncio.run(follow()) == ["new", "newer"]


def test_why_it_can_not_be_read(tmp_path):
    """A sentence, and what to do."""
    with pytest.raises(LogUnreadableError, match=r"No such file or directory \(hint: "):
        asyncio.run(LogFile(tmp_path / "log").backwards(lambda _: False))
