"""So much at once, then so much a second, for each that asks: a bucket of tokens by key, and of the keys no more than there is room for."""

from collections import OrderedDict
from math import ceil


class Allowances:
    """Time is seconds that only go up, given by whoever asks."""

    def __init__(self, *, burst: int, rate: float, most: int) -> None:
        self._burst = burst
        self._rate = rate
        self._most = most
        # Key → what is left, and when that was so; those asked for longest ago first.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str, now: float) -> int:
        """In how many seconds there will be something left for it, 0 where there is; takes nothing."""
        left = self._now(key, now)
        return 0 if left >= 1 else max(1, ceil((1 - left) / self._rate))

    def take(self, key: str, now: float) -> int:
        """As `wait`, and takes one where there is one."""
        left = self._now(key, now)
        if left >= 1:
            left -= 1
            wait = 0
        else:
            wait = max(1, ceil((1 - left) / self._rate))
        self._left[key] = (left, now)
        self._left.move_to_end(key)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait

    def _now(self, key: str, now: float) -> float:
        left, at = self._left.get(key, (float(self._burst), now))
        return min(float(self._burst), left + (now - at) * self._rate)
