"""
Flight records: what a process under recovery holds, with the exact bytes of each job.

Written before the process is touched and removed in the transaction that ends the incident. The payloads are private: they leave this table only towards
Redis and the quarantine.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from watchdog.model.findings import Certainty, Finding, Origin

_LEVEL: Final = 1


class _Body(msgspec.Struct, frozen=True):
    certainty: Certainty
    origin: Origin
    job_class: str
    queue: str
    tid: str
    in_list: bool = False


def keep(connection: sqlite3.Connection, incident: str, findings: Sequence[Finding]) -> None:
    """These in place of what was kept of the incident; one a jid."""
    drop(connection, (incident,))
    connection.executemany("INSERT INTO flight VALUES (?, ?, ?, ?)", (_row(incident, one) for one in findings))


def read(connection: sqlite3.Connection, incident: str) -> list[Finding]:
    """What is kept of the incident, by jid."""
    rows = connection.execute("SELECT jid, body, payload FROM flight WHERE incident = ? ORDER BY jid", (incident,))
    return [_finding(*row) for row in rows]


def drop(connection: sqlite3.Connection, incidents: Iterable[str]) -> None:
    """Nothing is kept of these incidents any more."""
    connection.executemany("DELETE FROM flight WHERE incident = ?", ((incident,) for incident in incidents))


def _row(incident: str, one: Finding) -> tuple[str, str, bytes, bytes | None]:
    body = _Body(one.certainty, one.origin, one.job_class, one.queue, one.tid, one.in_list)
    payload = None if one.payload is None else zlib.compress(one.payload, _LEVEL)
    return incident, one.jid, msgspec.json.encode(body), payload


def _finding(jid: str, raw: bytes, payload: bytes | None) -> Finding:
    body = msgspec.json.decode(raw, type=_Body)
    return Finding(
        jid=jid, certainty=body.certainty, origin=body.origin, job_class=body.job_class, queue=body.queue, tid=body.tid,
        payload=None if payload is None else zlib.decompress(payload), in_list=body.in_list,
    )  # fmt: skip
