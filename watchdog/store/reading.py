"""
Looking into a state folder without an agent: for the command line, whether an agent runs or not.

The counterpart of `store.py`. It never writes, takes no lock, and holds no transaction open longer than a page of rows
takes, so that somebody who reads the audit log all night does not keep the agent from tidying its files.

All functions raise `NoStateError` if there is nothing to read, `StateTooNewError`, or `StoreError`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
import orjson

from watchdog.model.quarantine import Kept
from watchdog.model.records import IncidentRow
from watchdog.store import audit, evidence, quarantine, standing
from watchdog.store.arrival import Arrival, arrivals
from watchdog.store.asked import EVERYTHING, AuditAsked
from watchdog.store.chain import BrokenRow, Link, Verified
from watchdog.store.failures import NoStateError, StoreError
from watchdog.store.lock import is_running
from watchdog.store.opening import DATABASE
from watchdog.store.quarantine import Entry
from watchdog.store.schema import WITH_CARDS, WITH_EVIDENCE, WITH_QUARANTINE, refuse_later_format, version_of
from watchdog.store.standing import OutboxCounts
from watchdog.store.story import incident_row, read_incident, stretch_of

_T = TypeVar("_T")
_PAGE: Final = 500
_BUSY_S: Final = 5.0


def read_audit(
    folder: Path,
    asked: AuditAsked = EVERYTHING,
    *,
    since: int | None = None,
    rule: str | None = None,
    limit: int | None = None,
    after: int = 0,
) -> Iterator[dict[str, Any]]:
    """
    Audit rows as they are shown (see `chain.Link.public`), oldest first.

    `since` (a wall time in milliseconds) and `rule` (a name) are asked for beside `asked`; `after` is the number of the last row that is known already. `limit` keeps only
    the newest so many of what is left.
    """
    asked = msgspec.structs.replace(asked, since=asked.since if since is None else since, rule=rule or asked.rule)
    if asked.incident:
        asked = ask(folder, lambda connection: _nearby(connection, asked))
    if limit is not None:
        after = max(after, ask(folder, lambda connection: audit.newest(connection, asked, limit=limit, size=_PAGE)))
    while rows := _page(folder, asked, after):
        yield from (_shown(row) for row in rows if asked.fits(row))
        after = rows[-1].seq


def _nearby(connection: sqlite3.Connection, asked: AuditAsked) -> AuditAsked:
    """The same, where its incident is known and its rows are where they should be: a log of a million rows need not be searched as a whole."""
    row = incident_row(connection, asked.incident)
    if row is None:
        return asked
    first, last = stretch_of(connection, row)
    near = msgspec.structs.replace(asked, first=first, last=last)
    only = AuditAsked(incident=asked.incident, first=first, last=last)
    return near if any(only.fits(one) for one in audit.page(connection, only, after=0, size=1)) else asked


def read_audit_before(folder: Path, asked: AuditAsked, *, before: int, limit: int) -> list[dict[str, Any]]:
    """The newest `limit` of those rows with numbers smaller than `before` (0: of all), newest first."""
    found: list[dict[str, Any]] = []
    before = before or audit.BEYOND
    while len(found) < limit and (rows := _page_before(folder, asked, before)):
        before = rows[-1].seq
        found.extend(_shown(row) for row in rows if asked.fits(row))
    return found[:limit]


def verify(folder: Path) -> Verified | BrokenRow:
    """Checks the hash chain of the audit log; names the first row that is not as it was written. What that proves: `chain.py`."""
    return ask(folder, audit.verify)


def read_last(folder: Path) -> tuple[int, str]:
    """Number and hash of the audit row that was written last. Kept somewhere else they show later whether anybody has written the log anew."""
    return ask(folder, audit.last)


def read_status(folder: Path) -> bytes | None:
    """The status that the agent kept last, as it was given to `keep_status`; None if it never did."""
    row = ask(folder, lambda connection: connection.execute("SELECT body FROM status").fetchone())
    return row[0] if row else None


def read_incidents(folder: Path, *, open_only: bool = False) -> list[IncidentRow]:
    """Incidents, oldest first."""
    rows = ask(folder, lambda connection: connection.execute("SELECT body FROM incidents ORDER BY opened, id").fetchall())
    incidents = [read_incident(body) for (body,) in rows]
    return [incident for incident in incidents if incident.closed is None or not open_only]


def read_outbox_counts(folder: Path) -> dict[str, OutboxCounts]:
    """Receiver → how many messages wait, were delivered, were given up; nothing of what an earlier version has written."""
    return ask(folder, lambda connection: standing.counts(connection) if version_of(connection) >= WITH_CARDS else {})


def read_arrivals(folder: Path, thread: str) -> list[Arrival]:
    """What has become of the messages of that thread, one each receiver; nothing of what an earlier version has written."""
    return ask(folder, lambda connection: arrivals(connection, thread) if version_of(connection) >= WITH_CARDS else [])


def read_quarantine(folder: Path, states: Sequence[Kept] = tuple(Kept)) -> list[Entry]:
    """What is known of jobs in quarantine in these states, oldest first: nothing of what they were told to do."""
    return ask(folder, lambda connection: quarantine.entries(connection, states) if version_of(connection) >= WITH_QUARANTINE else [])


def read_quarantined(folder: Path, id_: int) -> tuple[Entry | None, bytes | None]:
    """The entry with that number, and the exact bytes of its job as long as they are there: somebody's private post, for whoever asks for just that."""
    return ask(folder, lambda connection: (quarantine.entry(connection, id_), quarantine.payload_of(connection, id_)))


