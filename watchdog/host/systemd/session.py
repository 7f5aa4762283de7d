"""
Following units over one connection, from its beginning to its loss.

What systemd says by itself is taken in and told at once. Each half minute everything is read again all the same: some properties change without a
word (that a file is newer than what systemd has read), and a signal that never came must not count for ever. A unit that systemd does not hold is
never asked for its properties: that would make systemd load it, say so, put it away and say so again.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final, Protocol

from watchdog.clock import Clock
from watchdog.host.systemd.asking import MANAGER, Listed, list_units, properties_of
from watchdog.host.systemd.book import Book
from watchdog.host.systemd.bus import DBUS, PROPERTIES, SYSTEMD, Bus, Heard
from watchdog.host.systemd.calls import Calls
from watchdog.host.systemd.choice import Choice
from watchdog.host.systemd.failures import CallError, SystemdUnavailableError, meant_by
from watchdog.host.systemd.looking import look_at
from watchdog.host.systemd.names import ROOT, path_of
from watchdog.host.systemd.readings import WANTED, job_of
from watchdog.host.systemd.stop_time import sidekiq_timeout
from watchdog.model.effects import CallUnit, LookAtUnit
from watchdog.model.events import Delta, Gone
from watchdog.model.results import Refused, Result, UnitLook
from watchdog.model.unit_names import possible

_ALREADY: Final = f"{SYSTEMD}.AlreadySubscribed"
EVERY: Final = 30.0
"""Seconds after which everything is read again, and half a second more for each unit: a host can have many."""
_FROM_MANAGER: Final = f"type='signal',sender='{SYSTEMD}',path='{ROOT}',interface='{MANAGER}',member='{{}}'"
_RULES: Final = (
    *(_FROM_MANAGER.format(member) for member in ("UnitNew", "UnitRemoved", "Reloading", "UnitFilesChanged")),
    f"type='signal',sender='{DBUS}',interface='{DBUS}',member='NameOwnerChanged',arg0='{SYSTEMD}'",
)
# ExecStart is said to be out of date at every start, but what it starts changes with `Reloading` only.
_WORTH_READING: Final = WANTED - {"ExecStart"}


class Tell(Protocol):
    """Takes what is new; `complete` with each reading of everything, even where nothing is new."""

    def __call__(self, changes: tuple[Delta | Gone, ...], *, complete: bool = False) -> None:
        """See above."""


class Session:
    """One connection after the other through `run`; between them nothing can be called."""

    def __init__(self, *, book: Book, choice: Choice, clock: Clock, tell: Tell) -> None:
        self._book = book
        self._choice = choice
        self._clock = clock
        self._tell = tell
        self._bus: Bus | None = None
        self._calls = Calls()
        self._wake = asyncio.Event()
        self._loaded: set[str] = set()
        self._moved: dict[str, bool] = {}
        self._names: dict[str, str] = {}
        self._dirty: dict[str, None] = {}
        self._all = False
        self._must_subscribe = False
        self._is_complete = False

    def read_all(self) -> None:
        """Everything is to be read soon: other units are meant than before."""
        self._all = True
        self._wake.set()

    def tell(self, name: str) -> None:
        """What is new of a unit, if it is known."""
        if self._is_complete and name in self._book.units and (delta := self._book.news(name)) is not None:
            self._tell((delta,))

    async def run(self, where: str) -> None:
        """Follow until the connection is lost: always ends with `SystemdUnavailableError`, if it is not cancelled."""
        bus = await Bus.connect(where, self._hear)
        self._loaded, self._names, self._dirty, self._is_complete = set(), {}, {}, False
        try:
            for rule in _RULES:
                await bus.listen(rule)
            self._must_subscribe = True
            self._bus = bus
            await self._catch_up(bus)
            while True:
                await self._rest(bus)
                await self._catch_up(bus)
        finally:
            self._bus = None
            self._calls.lose()
            bus.close()

    async def call(self, command: CallUnit, otherwise: str) -> Result:
        """Carry it out; `Refused` with `otherwise` where there is no connection."""
        return await self._calls.call(self._bus, command, self._clock, otherwise=otherwise)

    async def look(self, command: LookAtUnit, otherwise: str) -> UnitLook | Refused:
        """How it is at this moment; `Refused` with `otherwise` where there is no connection."""
        return Refused(otherwise) if self._bus is None else await look_at(self._bus, command.unit, loads=command.loads)

    async def _rest(self, bus: Bus) -> None:
        """Until there is something to read."""
        end = asyncio.ensure_future(bus.ended.wait())
        wake = asyncio.ensure_future(self._wake.wait())
        try:
            done, _ = await asyncio.wait((end, wake), timeout=EVERY + 0.5 * len(self._book.units), return_when=asyncio.FIRST_COMPLETED)
        finally:
            end.cancel()
            wake.cancel()
        if bus.ended.is_set():
            raise SystemdUnavailableError("reset", bus.where)
        if not done:
            self._all = True

    async def _catch_up(self, bus: Bus) -> None:
        self._wake.clear()
        if self._must_subscribe:
            # Also after `systemctl daemon-reexec` and `daemon-reload`: whoever answers now may know of no listener.
            self._must_subscribe = False
            await _subscribe(bus)
            self._all = True
        if self._all:
            self._all = False
            await self._read_everything(bus)
            return
        dirty, self._dirty = self._dirty, {}
        if changes := await self._news(bus, dirty):
            self._tell(changes)

    async def _read_everything(self, bus: Bus) -> None:
        patterns = self._choice.wanted()
        self._dirty, self._moved = {}, {}
        told = await list_units(bus.expect, patterns) if patterns else Listed({}, {})
        # What has come or gone since the question may have done so after the answer.
        listed = dict.fromkeys(filter(self._choice.means, told.held), True) | self._moved
        self._loaded = {name for name, is_held in listed.items() if is_held}
        names = {*self._loaded, *self._book.units, *filter(possible, told.files)}
        changes = await self._news(bus, sorted(names))
        self._is_complete = True
        self._tell(changes, complete=True)

    async def _news(self, bus: Bus, names: Iterable[str]) -> tuple[Delta | Gone, ...]:
        """Read them; what is new of them now, when the last has been read: what systemd said of the first meanwhile has been told by then."""
        gone = {name: await self._read(bus, name) for name in names}
        changes = (gone[name] or (self._book.news(name) if name in self._book.units else None) for name in gone)
        return tuple(change for change in changes if change is not None)

    async def _read(self, bus: Bus, name: str) -> Gone | None:
        """Read it, in whichever way is right for it; whether it turns out to be gone."""
        if not self._choice.means(name):
            return await self._drop(bus, name, "it is no longer one of the units of the config")
        if name not in self._names.values():
            self._names[path_of(name)] = name
            await bus.listen(_of_unit(name))
        if name not in self._loaded:
            try:
                (state,) = await bus.call(ROOT, MANAGER, "GetUnitFileState", "s", name)
            except CallError:
                return await self._drop(bus, name, "it has no file any more")
            if name in self._loaded:
                self._mark(name)
                return None
            self._book.put_away(name, state)
        else:
            await self._ask(bus, name)
            properties = self._book.unit(name).properties
            if (properties.get("LoadState"), properties.get("ActiveState")) == ("not-found", "inactive"):
                return await self._drop(bus, name, "it has no file any more")
        if (start := self._book.untimed(name)) is not None:
            self._book.unit(name).sidekiq_timeout = await asyncio.to_thread(sidekiq_timeout, start)
        return None

    async def _ask(self, bus: Bus, name: str) -> None:
        """All properties, and what its job does."""
        self._book.ask(name)
        properties = await properties_of(bus.expect, name)
        if name not in self._loaded:
            return  # what was read is how it would begin; how it ended is known
        self._book.take(name, properties)
        unit = self._book.unit(name)
        number, path = job_of(unit.properties)
        if number and number != unit.job[0]:
            try:
                (kind,) = await bus.call(path, PROPERTIES, "Get", "ss", f"{SYSTEMD}.Job", "JobType")
            except CallError:
                return  # it was over before it could be asked, and that is about to be said
            unit.job = (number, kind)

    async def _drop(self, bus: Bus, name: str, reason: str) -> Gone | None:
        if self._names.pop(path_of(name), None) is not None:
            await bus.ignore(_of_unit(name))
        return self._book.drop(name, reason)

    def _hear(self, heard: Heard) -> None:
        match heard:
            case Heard(member="PropertiesChanged", path=path, body=[_, dict(changed), list(outdated)]) if path in self._names:
                self._changed(self._names[path], changed, outdated)
            case Heard(member="UnitNew", body=[str(name), *_]) if self._choice.means(name):
                self._move(name, is_held=True)
            case Heard(member="UnitRemoved", body=[str(name), *_]) if self._choice.means(name):
                self._move(name, is_held=False)
            case Heard(member="JobRemoved", body=[_, str(path), str(name), str(result)]):
                self._calls.removed(path, name, result)
            case Heard(member="UnitFilesChanged"):
                self.read_all()
            # That a reload is over is not always said (cockpit-project/bots#4517). Where it begins systemd is asked to go on telling, which it answers when it is through.
            case Heard(member="Reloading"):
                self._begin_anew()
            case Heard(member="NameOwnerChanged", body=[_, _, str(owner)]) if owner:
                self._begin_anew()
            case _:
                pass

    def _begin_anew(self) -> None:
        self._must_subscribe = True
        self._wake.set()

    def _changed(self, name: str, changed: dict[str, Any], outdated: list[str]) -> None:
        before = self._book.unit(name).properties.get("InvocationID")
        self._book.change(name, changed)
        properties = self._book.unit(name).properties
        number, _ = job_of(properties)
        is_another_job = number not in (0, self._book.unit(name).job[0])
        if is_another_job or before != properties.get("InvocationID") or _WORTH_READING.intersection(outdated):
            self._mark(name)
        self.tell(name)

    def _move(self, name: str, *, is_held: bool) -> None:
        self._moved[name] = is_held
        (self._loaded.add if is_held else self._loaded.discard)(name)
        self._mark(name)

    def _mark(self, name: str) -> None:
        self._dirty[name] = None
        self._wake.set()


async def _subscribe(bus: Bus) -> None:
    """Have systemd tell what happens; one that already does says so by an error: it may take its name on the bus after it was asked."""
    try:
        await bus.call(ROOT, MANAGER, "Subscribe")
    except CallError as error:
        if error.name != _ALREADY:
            raise SystemdUnavailableError(meant_by(error), bus.where) from None


def _of_unit(name: str) -> str:
    return f"type='signal',sender='{SYSTEMD}',path='{path_of(name)}',interface='{PROPERTIES}',member='PropertiesChanged'"
