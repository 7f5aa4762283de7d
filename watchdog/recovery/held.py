"""
What to make of the copies of a job that lay in the memory of its process. Pure.

Memory keeps what is over, too: the payload of an earlier try, and whatever a text looks like that came from outside. Copies of one job agree in class
and arguments, and the latest try is what Redis held last; where they do not agree, one of them is not what it seems, and none is believed.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.sidekiq.decode import decode_class, is_name, milliseconds


class HeldCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One payload that was found, with the number of copies that lay there as they are and within entries of the work hash."""

    jid: str
    payload: bytes
    raw: int
    embedded: int

    def __repr__(self) -> str:
        return f"HeldCopy({self.jid}, {len(self.payload)} B, {self.raw} raw, {self.embedded} embedded)"


def from_memory(copies: Iterable[HeldCopy]) -> tuple[Finding, ...]:
    """
    A finding for each jid of which there is a copy, in the order in which they were named first.

    It proves nothing about the job having run, so its certainty is unknown. `payload` is None, and so are class and queue, where the copies
    contradict each other.
    """
    by_jid: dict[str, list[HeldCopy]] = {}
    for copy in copies:
        by_jid.setdefault(copy.jid, []).append(copy)
    return tuple(_finding(jid, held) for jid, held in by_jid.items())


def finding(jid: str, payload: bytes | None, *, certainty: Certainty, origin: Origin, queue: str = "") -> Finding:
    """A finding with what the payload says of itself, where it says it."""
    said = _said(payload) if payload is not None else {}
    named = queue or said.get("queue")
    return Finding(
        jid=jid,
        certainty=certainty,
        origin=origin,
        job_class=(decode_class(payload) or "") if payload is not None else "",
        queue=named if is_name(named) else "",
        payload=payload,
    )


def _finding(jid: str, held: list[HeldCopy]) -> Finding:
    latest = max(held, key=_age)
    says = _work(latest.payload)
    agreed = len(held) == 1 or (says is not None and all(_work(copy.payload) == says for copy in held))
    return finding(jid, latest.payload if agreed else None, certainty=Certainty.UNKNOWN, origin=Origin.MEMORY)


def _age(copy: HeldCopy) -> tuple[int, int, int]:
    said = _said(copy.payload)
    tries = said.get("retry_count")
    pushed = milliseconds(said.get("enqueued_at")) or milliseconds(said.get("created_at")) or 0
    return tries if isinstance(tries, int) else -1, pushed, copy.raw


def _work(payload: bytes) -> tuple[Any, Any] | None:
    said = _said(payload)
    return (said["class"], said["args"]) if "class" in said and "args" in said else None


def _said(payload: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
