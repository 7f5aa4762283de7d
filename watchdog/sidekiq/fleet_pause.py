"""
The pause of the whole fleet: what the key in Redis holds, as people and `pause --fleet` write it.

A plain text is a reason; an object of JSON can say `by` whom as well. The key's time to live is the end of the pause. Whatever it holds, as long as it is there nothing is done.
"""

from typing import Any, Final

import msgspec

from watchdog.sidekiq.wire import Command, Reply

NOBODY: Final = "somebody"
NO_REASON: Final = "no reason given"
UNREADABLE: Final = "no reason could be read"
LONGEST: Final = 200
"""Characters of a reason."""
_LARGEST: Final = 4096
_LATEST: Final = 366 * 86_400_000
"""Milliseconds; an end that is further away is none that anybody waits for."""


class FleetPause(msgspec.Struct, frozen=True):
    """Who has paused the fleet, and why."""

    by: str
    reason: str


def read_pause(reply: Reply) -> FleetPause | None:
    """What GET of the key says; None where there is none."""
    if reply is None:
        return None
    if not isinstance(reply, bytes):
        return FleetPause(NOBODY, UNREADABLE)
    text = reply[:_LARGEST].decode(errors="replace").strip()
    said = _object(reply) if text.startswith("{") else None
    if said is None:
        return FleetPause(NOBODY, _line(text) or NO_REASON)
    return FleetPause(_word(said.get("by")) or NOBODY, _word(said.get("reason")) or NO_REASON)


def read_left(reply: Reply) -> int | None:
    """Milliseconds until the end of the pause by PTTL of the key; None where it has none."""
    return min(reply, _LATEST) if isinstance(reply, int) and reply >= 0 else None


def to_pause(key: bytes, pause: FleetPause, *, lasts: int) -> Command:
    """The command that pauses the fleet for so many milliseconds."""
    return ("SET", key, msgspec.json.encode(pause), "PX", lasts)


def to_resume(key: bytes) -> Command:
    """The command that lets it go on; the answer is how many pauses there were."""
    return ("UNLINK", key)


def _object(reply: bytes) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = msgspec.json.decode(reply[:_LARGEST], type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    return said


def _word(value: object) -> str:
    return _line(value) if isinstance(value, str) else ""


def _line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0][:LONGEST].rstrip() if lines else ""
