"""
Has a named command run by its unit, once, and keeps what it said as evidence of the incident.

The counterpart of `watchdog/commands`, which runs it as another user and believes nothing of what is written here. Before anything is handed over it stands in the
store that it is about to be; so whatever cuts the agent off, it never asks for the same run anew: it waits for what it began, or says that nobody knows.
"""

import asyncio
import logging
import os
import pwd
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from watchdog.commands.trusted import read
from watchdog.errors import WatchdogError
from watchdog.host.access import READ, WRITE, open_to
from watchdog.model.effects import CallUnit, LookAtCommand, RunCommand
from watchdog.model.evidence import Came, Piece
from watchdog.model.named.definitions import why_not
from watchdog.model.named.handing_over import LARGEST_RESULT, SPOOL, Ended, read_result, request, unit_of
from watchdog.model.named.reading import DefinitionError
from watchdog.model.results import CommandLook, CommandRan, Refused, Result, UnitCalled, UnitOutcome
from watchdog.model.targets import Verb
from watchdog.store.evidence import Summary
from watchdog.store.store import Store

_LOG: Final = logging.getLogger(__name__)
OUTPUT: Final = "output"
"""Under which name it stands among the evidence."""
KEPT_FOR: Final = 30 * 86_400_000
_FORGOTTEN_AFTER: Final = 2 * 86_400
"""Seconds after which files of a run that nobody asked for any more are removed."""
_BEGUN: Final = "it was handed over; how it ended is not known"
CUT_OFF: Final = "whether it ran is not known: the agent was cut off, and the machine or its files have gone since; it is not run again"


