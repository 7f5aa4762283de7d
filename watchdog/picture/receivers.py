"""Receivers as the agent tells of them: what waits, what arrived, what keeps the rest from arriving, and whether people are heard. The counterpart of `store/standing.py` and `daemon/ears.py`."""

import msgspec


class Box(msgspec.Struct, frozen=True):
    """
    Messages to one receiver. `oldest`, `failing`, `next_try`, `full` and `held` are UTC milliseconds.

    Those `left_out` found no room; `again` counts dispatches that were sent once more though nobody knew whether they had arrived; after `failures` in a row, the first at `failing`, it is left alone
    until `next_try`; more waits than there is room for since `full`; nothing of what waits may be told before `held`.
    """

    waiting: int = 0
    delivered: int = 0
    given_up: int = 0
    oldest: int | None = None
    last_error: str = ""
    left_out: int = 0
    dispatches: int = 0
    again: int = 0
    failures: int = 0
    failing: int | None = None
    next_try: int = 0
    full: int | None = None
    held: int | None = None


class Hears(msgspec.Struct, frozen=True):
    """Since when it listens for what people say (UTC milliseconds, None while it does not), and what keeps it from hearing."""

    since: int | None = None
    trouble: str = ""


class Receiver(msgspec.Struct, frozen=True):
    """One that is in force; `hears` is None where people can't answer by it."""

    type: str = "?"
    hears: Hears | None = None
