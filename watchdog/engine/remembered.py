"""
A history as bytes: to be kept over a restart of the agent, or to go on from at the very same moment.

The counterpart of the store, which keeps the bytes and never looks into them. What is read is checked as if a stranger had written it: a
damaged history is no history, never a wrong one.
"""

import math
import sys
from array import array
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from watchdog.engine.cells import Cell, Cells
from watchdog.engine.coverage import Coverage
from watchdog.engine.kept import Kept
from watchdog.engine.steps import ABSENT, MARKS
from watchdog.engine.tracks import Track
from watchdog.errors import WatchdogError
from watchdog.lang.buckets import bucket
from watchdog.lang.demands import Function
from watchdog.model.kinds import Source
from watchdog.model.missing import MISSING

FORMAT: Final = 2
"""Counted up when the layout changes; another number can't be read."""


class BrokenHistoryError(WatchdogError):
    """These bytes are no history of this program."""


class _Track(msgspec.Struct, frozen=True, array_like=True):
    """
    The steps of one entity: times, type code of the states, states; numbers of 8 bytes, least significant first.

    `cells` are the summed buckets by window, each as in `Cell`, with the time up to which they reach and that up to which they were asked for.
    The rest is what `Track.working` says; only whoever goes on at the same moment needs it. An answer of None is MISSING.
    """

    times: bytes
    code: str
    states: bytes
    folded: int | None = None
    cells: dict[int, tuple[int, int, list[Cell]]] = {}
    used: int = 0
    trim_at: int = 0
    fold_at: int = 0
    answers: list[tuple[Function, int, int, bool | int | float | None]] = []


class _Series(msgspec.Struct, frozen=True, array_like=True):
    """One series."""

    since: int
    window: int
    tracks: dict[str, _Track]
    evicted: dict[str, int | None]


class _History(msgspec.Struct, frozen=True):
    """Everything; times are engine times of that boot."""

    format: int
    at: int
    wall: int
    boot_id: str
    coverage: dict[Source, list[int]]
    series: dict[str, _Series]
    dropped: dict[str, int] = {}


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_History)


def pack(series: Iterable[Kept], coverage: Coverage, *, now: int, wall: int, boot_id: str, dropped: dict[str, int]) -> bytes:
    """The bytes of these series as they are at `now`."""
    packed = {
        kept.key: _Series(
            since=kept.since,
            window=kept.window,
            tracks={entity: _packed(track) for entity, track in kept.tracks.items()},
            evicted=kept.evicted,
        )
        for kept in series
    }
    return _ENCODER.encode(_History(FORMAT, now, wall, boot_id, coverage.times, packed, dropped))


def unpack_to_go_on(data: bytes) -> tuple[dict[str, Kept], Coverage, dict[str, int]]:
    """
    The series, the coverage, and what was dropped, just as they were when they were packed: for whoever goes on with that moment.

    Raises `BrokenHistoryError` where they are damaged or of another format.
    """
    history = _decoded(data)
    coverage = Coverage()
    for source, times in history.coverage.items():
        coverage.times[source] = list(_rising(times, history.at))
    kept = {key: _kept(key, saved, history.at, 0) for key, saved in history.series.items()}
    for key, saved in history.series.items():
        for entity, track in saved.tracks.items():
            answers = ((function, window, end, MISSING if value is None else value) for function, window, end, value in track.answers)
            kept[key].tracks[entity].go_on(track.used, track.trim_at, track.fold_at, answers)
    return kept, coverage, history.dropped


def unpack(data: bytes, *, now: int, wall: int, boot_id: str) -> tuple[dict[str, Kept], Coverage]:
    """
    The series and the coverage in these bytes, in the engine time of this boot; everything is uncovered since they were written.

    Raises `BrokenHistoryError` where they are damaged, of another format, or say that they come from the future.
    """
    history = _decoded(data)
    # Over a reboot engine time starts anew; only the clock on the wall tells how much of it has gone by.
    shift = 0 if history.boot_id == boot_id else (now - wall) - (history.at - history.wall)
    saved_at = history.at + shift
    if saved_at > now:
        raise BrokenHistoryError("the saved history comes from the future: the clock was set back")
    coverage = Coverage()
    try:
        for source, times in history.coverage.items():
            coverage.times[source] = [time + shift for time in _rising(times, history.at)]
            coverage.lost(source, saved_at)
        series = {key: _kept(key, saved, history.at, shift) for key, saved in history.series.items()}
        for kept in series.values():
            for track in kept.tracks.values():
                track.used = saved_at
                if track.state() is not ABSENT:
                    # Whether it is still there is not known before it is read again.
                    track.write(MISSING, saved_at)
        return series, coverage
    except OverflowError as error:
        raise BrokenHistoryError("the saved history is damaged") from error