class Commander:
    """`path` tells where the definitions are, as the config now stands; `begin` has systemd start a unit and waits for the end of that."""

    def __init__(
        self, *, path: Callable[[], Path], begin: Callable[[CallUnit], Awaitable[Result]], store: Store, wall: Callable[[], int],
        spool: Path = Path(SPOOL),
    ) -> None:  # fmt: skip
        self._path = path
        self._begin = begin
        self._store = store
        self._wall = wall
        self._spool = spool

    async def look(self, command: LookAtCommand) -> CommandLook:
        """Whether it could be run now, by root's definition as it stands at this moment."""
        return CommandLook((await asyncio.to_thread(self._admit, command.command, command.values))[1])

    async def run(self, command: RunCommand) -> CommandRan | Refused:
        """As `RunCommand` says."""
        try:
            earlier = await self._earlier(command)
            if isinstance(earlier, CommandRan):
                return earlier
            if earlier is None and (why := await self._hand_over(command)):
                return Refused(why)
            return await self._follow(command)
        except WatchdogError as error:
            return Refused(str(error))

    async def _earlier(self, command: RunCommand) -> CommandRan | Summary | None:
        """What came of it before the agent was cut off; the entry where it was only handed over; None where it was not."""
        for summary, bodies in await self._store.evidence_of(command.incident):
            if summary.process == command.run:
                body = bodies.get(OUTPUT)
                return _ran(body) if isinstance(body, dict) else summary
        return None

    async def _hand_over(self, command: RunCommand) -> str:
        """Makes both files, after it stands in the store that they are made; why that can't be, or ''."""
        uid, why = await asyncio.to_thread(self._admit, command.command, command.values)
        if why:
            return why
        await self._keep(command, None)
        try:
            await asyncio.to_thread(self._make_files, command, uid)
        except OSError as error:
            why = f"its arguments can't be handed over in {self._spool}: {error.strerror}"
            await self._keep(command, Ended(None, why))
        return why

    async def _follow(self, command: RunCommand) -> CommandRan | Refused:
        """Has the unit started, which does nothing where it runs or has run, and waits for its end."""
        begun, ended = await asyncio.to_thread(self._result, command.run)
        called: Result | None = None
        if begun is not None and ended is None:
            unit = unit_of(command.command, command.run)
            called = await self._begin(CallUnit(command.id, unit, Verb.START, command.until))
            begun, ended = await asyncio.to_thread(self._result, command.run)
        if ended is None and begun is False and isinstance(called, Refused):
            return called
        ran = _outcome(begun=begun, ended=ended, called=called)
        if ended is not None:
            await self._keep(command, ended)
        return ran

    async def _keep(self, command: RunCommand, ended: Ended | None) -> None:
        taken = self._wall()
        piece = Piece(OUTPUT, Came.KEPT, "" if ended is None else _whole(ended))
        summary = Summary(
            incident=command.incident, process=command.run, target=command.target, taken=taken, until=taken + KEPT_FOR, pieces=(piece,) if ended else (),
            note=_BEGUN if ended is None else "",
        )  # fmt: skip
        await self._store.keep_evidence(summary, {} if ended is None else {OUTPUT: _body(command.command, ended)})

    def _admit(self, name: str, values: dict[str, str]) -> tuple[int, str]:
        """The uid as which it runs; and why it can't be run with these values, or ''."""
        try:
            definition = read(self._path()).commands.get(name)
        except DefinitionError as error:
            return -1, str(error)
        if definition is None:
            return -1, f"{self._path()} has no command {name} any more"
        if why := why_not(definition, values):
            return -1, why
        try:
            return pwd.getpwnam(definition.user).pw_uid, ""
        except KeyError:
            return -1, f"there is no user {definition.user} on this machine, as whom {name} is to run"

    def _make_files(self, command: RunCommand, uid: int) -> None:
        """The empty result first: where it is there and empty, nothing has begun."""
        self._spool.mkdir(mode=0o711, exist_ok=True)
        # Whatever mask the agent runs under, the command's user must get through.
        self._spool.chmod(0o711)
        self._forget()
        for name, data, right in (
            (f"{command.run}.out", b"", WRITE),
            (f"{command.run}.json", request(command.command, command.values), READ),
        ):
            path = self._spool / name
            # One of another agent's past, with another store: the store would know of it.
            path.unlink(missing_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if uid != os.getuid():
                    open_to(descriptor, uid, right)

    def _result(self, run: str) -> tuple[bool | None, Ended | None]:
        """As `read_result`; None where there is no such file."""
        try:
            with (self._spool / f"{run}.out").open("rb") as file:
                return read_result(file.read(LARGEST_RESULT))
        except FileNotFoundError:
            return None, None
        except OSError as error:
            _LOG.warning("the result of run %s can't be read: %s", run, error.strerror)
            return True, None

    def _forget(self) -> None:
        before = time.time() - _FORGOTTEN_AFTER
        for path in self._spool.iterdir():
            if path.lstat().st_mtime < before:
                path.unlink(missing_ok=True)


def _outcome(*, begun: bool | None, ended: Ended | None, called: Result | None) -> CommandRan:
    if ended is not None:
        return CommandRan(ended.status, refused=ended.refused, cut=ended.cut, size=ended.size)
    if begun is None:
        return CommandRan(None, unknown=CUT_OFF)
    match called:
        case UnitCalled(outcome=UnitOutcome.WAITING):
            return CommandRan(None, unknown="it still runs, and is waited for no longer")
        case UnitCalled(outcome=UnitOutcome.UNKNOWN, detail=detail):
            return CommandRan(None, unknown=f"whether it ran is not known: {detail}")
        case Refused(reason=reason):
            return CommandRan(None, unknown=f"it had begun, and is not run again: {reason}")
        case UnitCalled(outcome=outcome) if not begun:
            return CommandRan(None, refused=f"its unit could not begin ({outcome.value}): the journal of the unit says why")
        case _:
            return CommandRan(None, unknown="it had begun, and how it ended stands nowhere: it was killed, or the machine went down")


def _ran(body: dict[str, Any]) -> CommandRan:
    return CommandRan(body["status"], refused=body["refused"], cut=body["cut"], size=body["size"])


def _body(name: str, ended: Ended) -> dict[str, Any]:
    """As it is kept; bytes that are no text are shown as such."""
    return {
        "command": name, "status": ended.status, "refused": ended.refused, "cut": ended.cut, "size": ended.size,
        "head": ended.head.decode(errors="backslashreplace"), "tail": ended.tail.decode(errors="backslashreplace"),
    }  # fmt: skip


def _whole(ended: Ended) -> str:
    left = ended.size - len(ended.head) - len(ended.tail)
    return f"{left} bytes in its middle were not kept" if left > 0 else ""
