"""
How often somebody is listened to: no one can fill the audit log, or keep the agent busy, by clicking.

A stranger is heard once an hour, which is enough to have it written down that he tried; a person as often as fingers go. Bounded, whoever comes.
"""

from collections import OrderedDict, deque
from typing import Final

HOUR: Final = 3_600_000
MINUTE: Final = 60_000
DAY: Final = 86_400_000
STRANGERS: Final = 20
"""So many strangers are heard in an hour."""
WORDS: Final = 30
"""So many times a person is heard in a minute."""
MANY: Final = 300
"""And so many in a day: what was heard is remembered for as long."""
_MOST: Final = 1_000


class Crowd:
    """Everybody who speaks by any receiver. Times are wall milliseconds."""

    def __init__(self) -> None:
        self._strangers: OrderedDict[str, int] = OrderedDict()
        self._people: dict[str, deque[int]] = {}

    def hears_stranger(self, who: str, now: int) -> bool:
        """Whether this one is heard now."""
        # A clock that was set back has nobody wait for longer than an hour.
        while self._strangers and not 0 <= now - next(iter(self._strangers.values())) < HOUR:
            self._strangers.popitem(last=False)
        if who in self._strangers or len(self._strangers) >= STRANGERS:
            return False
        self._strangers[who] = now
        return True

    def hears_person(self, who: str, now: int) -> bool:
        """Whether that person is heard now."""
        if len(self._people) > _MOST:
            self._people.clear()
        lately = self._people.setdefault(who, deque(maxlen=MANY))
        if any(len(lately) >= most and 0 <= now - lately[-most] < within for most, within in ((WORDS, MINUTE), (MANY, DAY))):
            return False
        lately.append(now)
        return True
