"""How long one request may take, asked between its parts: what was found by then is given out and called partial."""

import time
from collections.abc import Callable


class Deadline:
    """A moment `seconds` from now; `clock` gives seconds that never go backwards."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._seconds = seconds

    def passed(self) -> bool:
        """Whether the time is over."""
        return self.elapsed() >= self._seconds

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._start
