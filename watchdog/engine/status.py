"""The engine's state as plain data for people: what `status` shows. Derived, never read back."""

from typing import Any, Final

from watchdog.engine import switching
from watchdog.engine.approvals import LIVE, shown
from watchdog.engine.arming_view import armed_rules
from watchdog.engine.incidents import Playbook
from watchdog.engine.ledger import Ledger, Phase
from watchdog.engine.reaching import name_of
from watchdog.engine.routing.view import shown as routed
from watchdog.engine.state import State
from watchdog.model.delivery import OPTIONAL
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.verdicts import lower

LISTED: Final = 200
"""At most so many entries of each list; the counts are of all."""


def status(state: State, at: int) -> dict[str, Any]:
    """Sources, queues, processes, alerts, requests and open incidents at engine time `at`; durations in milliseconds."""
    ledger, world = state.ledger, state.world
    processes = sorted(world.rows[Kind.PROCESS].values(), key=lambda row: row.id)
    units = sorted(world.rows[Kind.UNIT].values(), key=lambda row: row.id)
    queues = sorted(world.rows[Kind.QUEUE].values(), key=lambda row: row.id)
    alerts = sorted(ledger.alerts.values(), key=lambda alert: (alert.phase is not Phase.FIRING, alert.since_at, alert.id))
    return {
        "mode": ledger.mode.value,
        **switching.shown(ledger, at),
        "armed": armed_rules(ledger),
        "digest": {"since": ledger.week.since_wall, "due": ledger.week.due_wall},
        "rules": {name: lower(ledger.mode, one.mode).value for name, one in sorted(ledger.arming.in_force.items())},
        "demoted": [
            {"rule": rule, "since_ms": at - one.demotion.since_at, "reason": one.demotion.reason}
            for rule, one in sorted(ledger.success.items()) if one.demotion is not None
        ],
        "doubt": None if ledger.doubt is None else {"reasons": list(ledger.doubt.reasons), "incidents": list(ledger.doubt.playbooks)},
        "sources": {source.value: source_shown(state, source, at) for source in sources_used(state)},
        "entities": {kind.value: len(rows) for kind, rows in world.rows.items()},
        "history": {"bytes": world.history.size(), "dropped": sum(world.history.dropped.values())},
        "sidekiq": _plain(world.find(Kind.SIDEKIQ, "sidekiq")),
        "redis": _plain(world.find(Kind.REDIS, "redis")),
        "checks": [_check(row, at) for row in sorted(world.rows[Kind.CHECK].values(), key=lambda row: row.id)[:LISTED]],
        "hosts": [_plain(row) for row in world.rows[Kind.HOST].values()],
        "queues": [_plain(row) for row in queues[:LISTED]],
        "processes": [_process(state, row, at) for row in processes[:LISTED]],
        "units": [_unit(row, at) for row in units[:LISTED]],
        "firing": sum(alert.phase is Phase.FIRING for alert in alerts),
        "alerts": [
            {
                "rule": alert.rule, "entity": alert.entity, "phase": alert.phase.value, "for_ms": at - alert.since_at, "title": alert.title,
                "severity": alert.severity.value, "target": alert.target, "telling": routed(ledger, alert, at),
            }
            for alert in alerts[:LISTED]
        ],
        "requests": [
            {
                "rule": request.rule, "target": request.target, "action": request.action, "decision": request.decision and request.decision.value,
                "guard": request.guard, "reason": world.reasons.get(request.id, request.reason), "until_ms": None if request.until is None else max(0, request.until - at),
                "repeated": world.denials.get(request.id, 0),
            }
            for request in list(ledger.requests.values())[:LISTED]
        ],
        "approvals": [shown(one, at) for one in ledger.approvals.values() if one.standing in LIVE],
        "incidents": [incident_of(ledger, playbook) for playbook in ledger.playbooks.values()],
    }  # fmt: skip


