"""
From what each source knows to one word about each job. Pure.

The surest source decides whether a job was in flight; its bytes come from whichever has them, the surest of those first. A source that does not
name a job says nothing against it: what proves that a job has ended is asked for elsewhere.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.model.findings import Finding, Origin

_ORDER: Final = {origin: number for number, origin in enumerate((
    Origin.PROBE, Origin.WORK_HASH, Origin.SOCKET, Origin.MEMORY, Origin.LOG, Origin.FLIGHT_RECORD,
))}  # fmt: skip
"""Which source's bytes are taken where several have them: first those that stand in Redis as they came, then those that it held otherwise or handed out."""


class Joined(msgspec.Struct, frozen=True):
    """One job: `finding` is what is known of it by all sources together, `origins` who named it, the surest first."""

    finding: Finding
    origins: tuple[Origin, ...]


def join(findings: Iterable[Finding]) -> tuple[Joined, ...]:
    """One for each jid, in the order in which they were named first."""
    by_jid: dict[str, list[Finding]] = {}
    for one in findings:
        by_jid.setdefault(one.jid, []).append(one)
    return tuple(_joined(found) for found in by_jid.values())


def _joined(found: list[Finding]) -> Joined:
    surest = sorted(found, key=lambda one: (-one.certainty.rank, _ORDER[one.origin]))
    told = sorted((one for one in found if one.payload is not None), key=lambda one: _ORDER[one.origin])
    best = surest[0]
    # Of a job in a list its very bytes, and the queue of that list, lead to it.
    listed = next((one for one in found if one.in_list), None)
    finding = msgspec.structs.replace(
        best,
        job_class=next((one.job_class for one in surest if one.job_class), ""),
        queue=listed.queue if listed else next((one.queue for one in surest if one.queue), ""),
        tid=next((one.tid for one in surest if one.tid), ""),
        payload=listed.payload if listed else told[0].payload if told else None,
        in_list=listed is not None,
    )
    return Joined(finding, tuple(dict.fromkeys(one.origin for one in surest)))
