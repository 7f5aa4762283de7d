"""Writing a trace: files begun and removed in time, and everything that can go wrong with a disk."""

import errno
import logging
import os
import subprocess
import threading
from pathlib import Path

import pytest

from tests.unit.store.trace.conftest import MUCH, WALL, event, header, told
from watchdog.model.events import Observed, ReloadRefused, Stopping, TimeReached
from watchdog.model.kinds import Source
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.limits import Limits, prune
from watchdog.store.trace.reading import Segment, records_after, segments
from watchdog.store.trace.recorder import AGAIN, OLDEST_FILE
from watchdog.store.trace.segment import Mark


def files(state: Path) -> list[str]:
    """The names of what is there."""
    return sorted(path.name for path in (state / "trace").iterdir())


async def test_events_come_back_as_they_were_taken(state, recorder):
    """In their order, with how they were taken, from a folder that nobody else can read."""
    one = recorder()
    assert one.wants(0) == "start"
    one.begin(header(), b"a checkpoint")
    one.add(Mark.TAKEN, event(1, Observed(Source.REDIS, (), complete=True)))
    one.add(Mark.UNDONE, event(2))
    one.add(Mark.NOTED, event(2))
    one.add(Mark.TAKEN, event(2))
    assert one.settle()

    (segment,) = segments(state)
    assert isinstance(segment, Segment)
    assert segment.header == header()
    assert segment.checkpoint() == b"a checkpoint"
    assert [(record.mark, record.event) for record in segment.records()] == [
        (Mark.TAKEN, event(1, Observed(Source.REDIS, (), complete=True))), (Mark.UNDONE, event(2)), (Mark.NOTED, event(2)), (Mark.TAKEN, event(2)),
    ]  # fmt: skip
    assert (state / "trace").stat().st_mode & 0o777 == 0o700
    assert segment.path.stat().st_mode & 0o777 == 0o600
    assert one.how().segments == 1
    assert one.how().size == segment.path.stat().st_size
    assert one.how().since == WALL


async def test_a_checkpoint_is_made_on_the_thread(state, recorder):
    """Whoever begins a file does not wait for it; events that come meanwhile stand behind it."""
    asked, may_go_on = threading.Event(), threading.Event()
    made_by = []

    def make() -> bytes:
        made_by.append(threading.current_thread().name)
        asked.set()
        assert may_go_on.wait(10)
        return b"a checkpoint"

    one = recorder()
    one.begin(header(), make)
    assert asked.wait(10)
    one.add(Mark.TAKEN, event(1))
    may_go_on.set()
    assert one.settle()

    (segment,) = segments(state)
    assert isinstance(segment, Segment)
    assert segment.checkpoint() == b"a checkpoint"
    assert [record.event for record in segment.records()] == [event(1)]
    assert made_by == ["trace"]


async def test_a_checkpoint_that_can_not_be_made_begins_no_file(state, recorder):
    """It is said why, what comes is counted as missing, and a minute later it is tried again."""

    def fail() -> bytes:
        return "\udc80".encode()

    one = recorder()
    one.begin(header(), fail)
    assert one.settle()
    one.add(Mark.TAKEN, event(1))

    assert "can't be written down (UnicodeEncodeError)" in one.how().failing
    assert one.how().missed == 1
    assert one.wants(AGAIN - 1) == ""
    assert one.wants(AGAIN + event(1).at) == "recorded again"
    assert list(segments(state)) == []


async def test_a_new_file_is_begun_in_time(monkeypatch, recorder):
    """After an hour, and when a file has its size; not before."""
    one = recorder()
    one.begin(header(), b"")
    assert one.wants(OLDEST_FILE - 1) == ""
    assert one.wants(OLDEST_FILE) == "age"
    monkeypatch.setattr(recorders, "LARGEST_FILE", 100)
    one.settle()
    assert one.wants(1) == "size"
    one.begin(header(5), b"")
    assert one.wants(6_000) == ""


async def test_what_is_too_much_goes_oldest_first(state, recorder):
    """All files together stay below `most`, that which is being written included; what is too old goes too."""
    one = recorder(Limits(keep=MUCH.keep, most=8_000))
    for number in range(20):
        one.begin(header(number), os.urandom(900))
        assert one.settle()
        assert sum(path.stat().st_size for path in (state / "trace").iterdir()) <= 8_000
    assert files(state)[-1] == "00000020.trace"
    assert 3 <= len(files(state)) <= 7
    assert one.how().size == sum(path.stat().st_size for path in (state / "trace").iterdir())
    assert one.how().since == WALL + (20 - len(files(state))) * 1000


