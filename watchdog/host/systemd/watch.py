"""
The units of Sidekiq as systemd tells them, for as long as the agent lives.

The counterpart of `host/watch.py` for what is around the processes. A host without systemd is no failure: nothing is told of units then, and
`absent` says why. A bus that answered once and answers no longer is a source that is lost.
"""

import asyncio
import logging
import os
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from watchdog.clock import Clock
from watchdog.host.cgroup import unit as unit_in
from watchdog.host.systemd.book import Book
from watchdog.host.systemd.choice import Choice
from watchdog.host.systemd.failures import SystemdUnavailableError
from watchdog.host.systemd.session import Session
from watchdog.model.effects import CallUnit, LookAtUnit
from watchdog.model.events import Body, Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.named.handing_over import is_run_unit
from watchdog.model.results import Refused, Result
from watchdog.model.targets import Verb

_LOG: Final = logging.getLogger(__name__)
SOCKET: Final = "/run/dbus/system_bus_socket"
BOOTED: Final = Path("/run/systemd/system")
"""Is there where systemd was the first process (sd_booted(3))."""
LOOK_AGAIN: Final = 60.0
"""Seconds after which it is looked whether there is a systemd by now."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_STEADY_AFTER: Final = 30_000
_OTHER_ADDRESS: Final = "DBUS_SYSTEM_BUS_ADDRESS"
_BY_PATH: Final = "unix:path="


def bus_socket() -> tuple[str, bool]:
    """The path of the system bus' socket, and whether DBUS_SYSTEM_BUS_ADDRESS names one."""
    named = os.environ.get(_OTHER_ADDRESS, "")
    return (named.removeprefix(_BY_PATH).partition(",")[0] if named.startswith(_BY_PATH) else SOCKET), bool(named)


def system_bus() -> str | None:
    """The path of the system bus' socket, None where there is no reason to expect a systemd behind it: for whoever asks once."""
    place, is_named = bus_socket()
    return place if is_named or BOOTED.is_dir() else None


class Units:
    """
    Emits `Observed`, `SourceLost` and `SourceBack` of the source SYSTEMD.

    `patterns` are names with `*` and its kin; `own` is the agent's own unit, which is never followed. `where` is the path of the bus' socket; without it,
    it is that of DBUS_SYSTEM_BUS_ADDRESS or of every system, and there must be a systemd.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        *,
        clock: Clock,
        emit: Callable[[Body], None],
        own: str | None = None,
        where: str | None = None,
        booted: Path = BOOTED,
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._choice = Choice(patterns, _own_unit() if own is None else own)
        self._book = Book(self._choice)
        self._session = Session(book=self._book, choice=self._choice, clock=clock, tell=self._tell)
        place, is_named = bus_socket()
        self._is_named = where is not None or is_named
        self._where = where or place
        self._booted = booted
        self._was_met = False
        self._lost_as: set[str] = set()
        self._lost = ""
        self.absent = ""

    def mean(self, patterns: Iterable[str]) -> None:
        """From now on these patterns hold."""
        self._choice.patterns = tuple(patterns)
        self._session.read_all()

    def hear(self, body: Body) -> None:
        """Take in what is known of processes: where those of this host run, and whether Redis can be read."""
        match body:
            case Observed(source=Source.HOST, changes=changes):
                for change in changes:
                    self._hear_process(change)
            case Observed(source=Source.REDIS, complete=True) | SourceBack(source=Source.REDIS):
                self._count(can=True)
            case SourceLost(source=Source.REDIS):
                self._count(can=False)
            case _:
                pass

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            if absent := self._absence():
                self._miss(absent)
                await asyncio.sleep(LOOK_AGAIN)
                continue
            self.absent = ""
            began = self._clock.at()
            try:
                await self._session.run(self._where)
            except SystemdUnavailableError as failure:
                self._lose(failure)
            failures = 0 if self._clock.at() - began >= _STEADY_AFTER else failures + 1
            await asyncio.sleep(
                min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - 1, 8)) * (1 - random.random() / 4) if failures else 0
            )

    async def call(self, command: CallUnit) -> Result:
        """Carry it out, for a unit that is followed and no other; see `CallUnit`."""
        return self._not_ours(command.unit) or await self._session.call(command, self._why_not())

    async def look(self, command: LookAtUnit) -> Result:
        """Ask how it is at this moment, for a unit that may be called and no other."""
        return self._not_ours(command.unit) or await self._session.look(command, self._why_not())

    def _not_ours(self, unit: str) -> Refused | None:
        if self._choice.may_be_called(unit):
            return None
        return Refused(f"{unit} is none of the units that the agent may touch: `units` in the config names them")

    def _why_not(self) -> str:
        """Why nobody could be asked, where there is no connection."""
        return f"there is no systemd to ask: {self.absent}" if self.absent else self._lost or "systemd has not been reached yet"

    async def begin(self, command: CallUnit) -> Result:
        """Have one run of a named command begin, and wait for its end; nothing else can be asked for in this way."""
        if command.verb is not Verb.START or not is_run_unit(command.unit):
            return Refused(f"{command.unit} is no run of a named command, which can only be started")
        return await self._session.call(command, self._why_not())

    def _absence(self) -> str:
        if self._was_met or self._lost_as:
            return ""
        if not self._is_named and not self._booted.is_dir():
            return "this host was not started by systemd"
        return "" if Path(self._where).exists() else f"there is no system bus at {self._where}"

    def _miss(self, why: str) -> None:
        if why != self.absent:
            self.absent = why
            _LOG.info("%s: rules on units are not judged, and no unit can be started or stopped", why)

    def _tell(self, changes: tuple[Delta | Gone, ...], *, complete: bool = False) -> None:
        self._emit(Observed(Source.SYSTEMD, changes, complete=complete))
        if complete:
            self._was_met = True
            if self._lost_as:
                self._lost_as.clear()
                self._lost = ""
                _LOG.info("systemd answers again over %s", self._where)
                self._emit(SourceBack(Source.SYSTEMD))

    def _lose(self, failure: SystemdUnavailableError) -> None:
        self._lost = failure.message
        if failure.code not in self._lost_as:
            self._lost_as.add(failure.code)
            _LOG.warning("%s", failure.message)
            self._emit(SourceLost(Source.SYSTEMD, failure.code, failure.message))

    def _hear_process(self, change: Delta | Gone) -> None:
        if change.kind is not Kind.PROCESS:
            return
        match change:
            case Gone(id=process):
                self._session.tell(self._choice.forget(process))
            case Delta(id=process, fields={"unit": str(unit)}):
                if self._choice.house(process, unit):
                    self._session.read_all()
                self._session.tell(unit)
            case _:
                pass

    def _count(self, *, can: bool) -> None:
        if can is not self._book.counts:
            self._book.counts = can
            for name in list(self._book.units):
                self._session.tell(name)


def _own_unit() -> str:
    try:
        return unit_in(Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
