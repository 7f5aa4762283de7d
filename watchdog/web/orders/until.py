"""Until when something is to hold that a person says, as on the command line: `for` a duration or `until` a time with its zone, one of them, never for ever."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from watchdog.engine.switches import LONGEST
from watchdog.lang.literal import read_literal
from watchdog.lang.text import Text
from watchdog.model.kinds import Type
from watchdog.web.endpoint import Param
from watchdog.web.failures import NotUnderstoodError

FOR: Final = Param(
    "for", "For how long: `30m`, `2h`, at most `7d`; this or `until` is needed.", {"type": "string", "minLength": 1, "maxLength": 40}
)
UNTIL: Final = Param(
    "until", "Until when, with its time zone: `2026-03-01T02:00:00Z`.", {"type": "string", "minLength": 1, "maxLength": 40}
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000


def read_until(values: Mapping[str, Any], *, now: int) -> int:
    """UTC milliseconds of the end that was given, one way or the other. Raises `NotUnderstoodError`."""
    lasts, until = values.get(FOR.name), values.get(UNTIL.name)
    if (lasts is None) == (until is None):
        raise NotUnderstoodError(
            "say for how long or until when: nothing is switched for ever", hint='for: "2h", or until: "2026-03-01T02:00:00Z"'
        )
    end = now + _duration(lasts) if lasts is not None else _moment(str(until))
    if end <= now:
        raise NotUnderstoodError("that is over already")
    if end - now > LONGEST:
        raise NotUnderstoodError(f"{LONGEST // _DAY} days are the longest; say it again then")
    return end


def _duration(written: str) -> int:
    value, problems = read_literal(Text(written, FOR.name), Type.DURATION)
    if not isinstance(value, int):
        raise NotUnderstoodError(
            f"for: {problems[0].message if problems else 'is no duration'}", hint=problems[0].hint if problems else "2h"
        )
    return value


def _moment(written: str) -> int:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise NotUnderstoodError(f"until: {written!r} is no time", hint="2026-03-01T02:00:00Z") from None
    if moment.tzinfo is None:
        raise NotUnderstoodError(f"until: {written!r} has no time zone", hint="for UTC end it with Z")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