async def test_what_is_too_old_goes(state, recorder):
    """By when it was last written; the rest stays."""
    one = recorder(Limits(keep=60_000, most=2**30))
    for number in range(3):
        one.begin(header(number), b"")
        one.settle()
    for index, name in enumerate(files(state)):
        os.utime(state / "trace" / name, (WALL / 1000 - 100 + 50 * index,) * 2)
    amount = prune(state / "trace", Limits(60_000, 2**30), wall=WALL)
    assert files(state) == ["00000002.trace", "00000003.trace"]
    assert amount.segments == 2


async def test_nothing_is_kept_where_nothing_is_to_be(state, recorder):
    """`keep: 0s` removes what there is and records nothing; taken back, a new file is begun."""
    one = recorder()
    one.begin(header(), b"")
    one.add(Mark.TAKEN, event(1))
    one.settle()
    one.limit(Limits(0, 2**30))
    one.add(Mark.TAKEN, event(2))
    assert one.settle()
    assert list(segments(state)) == []
    assert one.wants(3_000) == ""
    assert one.how().on is False

    one.limit(MUCH)
    assert one.wants(4_000) == "start"
    one.begin(header(3), b"")
    one.add(Mark.TAKEN, event(4))
    one.settle()
    assert told(state) == ["|", "+4"]


async def test_a_full_disk_ends_the_recording_and_nothing_else(state, recorder, monkeypatch, caplog):
    """It is said once; the next try is a minute later; the new file says why and how much is missing; what is written stays readable."""
    one = recorder()
    one.begin(header(), b"")
    one.add(Mark.TAKEN, event(1))
    one.settle()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "watchdog"):
        patch.setattr(recorders, "RESERVE", 2**60)
        one.add(Mark.TAKEN, event(2))
        one.settle()
        one.add(Mark.TAKEN, event(3))
        assert one.wants(3_000) == ""
        assert "would be left on the disk" in one.how().failing
        at = 3_000 + AGAIN
        assert one.wants(at) == "recorded again"
        one.begin(header(3, at=at), b"")
        one.settle()
        one.add(Mark.TAKEN, event(200))
        assert one.wants(at) == ""
        assert len(caplog.records) == 1
    at = 200_000 + AGAIN
    assert one.wants(at) == "recorded again"
    with caplog.at_level(logging.WARNING, "watchdog"):
        one.begin(header(200, at=at), b"")
        one.add(Mark.TAKEN, event(201))
        one.settle()
    assert [record.message for record in caplog.records][1:] == ["events are recorded again"]
    assert one.how().failing == ""
    assert one.how().missed == 3
    assert told(state) == ["|", "+1", f"?3 events were not recorded: less than {2**40} MB would be left on the disk", "|", "+201"]


async def test_a_new_attempt_is_no_success_yet(recorder):
    """While a file is to be begun after a failure, it goes on to be said that nothing is recorded, and why."""
    may_go_on = threading.Event()
    one = recorder()
    one.begin(header(), b"a checkpoint")
    assert one.settle()
    one.stop(1, "why")
    one.begin(header(), lambda: b"a checkpoint" if may_go_on.wait(10) else b"")
    assert one.how().failing == "why"
    may_go_on.set()
    assert one.settle()
    assert one.how().failing == ""


async def test_a_part_that_did_not_fit_is_taken_back(state, recorder, monkeypatch):
    """A write that ends half-way leaves a file that ends where it was whole."""
    one = recorder()
    one.begin(header(), b"")
    one.add(Mark.TAKEN, event(1))
    one.settle()
    size = (state / "trace" / "00000001.trace").stat().st_size
    write, left = os.write, [20]

    def short(file, data):
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        number = write(file, data[: left[0]])
        left[0] -= number
        return number

    monkeypatch.setattr("watchdog.store.trace.recorder.os.write", short)
    one.add(Mark.TAKEN, event(2))
    one.settle()
    assert (state / "trace" / "00000001.trace").stat().st_size == size
    assert told(state) == ["|", "+1"]
    assert one.how().failing == "No space left on device"


