"""Both ways between the agent and people: they are told by the deliverer and heard by their ears, through the same receivers."""

from collections.abc import Mapping

from watchdog.clock import Clock
from watchdog.daemon.ears import Ears
from watchdog.daemon.tasks import Tasks
from watchdog.daemon.turns import Turns
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.habits import habits
from watchdog.receivers.receiver import Receiver
from watchdog.rulefile.receivers import ReceiverSettings
from watchdog.store.store import Store


class People:
    """Of one agent, whose host is called so. `receivers` are those by which people are told now."""

    def __init__(self, *, store: Store, turns: Turns, clock: Clock, host: str) -> None:
        self._store = store
        self._clock = clock
        self.receivers: Mapping[str, Receiver] = {}
        self.ears = Ears(store=store, turns=turns, clock=clock, host=host)

    def serve(self, tasks: Tasks, settings: Mapping[str, ReceiverSettings], receivers: Mapping[str, Receiver]) -> None:
        """By these receivers from now on, in place of those before, which are closed."""
        self.receivers = receivers
        tasks.serve("receivers", Deliverer(self._store, receivers, self._clock, habits(settings)).run)
        tasks.serve("listeners", self.ears.by(settings, receivers).run)
