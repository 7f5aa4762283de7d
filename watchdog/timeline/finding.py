"""
Which rows, messages and evidence belong to one incident, or to an alert that led to none.

An incident begins with an alert, the last one of its rule and entity that fired before it was opened, or with a person's order. What was decided from then on is its story, and what was said until the alert was over, or until it fired anew.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from watchdog.model.records import IncidentRow
from watchdog.store import story
from watchdog.store.evidence import Summary
from watchdog.store.reading import ask
from watchdog.store.story import STRETCH, Message
from watchdog.timeline.failures import NoSuchIncidentError
from watchdog.timeline.said import Said, said

ALERT: Final = "alert:"
"""Stands before the number of an audit row in the name of an alert that led to no incident."""
AROUND: Final = 40
"""So many rows of what happened to the agent itself are told."""
_DIGITS: Final = 19
_CHUNK: Final = 5_000
_BEFORE: Final = 60_000
_AFTER: Final = 60_000
"""Messages are looked for so many milliseconds further, where their thread is not known."""
_NEARBY: Final = frozenset({"agent", "source", "operator", "fleet"})
_DULL: Final = frozenset({"lock taken", "lock given back", "digest", "vouched"})


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """
    All that is known; `row` is the incident, None of an alert without. `fired` is the row with which it began, where that is there.

    `rows` are in the order of their numbers, those that tell of the agent itself among them; `left_out` is how many of those were too many.
    """

    row: IncidentRow | None
    fired: Said | None
    rows: tuple[Said, ...]
    messages: tuple[Message, ...]
    kept: tuple[Summary, ...]
    left_out: int = 0


def find(folder: Path, incident: str) -> Found:
    """What is known of it. Raises `NoSuchIncidentError` or `StoreError`."""
    return ask(folder, lambda connection: _at_one_moment(connection, incident))


def _at_one_moment(connection: sqlite3.Connection, incident: str) -> Found:
    """An agent that goes on meanwhile must not be seen half before a turn and half after it."""
    connection.execute("BEGIN")
    try:
        return _find(connection, incident)
    finally:
        connection.execute("ROLLBACK")


def _find(connection: sqlite3.Connection, incident: str) -> Found:
    number = incident.removeprefix(ALERT)
    if number == incident:
        if (row := story.incident_row(connection, incident)) is not None:
            return _of_incident(connection, row)
        if incident and (link := story.of_thread(connection, incident)) is not None and _begins(said(link)):
            return _of_alert(connection, said(link))
        raise NoSuchIncidentError(incident, "`incidents` lists what is known")
    link = story.row_of(connection, int(number)) if number.isascii() and number.isdecimal() and len(number) < _DIGITS else None
    if link is None or not _begins(said(link)):
        raise NoSuchIncidentError(incident, "the number is that of the row in `audit` that says that it fires")
    return _of_alert(connection, said(link))


def _begins(row: Said) -> bool:
    return row.kind == "alert" and row.outcome == "firing"


def _of_incident(connection: sqlite3.Connection, row: IncidentRow) -> Found:
    own = [said(link) for link in story.of_incident(connection, row)]
    first = own[0].seq if own else story.place_of(connection, row.opened)
    last = own[-1].seq if own else first
    before, fired = _back(connection, row, first)
    between = [one for one in _of_rule(connection, row.rule, first, last) if one.incident in ("", row.id)]
    after = _on(connection, row.rule, row.entity, row.target, last) if not _has_ended(between, row.entity) else ()
    rows = {one.seq: one for one in (*before, *own, *between, *after) if one.incident == row.id or one.is_about(row.entity, row.target)}
    return _with_the_rest(connection, row, fired, rows, id_=row.id)


def _of_alert(connection: sqlite3.Connection, fired: Said) -> Found:
    rows = {fired.seq: fired}
    for one in _on(connection, fired.rule, fired.entity, "", fired.seq):
        if one.incident and one.is_about(fired.entity, ""):
            row = story.incident_row(connection, one.incident)
            if row is not None and row.entity == fired.entity:
                # It led to one, after all.
                return _of_incident(connection, row)
        elif not one.incident and one.is_about(fired.entity, ""):
            rows[one.seq] = one
    return _with_the_rest(connection, None, fired, rows, id_="")


def _with_the_rest(
    connection: sqlite3.Connection, row: IncidentRow | None, fired: Said | None, rows: dict[int, Said], *, id_: str
) -> Found:
    numbers = sorted(rows)
    nearby = (
        [one for one in _of_rule(connection, "", numbers[0], numbers[-1]) if one.kind in _NEARBY and one.outcome not in _DULL]
        if rows
        else []
    )
    rows |= {one.seq: one for one in nearby[-AROUND:]}
    told = [rows[number] for number in sorted(rows)]
    began = fired.wall if fired is not None else told[0].wall if told else 0 if row is None else row.opened
    ended = max([one.wall for one in told], default=began)
    thread = str(fired.detail.get("thread", "")) if fired is not None else ""
    rule = row.rule if row is not None else "" if fired is None else fired.rule
    entity, target = (row.entity, row.target) if row is not None else ("" if fired is None else fired.entity, "")
    messages = story.messages(connection, thread=thread, rule=rule, first=began - _BEFORE, last=ended + _AFTER)
    if not thread:
        messages = [one for one in messages if entity == one.notice.get("entity") or (target and target == one.notice.get("target"))]
    return Found(
        row=row, fired=fired, rows=tuple(told), messages=tuple(messages),
        kept=tuple(story.kept_of(connection, id_)) if id_ else (), left_out=max(0, len(nearby) - AROUND),
    )  # fmt: skip


def _back(connection: sqlite3.Connection, row: IncidentRow, first: int) -> tuple[list[Said], Said | None]:
    """The rows before it, newest first, back to the one with which it began; without that one none is known to be of it."""
    found: list[Said] = []
    for last in range(first - 1, max(0, first - STRETCH), -_CHUNK):
        for one in reversed(_of_rule(connection, row.rule, last - _CHUNK + 1, last)):
            if one.begins(row.entity):
                return [*found, one], one
            if not one.incident:
                found.append(one)
    return [], None


def _on(connection: sqlite3.Connection, rule: str, entity: str, target: str, last: int) -> Iterator[Said]:
    """The rows after it, up to the one that says that its alert is over; none from where it fires anew, or from where the next incident begins."""
    for first in range(last + 1, last + STRETCH, _CHUNK):
        rows = story.of_rule(connection, rule, first=first, last=first + _CHUNK - 1)
        for one in map(said, rows):
            if one.has_fired(entity) or (target and one.incident and one.target == target):
                return
            yield one
            if one.is_over(entity):
                return


def _has_ended(rows: list[Said], entity: str) -> bool:
    return any(one.is_over(entity) for one in rows)


def _of_rule(connection: sqlite3.Connection, rule: str, first: int, last: int) -> list[Said]:
    return [said(link) for link in story.of_rule(connection, rule, first=first, last=last)]
