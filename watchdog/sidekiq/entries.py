"""
The entries of sidekiq-scheduler: what is to be pushed when, and whether it was.

Shapes (scheduler.rb, redis_manager.rb and utils.rb of 5.0 … 6.0): an entry is JSON with `class`, `queue` and one of `cron`, `every`, `at`, `in`, `interval`, as a text
or as a list whose first item is the text; a time is text with one of four ways to write the offset (`-0500`, `+0100`, `Z`, `+0000`). Arguments of an entry are never read.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec
import orjson

from watchdog.sidekiq.decode import Broken, milliseconds, name

GRACE: Final = 60_000
"""Milliseconds that an entry may be late: clocks differ, and the scheduler is a thread among others."""
_TIMINGS: Final = ("cron", "every", "at", "in", "interval")
"""In the order in which the scheduler looks for them."""
_REPEATED: Final = frozenset({"every", "interval"})
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})? ?(?:Z|UTC|([+-])(\d\d):?(\d\d))", re.ASCII)
_PART: Final = re.compile(r"(\d{1,9})\s*([a-zA-Z]+)(?:,|\s|and\b)*", re.ASCII)
_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
    **dict.fromkeys(("M", "month", "months"), 30 * 86_400),
    **dict.fromkeys(("y", "Y", "year", "years"), 365 * 86_400),
}
"""Unit → seconds."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `timing` says which way `text` says when; `period` is milliseconds, None where the text alone does not tell it."""

    job_class: str | None = None
    queue: str | None = None
    enabled: bool = True
    timing: str | None = None
    text: str | None = None
    period: int | None = None


def decode_entry(key: str, raw: bytes) -> Entry | Broken:
    """A value of the hash `schedules`."""
    try:
        entry = orjson.loads(raw)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        return Broken(key, "an entry is not a JSON object")
    for timing in _TIMINGS:
        written = entry.get(timing)
        text = written[0] if isinstance(written, list) and written else written
        if isinstance(text, str) and text:
            break
    else:
        timing, text = None, None
    return Entry(
        job_class=_name(entry.get("class")),
        queue=_name(entry.get("queue")),
        enabled=entry.get("enabled") is not False,
        timing=timing,
        text=_name(text),
        period=period_of(text) if timing in _REPEATED and text is not None else None,
    )


def decode_state(raw: bytes) -> bool | None:
    """Whether somebody switched an entry on or off; None where that is not said."""
    try:
        state = orjson.loads(raw)
    except ValueError:
        return None
    enabled = state.get("enabled") if isinstance(state, dict) else None
    return enabled if isinstance(enabled, bool) else None


def decode_time(raw: bytes) -> int | None:
    """A time as the scheduler writes it, in milliseconds since 1970."""
    match = _TIME.fullmatch(raw.decode("utf-8", "replace").strip())
    if match is None:
        return None
    day, time, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment += offset if sign == "-" else -offset
    except (ValueError, OverflowError):
        return None
    return milliseconds(moment.timestamp())


def period_of(text: str) -> int | None:
    """How long a text like `5m`, `1h30m` or `2 days` lasts, in milliseconds; None for any other."""
    text = text.strip()
    seconds = at = 0
    while at < len(text):
        part = _PART.match(text, at)
        unit = part and _UNITS.get(part[2], _UNITS.get(part[2].lower()))
        if part is None or not unit:
            return None
        seconds += int(part[1]) * unit
        at = part.end()
    return seconds * 1000 or None


def observed_period(due: int | None, last: int | None, pushed: Sequence[int]) -> int | None:
    """
    How far two times of an entry are apart, by what can be seen of it.

    The scheduler writes the last and the next time together, so they are one period apart, or more for as long as times are missed. Where it has not come to the entry
    yet, the closest two pushes tell.
    """
    if due is not None and last is not None and due > last:
        return due - last
    return min((later - earlier for earlier, later in pairwise(pushed) if later > earlier), default=None)


def pushes_in_period(pushed: Sequence[int], period: int | None) -> int | None:
    """How often an entry was pushed in the period that ended with the last push; more than once is too often. None where the period is not known."""
    if period is None:
        return None
    # A tenth less: the next one can come a moment early.
    return sum(moment > pushed[-1] - period * 9 // 10 for moment in pushed) if pushed else 0


def is_overdue(*, due: int | None, pushed: int | None, period: int | None, now: int) -> bool:
    """
    Whether an entry that somebody serves should have been pushed and was not: its time is over, and the last push is older than a period.

    `next_times` alone proves nothing, because it stays behind when one of several schedulers stops; only pushes are facts. They are kept for 24 hours.
    """
    if due is None or now <= due + GRACE:
        return False
    if pushed is None:
        return True
    return pushed < due if period is None else now - pushed > period + GRACE


def named(fields: Mapping[bytes, bytes]) -> tuple[dict[str, bytes], bool]:
    """The fields of a hash by name; and whether there were some whose name is not text."""
    by_name = {called: raw for field, raw in fields.items() if (called := name(field)) is not None}
    return by_name, len(by_name) < len(fields)


def _name(value: object) -> str | None:
    return name(value.encode("utf-8", "replace")) if isinstance(value, str) else None
