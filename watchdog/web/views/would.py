"""What dry-run has left out, beside what was done."""

import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson

from watchdog.engine.ordered import is_order
from watchdog.model.verdicts import Mode
from watchdog.store.asked import AuditAsked
from watchdog.store.audit import BEYOND, page_before
from watchdog.store.chain import Link
from watchdog.store.failures import StoreError
from watchdog.store.moments import wall_of
from watchdog.store.reading import ask
from watchdog.web.aside import aside
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL

DAY: Final = 86_400_000
SEARCHED: Final = 20_000
"""Rows of the log that are looked through, the newest."""
_PAGE: Final = 2_000
_KINDS: Final = tuple(f'"kind":"{kind}"' for kind in ("would", "intent", "outcome", "decision"))


class StageSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One stage: `wall` is when it was carried out, or when act would have come to it; `outcome` what came of it, empty of what was left out and of what is under way."""

    wall: int
    action: str
    target: str
    stage: str
    reason: str
    outcome: str = ""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or would have been, about one firing; the stages in their order."""

    incident: str
    rule: str
    entity: str
    target: str
    wall: int
    stages: tuple[StageSeen, ...]


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """What act would not have done, or not without a person: which guard said so, and why."""

    wall: int
    rule: str
    entity: str
    target: str
    action: str
    decision: str
    guard: str
    reason: str


class Would(msgspec.Struct, frozen=True, kw_only=True):
    """
    Both, the newest first. `since` is from when on (UTC milliseconds), later than what was asked for where the log is longer than what is read of it at once: then `cut` is true.

    `would` is what dry-run left out, `denied` what a guard would have kept act from, `done` what was carried out.
    """

    since: int
    until: int
    would: tuple[Deed, ...]
    denied: tuple[Denial, ...]
    done: tuple[Deed, ...]
    cut: bool = False


async def would(inside: Inside, *, since: int | None = None, rule: str = "", limit: int = USUAL) -> Would:
    """Of the last 24 hours, or since then; at most `limit` of each. Raises `StoreError`."""
    now = inside.wall()
    asked = AuditAsked(since=max(0, now - DAY) if since is None else since, rule=rule)
    rows, cut = await aside(_rows, inside.folder, asked)
    return _told(rows, asked.since or 0, now, cut=cut, limit=limit)


def _rows(folder: Path, asked: AuditAsked) -> tuple[list[dict[str, Any]], bool]:
    """Rows of these kinds, oldest first, and whether there were more than are read."""

    def read(connection: sqlite3.Connection) -> tuple[list[Link], bool]:
        found: list[Link] = []
        before, searched = BEYOND, 0
        while searched < SEARCHED and (rows := page_before(connection, asked, before=before, size=_PAGE)):
            found += [row for row in rows if any(kind in row.body for kind in _KINDS)]
            before, searched = rows[-1].seq, searched + len(rows)
        return found, searched >= SEARCHED

    found, cut = ask(folder, read)
    try:
        return [orjson.loads(row.body) for row in reversed(found)], cut
    except orjson.JSONDecodeError as error:
        raise StoreError("a row of the audit log is broken; `audit --verify` says which") from error


def _told(rows: list[dict[str, Any]], since: int, now: int, *, cut: bool, limit: int) -> Would:
    left, done, denied = dict[str, _Deed](), dict[str, _Deed](), list[Denial]()
    for row in rows:
        said = _Said(row)
        if is_order(said("rule")):
            # What a person had looked at by hand is none of a rule's doing.
            continue
        match said("kind"):
            case "would" if said("decision") != "ASK":
                left.setdefault(said("incident"), _Deed(said)).begin(said, wall=said.would_at)
            case "intent":
                done.setdefault(said("incident"), _Deed(said)).begin(said, wall=said.wall)
            case "outcome" if said("incident") in done:
                done[said("incident")].end(said)
            case "decision" if said("mode") == Mode.DRY_RUN and said("decision") in ("DENY", "ASK") and not said("outcome"):
                denied.append(said.denial())
            case _:
                pass
    first = wall_of(rows[0]["at"]) if cut and rows else since
    return Would(
        since=max(since, first), until=now, would=tuple(one.plain() for one in reversed(left.values()))[:limit], denied=tuple(reversed(denied))[:limit],
        done=tuple(one.plain() for one in reversed(done.values()))[:limit], cut=cut,
    )  # fmt: skip


class _Said:
    """A row; absent, empty and null are the same to the reader."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row

    def __call__(self, name: str) -> str:
        return self._row.get(name) or ""

    @property
    def wall(self) -> int:
        return wall_of(self("at"))

    @property
    def would_at(self) -> int:
        return wall_of(self("would_at") or self("at"))

    def denial(self) -> Denial:
        names = ("rule", "entity", "target", "action", "decision", "guard", "reason")
        return Denial(wall=self.wall, **{name: self(name) for name in names})


class _Deed:
    """What is put together of one incident."""

    def __init__(self, said: _Said) -> None:
        self._of = said
        self._stages: list[StageSeen] = []

    def begin(self, said: _Said, *, wall: int) -> None:
        self._stages.append(StageSeen(wall=wall, action=said("action"), target=said("target"), stage=said("stage"), reason=said("reason")))

    def end(self, said: _Said) -> None:
        """What came of the last stage of that name that is under way."""
        for place in reversed(range(len(self._stages))):
            one = self._stages[place]
            if (one.action, one.stage) == (said("action"), said("stage")) and not one.outcome:
                self._stages[place] = msgspec.structs.replace(one, outcome=said("outcome"), reason=said("reason") or one.reason)
                return

    def plain(self) -> Deed:
        said = self._of
        return Deed(
            incident=said("incident"),
            rule=said("rule"),
            entity=said("entity"),
            target=said("target"),
            wall=said.wall,
            stages=tuple(self._stages),
        )
