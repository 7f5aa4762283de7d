"""How a receiver is told, apart from what his protocol is: how soon, how often, and whether people read it or programs."""

from collections.abc import Mapping

import msgspec

from watchdog.model.parameters import Allowance
from watchdog.model.receivers import BY_TYPE
from watchdog.rulefile.receivers import ReceiverSettings


class Habits(msgspec.Struct, frozen=True):
    """
    Those of one receiver, in milliseconds: `wait` after the first message of a group, `interval` after what was shown of it last.

    `at_most` are the calls that may be made. With `every_thread` each alert is told, however many there are: those who read it are programs. A group that goes on is shown again each `repeat`.
    """

    wait: int = 0
    interval: int = 0
    at_most: Allowance | None = None
    every_thread: bool = False
    repeat: int | None = None


def habits(settings: Mapping[str, ReceiverSettings]) -> dict[str, Habits]:
    """Those of each, by name."""
    return {name: habits_of(its) for name, its in settings.items()}


def habits_of(settings: ReceiverSettings) -> Habits:
    """Those that its settings give it."""
    values = settings.values
    at_most = values.get("at_most")
    return Habits(
        wait=int(values.get("group_wait", 0)),
        interval=int(values.get("group_interval", 0)),
        at_most=at_most if isinstance(at_most, Allowance) else None,
        every_thread=BY_TYPE[settings.type].every_thread,
    )
