"""What really happened, from the audit log of the database: as rows of the engine again, and as an account."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

from watchdog.model.records import AuditRow
from watchdog.replay.account import Account
from watchdog.replay.accountant import Accountant
from watchdog.store.chain import HEAD
from watchdog.store.moments import wall_of
from watchdog.store.reading import read_audit

_TEXTS: Final = ("rule", "entity", "target", "mode", "decision", "guard", "reason", "action", "stage", "outcome", "incident")


def rows(folder: Path, *, since: int, until: int | None = None) -> Iterator[AuditRow]:
    """
    The rows of that time (UTC milliseconds) as the engine asked for them, oldest first.

    Raises `NoStateError` where there is no database, and `StoreError`.
    """
    for shown in read_audit(folder, since=since):
        if shown["kind"] == HEAD:
            continue
        row = as_asked_for(shown)
        if until is None or row.wall <= until:
            yield row


def as_asked_for(shown: dict[str, Any]) -> AuditRow:
    """The row of the engine from the one that is shown; absent, empty and null are the same to it."""
    would_at = shown.get("would_at")
    return AuditRow(
        shown["kind"],
        wall_of(shown["at"]),
        would_at=None if would_at is None else wall_of(would_at),
        detail=shown.get("detail") or {},
        **{name: shown.get(name) or "" for name in _TEXTS},
    )


def account(folder: Path, rules: Collection[str], *, begin: int, since: int, until: int, before: Collection[str]) -> Account:
    """
    What came of the time from `since` to `until`, under whatever rules were in force.

    `before` is what fired at `begin`, which is not later than `since`, as `rule|entity`. Raises as `rows` does.
    """
    accountant = Accountant(rules, since=since, until=until)
    accountant.began_with(before)
    # Until when something lasted is told by what came later.
    for row in rows(folder, since=begin):
        accountant.hear(row)
    return accountant.account()
