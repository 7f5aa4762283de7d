"""
What has been told of which alert: frozen parts of the ledger.

Times named `…_at` are engine milliseconds, as everywhere in it. All of it goes when the alerts do that it is about; what is kept of groups that are over is bounded.
"""

import msgspec


class Telling(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What is told of one alert that fires, in the thread of its id.

    `key` is that of the alert, `route` the name of the first route that fits, `group` the id of its group; `notify` are its receivers, `also` those to whom it was escalated. `first_at` is when somebody was told first and `said_at` when last, None
    as long as nobody was; `times` so often it was said again, `level` so far it was escalated; `remind_at` and `raise_at` are when that is due next. `hidden` is the slot of the cause for whose sake nobody is told, `causes` are
    the slots in which it is a cause itself. `awake` says that it goes through quiet hours, `over` that the alert is, and something is still being done about it.
    """

    key: str
    group: str
    notify: tuple[str, ...]
    route: str = ""
    also: tuple[str, ...] = ()
    first_at: int | None = None
    said_at: int | None = None
    times: int = 0
    level: int = 0
    remind_at: int | None = None
    raise_at: int | None = None
    hidden: str = ""
    causes: tuple[str, ...] = ()
    awake: bool = False
    over: bool = False

    @property
    def due(self) -> int | None:
        """When something is to be said again, or to somebody else."""
        dues = [at for at in (self.remind_at, self.raise_at) if at is not None]
        return min(dues, default=None)


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is shown together under one id: `key` is what its alerts have in common, `alive` how many of them fire; `over_at` is when the last one ended."""

    key: str
    alive: int = 0
    over_at: int | None = None


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """Alerts of causes in one slot: `fires` so many, `named` is the key of one of them (empty where that one is over), `rule` its rule; `hides` so many symptoms."""

    rule: str
    named: str
    fires: int = 1
    hides: int = 0


class Book(msgspec.Struct, frozen=True, omit_defaults=True):
    """`tellings` by thread, `groups` by id, `ids` the id of each group by its key, `past` the ids of those that are over, in the order in which they came to it; `causes` by slot; `ended` are the threads of alerts that are over and about which something is still being done."""

    tellings: dict[str, Telling] = {}
    groups: dict[str, Group] = {}
    ids: dict[str, str] = {}
    past: dict[str, bool] = {}
    causes: dict[str, Cause] = {}
    ended: dict[str, bool] = {}
