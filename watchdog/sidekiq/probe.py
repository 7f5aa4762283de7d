"""
What the probe of a process has left in Redis: every job that it held and had not acknowledged.

The counterpart of packaging/probe/sidekiq_watchdog.rb, which writes it, and which takes it away again when it stops in good order and all of it is
done or given back. So what is found of a process that is gone was lost with it. It must never write: a job in a list of a process is there and nowhere
else, and whoever puts it back must take it off the list in the same script.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import orjson

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.sidekiq.decode import Broken, count, decode_class, is_name, label, name
from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.scanning import Ask, first_fields, names_in, rest_of_fields

STRENGTHS: Final = ("observe", "fetch")
FORMAT: Final = 1
"""What the probe calls the shape of all this."""
KEPT: Final = 86_400_000
"""Milliseconds for which the hash of a process outlives the last sign of life of its probe."""
MOST: Final = 1_000
"""Notes, or jobs of one list, that are read of a process: it holds one for each of its threads, and a process has tens of them."""
MOST_PROBES: Final = 10_000
"""Processes that are read of the set of all that have a probe."""
_LABEL: Final = "probe:"
_MOST_QUEUES: Final = 1_000
_CLAIM: Final = b":whole"
_OWN: Final = b":"
"""Begins the fields of the hash that are no notes."""


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """
    How the probe of a process introduces itself: `strength` one of `STRENGTHS`, and the queues from which it may have moved jobs.

    `threads` is how many jobs the process can run at a time, 0 where it is not told.
    """

    strength: str
    queues: tuple[str, ...] = ()
    threads: int = 0


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """
    All that the probe of one process has left.

    `strength` is empty where no probe has introduced itself, and so are `queues`, those that it served; `errors` counts what failed in it. `whole` is False where there was more than is read. `claims` says that the
    probe vouches for having named all that was begun (with *fetch* all that was fetched): it takes that back before anything runs that it could not note.
    """

    strength: str
    errors: int
    findings: tuple[Finding, ...]
    broken: tuple[Broken, ...]
    whole: bool
    claims: bool = False
    threads: int = 0
    queues: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """What is not named here has not begun, or has been acknowledged."""
        return self.claims and self.whole and not self.broken and bool(self.strength)

    @property
    def is_empty(self) -> bool:
        """Nothing was left that anybody would have to care for."""
        return self.whole and not self.findings and not self.broken


def strength(labels: Iterable[str]) -> str:
    """That of the probe of a process by the labels that the process reports; empty for one that has none."""
    said = {one.removeprefix(_LABEL) for one in labels if one.startswith(_LABEL)}
    return next((known for known in STRENGTHS if known in said), "")


def decode_announced(key: str, raw: bytes) -> Announced | Broken:
    """The field with which the probe introduces itself."""
    said = _object(raw)
    if said is None:
        return Broken(key, "the probe does not introduce itself with a JSON object")
    if said.get("format") != FORMAT or said.get("strength") not in STRENGTHS:
        return Broken(key, "the probe is of another version than this agent knows")
    queues = said.get("queues")
    named = queues if isinstance(queues, list) and len(queues) <= _MOST_QUEUES else []
    threads = said.get("threads")
    can_run = threads if isinstance(threads, int) and 0 < threads <= MOST else 0
    return Announced(strength=said["strength"], queues=tuple(filter(is_name, named)), threads=can_run)


def decode_note(key: str, field: bytes, raw: bytes) -> Finding | Broken:
    """A job that began: `<tid>:<turn>` → `<milliseconds> <queue>`, a line feed, and the job as it stood in its queue."""
    head, _, payload = raw.partition(b"\n")
    began, _, queue = head.partition(b" ")
    tid, named = name(field.rpartition(b":")[0]), name(queue)
    if tid is None or named is None or count(began) is None:
        return Broken(key, "a note of the probe does not say which thread and which queue it means")
    return _finding(key, payload, queue=named, tid=tid)


def decode_moved(key: str, queue: str, raw: bytes) -> Finding | Broken:
    """A job in a list of its process."""
    return _finding(key, raw, queue=queue, in_list=True)


async def read_probes(ask: Ask, keys: Keys, *, where: str) -> list[str]:
    """
    The identities of all processes whose probe has not left in good order, at most `MOST_PROBES`; what is no identity is passed over.

    Those of them that are gone may have left something, even if they went while no agent was there. Raises `SourceUnavailableError`.
    """
    return await names_in(ask, keys.probes, most=MOST_PROBES, where=where)


async def read_left(ask: Ask, keys: Keys, identity: str, *, queues: Iterable[str] = (), where: str) -> Left:
    """
    Everything that the probe of a process has left, dead or alive.

    `queues` are those that the process is known to have fetched from, for the case that its probe never came to say so. Raises `SourceUnavailableError`.
    """
    key = keys.probe(identity)
    (page,) = await ask([first_fields(key)])
    fields = await rest_of_fields(ask, key, page, most=MOST + 1, where=where)
    if fields is None:
        fields, decoded = {}, [_not(label(key), "hash")]
    else:
        decoded = []
    announced = decode_announced(label(key), said) if (said := fields.get(b":probe")) is not None else None
    if isinstance(announced, Broken):
        decoded.append(announced)
        announced = None
    notes = [(field, raw) for field, raw in fields.items() if not field.startswith(_OWN)]
    found: list[Finding | Broken] = [*decoded, *(decode_note(label(key), field, raw) for field, raw in notes[:MOST])]
    whole = len(notes) <= MOST
    served = list(dict.fromkeys((*(announced.queues if announced else ()), *queues)))[:_MOST_QUEUES]
    lists = [keys.moved(identity, queue) for queue in served]
    replies = await ask([("LRANGE", moved, 0, MOST - 1) for moved in lists]) if lists else []
    for queue, moved, reply in zip(served, lists, replies, strict=True):
        match reply:
            case ServerError() if str(reply).startswith("WRONGTYPE"):
                found.append(_not(label(moved), "list"))
            case ServerError():
                raise from_reply(reply, where)
            case [*jobs] if all(isinstance(job, bytes) for job in jobs):
                found += (decode_moved(label(moved), queue, job) for job in jobs)
                whole = whole and len(jobs) < MOST
            case _:
                raise unavailable("protocol", where)
    return Left(
        strength=announced.strength if announced else "",
        errors=count(fields.get(b":errors")) or 0,
        findings=tuple(one for one in found if isinstance(one, Finding)),
        broken=tuple(one for one in found if isinstance(one, Broken)),
        whole=whole,
        claims=_CLAIM in fields,
        threads=announced.threads if announced else 0,
        queues=announced.queues if announced else (),
    )


async def is_announced(ask: Ask, keys: Keys, identity: str, *, where: str) -> bool:
    """Whether it is among the identities of `read_probes`. Raises `SourceUnavailableError`."""
    (reply,) = await ask([("SISMEMBER", keys.probes, identity)])
    if isinstance(reply, ServerError):
        raise from_reply(reply, where)
    return count(reply) == 1


async def read_all_left(ask: Ask, keys: Keys, identity: str, *, where: str) -> Left:
    """
    The same, wherever it may lie.

    Where the probe does not say which queues it served, because it was killed before it could or more than a day ago, or has left, every queue is asked.
    """
    left = await read_left(ask, keys, identity, where=where)
    if left.strength:
        return left
    queues = await names_in(ask, keys.queues, most=_MOST_QUEUES, where=where)
    return await read_left(ask, keys, identity, queues=queues, where=where) if queues else left


def _finding(key: str, payload: bytes, *, queue: str, tid: str = "", in_list: bool = False) -> Finding | Broken:
    job = _object(payload)
    jid = job.get("jid") if job else None
    if not is_name(jid):
        return Broken(key, "the probe holds a job that does not name its id")
    return Finding(
        jid=jid,
        certainty=Certainty.PROVEN,
        origin=Origin.PROBE,
        job_class=decode_class(_text(payload)) or "",
        queue=queue,
        tid=tid,
        payload=payload,
        in_list=in_list,
    )


def _not(key: str, kind: str) -> Broken:
    return Broken(key, f"what the probe keeps there is not a {kind}")


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(_text(raw))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _text(raw: bytes) -> str:
    # Ruby reads a job whose text is not all UTF-8 and runs it; its names are none the worse for it.
    return raw.decode("utf-8", "replace")
