"""
What the engine remembers of readings: for each demanded series the values of each entity, as long as somebody may ask for them.

The counterpart of `lang/demands.py`, which says what is demanded and how it is asked. It keeps nothing that no rule asks for, and never more
than its budget: what has been idle longest is dropped first, and counted. It has no clock: every call brings the engine time, which never
goes backwards. It never takes what nobody could see for something that was not there.
"""

from collections.abc import Callable, Container, Iterable
from typing import Any, Final

from watchdog.engine.coverage import Coverage, Interval
from watchdog.engine.kept import Kept
from watchdog.engine.moved import Moved
from watchdog.engine.remembered import pack, unpack, unpack_to_go_on
from watchdog.engine.sliding import turns
from watchdog.engine.steps import ABSENT, STEP_BYTES, Steps
from watchdog.engine.tracks import ENOUGH, Track, of_pieces
from watchdog.engine.windows import cut, end_before, held_over, window_before
from watchdog.lang.buckets import bucket
from watchdog.lang.demands import Function, Series
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

BUDGET: Final = 32 * 2**20
"""Bytes for all series together."""
_ROOM: Final = 0.9
"""What is left of the budget after having made room: so that it is not made again for the very next step."""
_ROOMY: Final = 4
"""With no more than this part of the budget in use, nobody is near having to make room: one history takes at most twice as much as another that knows the same."""
# Python 3.11 looks a member of an enumeration up in Python.
_BOOL: Final = Type.BOOL
_NOBODY: Final = Steps()
"""The steps of an entity that was never there; never written to."""


