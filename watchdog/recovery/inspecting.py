"""
Asking `sidekiq-watchdog-inspect` what a process holds that the agent may not read itself.

The counterpart of `inspect/`. The program may not be there (it is off by default), may refuse, or may find only a part; each is a value, since a recovery
goes on with what is known otherwise. Payloads go from here into findings and nowhere else.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from watchdog.inspect.copies import LARGEST
from watchdog.inspect.request import JIDS
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.targets import ProcessRef
from watchdog.recovery.held import HeldCopy, finding, from_memory

SOCKET: Final = Path("/run/sidekiq-watchdog-inspect.sock")
_PATIENCE: Final = 10.0  # seconds for a whole answer: the program looks for 3 s, and may have somebody before us
_LONGEST_LINE: Final = 3 * LARGEST  # base64 is a third longer than what it stands for
_AT_ONCE: Final = JIDS // 2  # so many of the longest jids still fit into one request
_LOOK: Final = "journalctl -u sidekiq-watchdog-inspect says why"
_T = TypeVar("_T")


class NotInspected(msgspec.Struct, frozen=True):
    """
    Nothing can be said, and why, in a sentence; `hint` says what helps.

    `code` is that of `inspect/refusals.py`, or one of our own: `not-there`, `no-access`, `silent`, `nonsense`.
    """

    code: str
    reason: str
    hint: str = ""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """
    What lay in memory. `partial` is '' if all of it was searched, else what ended the search: time or size; `read` in bytes.

    `contradicted` are jobs whose copies do not agree, `quoted` counts texts that only looked like a payload: they came from the arguments of others.
    """

    findings: tuple[Finding, ...]
    contradicted: tuple[str, ...]
    quoted: int
    partial: str
    read: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """
    What lay unread in the connections.

    `unreadable` are jobs that Redis has given away and Sidekiq could not have read: the name of the queue, and the payload, which is never printed.
    `encrypted`, `cut` and `foreign` count connections that hold unread bytes of which no job can be told: each may hold one.
    """

    findings: tuple[Finding, ...]
    unreadable: tuple[tuple[str, bytes], ...]
    encrypted: int
    cut: int
    foreign: int
    partial: str

    def __repr__(self) -> str:
        told = f"{len(self.findings)} jobs, {len(self.unreadable)} unreadable"
        return f"Waiting({told}, {self.encrypted} encrypted, {self.cut} cut, {self.foreign} foreign, {self.partial!r})"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What `inspect/facts.py` tells: sizes in bytes, open files by kind, connections by peer, the environment variables that root has named."""

    rss: int
    pss: int
    uss: int
    swap: int
    files: dict[str, int]
    peers: dict[str, int]
    environment: dict[str, str]
    overwritten: bool
    partial: str


class _Fetched(msgspec.Struct, frozen=True):
    queue: str
    jid: str
    payload: bytes


class _End(msgspec.Struct, frozen=True):
    partial: str
    read: int = 0
    quoted: int = 0
    encrypted: int = 0
    cut: int = 0
    foreign: int = 0


class _Line(msgspec.Struct, frozen=True):
    """One line of an answer; just one of these is there."""

    copy: HeldCopy | None = None
    fetched: _Fetched | None = None
    end: dict[str, Any] | None = None
    refused: dict[str, str] | None = None


class _NotInspectedError(Exception):
    def __init__(self, why: NotInspected) -> None:
        super().__init__(why.reason)
        self.why = why