def _decoded(data: bytes) -> _History:
    try:
        history = _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise BrokenHistoryError("the saved history is damaged") from error
    if history.format != FORMAT:
        raise BrokenHistoryError(f"the saved history has format {history.format}, this program writes {FORMAT}")
    return history


def _packed(track: Track) -> _Track:
    used, trim_at, fold_at, told = track.working()
    cells = {window: (cells.end, cells.asked, cells.cells) for window, cells in track.cells.items()} if track.cells else {}
    # What does not fit is worked out again by whoever asks.
    answers = (
        [(function, window, end, _fit(value)) for function, window, end, value in told if value is MISSING or _fits(value)] if told else []
    )
    return _Track(_bytes(track.times), track.states.typecode, _bytes(track.states), track.folded, cells, used, trim_at, fold_at, answers)


def _fits(value: Any) -> bool:
    return not isinstance(value, int) or abs(value) < 2**63


def _fit(value: Any) -> Any:
    return None if value is MISSING else value


def _kept(key: str, saved: _Series, at: int, shift: int) -> Kept:
    if saved.since > at or saved.window < 0 or any(left is not None and left > at for left in saved.evicted.values()):
        raise BrokenHistoryError("the saved history is damaged")
    kept = Kept(key, saved.since + shift, saved.window)
    kept.evicted = {entity: None if left is None else left + shift for entity, left in saved.evicted.items()}
    for entity, track in saved.tracks.items():
        kept.tracks[entity] = _steps(track, at, shift)
    ended = [(steps.times[-1], entity) for entity, steps in kept.tracks.items() if steps.state() is ABSENT]
    ended += [(left, entity) for entity, left in kept.evicted.items() if left is not None]
    kept.ended = deque(sorted(ended))
    return kept


def _steps(track: _Track, at: int, shift: int) -> Track:
    if track.code not in MARKS:
        raise BrokenHistoryError("the saved history is damaged")
    times, states = _numbers("q", track.times), _numbers(track.code, track.states)
    if not times or len(times) != len(states) or (track.code == "d" and any(map(math.isnan, states))):
        raise BrokenHistoryError("the saved history is damaged")
    steps = Track()
    steps.put(array("q", (time + shift for time in _rising(times, at))), states)
    if track.folded is not None:
        if track.folded > at:
            raise BrokenHistoryError("the saved history is damaged")
        steps.folded = track.folded + shift
    if track.cells:
        steps.cells = {}
        for window, (end, asked, saved) in track.cells.items():
            cells = steps.cells[window] = _cells(window, end, saved, at).moved(shift, bucket(window))
            # Seen from another boot everything was asked for up to its end.
            cells.asked = cells.end if shift else asked
    return steps


def _cells(window: int, end: int, saved: list[Cell], at: int) -> Cells:
    length = bucket(window)
    first = (end - window // length * length) // length if window > 0 else 0
    numbers = [cell.number for cell in saved]
    fits = all(0 <= cell.weight <= cell.known <= length and (not cell.weight or cell.start < cell.end) for cell in saved)
    if window <= 0 or end > at or end % length or numbers != list(range(max(first, end // length - len(saved)), end // length)) or not fits:
        raise BrokenHistoryError("the saved history is damaged")
    return Cells(saved, end)


def _rising(times: Iterable[int], at: int) -> Iterable[int]:
    before = None
    for time in times:
        if time > at or (before is not None and time <= before):
            raise BrokenHistoryError("the saved history is damaged")
        before = time
        yield time


def _bytes(numbers: "array[Any]") -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(code: str, data: bytes) -> "array[Any]":
    numbers: array[Any] = array(code)
    if len(data) % numbers.itemsize:
        raise BrokenHistoryError("the saved history is damaged")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
