"""The journal, read by the real journalctl from real journal files."""

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.service.log.journal_files import BOOT, UNIT, entry, suppressed, write
from watchdog.host.journal.command import STARVED, Selection
from watchdog.host.journal.journal import Journal
from watchdog.host.journal.kills import Death, tells_of_a_kill
from watchdog.host.log_source import Bounds, LogUnreadableError
from watchdog.model.findings import Certainty
from watchdog.model.log_lines import LinesLost, LogLine, ReadEnd
from watchdog.model.targets import ProcessRef
from watchdog.recovery.reading_log import last_sign_of_life, read_log
from watchdog.rulefile.log import LogSettings

pytestmark = pytest.mark.needs("journalctl", "systemd-journal-remote")
NOW = 1_795_700_000_000
TARGET = ProcessRef("", "web1:42:abc", "web1", 42, 0, BOOT, unit=UNIT)


def line(msg, *, tid="a", jid="", elapsed=""):
    """A line of Sidekiq 8, coloured as it is even in the journal: journald takes it for binary."""
    fields = f" jid={jid} class=Push{f' elapsed={elapsed}' if elapsed else ''}" if jid else ""
    return f"\x1b[1;34mINFO \x1b[0m 2026-11-22T14:11:22.000Z pid=42 tid={tid}{fields}: {msg}".encode()


LIFE = [
    entry(NOW - 60_000, line("start", jid="of another boot"), _BOOT_ID="f" * 32),
    entry(NOW - 50_000, line("Running in ruby 3.3.8")),
    entry(NOW - 40_000, line("start", jid="j1")),
    entry(NOW - 30_000, line("done", jid="j1", elapsed="10.0")),
    entry(NOW - 25_000, line("start", jid="j9").replace(b"pid=42", b"pid=43"), pid=43),
    entry(NOW - 20_000, line("start", jid="j2")),
    entry(NOW - 15_000, b"a line\nin two and no \xff UTF-8"),
]


def journal(folder, **selection):
    """What pid 42 wrote in this boot."""
    return Journal(Selection(**{"pid": 42, "boot_id": BOOT, "directory": folder, **selection}))


def into(entries):
    """Takes every entry, and never has enough."""

    def take(entry):
        entries.append(entry)
        return False

    return take


async def backwards(source, **bounds):
    """All entries, the newest first."""
    entries: list[Any] = []
    extent = await source.backwards(into(entries), bounds=Bounds(**bounds))
    return entries, extent


async def read(folder, until=NOW):
    """What the log says."""
    return await read_log(TARGET, LogSettings(), until=until, threads=1, wall=lambda: NOW + 3_600_000, source=journal(folder))


async def test_lines_of_one_process_in_one_boot(tmp_path):
    """The newest first, with what journald vouches for; other pids and other boots stay out."""
    write(tmp_path / "j", LIFE)
    entries, extent = await backwards(journal(tmp_path / "j", boot_id="01234567-89ab-cdef-0123-456789abcdef"))

    assert [(one.at, one.pid, one.unit) for one in entries] == [(NOW - ago, 42, UNIT) for ago in (15_000, 20_000, 30_000, 40_000, 50_000)]
    assert entries[0].text == "a line\nin two and no \ufffd UTF-8"
    assert (extent.end, extent.lines, extent.cursor) == (ReadEnd.BEGINNING, 5, entries[0].cursor)


async def test_what_ran_at_the_end(tmp_path):
    """Proven by a journal without a hole."""
    write(tmp_path / "j", LIFE)
    found = await read(tmp_path / "j")
    assert [(one.jid, one.certainty) for one in found.findings] == [("j2", Certainty.PROVEN)]
    assert await last_sign_of_life(TARGET, journal(tmp_path / "j")) == NOW - 15_000


async def test_suppressed_lines_are_found(tmp_path):
    """Journald's own word behind the start makes it likely; the same word of anybody else, or of another unit, does not."""
    write(tmp_path / "j", [*LIFE, suppressed(NOW - 1_000, 4_711)])
    found = await read(tmp_path / "j")
    assert [(one.jid, one.certainty) for one in found.findings] == [("j2", Certainty.LIKELY)]
    assert "journald suppressed lines: there were too many (4,711 of them)" in found.missing

    forged = entry(NOW - 1_000, b"Suppressed 1 messages from " + UNIT.encode(), pid=66, MESSAGE_ID="a596d6fe7bfa4994828e72309e95d61e")
    write(tmp_path / "k", [*LIFE, forged, suppressed(NOW - 900, 1, "nginx.service")])
    assert [one.certainty for one in (await read(tmp_path / "k")).findings] == [Certainty.PROVEN]


async def test_from_a_cursor_on_over_a_rotation(tmp_path):
    """What came after a line, although that line lies in another file by now; nothing twice."""
    folder = tmp_path / "j"
    write(folder, LIFE)
    _, extent = await backwards(journal(folder))
    write(folder, [entry(NOW, line("done", jid="j2", elapsed="20.0"))], name="system@later.journal")
    entries: list[Any] = []
    await journal(folder).forwards(into(entries), cursor=extent.cursor)

    assert [one.text[-4:] for one in entries] == ["done"]


