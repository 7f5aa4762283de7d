"""
The trouble has another cause than the target, and no restart would take it away.

Why: with the database gone every job of every process is stuck, and ending the processes one by one only adds to the outage. What the config
declares no check for is not checked: that is neither a reason to act nor one against it, and the answer says so.
"""

from typing import Any, Final

from watchdog.engine.guards.view import View, denies
from watchdog.engine.holding import sick_processes
from watchdog.engine.our_side import on_peer, our_fault
from watchdog.engine.unwritable import refuses_writes
from watchdog.model.actions_on_peers import KEEPS_AWAY
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Answer, Verdict

FULL: Final = 64 * 1024 * 1024
"""Bytes that must be free on the disk of the state folder, or `FULL_PART` of a small one: below it what is done could soon not be written down any more."""
FULL_PART: Final = 0.05


def common_cause(view: View) -> Verdict:
    """
    Denies while Redis refuses writes, a declared check fails or has not been tried yet, the disk is full, or too many processes are sick; and what keeps another server away while we may be to blame for it.

    After the stage that can't be taken back only the first two are asked: the target fetches no more jobs, and nothing is gained by waiting.
    """
    reason = refuses_writes(view.ledger, view.world) or _checks(view)
    if not reason and not view.committed:
        # How the processes are says nothing of jobs that wait.
        reason = _disk(view) or ("" if view.about is TargetKind.JOBS else _sick(view)) or _ours(view)
    return denies("common_cause", reason) if reason else Verdict("common_cause", Answer.PASS, _not_checked(view))


def _checks(view: View) -> str:
    rows: list[Any] = sorted(view.world.rows[Kind.CHECK].values(), key=lambda row: row.id)
    for row in rows:
        if row.ok is not MISSING and not row.ok:
            said = row.problem if row.problem is not MISSING else ""
            return f"the check {row.id} fails" + (f": {said}" if said else "")
    waiting = next((row.id for row in rows if row.ok is MISSING), None)
    return f"the check {waiting} has not succeeded yet" if waiting is not None else ""


def _disk(view: View) -> str:
    for row in view.world.rows[Kind.HOST].values():
        host: Any = row
        if host.disk_free is not MISSING and host.disk_free < (FULL if host.disk is MISSING else min(FULL, FULL_PART * host.disk)):
            return "the disk of the state folder is full"
    return ""


def _ours(view: View) -> str:
    return our_fault(view.world, view.at) if on_peer(view.action, view.thing) in KEEPS_AWAY else ""


def _sick(view: View) -> str:
    sick, there = len(_sick_ones(view)), len(view.world.rows[Kind.PROCESS])
    most = float(view.settings["max_unhealthy"])
    if sick < 2 or sick <= most * there:
        return ""
    return f"more than {most:.0%} of the processes are sick, which has another cause than each of them"


def _sick_ones(view: View) -> frozenset[str]:
    """Where one more is to be started, what this very rule has found is the reason for that, and no other cause."""
    if view.about is not TargetKind.TEMPLATE:
        return view.sick
    return sick_processes(view.world, (alert for alert in view.ledger.alerts.values() if alert.rule != view.rule))


def _not_checked(view: View) -> str:
    return "" if view.world.rows[Kind.CHECK] else "database and web are not checked: the config declares no check"
