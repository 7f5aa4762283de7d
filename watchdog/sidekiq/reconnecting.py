"""Whoever reads a server over a connection begins again when that is lost: at once after a good one, later and later where none comes about."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from watchdog.clock import Clock
from watchdog.sidekiq.failures import SourceUnavailableError

STEADY_AFTER: Final = 10_000
"""Milliseconds after which a connection that is lost was a good one."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0


async def again_and_again(
    follow: Callable[[], Awaitable[None]], *, lost: Callable[[SourceUnavailableError], None], clock: Clock
) -> NoReturn:
    """Has `follow` connect and read until that is cancelled; `lost` hears each time why it could not go on."""
    failures = 0
    while True:
        began = clock.at()
        try:
            await follow()
        except SourceUnavailableError as failure:
            lost(failure)
        failures = 0 if clock.at() - began >= STEADY_AFTER else failures + 1
        await asyncio.sleep(pause(failures, random.random()))


def pause(failures: int, chance: float) -> float:
    """Seconds before the next attempt: from 0.2 doubling up to 5, each shortened by up to a quarter, so that many agents do not come at once."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(max(failures - 1, 0), 10)) * (1 - chance / 4)
