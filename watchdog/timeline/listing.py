"""The list of incidents, newest first, and of the alerts that led to none: a piece at a time."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from watchdog.lang.harmless import harmless
from watchdog.model.records import IncidentRow
from watchdog.store import audit, story
from watchdog.store.asked import AuditAsked
from watchdog.store.reading import ask
from watchdog.timeline.finding import ALERT
from watchdog.timeline.said import WIDTH, Said, said
from watchdog.timeline.timeline import Brief

USUAL: Final = 50
"""Items of a piece where nobody says how many."""
_ROWS: Final = 5_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """
    Incidents that fit all of it; what is empty asks nothing.

    `since` and `until` are wall milliseconds: what went on for any moment from the one to before the other. `target` and `entity` are whole names, or a part of one that begins with it; `alerts` asks for the alerts that led to no incident, too.
    """

    open_only: bool = False
    since: int | None = None
    until: int | None = None
    rule: str = ""
    target: str = ""
    entity: str = ""
    outcome: str = ""
    alerts: bool = False


class Listed(msgspec.Struct, frozen=True):
    """Some of them, newest first. `total` is how many fit altogether; `next` is what to give as `after` for those that follow, empty where these were the last."""

    items: tuple[Brief, ...]
    total: int
    next: str = ""


EVERY: Final = Asked()
"""All incidents."""


def page(folder: Path, asked: Asked = EVERY, *, after: str = "", limit: int = USUAL) -> Listed:
    """Those that follow `after`, what an earlier piece gave as `next`. Raises `ValueError` where that is none of ours, and `StoreError`."""
    place = _place(after)
    return ask(folder, lambda connection: _page(connection, asked, place, limit))


def _page(connection: sqlite3.Connection, asked: Asked, place: tuple[int, str] | None, limit: int) -> Listed:
    when, values = _when(asked)
    if asked.alerts or asked.rule or asked.target or asked.entity or asked.outcome:
        found = sorted(_all(connection, asked), key=_key, reverse=True)
        rest = found if place is None else [one for one in found if _key(one) < place]
        return _listed(rest[: limit + 1], len(found), limit)
    # There can be tens of thousands, and what is not shown need not be read.
    (total,) = connection.execute(f"SELECT count(*) FROM incidents WHERE {when}", values).fetchone()  # noqa: S608  (of constants)
    behind, where = ("", ()) if place is None else (" AND (opened, id) < (?, ?)", place)
    statement = f"SELECT body FROM incidents WHERE {when}{behind} ORDER BY opened DESC, id DESC LIMIT ?"  # noqa: S608  (of constants)
    rows = connection.execute(statement, (*values, *where, limit + 1)).fetchall()
    return _listed([brief(story.read_incident(body)) for (body,) in rows], total, limit)


def _listed(found: list[Brief], total: int, limit: int) -> Listed:
    """`found` has one more where others follow."""
    items = tuple(found[:limit])
    return Listed(items, total, _named(items[-1]) if len(found) > limit else "")


def _when(asked: Asked) -> tuple[str, tuple[int, ...]]:
    """What is asked of its times, in SQL, and what stands for its question marks."""
    said: list[str] = ["closed IS NULL"] if asked.open_only else []
    values: list[int] = []
    if asked.since is not None:
        said.append("(closed IS NULL OR closed >= ?)")
        values.append(asked.since)
    if asked.until is not None:
        said.append("opened < ?")
        values.append(asked.until)
    return " AND ".join(["TRUE", *said]), tuple(values)


def brief(row: IncidentRow) -> Brief:
    """An incident on a line."""
    return Brief(
        id=row.id, rule=row.rule, entity=harmless(row.entity), target=harmless(row.target), action=row.action, began=row.opened, ended=row.closed,
        outcome=row.outcome, last=harmless(row.account[-1], WIDTH) if row.account else "",
    )  # fmt: skip


def _all(connection: sqlite3.Connection, asked: Asked) -> Iterator[Brief]:
    incidents = [story.read_incident(body) for (body,) in connection.execute("SELECT body FROM incidents ORDER BY opened, id")]
    yield from (one for one in map(brief, incidents) if _fits(one, asked))
    if asked.alerts:
        yield from (one for one in _alerts(connection, asked, incidents) if _fits(one, asked))


def _alerts(connection: sqlite3.Connection, asked: Asked, incidents: list[IncidentRow]) -> Iterator[Brief]:
    """Those that led to no incident: none of the same rule and entity was opened while they fired."""
    led: dict[tuple[str, str], list[int]] = {}
    for row in incidents:
        led.setdefault((row.rule, row.entity), []).append(row.opened)
    over: dict[tuple[str, str], Said] = {}
    for one in _rows_of_alerts(connection, asked):
        key = (one.rule, one.entity)
        if one.outcome == "resolved":
            over[key] = one
        elif one.outcome == "firing":
            end = over.pop(key, None)
            if not any(one.wall <= opened and (end is None or opened <= end.wall) for opened in led.get(key, ())):
                yield Brief(
                    id=f"{ALERT}{one.seq}", rule=one.rule, entity=harmless(one.entity), target=harmless(one.target or ("" if end is None else end.target)),
                    action="", began=one.wall, ended=None if end is None else end.wall, outcome="firing" if end is None else "resolved",
                    last=harmless(one.reason, WIDTH),
                )  # fmt: skip


def _rows_of_alerts(connection: sqlite3.Connection, asked: Asked) -> Iterator[Said]:
    """The newest first."""
    wanted = AuditAsked(kind="alert", rule=asked.rule, first=audit.last(connection)[0] - story.SEARCHED)
    before = audit.BEYOND
    while rows := audit.page_before(connection, wanted, before=before, size=_ROWS):
        before = rows[-1].seq
        yield from (said(row) for row in rows if wanted.fits(row))


def _fits(one: Brief, asked: Asked) -> bool:
    return (
        (not asked.open_only or one.ended is None)
        and (asked.since is None or one.ended is None or one.ended >= asked.since)
        and (asked.until is None or one.began < asked.until)
        and (not asked.rule or one.rule == asked.rule)
        and (not asked.outcome or one.outcome == asked.outcome)
        and one.target.startswith(asked.target)
        and one.entity.startswith(asked.entity)
    )


def _key(one: Brief) -> tuple[int, str]:
    return one.began, one.id


def _named(one: Brief) -> str:
    return f"{one.began}/{one.id}"


def _place(after: str) -> tuple[int, str] | None:
    if not after:
        return None
    began, found, id_ = after.partition("/")
    if not found or not (began.isascii() and began.isdecimal()) or len(began) > 18:
        raise ValueError(f"{after!r} is not what an earlier piece of the list ended with")
    return int(began), id_
