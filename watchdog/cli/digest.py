"""`audit --digest`: the weekly digest at any time, counted from the audit log by the same function as in the agent."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from watchdog.cli.exits import Exit
from watchdog.cli.output import output, say_json
from watchdog.engine.digest import counted, told
from watchdog.engine.week import Week
from watchdog.model.records import AuditRow


def show_digest(folder: Path, *, since: int, rule: str | None, as_json: bool) -> Exit:
    """From the rows since then (UTC milliseconds), of one rule or of all."""
    from watchdog.store.reading import read_audit

    now = time.time_ns() // 1_000_000
    week = Week(since_wall=since)
    for row in read_audit(folder, since=since, rule=rule):
        week = counted(week, _as_written(row))
    lines = told(week, _names(folder, rule), until=now)
    if as_json:
        say_json({"since": since, "until": now, "told": lines, "rules": msgspec.to_builtins(week.rules)})
        return Exit.FINE
    out = output()
    for line in lines:
        out.line(line)
    return Exit.FINE


def _names(folder: Path, rule: str | None) -> tuple[str, ...]:
    """The rules that were in force when the agent wrote of itself last, or the one that is asked for."""
    from watchdog.cli.picture import read_picture
    from watchdog.store.reading import read_status

    written = read_status(folder)
    names = () if written is None else tuple(read_picture(written).rules)
    return names if rule is None else tuple(name for name in names if name == rule)


def _as_written(row: dict[str, Any]) -> AuditRow:
    """The row of the engine from the one that is shown: as much of it as is counted."""
    from watchdog.store.moments import wall_of

    said: Callable[[str], str] = lambda name: row.get(name) or ""  # noqa: E731  (absent, empty and null are the same to the reader)
    return AuditRow(
        row["kind"], wall_of(row["at"]), rule=said("rule"), target=said("target"), decision=said("decision"), guard=said("guard"),
        outcome=said("outcome"), incident=said("incident"), would_at=wall_of(said("would_at")) if said("would_at") else None,
    )  # fmt: skip
