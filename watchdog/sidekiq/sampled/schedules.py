"""
The entries of sidekiq-scheduler: when each is due, when it was last pushed, and whether it is overdue.

That a process serves the queue of an entry matters: with `listened_queues_only` (Mastodon) nobody else pushes it, and a quiet process pushes nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from watchdog.sidekiq.decode import Broken, label, milliseconds
from watchdog.sidekiq.entries import (
    Entry,
    decode_entry,
    decode_state,
    decode_time,
    is_overdue,
    named,
    observed_period,
    pushes_in_period,
)
from watchdog.sidekiq.sampled.part import Found, Ground, Moment
from watchdog.sidekiq.scanning import Ask, first_fields, rest_of_fields
from watchdog.sidekiq.wire import Command, Reply

_MOST: Final = 1_000
_SLICE: Final = 200
_PUSHES: Final = 20
"""So many of the last pushes of an entry are looked at."""
_MOMENTS: Final = ("due_at", "triggered_at", "pushed_at")


class Schedules:
    """The entities `schedule`; where there is no sidekiq-scheduler there are none."""

    every = 15_000

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._names: tuple[str, ...] = ()
        self._said: dict[str, dict[str, Any]] = {}

    def commands(self) -> list[Command]:
        """The four hashes, and of each entry that is known its last pushes."""
        keys = self._ground.keys
        return [*map(first_fields, (keys.schedules, *keys.schedule_times)), *self._of_each(self._names[:_SLICE])]

    async def take(self, ask: Ask, replies: list[Reply], moment: Moment) -> Found:
        """The readings of all entries."""
        ground = self._ground
        if ground.forbids(replies, "what sidekiq-scheduler pushes is"):
            return Found()
        hashes, known = replies[:4], self._names[:_SLICE]
        pushes = dict(zip(known, replies[4:], strict=True))
        written, due, last, states = [
            await self._read(ask, key, page) for key, page in zip((ground.keys.schedules, *ground.keys.schedule_times), hashes, strict=True)
        ]
        if len(written) > _MOST:
            ground.odd(ground.keys.schedules, f"it holds more than {_MOST} entries; the others are not read")
        names = tuple(sorted(written)[:_MOST])
        missing = [entry for entry in names if entry not in pushes]
        for start in range(0, len(missing), _SLICE):
            part = missing[start : start + _SLICE]
            pushes |= zip(part, await ask(self._of_each(part)), strict=True)
        self._names = names
        said: dict[str, dict[str, Any]] = {}
        for entry in names:
            decoded = decode_entry(label(ground.keys.schedules), written[entry])
            if isinstance(decoded, Broken):
                ground.tally.add(decoded)
                continue
            times = (self._time(ground.keys.schedule_times[number], times.get(entry)) for number, times in enumerate((due, last)))
            switched = decode_state(states[entry]) if entry in states else None
            if switched is not None:
                decoded = msgspec.structs.replace(decoded, enabled=switched)
            said[entry] = self._slots(entry, decoded, (*times,), self._pushed(entry, pushes[entry]), moment)
        self._said = said
        return Found(said)

    def _of_each(self, entries: Sequence[str]) -> list[Command]:
        return [("ZRANGE", self._ground.keys.pushed(entry), -_PUSHES, -1) for entry in entries]

    async def _read(self, ask: Ask, key: bytes, page: Reply) -> dict[str, bytes]:
        fields = await rest_of_fields(ask, key, page, most=_MOST + 1, where=self._ground.where)
        if fields is None:
            self._ground.odd(key, "it is not a hash")
            return {}
        by_name, has_odd = named(fields)
        if has_odd:
            self._ground.odd(key, "the name of an entry is not text")
        return by_name

    def _time(self, key: bytes, raw: bytes | None) -> int | None:
        if raw is None:
            return None
        if (moment := decode_time(raw)) is None:
            self._ground.odd(key, "it holds something that is not a time")
        return moment

    def _pushed(self, entry: str, reply: Reply) -> list[int]:
        key = self._ground.keys.pushed(entry)
        if self._ground.is_odd(key, reply, "it is not a sorted set") or not isinstance(reply, list):
            return []
        moments = [milliseconds(member) for member in reply]
        if None in moments:
            self._ground.odd(key, "it holds something that is not a time")
        return sorted(moment for moment in moments if moment is not None)

    def _slots(self, name: str, entry: Entry, times: tuple[int | None, ...], pushed: list[int], moment: Moment) -> dict[str, Any]:
        due, last = times
        served = moment.fleet.serves(entry.queue) if entry.queue else moment.fleet.fetching > 0
        newest = pushed[-1] if pushed else None
        period = entry.period or observed_period(due, last, pushed)
        overdue = entry.enabled and served and is_overdue(due=due, pushed=newest, period=period, now=moment.now)
        before = self._said.get(name, {})
        moments = {
            slot: moment.engine_time(value, before.get(slot))
            for slot, value in zip(_MOMENTS, (due, last, newest), strict=True)
            if value is not None
        }
        slots = {
            "name": name,
            "job_class": entry.job_class,
            "queue": entry.queue,
            "timing": entry.timing,
            "text": entry.text,
            "enabled": entry.enabled,
            "served": served,
            "period": period,
            "pushes": pushes_in_period(pushed, period),
            "overdue": overdue,
            **moments,
        }
        return {slot: value for slot, value in slots.items() if value is not None}
