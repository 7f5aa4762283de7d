"""From when until when something is asked for: `--since` and `--until` together."""

import time

import msgspec

from watchdog.cli.exits import UsageError
from watchdog.cli.since import read_since


class Span(msgspec.Struct, frozen=True):
    """UTC milliseconds, the first included and the other not; None where nothing was said."""

    since: int | None = None
    until: int | None = None

    def has(self, wall: int) -> bool:
        """Whether that time lies in it."""
        return (self.since is None or wall >= self.since) and (self.until is None or wall < self.until)


def read_span(since: str | None, until: str | None) -> Span:
    """What was written, both by one clock. Raises `UsageError`, also where nothing can lie between the two."""
    now = time.time_ns() // 1_000_000
    first = None if since is None else read_since(since, now=now)
    last = None if until is None else read_since(until, now=now, option="--until")
    if first is not None and last is not None and first >= last:
        raise UsageError(f"--since {since} is not before --until {until}: nothing can lie between them")
    return Span(first, last)
