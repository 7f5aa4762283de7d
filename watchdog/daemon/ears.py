"""
By whom people can answer: the listeners of the receivers that are in force, each with a desk of its own. Exchanged as a whole at a reload.

The counterpart of the deliverer, which serves the same receivers the other way.
"""

from collections.abc import Mapping
from typing import Any

from watchdog.clock import Clock
from watchdog.daemon.crowd import Crowd
from watchdog.daemon.hearing import ReceiverDesk
from watchdog.daemon.listening import Listening
from watchdog.daemon.turns import Turns
from watchdog.receivers.hearing import Listener
from watchdog.receivers.receiver import Receiver
from watchdog.rulefile.receivers import ReceiverSettings
from watchdog.store.store import Store


class Ears:
    """Of one agent; `host` is its name, by which people address it."""

    def __init__(self, *, store: Store, turns: Turns, clock: Clock, host: str) -> None:
        self._store = store
        self._turns = turns
        self._clock = clock
        self._host = host
        self._crowd = Crowd()
        self._settings: Mapping[str, ReceiverSettings] = {}
        self._listening: Listening | None = None

    def by(self, settings: Mapping[str, ReceiverSettings], receivers: Mapping[str, Receiver]) -> Listening:
        """What listens by these receivers from now on, in place of what did before; to be run."""
        listeners = {name: one for name, one in receivers.items() if settings[name].listens and isinstance(one, Listener)}
        self._settings = settings
        self._listening = Listening(listeners, desk=self._desk, clock=self._clock)
        return self._listening

    def picture(self) -> dict[str, dict[str, Any]]:
        """For `status`: each receiver by name, with its type, and where people can answer by it since when it listens (wall, None while it does not) and what keeps it from hearing."""
        how = {} if self._listening is None else self._listening.how()
        return {
            name: {"type": its.type, "hears": {"since": how[name].since, "trouble": how[name].trouble} if name in how else None}
            for name, its in self._settings.items()
        }

    def _desk(self, receiver: str) -> ReceiverDesk:
        return ReceiverDesk(
            receiver, self._settings[receiver].type, memory=self._store.post, answer=self._store.answer_to, turns=self._turns, clock=self._clock,
            host=self._host, crowd=self._crowd,
        )  # fmt: skip
