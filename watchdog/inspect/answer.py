"""One request and its answer: which process, may it be read, what was found, is it still the same process. The whole of the program's judgement."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from watchdog.inspect.deadline import Deadline
from watchdog.inspect.document import Document, document_at
from watchdog.inspect.facts import facts
from watchdog.inspect.memory import search
from watchdog.inspect.refusals import RefusedError
from watchdog.inspect.request import Request
from watchdog.inspect.resp import Fetched
from watchdog.inspect.settings import Settings
from watchdog.inspect.sockets import unread
from watchdog.inspect.target import Target

SECONDS: Final = 3.0
"""How long a process is looked at; then what was found is given out as partial."""


def answer(
    request: Request, settings: Settings, *, seconds: float = SECONDS, between: Callable[[], None] = lambda: None
) -> Iterator[dict[str, Any]]:
    """
    The lines of the answer, the last of which is its `end`. Raises `RefusedError` before the first of them, or not at all.

    `between` is called between the parts of the work.
    """
    deadline = Deadline(seconds)
    with Target(request.pid, request.start_ticks, settings.units) as target:
        match request.ask:
            case "memory":
                lines = _memory(target, request, deadline, between)
            case "sockets":
                lines = _sockets(target, request, deadline, between)
            case _:
                told = facts(target, settings.environment, deadline, between=between)
                lines = iter([{"end": told._asdict()}])
        target.confirm()
    return lines


def line(said: dict[str, Any]) -> bytes:
    """As it is sent."""
    return json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def refused(refusal: RefusedError) -> dict[str, Any]:
    """A refusal as an answer."""
    return {"refused": {"code": refusal.spec.code, "message": str(refusal), "hint": refusal.spec.hint}}


def _memory(target: Target, request: Request, deadline: Deadline, between: Callable[[], None]) -> Iterator[dict[str, Any]]:
    result = search(target, request.jids, deadline, between=between)
    end = {"read": result.read, "quoted": result.quoted, "partial": result.partial, "milliseconds": _milliseconds(deadline)}
    return _lines([("copy", one._asdict()) for one in result.found], end)


def _sockets(target: Target, request: Request, deadline: Deadline, between: Callable[[], None]) -> Iterator[dict[str, Any]]:
    result = unread(target, request.peers, deadline, between=between)
    end = result._asdict() | {"milliseconds": _milliseconds(deadline)}
    del end["jobs"]
    return _lines([("fetched", _fetched(one)) for one in result.jobs], end)


def _fetched(one: Fetched) -> dict[str, Any]:
    """`jid` is '' where the payload is no job that Sidekiq could read."""
    found = document_at(one.payload, 0, Deadline(1.0))
    whole = isinstance(found, Document) and found.is_job and found.end == len(one.payload) and len(set(found.jids)) == 1
    jid = found.jids[0] if whole and isinstance(found, Document) else ""
    return {"queue": one.queue.decode(errors="replace"), "jid": jid, "payload": one.payload}


def _lines(found: list[tuple[str, dict[str, Any]]], end: dict[str, Any]) -> Iterator[dict[str, Any]]:
    # One line at a time: all of them at once, in base64 and as text, would be several times the memory.
    for kind, said in found:
        yield {kind: said | {"payload": base64.b64encode(said["payload"]).decode()}}
    yield {"end": end}


def _milliseconds(deadline: Deadline) -> int:
    return round(deadline.elapsed() * 1000)
