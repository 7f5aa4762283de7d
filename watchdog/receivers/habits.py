"""How a receiver is told, apart from what his protocol is: how soon, how often, and whether people read it or programs."""

from collections.abc import Mapping
from typing import Final

import msgspec

from watchdog.model.parameters import Allowance
from watchdog.model.receivers import BY_TYPE
from watchdog.rulefile.receivers import ReceiverSettings

CROWDED: Final = 60_000
"""Milliseconds for which a group rests after more came than could be told one by one: nobody reads it as fast as that."""


class Habits(msgspec.Struct, frozen=True):
    """
    Those of one receiver, in milliseconds: `wait` after the first message of a group, `interval` after what was shown of it last.

    Of more alerts than are told one by one `few` are told, and the group then rests for `crowded` at least. `at_most` are the calls that may be made. With `every_thread` each alert is told, however many there are: those who read it are programs. A group that goes on is shown again each `repeat`.
    """

    wait: int = 0
    interval: int = 0
    at_most: Allowance | None = None
    every_thread: bool = False
    few: int = 10
    repeat: int | None = None

    @property
    def crowded(self) -> int:
        """Milliseconds between two dispatches of a group of which more came than could be told one by one."""
        return max(self.interval, CROWDED) if self.interval and not self.every_thread else self.interval


def habits(settings: Mapping[str, ReceiverSettings]) -> dict[str, Habits]:
    """Those of each, by name."""
    return {name: habits_of(its) for name, its in settings.items()}


def habits_of(settings: ReceiverSettings) -> Habits:
    """Those that its settings give it."""
    values = settings.values
    spec = BY_TYPE[settings.type]
    at_most = values.get("at_most")
    return Habits(
        wait=int(values.get("group_wait", 0)),
        interval=int(values.get("group_interval", 0)),
        at_most=at_most if isinstance(at_most, Allowance) else None,
        every_thread=spec.every_thread or bool(values.get("every_alert")),
        few=spec.few,
    )
