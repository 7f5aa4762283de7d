"""
What Redis spends on the agent: counted here, weighed with what Redis says that its commands take.

The counterpart of `pace`, which decides by it. Redis counts no processor time by client. Round-trip times would blame it for the
network, for other clients' commands and for our own slowness; so the time in commands is the number of each of our commands times what such a
command took on average (`INFO commandstats`), and what Redis spends around them (reading a request, writing its answer: most of it) is
reckoned with fixed prices, measured on Redis 7.0 as the difference of used_cpu_user + used_cpu_sys.
It is an estimate: another machine may be half as fast or twice; it does not grow because Redis, or the way to it, is slow.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

ASK_PRICES: Final[tuple[tuple[str, ...], ...]] = (("INFO", "commandstats"),)
"""How to learn what commands take."""
ROUND_TRIP: Final = 20.0
"""Microseconds for being woken, reading a request and writing its answer."""
PUSH: Final = 10.0
"""Microseconds for writing a message that Redis sends by itself."""
COMMAND: Final = 0.3
"""Microseconds for finding and parsing one command."""
RUN: Final = 0.5
"""Microseconds that a command runs for, where Redis does not tell."""
BYTE: Final = 0.000_35
"""Microseconds for each byte read or written."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of Redis and what it said, counted from some moment on; `calls` by the first word of each command."""

    commands: int = 0
    round_trips: int = 0
    pushes: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    calls: Mapping[str, int] = {}

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        return self._joined(other, 1)

    def since(self, earlier: "Spent") -> "Spent":
        """What was added after `earlier`, an earlier count of the same."""
        return self._joined(earlier, -1)

    def busy(self, prices: Mapping[str, float]) -> float:
        """Milliseconds that Redis was busy with this, where a run of a command takes that many microseconds."""
        running = sum(count * prices.get(name, RUN) for name, count in self.calls.items())
        around = self.round_trips * ROUND_TRIP + self.pushes * PUSH + self.commands * COMMAND + (self.bytes_out + self.bytes_in) * BYTE
        return (running + around) / 1000

    def rates(self, elapsed: int) -> dict[str, float]:
        """The same for each second of the so many milliseconds that it took."""
        counted = {"commands": self.commands, "round_trips": self.round_trips, "bytes_out": self.bytes_out, "bytes_in": self.bytes_in}
        return {f"{name}_per_second": round(1000 * count / max(1, elapsed), 3) for name, count in counted.items()}

    def _joined(self, other: "Spent", sign: int) -> "Spent":
        names = self.calls.keys() | other.calls.keys()
        return Spent(
            commands=self.commands + sign * other.commands,
            round_trips=self.round_trips + sign * other.round_trips,
            pushes=self.pushes + sign * other.pushes,
            bytes_out=self.bytes_out + sign * other.bytes_out,
            bytes_in=self.bytes_in + sign * other.bytes_in,
            calls={name: self.calls.get(name, 0) + sign * other.calls.get(name, 0) for name in sorted(names)},
        )


def prices(reply: object) -> dict[str, float]:
    """
    Microseconds for a run of each command, by the answer to `ASK_PRICES`; empty where Redis does not tell.

    Lines like `cmdstat_hgetall:calls=9,usec=42,usec_per_call=4.67,…` (redis.io, command INFO). Averages over all clients. Of CLIENT, which Redis
    counts by subcommand, nothing but CACHING is said often.
    """
    if not isinstance(reply, bytes):
        return {}
    found = {}
    for line in reply.decode("utf-8", "replace").splitlines():
        name, colon, values = line.partition(":")
        calls, usec = (_number(values, key) for key in ("calls=", "usec="))
        if colon and name.startswith("cmdstat_") and calls and usec is not None:
            found[name.removeprefix("cmdstat_").lower()] = usec / calls
    if (caching := found.get("client|caching")) is not None:
        found["client"] = caching
    return found


def _number(values: str, key: str) -> int | None:
    part = next((part for part in values.split(",") if part.startswith(key)), "").removeprefix(key)
    return int(part) if part.isascii() and part.isdecimal() and len(part) < 20 else None