async def test_a_cursor_that_is_gone(tmp_path):
    """The file with that line was deleted: it is said before what is still there."""
    folder = tmp_path / "j"
    write(folder, LIFE)
    _, extent = await backwards(journal(folder))
    shutil.rmtree(folder)
    write(folder, [entry(NOW, line("start", jid="j3"))])
    entries: list[Any] = []
    await journal(folder).forwards(into(entries), cursor=extent.cursor)

    assert isinstance(entries[0], LinesLost)
    assert [type(one) for one in entries[1:]] == [LogLine]


async def test_following(tmp_path):
    """From a cursor on and over files that are added; the child is gone when nobody listens."""
    folder = tmp_path / "j"
    write(folder, LIFE)
    _, extent = await backwards(journal(folder))
    before = children()
    lines = journal(folder).follow(cursor=extent.cursor)
    heard = asyncio.ensure_future(anext(lines))
    await asyncio.to_thread(write, folder, [entry(NOW, line("done", jid="j2", elapsed="20.0"))], name="system@later.journal")

    assert (await asyncio.wait_for(heard, PATIENCE)).text.endswith("done")
    await lines.aclose()
    assert children() == before


def children():
    """Those of this very process; a machine that other tests have booted is one."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


async def test_bounds(tmp_path):
    """Lines, bytes and time; and the child does not outlive the answer."""
    write(tmp_path / "j", (entry(NOW + number, line("start", jid=f"j{number}", tid=f"{number}")) for number in range(3_000)))
    source = journal(tmp_path / "j")
    before = children()

    assert (await backwards(source, lines=10))[1].lines == 10
    assert (await backwards(source, size=100_000))[1].end is ReadEnd.TOO_MANY_BYTES
    began = time.monotonic()
    assert (await backwards(source, milliseconds=1))[1].end is ReadEnd.OUT_OF_TIME
    assert time.monotonic() - began < 10
    assert children() == before


async def test_a_line_of_a_megabyte(tmp_path):
    """Native clients may write one: it is cut, and its neighbours are read."""
    write(tmp_path / "j", [*LIFE, entry(NOW, b"x" * 1_000_000)])
    entries, _ = await backwards(journal(tmp_path / "j"))
    assert [len(one.text) > 1_000 for one in entries] == [True] + [False] * 5


@pytest.mark.needs("setuid", "root")
async def test_who_may_not_read_it_is_told(tmp_path, monkeypatch):
    """As another user: a sentence that names the group, not an empty answer."""
    folder = tmp_path / "j"
    write(folder, LIFE)
    for file in folder.iterdir():
        file.chmod(0o640)
    for place in (folder, *folder.parents):
        if place.stat().st_mode & 0o001 == 0 and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o011)
    program = tmp_path / "journalctl"
    program.write_text(f'#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups {shutil.which("journalctl")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with pytest.raises(LogUnreadableError, match="group systemd-journal"):
        await backwards(journal(folder))


async def test_without_journalctl(tmp_path, monkeypatch):
    """It is said, with the way out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LogUnreadableError, match=r"log: files:"):
        await backwards(journal(tmp_path))


async def test_what_journalctl_says_when_it_fails(tmp_path):
    """Its own first line."""
    entries: list[Any] = []
    write(tmp_path / "j", LIFE)
    with pytest.raises(LogUnreadableError, match="journalctl failed with 1: Failed to seek to cursor"):
        await journal(tmp_path / "j").forwards(into(entries), cursor="no cursor")


async def test_without_a_journal(tmp_path):
    """An empty folder is no journal without lines: it is said."""
    (tmp_path / "j").mkdir()
    with pytest.raises(LogUnreadableError, match="this host keeps no journal"):
        await backwards(journal(tmp_path / "j"))


async def test_a_process_without_lines(tmp_path):
    """A journal that can be read and has nothing of it: no error, and the answer says so."""
    write(tmp_path / "j", LIFE[:1])
    found = await read(tmp_path / "j")
    assert found.findings == ()
    assert any("no line of pid 42" in missing for missing in found.missing)


KILLED = b"Memory cgroup out of memory: Killed process 42 (ruby) total-vm:1048576kB, anon-rss:900000kB"


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([entry(NOW - 900, KILLED, pid=0, unit="", _TRANSPORT="kernel")], True),
        ([entry(NOW - 900, KILLED, pid=0, unit="", _TRANSPORT="kernel", _BOOT_ID="f" * 32)], False),
        ([entry(NOW - 90_000, KILLED, pid=0, unit="", _TRANSPORT="kernel")], False),
        ([entry(NOW - 900, b"killed", pid=1, unit="init.scope", _TRANSPORT="journal", MESSAGE_ID=STARVED, UNIT=UNIT)], True),
        ([entry(NOW - 900, b"killed", pid=1, unit="init.scope", _TRANSPORT="journal", MESSAGE_ID=STARVED, UNIT="other.service")], False),
        # What a job prints, or sends to journald with fields of its own, is neither the kernel's nor systemd's.
        ([entry(NOW - 900, KILLED), entry(NOW - 800, b"killed", _TRANSPORT="journal", MESSAGE_ID=STARVED, UNIT=UNIT)], False),
    ],
)
async def test_who_was_killed_for_want_of_memory(tmp_path, entries, told):
    """Only the kernel and systemd are asked, of this boot, since the process began."""
    write(tmp_path / "j", [*LIFE, *entries])
    death = Death(42, UNIT, BOOT, NOW - 60_000)
    source = journal(tmp_path / "j", pid=0, unit=UNIT, since=death.began, kills=True)

    assert await tells_of_a_kill(death, wall=NOW, source=source) is told
