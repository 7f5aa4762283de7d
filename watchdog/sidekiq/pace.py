"""
How long to wait before Redis is asked again: the decision alone, from what asking has cost so far.

The counterpart of `cost`, which says what it has cost. All that is read by the clock waits `stretch` times its usual
interval, so that Redis spends no larger share of a core on the agent than it was given. What is read more seldom is read as
completely as ever. It knows no clock; it never makes an interval shorter than the usual one.
"""

from typing import Final

BUDGET: Final = 0.02
"""The limit, unless another is set; as in `rulefile.settings`."""
MOST: Final = 8.0
"""However dear it is, no interval becomes longer than so many times the usual one: an agent that hardly looks is none."""
_STEP: Final = 2.0
"""By how much the intervals change at a time: one expensive window must not silence the agent for minutes."""
_COALESCE: Final = 50
"""Milliseconds by which announced changes are gathered, for each further time by which intervals are stretched."""


class Pace:
    """
    `limit` is the share of one core that Redis may spend on the agent, above 0.

    `share` is what it spent in the window that was judged last; `stretch` is 1 unless that was too much.
    """

    def __init__(self, limit: float) -> None:
        self.limit: Final = limit
        self.share = 0.0
        self.stretch = 1.0
        self._was_too_much = False

    def wait(self, base: int) -> float:
        """Seconds to wait where `base` milliseconds are usual."""
        return self.age(base) / 1000

    def age(self, base: int) -> int:
        """Milliseconds within which something is read again, where `base` are usual."""
        return round(base * self.stretch)

    def gather(self) -> float:
        """Seconds for which announced changes are gathered before they are read together; 0 unless backed off."""
        return (self.stretch - 1) * _COALESCE / 1000

    def judge(self, *, busy: float, elapsed: int, apart: float = 0.0) -> None:
        """
        Take in a window: Redis was busy for `busy` of `elapsed` milliseconds, `apart` of them for what keeps a budget of its own (a census).

        That is shown in `share`, and nothing else waits longer because of it. One expensive window alone, like a start, changes nothing; the second in a row does.
        What can't be read more seldom (beats that Redis announces) is part of `busy`. The rest then has to make do with what is left of the limit;
        where nothing is left, intervals grow to `MOST` times the usual.
        """
        if elapsed <= 0:
            return
        self.share = busy / elapsed
        judged = max(0.0, busy - apart) / elapsed
        too_much = judged > self.limit
        wanted = self.stretch * judged / self.limit
        if too_much and not self._was_too_much:
            wanted = self.stretch
        self._was_too_much = too_much
        self.stretch = min(MOST, max(1.0, self.stretch / _STEP, min(wanted, self.stretch * _STEP)))
