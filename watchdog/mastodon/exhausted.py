"""
Mastodon's own record of servers that it could not deliver to: `exhausted_deliveries:HOST`. Pure.

A set of days (`YYYYMMDD` of UTC), one for each on which a delivery failed, however often; deleted with the next one that succeeds, and with the next signed delivery of that
host to us (app/lib/delivery_failure_tracker.rb, 3.5 and later). For auxiliary services (4.5 and later) the members are minutes instead: those are no servers of the fediverse.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

KEY: Final = b"exhausted_deliveries:"
_DAY: Final = re.compile(rb"(20\d{2})(\d{2})(\d{2})")


class Failing(msgspec.Struct, frozen=True):
    """On how many days deliveries failed; `first` and `last` of them as UTC milliseconds of their beginning, None where they were not read."""

    days: int
    first: int | None = None
    last: int | None = None


def failing(members: Iterable[object], *, whole: bool) -> Failing | None:
    """What a set with these members says; where they are not all of it (`whole` is false) there are at least so many. None where it holds no days."""
    days = sorted({day for member in members if (day := _day(member)) is not None})
    if not days:
        return None
    return Failing(len(days), days[0], days[-1]) if whole else Failing(len(days))


def _day(member: object) -> int | None:
    found = _DAY.fullmatch(member) if isinstance(member, bytes) else None
    if found is None:
        return None
    try:
        return round(datetime(*map(int, found.groups()), tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]
    except ValueError:
        return None
