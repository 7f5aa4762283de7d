"""Until when something is to hold that a person says: never for ever."""

from typing import Annotated

import typer

from watchdog.cli.exits import UsageError
from watchdog.cli.since import read_duration, read_moment
from watchdog.engine.switches import LONGEST

ForOption = Annotated[
    str | None, typer.Option("--for", metavar="DURATION", help="For how long: 30m, 2h, at most 7d. This or --until is needed.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Until when, with its time zone: 2026-03-01T02:00:00Z.")]
_DAY = 86_400_000


def read_until(lasts: str | None, until: str | None, *, now: int) -> int:
    """UTC milliseconds of the end that was given, one way or the other. Raises `UsageError`."""
    if (lasts is None) == (until is None):
        raise UsageError("say for how long (--for 2h) or until when (--until 2026-03-01T02:00:00Z): nothing is switched for ever")
    end = now + read_duration(lasts, "--for") if lasts is not None else read_moment(until or "", "--until")
    if end <= now:
        raise UsageError(f"{'--for' if lasts is not None else '--until'}: that is over already")
    if end - now > LONGEST:
        raise UsageError(f"{'--for' if lasts is not None else '--until'}: {LONGEST // _DAY} days are the longest; say it again then")
    return end
