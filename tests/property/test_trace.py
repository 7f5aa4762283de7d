"""Any events, written in any portions and cut off anywhere: what can be read is what was written, in its order."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.store.trace.conftest import MUCH, WALL, header
from watchdog.model.events import (
    Delta,
    EffectDone,
    Event,
    Gone,
    Observed,
    Paused,
    ReloadRefused,
    Resumed,
    RulesLoaded,
    SourceBack,
    SourceLost,
    Started,
    Stopping,
    TimeReached,
)  # fmt: skip
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Look, Refused
from watchdog.model.verdicts import Mode
from watchdog.store.trace import recorder as recorders
from watchdog.store.trace.frames import Frame, Rubble, frame, frames
from watchdog.store.trace.reading import Hole, Record, segments
from watchdog.store.trace.recorder import Recorder
from watchdog.store.trace.segment import Mark

USUAL = settings().max_examples
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
READING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.lists(TEXT, max_size=3),
)
DELTA = st.builds(Delta, st.sampled_from(Kind), TEXT, st.dictionaries(TEXT, READING, max_size=4))
CHANGES = st.lists(st.one_of(DELTA, st.builds(Gone, st.sampled_from(Kind), TEXT, TEXT)), max_size=5).map(tuple)
BODY = st.one_of(
    st.builds(Observed, st.sampled_from(Source), CHANGES, st.booleans()),
    st.builds(SourceLost, st.sampled_from(Source), TEXT, TEXT),
    st.builds(SourceBack, st.sampled_from(Source)),
    st.just(TimeReached()),
    st.builds(EffectDone, TEXT, st.one_of(st.builds(Refused, TEXT), st.builds(Look, st.booleans(), st.booleans(), TEXT))),
    st.builds(Started, TEXT, TEXT, TEXT),
    st.builds(RulesLoaded, TEXT, st.sampled_from(Mode), TEXT),
    st.builds(ReloadRefused, st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(Paused, TEXT, TEXT, st.none() | st.integers(0, 2**50)),
    st.builds(Resumed, TEXT),
    st.builds(Stopping, TEXT),
)
EVENTS = st.lists(st.tuples(st.sampled_from(Mark), BODY, st.booleans(), st.integers(0, 90_000)), max_size=20)
"""How it was taken, what, whether it is written at once, and how many milliseconds later."""


@settings(max_examples=max(60, USUAL))
@given(EVENTS, st.binary(max_size=40), st.integers(0, 200))
def test_any_events_come_back(events, checkpoint, cut):
    """All of them, in order, with their marks; of a file that was cut off at any place all that was whole."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorders, "RESERVE", 0)
        patch.setattr(recorders, "FLUSH", 0.0)
        recorder = Recorder(Path(folder), MUCH, wall=lambda: WALL)
        recorder.begin(header(), checkpoint)
        at, written = 0, []
        for number, (mark, body, now, later) in enumerate(events, start=1):
            at += later
            written.append(Record(mark, Event(number, at, WALL + at, body)))
            recorder.add(mark, written[-1].event)
            if now:
                assert recorder.settle()
        assert recorder.settle()
        asyncio.run(recorder.close())

        (segment,) = segments(Path(folder))
        assert not isinstance(segment, Hole)
        assert segment.checkpoint() == checkpoint
        assert list(segment.records()) == written
        data = segment.path.read_bytes()
        first = data.find(b"\n") + 1
        segment.path.write_bytes(data[: max(first, len(data) - cut)])
        read = [one for one in segment.records() if isinstance(one, Record)]
        assert read == written[: len(read)]


@settings(max_examples=max(100, USUAL))
@given(
    st.lists(st.tuples(st.sampled_from([b"C", b"F", b"E"]), st.integers(0, 2**64 - 1), st.binary(max_size=30)), max_size=6),
    st.integers(0, 300), st.integers(0, 255),
)  # fmt: skip
def test_damage_is_never_taken_for_something_written(parts, place, byte):
    """One byte of a file is another one: all that comes out was written, nothing is lost but the part that it is in, and each byte is accounted for."""
    data = b"".join(frame(*part) for part in parts)
    if place < len(data):
        data = data[:place] + bytes([byte]) + data[place + 1 :]
    found = list(frames(data, 0))

    whole = [(one.kind, one.seq, bytes(one.payload)) for one in found if isinstance(one, Frame)]
    assert len(whole) >= len(parts) - 1
    assert [part for part in parts if part in whole] == [part for part in whole if part in parts] or len(set(parts)) < len(parts)
    assert all(part in parts for part in whole)
    ends = [one.offset for one in found if isinstance(one, Frame)] + [one.start for one in found if isinstance(one, Rubble)]
    assert sorted(ends)[:1] == [0] * bool(data)
