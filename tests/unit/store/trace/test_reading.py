"""Reading a trace of which something is cut off, damaged, missing, or of another program."""

from pathlib import Path

import pytest

from tests.unit.store.trace.conftest import event, header, told
from watchdog.model.events import Stopping
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.reading import Hole, Segment, segments
from watchdog.store.trace.segment import Mark

FILE = "trace/00000001.trace"


@pytest.fixture
async def file(state: Path, recorder, monkeypatch) -> Path:
    """A file with five parts of one event each: the first and fourth can be read by themselves."""
    one = recorder()
    one.begin(header(), b"the checkpoint")
    for number in range(1, 6):
        monkeypatch.setattr(recorders, "FRESH_EVERY", 0 if number == 4 else 10**9)
        one.add(Mark.TAKEN, event(number))
        one.settle()
    await one.close()
    return state / FILE


def parts(data: bytes) -> list[int]:
    """Where its parts begin."""
    offsets, offset = [], -1
    while (offset := data.find(b"\xabsw\x1e", offset + 1)) >= 0:
        offsets.append(offset)
    return offsets


async def test_a_torn_end_is_tolerated_wherever_it_is(state, file):
    """Cut off after any byte of its last part: everything before is read, and the end is called torn."""
    data = file.read_bytes()
    last = parts(data)[-1]
    for length in range(last, len(data) + 1):
        file.write_bytes(data[:length])
        (segment,) = segments(state)
        *before, end = segment.records()
        if length == len(data):
            assert end.event == event(5)
        elif length == last:
            assert end.event == event(4)
        else:
            assert [record.event.seq for record in before] == [1, 2, 3, 4]
            assert end == Hole("its end was cut off", file, last, torn=True)


async def test_zeros_at_the_end_are_a_torn_end(state, file):
    """That is what a power failure can leave."""
    data = file.read_bytes()
    file.write_bytes(data + bytes(5_000))
    assert told(state) == ["|", "+1", "+2", "+3", "+4", "+5", "?its end was cut off"]


async def test_damage_in_the_middle_is_named_and_passed_over(state, file):
    """Any byte of the second part: what rests on it is said not to be readable, what comes after can be read again."""
    data = file.read_bytes()
    begin = parts(data)[2]
    end = parts(data)[3]
    for offset in range(begin, end):
        file.write_bytes(data[:offset] + bytes([data[offset] ^ 0x55]) + data[offset + 1 :])
        (segment,) = segments(state)
        found = list(segment.records())
        numbers = [one.event.seq for one in found if not isinstance(one, Hole)]
        holes = [one for one in found if isinstance(one, Hole)]
        assert numbers == [1, 4, 5]
        assert holes == [
            Hole(f"{end - begin} bytes are damaged", file, begin), Hole("events rest on what was damaged before them", file, end),
        ]  # fmt: skip


async def test_a_damaged_checkpoint_leaves_the_events(state, file):
    """There is nothing to go on from, but what happened can be read."""
    data = file.read_bytes()
    offset = parts(data)[0] + 30
    file.write_bytes(data[:offset] + b"\0" + data[offset + 1 :])
    (segment,) = segments(state)
    assert segment.checkpoint() is None
    assert told(state)[2:] == ["+1", "+2", "+3", "+4", "+5"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "it does not begin as a trace does"),
        (b"something else\n", "it does not begin as a trace does"),
        (b'sidekiq-watchdog trace {"format":1', "it does not begin as a trace does"),
        (b'sidekiq-watchdog trace {"format":2}\n', "its format is 2, and this version knows only 1"),
        (b'sidekiq-watchdog trace {"form\n', "its first line is damaged"),
        (b'sidekiq-watchdog trace {"format":1}\n', "its first line is damaged"),
        (b"sidekiq-watchdog trace []\n", "its format is None, and this version knows only 1"),
    ],
)
async def test_what_is_no_file_of_this_version_is_named(state, file, line, reason):
    """And left alone; the others are read."""
    other = state / "trace/00000002.trace"
    other.write_bytes(line + b"whatever")
    (first, second) = segments(state)
    assert isinstance(first, Segment)
    assert second == Hole(reason, other)


async def test_strangers_in_the_folder_are_nobodys_business(state, file):
    """Only files that are called like ours are looked at."""
    (state / "trace" / "notes.txt").write_text("x")
    (state / "trace" / "1.trace").write_text("x")
    assert told(state)[0] == "|"
    assert len(list(segments(state))) == 1


def test_there_may_be_no_trace(tmp_path):
    """Then there is nothing to read, and no error."""
    assert list(segments(tmp_path)) == []


async def test_a_stretch_of_time_is_found(state, recorder):
    """Files that end before it or begin after it are left out."""
    one = recorder()
    for number in (0, 10, 20, 30):
        one.begin(header(number, cause="age"), b"")
        for more in range(1, 11):
            one.add(Mark.TAKEN, event(number + more))
    one.settle()
    begin = header().wall

    def found(since=None, until=None):
        return [one.header.seq for one in segments(state, since=since, until=until) if isinstance(one, Segment)]

    assert found() == [0, 10, 20, 30]
    assert found(since=begin + 15_000) == [10, 20, 30]
    assert found(since=begin + 20_000) == [20, 30]
    assert found(until=begin + 19_000) == [0, 10]
    assert found(since=begin + 500_000) == [30]


async def test_whether_an_agent_ended_in_order_can_be_told(state, recorder):
    """After its last word nothing is missing; without one its last second may be."""
    one = recorder()
    one.begin(header(), b"")
    one.add(Mark.TAKEN, event(1, Stopping("asked to end")))
    one.begin(header(1), b"")
    one.add(Mark.TAKEN, event(2))
    one.begin(header(2), b"")
    one.settle()
    assert told(state) == ["|", "+1", "|", "+2", "?the agent was cut off: what came in its last second was not recorded", "|"]


async def test_a_file_that_vanishes_while_it_is_read_is_over(state, file):
    """Its time had come between the look at the folder and the look into it."""
    (segment,) = segments(state)
    file.unlink()
    assert list(segment.records()) == []
    assert segment.checkpoint() is None
