"""What `--since` and `--until` mean: a duration back from now, or a point in time."""

from datetime import UTC, datetime
from typing import Final

from watchdog.cli.exits import UsageError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_since(written: str, *, now: int, option: str = "--since") -> int:
    """
    UTC milliseconds of `2h` before `now`, or of `2026-03-01T02:00:00Z`.

    A time must say its zone: what is shown is UTC, and a time without one would mean something else on another machine.
    """
    if any(char in written for char in "-:TZ"):
        return read_moment(written, option, "is neither a duration (2h, 30m) nor a time")
    return max(0, now - read_duration(written, option))


def read_duration(written: str, option: str) -> int:
    """Milliseconds of `2h`; raises `UsageError` that names the option."""
    from watchdog.lang.literal import read_literal
    from watchdog.lang.text import Text
    from watchdog.model.kinds import Type

    value, problems = read_literal(Text(written, option), Type.DURATION)
    if not isinstance(value, int):
        said = "; ".join(problem.message + (f" (hint: {problem.hint})" if problem.hint else "") for problem in problems)
        raise UsageError(f"{option}: {said}")
    return value


def read_moment(written: str, option: str, is_none: str = "is no time") -> int:
    """UTC milliseconds of a time with its zone; raises `UsageError` that names the option, and says what it is not."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise UsageError(f"{option}: {written!r} {is_none} (2026-03-01T02:00:00Z)") from None
    if moment.tzinfo is None:
        raise UsageError(f"{option}: {written!r} has no time zone; for UTC write {moment.isoformat()}Z")
    since = moment - _EPOCH
    return max(0, (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000)