class History:
    """
    Series by key. `dropped` counts, by series, the entities whose steps had to go because of the budget. `stirred` is told of whom answers can change, and when, that `over_due` has called unchanging.

    Usage: `demand` after each load of rules, `observe` every row that was touched, `gone`, `lost` and `back` as it happens; then ask.
    """

    def __init__(self, budget: int = BUDGET, *, stirred: Callable[[Kind, str, int], None] | None = None) -> None:
        self.budget: Final = budget
        self._stirred: Final = stirred
        self.dropped: dict[str, int] = {}
        self._kept: dict[str, Kept] = {}
        self._by_kind: dict[Kind, tuple[Kept, ...]] = {}
        self._saved: dict[str, Kept] = {}
        self._coverage = Coverage()
        self._size = 0

    # What is kept

    def demand(self, series: Iterable[Series], now: int) -> None:
        """
        From now on just these are kept; the same key may come several times, and its longest window counts.

        Those that stay keep what they know; of a new one nothing is known before `now`, so observe every row of its kind right after this.
        """
        before = {**self._saved, **self._kept}
        self._saved = {}
        wanted: dict[str, list[Series]] = {}
        for one in series:
            wanted.setdefault(one.key, []).append(one)
        self._kept = {key: before.get(key) or Kept(key, now) for key in wanted}
        for key, several in wanted.items():
            self._kept[key].become(several, now)
        by_kind: dict[Kind, list[Kept]] = {}
        for kept in self._kept.values():
            by_kind.setdefault(kept.series.kind, []).append(kept)
        self._by_kind = {kind: tuple(them) for kind, them in by_kind.items()}
        self.dropped = {key: count for key, count in self.dropped.items() if key in self._kept}
        self._size = sum(kept.size() for kept in self._kept.values())
        self._coverage.trim(self._horizon(now))
        self._make_room(now)

    def observe(self, row: Row, now: int, moved: Moved = None) -> None:
        """Writes the series of that row's kind that what has moved of it can concern: it was touched, or is judged again because its time has come."""
        for kept in self._by_kind.get(row.kind, ()):
            series = kept.series
            if moved is None or not series.reads.isdisjoint(moved):
                self._write(kept, row.id, series.value(row, now), now)

    def write(self, series: str, entity: str, value: Any, now: int) -> None:
        """That value stands from now on; MISSING where it can't be known. Nothing happens where it stood already, or nobody asks for it."""
        if (kept := self._kept.get(series)) is not None:
            self._write(kept, entity, value, now)

    def gone(self, kind: Kind, entity: str, now: int) -> None:
        """That entity has left: from now on it is not there."""
        for kept in self._by_kind.get(kind, ()):
            self._gone(kept, entity, now)

    def only(self, kind: Kind, present: Container[str], now: int) -> None:
        """
        Just these are there: whatever else was remembered is gone.

        To be said of each kind of a source when it has been read in full for the first time after a start; costs a walk.
        """
        for kept in self._by_kind.get(kind, ()):
            for entity in [*kept.tracks, *kept.evicted]:
                if entity not in present:
                    self._gone(kept, entity, now)

    # Coverage

    def started(self, now: int) -> None:
        """The agent begins: no source has been read yet."""
        for source in Source:
            self.lost(source, now)

    def lost(self, source: Source, now: int) -> None:
        """From now on that source can't be read; saying it again changes nothing."""
        self._coverage.lost(source, now)
        self._cover_anew(now)

    def back(self, source: Source, now: int) -> None:
        """That source has been read in full, and can be read from now on; saying it again changes nothing."""
        self._coverage.back(source, now)
        self._cover_anew(now)

    def covered(self) -> tuple[Source, ...]:
        """The sources that can be read now."""
        return tuple(source for source in Source if self._coverage.covers(source))

    # Questions

    def over(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:
        """
        The function of that history over the whole buckets of the window before `now`; the same until the next boundary.

        Integers stay integers where the function allows it; RATE and SLOPE are per second, of durations ratios; SUM adds the value up once for
        each second. MISSING below 80 % coverage, where there is no value, and for what is not demanded so.
        """
        kept = self._kept.get(series)
        if kept is None or not 0 < window <= kept.window or entity in kept.evicted:
            return MISSING
        track = kept.tracks.get(entity)
        if track is not None:
            track.used = now
            # Asked again and again within a bucket, of which there are at most a hundred and twenty in a window.
            if (value := track.told(function, end_before(now, window), window)) is not None:
                return _in_unit(kept.series.type, function, value)
        span = window_before(now, window)

        def covered(start: int, end: int) -> tuple[Interval, ...]:
            return kept.covered(self._coverage, start, end, entity)

        if track is None:
            value = of_pieces(_NOBODY, function, span, covered, zero=kept.series.counter)
        else:
            size = track.size()
            value = track.work_out(function, span, window, covered, zero=kept.series.counter)
            if track.is_very_long() and kept.series.type is not _BOOL:
                # `held` looks at every step.
                track.fold(kept.windows, now, covered, zero=kept.series.counter)
            if (grown := track.size() - size) != 0:
                self._size += grown
                self._make_room(now)
        return _in_unit(kept.series.type, function, value)

    def over_due(self, series: str, entity: str, window: int, now: int) -> int | None:
        """The earliest time after `now` at which `over` may say something else although nothing is written and no source comes or goes: never of what has stayed the same for so long and was seen all the while."""
        kept = self._kept.get(series)
        if kept is None or not 0 < window <= kept.window or entity in kept.evicted:
            return None
        span = window_before(now, window)
        track = kept.tracks.get(entity)
        if (track is None or track.times[-1] <= span.start) and kept.is_seen(self._coverage, span.start, span.end, entity):
            return None
        return span.end + span.bucket

    def held(self, series: str, entity: str, window: int, now: int) -> bool | None:
        """
        Whether a statement was never false from `now - window` to `now`, both included; an entity that is not there holds nothing.

        None where less than 80 % of that is known, or a stretch longer than three beats is not, unless it was seen to be false. Not in buckets:
        it turns false at once.
        """
        kept = self._kept.get(series)
        if kept is None or not 0 < window <= kept.window or entity in kept.evicted:
            return None
        if (track := kept.tracks.get(entity)) is not None:
            track.used = now
        return self.glance_held(series, entity, window, now)

    def glance(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:
        """What `over` says, for somebody who only looks: what is kept, and what must make room next, stays as it is."""
        kept = self._kept.get(series)
        track = None if kept is None else kept.tracks.get(entity)
        if kept is None or track is None:
            return self.over(series, entity, function, window, now)
        if not 0 < window <= kept.window:
            return MISSING
        span = window_before(now, window)
        value = track.told(function, span.end, window)
        if value is None:

            def covered(start: int, end: int) -> tuple[Interval, ...]:
                return kept.covered(self._coverage, start, end, entity)

            value = track.look(function, span, window, covered, zero=kept.series.counter)
        return _in_unit(kept.series.type, function, value)

    def glance_held(self, series: str, entity: str, window: int, now: int) -> bool | None:
        """The same of `held`."""
        kept = self._kept.get(series)
        if kept is None or not 0 < window <= kept.window or entity in kept.evicted:
            return None
        start, end = now - window, now + 1
        return held_over(kept.tracks.get(entity, _NOBODY), kept.covered(self._coverage, start, end, entity), start, end, enough=ENOUGH)

    def held_due(self, series: str, entity: str, window: int, now: int) -> int | None:
        """The earliest time after `now` at which `held` may say something else although nothing is written and no source comes or goes."""
        kept = self._kept.get(series)
        if kept is None or not 0 < window <= kept.window or entity in kept.evicted:
            return None
        steps = kept.tracks.get(entity, _NOBODY)
        start, end = now - window, now + 1
        intervals = kept.covered(self._coverage, start, end, entity)
        pieces, _ = cut(steps, intervals, zero=True)
        return turns(pieces, window, now, enough=ENOUGH)

    # Memory

    def size(self) -> int:
        """Bytes that are in use, as far as they grow with what is remembered."""
        return self._size

    def known(self, now: int) -> tuple[Any, ...] | None:
        """
        All that can be asked for from now on, as plain data: two histories that are the same in it answer alike, whatever each of them keeps besides.

        None where so much is kept that room may have to be made, of which it can't be said what it will cost.
        """
        if self.dropped or self._size > self.budget // _ROOMY:
            return None
        return tuple(kept.known(self._coverage, now) for kept in self._kept.values())

    def lacks(self, series: Iterable[Series], now: int, *, earliest: int) -> int:
        """For how long one must go on until all is known that these can ask for, or as much as somebody knows who began at `earliest` (milliseconds)."""
        lack = 0
        for one in series:
            kept = self._kept.get(one.key)
            if kept is None:
                lack = max(lack, one.window + bucket(one.window))
            elif kept.since > earliest:
                lack = max(lack, kept.since - kept.horizon(now))
        return lack

    def is_asked(self) -> bool:
        """Whether any rule asks for a history."""
        return bool(self._kept)

    def encode(self, now: int, *, wall: int, boot_id: str) -> bytes:
        """Everything that is remembered at `now`, fit for `restore`: `wall` (UTC milliseconds) and `boot_id` tell what its times mean later."""
        for kept in self._kept.values():
            self._size -= kept.bury(now)
        self._coverage.trim(self._horizon(now))
        return pack(self._kept.values(), self._coverage, now=now, wall=wall, boot_id=boot_id, dropped=self.dropped)

    def go_on(self, data: bytes, series: Iterable[Series], now: int) -> tuple[Series, ...]:
        """
        Takes in what another one encoded at `now`, as if it were that one, in place of all there is; no more than those of `series` that it kept.

        Returns these. Raises `BrokenHistoryError` for what can't be read; nothing is changed then.
        """
        self._saved, self._coverage, dropped = unpack_to_go_on(data)
        self._kept, self.dropped = {}, dropped
        known = tuple(one for one in series if one.key in self._saved)
        self.demand(known, now)
        return known

    def restore(self, data: bytes, now: int, *, wall: int, boot_id: str) -> None:
        """
        Takes in what a predecessor encoded, before anything has been observed; before or after `demand`, which drops what it doesn't want.

        The time since then counts as uncovered. Raises `BrokenHistoryError` for what can't be read, and for times after `now`; nothing is changed then.
        """
        self._saved, self._coverage = unpack(data, now=now, wall=wall, boot_id=boot_id)
        if self._kept:
            wanted = [one for kept in self._kept.values() for one in kept.wanted]
            self._kept = {key: kept for key, kept in self._kept.items() if key not in self._saved}
            self.demand(wanted, now)

    # Inside

    def _write(self, kept: Kept, entity: str, value: Any, now: int) -> None:
        track = kept.tracks.get(entity)
        if track is None:
            track = self._begin(kept, entity, now)
        track.used = now
        last = track.times[-1] if track.times else now
        grown = track.write(value, now)
        if grown:
            if now - last >= kept.rest:
                # It had stayed the same for so long that nobody was waiting for a window to end.
                self._stir(kept, entity, now)
            self._size += STEP_BYTES * (grown - (track.trim(kept.horizon(now)) if track.is_long() else 0))
            self._make_room(now)

    def _begin(self, kept: Kept, entity: str, now: int) -> Track:
        size = kept.size_of_names()
        if entity in kept.evicted:
            self._stir(kept, entity, now)
        track = kept.begin(entity)
        self._size += track.size() + kept.size_of_names() - size
        return track

    def _gone(self, kept: Kept, entity: str, now: int) -> None:
        if kept.series.kind is Kind.JOB:
            # A run that has ended does not come back; there may be thousands each second.
            self._size -= kept.forget(entity)
            return
        if (entity in kept.tracks or entity in kept.evicted) and kept.left_at(entity) is None:
            self._write(kept, entity, ABSENT, now)
            kept.ended.append((now, entity))
        self._size -= kept.bury(now)

    def _cover_anew(self, now: int) -> None:
        self._coverage.trim(self._horizon(now))
        for kept in self._kept.values():
            kept.cover_anew()

    def _horizon(self, now: int) -> int:
        return min((kept.horizon(now) for kept in (*self._kept.values(), *self._saved.values())), default=now)

    def _make_room(self, now: int) -> None:
        """Drops those that nobody has written or asked for longest, until there is room again."""
        if self._size <= self.budget:
            return
        idle = sorted((track.used, key, entity) for key, kept in self._kept.items() for entity, track in kept.tracks.items())
        for _, key, entity in idle:
            if self._size <= self.budget * _ROOM:
                return
            kept = self._kept[key]
            self._size -= kept.evict(entity)
            self.dropped[key] = self.dropped.get(key, 0) + 1
            self._stir(kept, entity, now)

    def _stir(self, kept: Kept, entity: str, now: int) -> None:
        if self._stirred is not None:
            self._stirred(kept.series.kind, entity, min(end_before(now, window) + bucket(window) for window in kept.windows))


def _in_unit(of: Type, function: Function, value: Any) -> Any:
    """The answer in the unit of the language: how a duration grows with time is a ratio; a yes or no stays one."""
    if value is MISSING:
        return value
    if of is Type.DURATION and function in (Function.RATE, Function.SLOPE):
        return value / 1000
    if of is Type.BOOL and function in (Function.FIRST, Function.LAST, Function.MIN, Function.MAX):
        return bool(value)
    return value