class Inspector:
    """Asks over that socket; `patience` is in seconds for each answer."""

    def __init__(self, path: Path = SOCKET, *, patience: float = _PATIENCE) -> None:
        self._path = path
        self._patience = patience

    async def memory(self, process: ProcessRef, jids: Sequence[str]) -> Memory | NotInspected:
        """The payloads of these jobs, as far as they lie in the memory of the process."""
        copies: list[HeldCopy] = []
        partial, read, quoted = "", 0, 0
        try:
            wanted = list(dict.fromkeys(jids))
            for start in range(0, len(wanted), _AT_ONCE):
                lines, end = await self._ask("memory", process, jids=wanted[start : start + _AT_ONCE])
                told = _told(end, _End)
                copies += [line.copy for line in lines if line.copy is not None]
                partial, read, quoted = partial or told.partial, read + told.read, quoted + told.quoted
        except _NotInspectedError as error:
            return error.why
        findings = from_memory(copies)
        contradicted = tuple(one.jid for one in findings if one.payload is None)
        return Memory(findings=findings, contradicted=contradicted, quoted=quoted, partial=partial, read=read)

    async def sockets(self, process: ProcessRef, peers: Sequence[str] = ()) -> Waiting | NotInspected:
        """The jobs that Redis has given to the process and it has not read; `peers` are addresses of Redis as `inspect/sockets.py` writes them."""
        try:
            lines, end = await self._ask("sockets", process, peers=list(peers))
            told = _told(end, _End)
        except _NotInspectedError as error:
            return error.why
        jobs = [line.fetched for line in lines if line.fetched is not None]
        return Waiting(
            findings=tuple(
                finding(job.jid, job.payload, certainty=Certainty.PROVEN, origin=Origin.SOCKET, queue=job.queue) for job in jobs if job.jid
            ),
            unreadable=tuple((job.queue, job.payload) for job in jobs if not job.jid),
            encrypted=told.encrypted,
            cut=told.cut,
            foreign=told.foreign,
            partial=told.partial,
        )

    async def facts(self, process: ProcessRef) -> Facts | NotInspected:
        """Memory, open files, peers and named variables of the process."""
        try:
            _, end = await self._ask("facts", process)
            return _told(end, Facts)
        except _NotInspectedError as error:
            return error.why

    async def _ask(self, ask: str, process: ProcessRef, **more: list[str]) -> tuple[list[_Line], dict[str, Any]]:
        request = msgspec.json.encode({"ask": ask, "pid": process.pid, "start_ticks": process.start_ticks, **more})
        try:
            async with asyncio.timeout(self._patience):
                return await self._converse(request + b"\n")
        except FileNotFoundError as error:
            hint = "systemctl enable --now sidekiq-watchdog-inspect.socket turns it on"
            why = NotInspected("not-there", f"{self._path} is not there: sidekiq-watchdog-inspect is not turned on", hint)
            raise _NotInspectedError(why) from error
        except PermissionError as error:
            hint = "the agent's user must be in the group of the socket"
            raise _NotInspectedError(NotInspected("no-access", f"{self._path} may not be used by this user", hint)) from error
        except TimeoutError as error:
            raise _NotInspectedError(NotInspected("silent", f"no answer within {self._patience:g} s", _LOOK)) from error
        except OSError as error:
            raise _NotInspectedError(NotInspected("silent", f"{self._path} can't be used: {error.strerror}", _LOOK)) from error

    async def _converse(self, request: bytes) -> tuple[list[_Line], dict[str, Any]]:
        reader, writer = await asyncio.open_unix_connection(self._path, limit=_LONGEST_LINE)
        lines: list[_Line] = []
        try:
            writer.write(request)
            while text := await reader.readline():
                line = msgspec.json.decode(text, type=_Line)
                if line.refused is not None:
                    raise _NotInspectedError(NotInspected(*(line.refused.get(key, "") for key in ("code", "message", "hint"))))
                if line.end is not None:
                    return lines, line.end
                lines.append(line)
        except ValueError as error:
            # No such line, or one longer than the reader takes.
            raise _nonsense() from error
        finally:
            writer.close()
        raise _NotInspectedError(NotInspected("silent", "the connection was closed without an answer", _LOOK))


def _told(end: dict[str, Any], kind: type[_T]) -> _T:
    try:
        return msgspec.convert(end, kind)
    except msgspec.ValidationError as error:
        raise _nonsense() from error


def _nonsense() -> _NotInspectedError:
    return _NotInspectedError(NotInspected("nonsense", "the answer can't be understood", "agent and program must be of the same version"))