def hosts_that_beat(state: State, at: int) -> set[str]:
    """The hosts of which a process has beaten within the last minute."""
    rows: Any = state.world.rows[Kind.PROCESS].values()
    return {row.host for row in rows if row.host is not MISSING and row.confirmed_at is not MISSING and at - row.confirmed_at < 60_000}


def incident_of(ledger: Ledger, playbook: Playbook) -> dict[str, Any]:
    """How far an open incident is; `pid` is None and `stage` is `next step` or `verify` where no action is under way."""
    run = next((run for run in ledger.runs.values() if run.incident == playbook.id), None)
    edit = next((edit for edit in ledger.edits.values() if edit.incident == playbook.id), None)
    deed = next((deed for deed in ledger.deeds.values() if deed.incident == playbook.id), None)
    step = run or edit or deed
    between = "verify" if playbook.proof is not None else "next step"
    return {
        "id": playbook.id, "rule": playbook.rule, "target": playbook.target, "pid": None if run is None else run.ref.pid,
        "action": playbook.action if step is None else step.action, "stage": between if step is None else step.stage,
        "held": "" if step is None else step.held, "account": list(playbook.account if step is None else step.account),
    }  # fmt: skip


def sources_used(state: State) -> tuple[Source, ...]:
    """Those that must be read, and of the others those that ever were or are missed."""
    return tuple(source for source in Source if _is_used(state, source))


def _is_used(state: State, source: Source) -> bool:
    if source is Source.CHECKS:
        # Told only when something changes, and shown one by one.
        return False
    if source is Source.SETTINGS and not state.world.rows.get(Kind.SETTING):
        # It says that nothing is expected, which is worth no line.
        return source in state.ledger.lost
    return source not in OPTIONAL or source in state.world.complete or source in state.ledger.lost


def source_shown(state: State, source: Source, at: int) -> dict[str, Any]:
    """Whether it can be read, why not, and since when or how long ago it was, in milliseconds."""
    loss = state.ledger.lost.get(source)
    if loss is not None:
        return {"ok": False, "code": loss.code, "message": loss.message, "since_ms": at - loss.since_at}
    read_at = state.world.read_at.get(source)
    if source is Source.REDIS and source not in state.world.complete:
        return {"ok": False, "code": "starting", "message": "not read in full yet", "since_ms": None}
    return {"ok": True, "code": "", "message": "", "since_ms": None if read_at is None else at - read_at}


def _process(state: State, row: Any, at: int) -> dict[str, Any]:
    # Slots come from the field table, so that no type checker knows them.
    jobs: list[Any] = [state.world.find(Kind.JOB, job) for job in state.world.jobs_of.get(row.id, {})]
    started = [job.started_at for job in jobs if job is not None and job.started_at is not MISSING]
    elapsed = [row.confirmed_at - start for start in started if row.confirmed_at is not MISSING]
    plain = _plain(row) or {}
    shown = (
        "host",
        "pid",
        "tag",
        "version",
        "queues",
        "threads",
        "busy",
        "quiet",
        "rss",
        "local",
        "alive",
        "unit",
        "mismatch",
        "cpu",
        "memory",
        "stopped",
        "traced",
    )
    return {
        "id": row.id,
        "target": name_of(row),
        **{slot: plain.get(slot) for slot in shown},
        "beat_age": None if row.confirmed_at is MISSING else at - row.confirmed_at,
        "jobs": len(jobs),
        "longest": max(elapsed, default=None),
    }


def _unit(row: Any, at: int) -> dict[str, Any]:
    plain = _plain(row) or {}
    entered_at = plain.pop("entered_at", None)
    plain.pop("running", None)
    return {**plain, "since_ms": None if entered_at is None else at - entered_at}


def _check(row: Any, at: int) -> dict[str, Any]:
    plain = _plain(row) or {}
    failing_at = plain.pop("failing_at", None)
    return {**plain, "failed_ms": None if failing_at is None else at - failing_at}


def _plain(row: Any) -> dict[str, Any] | None:
    return None if row is None else row.as_plain()