@pytest.mark.needs("mount")
async def test_a_disk_that_is_really_full(tmp_path, monkeypatch):
    """On a file system of its own: room for the database is left free, and when there is room again it goes on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=True)
    monkeypatch.setattr(recorders, "RESERVE", 2**20)
    one = recorders.Recorder(disk, MUCH, wall=lambda: WALL)
    try:
        one.begin(header(), b"")
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 1_500_000)
        number = 0
        while not one.how().failing:
            number += 1
            one.add(Mark.TAKEN, event(number, ReloadRefused((os.urandom(40_000).hex(),))))
            one.settle()
        room = os.statvfs(disk)
        assert 2**20 <= room.f_bavail * room.f_frsize < 2**20 + 300_000
        ballast.unlink()
        one.wants(number * 1000)
        at = number * 1000 + AGAIN
        assert one.wants(at) == "recorded again"
        one.begin(header(number, at=at), b"")
        one.add(Mark.TAKEN, event(number + 1))
        assert one.settle()
        assert told(disk)[-1] == f"+{number + 1}"
        assert told(disk).count("|") == 2
    finally:
        await one.close()
        subprocess.run(["umount", disk], check=True)


async def test_a_disk_that_is_too_slow_is_not_waited_for(state, recorder, monkeypatch):
    """What waits never grows beyond its bound: the recording ends, all that was added before is written, and it begins anew later."""
    monkeypatch.setattr(recorders, "MOST_WAITING", 20_000)
    one = recorder()
    one.begin(header(), b"")
    one.settle()
    body = ReloadRefused(("x" * 3_000,))
    with one._lock:
        waits = one._queue
        for number in range(1, 30):
            one.add(Mark.TAKEN, event(number, body))
            assert one._waiting <= 20_000
        assert len(waits) == 6
    one.settle()
    assert one.how().failing == "the disk is slower than they come"
    assert one.wants(30_000) == ""
    assert one.wants(7_000 + AGAIN) == "recorded again"
    one.begin(header(29, at=7_000 + AGAIN), b"")
    one.settle()
    assert told(state) == [
        "|",
        *(f"+{number}" for number in range(1, 7)),
        "?23 events were not recorded: the disk is slower than they come",
        "|",
    ]


async def test_what_can_not_be_written_down_is_missing(state, recorder):
    """A text that is no text ends the recording at that event, and no other."""
    one = recorder()
    one.begin(header(), b"")
    one.add(Mark.TAKEN, event(1, Stopping("\udc80")))
    one.add(Mark.TAKEN, event(2))
    one.settle()
    assert told(state) == ["|"]
    assert "can't be written down" in one.how().failing
    assert one.how().missed == 2


async def test_a_folder_that_is_a_file(state, recorder, caplog):
    """Whatever stands there is left, and the agent goes on."""
    (state / "trace").write_text("mine")
    one = recorder()
    one.begin(header(), b"")
    one.add(Mark.TAKEN, event(1))
    assert one.settle()
    assert "exists" in one.how().failing
    assert (state / "trace").read_text() == "mine"


async def test_the_end_waits_for_the_last_events(state, recorder):
    """What was added before `close` is written when it returns; what comes later is not."""
    one = recorder()
    one.begin(header(), b"")
    for number in range(1, 101):
        one.add(Mark.TAKEN, event(number))
    await one.close()
    one.add(Mark.TAKEN, event(101))
    assert told(state)[-1] == "+100"


async def test_events_are_written_within_a_second(state, recorder, until, monkeypatch):
    """Nobody has to ask for it; here within less, so that a slow machine does not fail."""
    assert recorders.FLUSH <= 1.0
    monkeypatch.setattr(recorders, "FLUSH", 0.1)
    one = recorder()
    one.begin(header(), b"")
    one.add(Mark.TAKEN, event(1, TimeReached()))
    await until(lambda: told(state) == ["|", "+1"])


async def test_the_last_half_minute_is_found_at_once(state, recorder, monkeypatch):
    """It is read from the last place that can be read by itself, over the border of a file."""
    monkeypatch.setattr(recorders, "FRESH_EVERY", 0)
    one = recorder()
    one.begin(header(), b"")
    for number in range(1, 10):
        one.add(Mark.TAKEN, event(number))
        one.settle()
    one.begin(header(9), b"")
    one.add(Mark.NOTED, event(10))
    one.add(Mark.TAKEN, event(10))
    one.settle()

    def after(seq, at, *, memory="m", boot_id="boot-1"):
        return [record.event.seq for record in records_after(state, seq, memory=memory, boot_id=boot_id, at=at)]

    assert after(7, 7_500) == [8, 9, 10, 10]
    assert after(9, 9_500) == [10, 10]
    assert after(10, 10_500) == []
    assert after(7, 7_500, memory="other") == after(7, 7_500, boot_id="boot-2") == []


async def test_numbers_that_were_given_again_are_not_taken_for_others(state, recorder):
    """After a crash events that left nothing in the database have their numbers again: time tells them apart."""
    one = recorder()
    one.begin(header(), b"")
    for number in range(1, 10):
        one.add(Mark.TAKEN, event(number))
    one.begin(header(4, at=60_000), b"")
    for number in range(5, 12):
        one.add(Mark.TAKEN, event(number))
    one.settle()

    found = records_after(state, 7, memory="m", boot_id="boot-1", at=7_500)
    assert [record.event.seq for record in found] == [8, 9]
    assert [line for line in told(state) if line.startswith("?")] == [
        "?the agent was cut off: what came in its last second was not recorded"
    ]
