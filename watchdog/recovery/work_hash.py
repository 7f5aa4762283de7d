"""
What a work hash proves, and what it does not. Pure.

It is a picture up to a beat old: of a process that fetches, most jobs in it have finished and most running ones are missing. Of one that has been quiet for
two beats it is complete, and only shrinks.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import orjson

from watchdog.model.effects import When
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.sidekiq.decode import Broken, decode_work
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.reading import Reading

HASHES: Final = (Origin.WORK_HASH, Origin.FLIGHT_RECORD)
"""Where a finding comes from that rests on a work hash alone, as it stands in Redis or as it was read last."""


class Seen(msgspec.Struct, frozen=True):
    """
    What Redis, and the memory of what it showed, know of a process.

    `stopped` says that it has given everything back; `unnamed` how many jobs stand there in a shape nobody can read. `threads` is how many jobs a process that fetched to its end
    can have had in all: each that is only likely may have ended, and its thread have taken another. 0 where its list is complete, or that is not known.
    """

    findings: tuple[Finding, ...] = ()
    stopped: bool = False
    unnamed: int = 0
    threads: int = 0

    def beside(self, proven: int) -> int:
        """How many jobs it can have had beside so many that are proven."""
        return max(self.unnamed, self.threads - proven)


def seen_in(reading: Reading, noted: Noted | None, kept: Sequence[Finding], when: When) -> Seen:
    """
    What is in flight by Redis at this moment.

    `noted` is what was read last of it, which is this reading if its identity still stands in Redis; `kept` are the flight records of this incident.
    """
    if reading.beat is not None and not reading.member and not reading.held:
        return Seen(stopped=True)
    quiet = noted is not None and noted.quiet
    origin = Origin.WORK_HASH if reading.beat is not None else Origin.FLIGHT_RECORD
    certainty = Certainty.PROVEN if quiet and when is not When.BEFORE else Certainty.LIKELY
    named, broken = findings_in({} if noted is None else noted.entries, origin=origin, certainty=certainty)
    if when is When.DEAD:
        # Its last beat was over before it was asked while it stood still: what was found then is newer than the picture.
        is_known = reading.beat is None and not quiet and any(one.origin not in HASHES for one in kept)
        named = tuple(kept) if is_known else _left_of(named, kept, whole=reading.beat is not None and reading.held_as_said)
    fetches = when in (When.FROZEN, When.DEAD) and not quiet
    return Seen(named, unnamed=broken, threads=noted.threads if fetches and noted is not None else 0)


def findings_in(entries: Mapping[bytes, bytes], *, origin: Origin, certainty: Certainty) -> tuple[tuple[Finding, ...], int]:
    """The jobs of the entries of a work hash with their exact bytes, and how many entries can't be read."""
    found = []
    broken = 0
    for thread, raw in sorted(entries.items()):
        work = decode_work("", thread, raw)
        if isinstance(work, Broken):
            broken += 1
            continue
        found.append(
            Finding(
                jid=work.jid, certainty=certainty, origin=origin, job_class=work.job_class, queue=work.queue, tid=work.thread,
                payload=_payload(raw),
            )
        )  # fmt: skip
    return tuple(found), broken


def running_in(noted: Noted | None) -> frozenset[str] | None:
    """The jids that it held at its last beat; None where they are not all known."""
    if noted is None:
        return None
    found, broken = findings_in(noted.entries, origin=Origin.FLIGHT_RECORD, certainty=Certainty.LIKELY)
    return None if broken else frozenset(one.jid for one in found)


def _payload(raw: bytes) -> bytes | None:
    """The job's own bytes: Sidekiq keeps them as text within the entry. A job that stands there as an object has no bytes of its own any more."""
    payload = orjson.loads(raw)["payload"]
    return payload.encode() if isinstance(payload, str) else None


def _left_of(named: tuple[Finding, ...], kept: Sequence[Finding], *, whole: bool) -> tuple[Finding, ...]:
    """
    After its end: what the last work hash showed, and what was kept before.

    Where the last hash is whole, a job that was kept for having stood in it, and does not any more, has ended.
    """
    now = {one.jid for one in named}
    before = {one.jid: one for one in kept}
    left = [one for one in kept if one.jid not in now and not (whole and one.origin in HASHES)]
    sure = [before[one.jid] if one.jid in before and before[one.jid].certainty.rank > one.certainty.rank else one for one in named]
    return (*sure, *left)
