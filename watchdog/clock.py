"""
What time it is: engine time for logic, wall time for people.

Engine time is the event loop's (monotonic, so a test can turn it); wall time enters no decision.
"""

import asyncio
import time


class Clock:
    """Both clocks, in milliseconds."""

    def at(self) -> int:
        """Engine time: never runs backwards, stays comparable over a restart of the agent within one boot."""
        return int(asyncio.get_running_loop().time() * 1000)

    def asleep(self) -> int:
        """For how long the machine has slept since it was started; engine time stands still meanwhile. Only differences mean anything."""
        return (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()) // 1_000_000

    def wall(self) -> int:
        """UTC milliseconds since 1970."""
        return time.time_ns() // 1_000_000