def read_evidence(folder: Path) -> list[evidence.Summary]:
    """What is kept of which process under which incident, the oldest first: names, classes and sentences of the agent."""
    return ask(folder, lambda connection: evidence.summaries(connection) if version_of(connection) >= WITH_EVIDENCE else [])


def read_evidence_of(folder: Path, incident: str) -> list[tuple[evidence.Summary, dict[str, Any]]]:
    """All that is kept under an incident, by process: the summary, and the data by kind. Lines of logs are in it."""
    return ask(folder, lambda connection: evidence.of(connection, incident) if version_of(connection) >= WITH_EVIDENCE else [])


def _shown(row: Link) -> dict[str, Any]:
    try:
        return row.public()
    except (orjson.JSONDecodeError, TypeError) as error:
        raise StoreError(f"audit row {row.seq} is broken; verifying the log says more") from error


def _page(folder: Path, asked: AuditAsked, after: int) -> list[Link]:
    return ask(folder, lambda connection: audit.page(connection, asked, after=after, size=_PAGE))


def _page_before(folder: Path, asked: AuditAsked, before: int) -> list[Link]:
    return ask(folder, lambda connection: audit.page_before(connection, asked, before=before, size=_PAGE))


def ask(folder: Path, question: Callable[[sqlite3.Connection], _T]) -> _T:
    """The answer to one question to the database, on a connection of its own that can't write."""
    path = folder / DATABASE
    try:
        if not path.exists():
            raise NoStateError(folder)
        try:
            return _asked(path, question, "mode=ro")
        except sqlite3.OperationalError as error:
            # To read beside a writer SQLite keeps an index file next to the database. On a medium that can't be written,
            # with no agent and nothing in the log, the database alone is the whole truth.
            if is_running(folder) is not None or _log_size(path) or error.sqlite_errorname not in _NO_INDEX:
                raise
            return _asked(path, question, "mode=ro&immutable=1")
    except PermissionError as error:
        raise StoreError(f"{folder} is closed to this user; ask as the agent's user or as root") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path} can't be read: {error} ({getattr(error, 'sqlite_errorname', type(error).__name__)})") from error


_NO_INDEX: Final = frozenset({"SQLITE_CANTOPEN", "SQLITE_READONLY_CANTINIT", "SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY_CANTLOCK"})


def _asked(path: Path, question: Callable[[sqlite3.Connection], _T], how: str) -> _T:
    connection = sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=_BUSY_S, isolation_level=None)
    try:
        refuse_later_format(connection, path)
        if version_of(connection) == 0:
            raise NoStateError(path.parent)
        return question(connection)
    finally:
        connection.close()


def _log_size(path: Path) -> int:
    log = path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log.exists() else 0
