"""A replay for programs: one object, its shape in the help of the command."""

from collections.abc import Sequence
from typing import Any

import msgspec

from watchdog.model.records import AuditRow
from watchdog.replay.account import Account
from watchdog.replay.checking import Checked
from watchdog.replay.differences import Difference
from watchdog.replay.report import Report
from watchdog.store.moments import rfc3339


def plain_report(report: Report, remarks: Sequence[str]) -> dict[str, Any]:
    """All of it."""
    covered, account = report.covered, report.account
    return {
        "exact": report.exact,
        "since": rfc3339(report.since),
        "until": rfc3339(report.until),
        "seen_ms": covered.ms,
        "events": covered.events,
        "holes": covered.holes,
        "missing": [
            {"file": lack.file, "reason": lack.reason, "since": _moment(lack.since or None), "until": _moment(lack.until)}
            for lack in covered.missing
        ],
        "hosts": list(covered.hosts),
        "versions": list(covered.versions),
        "remarks": list(remarks),
        **_account(account),
        "beside": _beside(report),
        "checked": None if report.checked is None else _checked(report.checked, report.unlike),
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "rules": {name: msgspec.to_builtins(of) for name, of in account.rules.items()},
        "firings": [
            {"rule": one.rule, "entity": one.entity, "fired": rfc3339(one.fired), "resolved": _moment(one.resolved), "deploying": one.deploying}
            for one in account.firings
        ],
        "decisions": [
            {
                "at": rfc3339(one.at), "rule": one.rule, "target": one.target, "action": one.action, "decision": one.decision, "guard": one.guard,
                "reason": one.reason,
            }
            for one in account.decisions
        ],
        "recoveries": [
            {"id": one.id, "opened": rfc3339(one.opened), "rule": one.rule, "target": one.target, "action": one.action, "outcome": one.outcome}
            for one in account.recoveries
        ],
        "left_out": account.left_out,
    }  # fmt: skip


def _beside(report: Report) -> dict[str, Any] | None:
    if report.there is None or report.differences is None:
        return None
    return {
        "with": report.beside,
        "same": report.differences.same,
        "differences": [_difference(one) for one in report.differences.found],
        "rules": {name: msgspec.to_builtins(of) for name, of in report.there.rules.items()},
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "what": one.what.value, "of": one.of, "rule": one.rule, "on": one.on, "here": _moment(one.here), "there": _moment(one.there), "by_ms": one.by,
        "said": one.said, "said_there": one.said_there,
    }  # fmt: skip


def _checked(checked: Checked, incidents: Sequence[str]) -> dict[str, Any]:
    return {
        "equal": checked.equal,
        "different": checked.different,
        "uncovered": checked.uncovered,
        "unlike": [{"replayed": _row(one.replayed), "written": _row(one.written)} for one in checked.unlike],
        "incidents": list(incidents),
    }


def _row(row: AuditRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    plain: dict[str, Any] = msgspec.to_builtins(row)
    plain.pop("wall")
    return {"at": rfc3339(row.wall)} | plain


def _moment(wall: int | None) -> str | None:
    return None if wall is None else rfc3339(wall)
