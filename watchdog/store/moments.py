"""How a wall time is written for people and programs: RFC 3339, UTC, milliseconds."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(wall: int) -> str:
    """UTC milliseconds since 1970 as `2026-03-01T02:03:04.005Z`; exact, since no floating point is involved."""
    moment = _EPOCH + timedelta(milliseconds=wall)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def wall_of(written: str) -> int:
    """The counterpart: UTC milliseconds of what `rfc3339` has written. Raises ValueError for anything that is no time."""
    return (datetime.fromisoformat(written) - _EPOCH) // timedelta(milliseconds=1)
