"""
Ledgers as earlier versions wrote them, brought into the shape of today before they are read: nothing that was under way is forgotten by an upgrade.

Most changes need nothing here, because what is new has a default and what is gone is passed over. The counterpart of `store/schema.py`, which does so for tables.
"""

from typing import Any

import msgspec


def lifted(data: bytes) -> bytes | None:
    """The same ledger in today's shape; None where it has no shape of before. Raises `msgspec.DecodeError` for what is no JSON."""
    plain: Any = msgspec.json.decode(data)
    if not isinstance(plain, dict):
        return None
    today = _with_pauses(_with_playbooks(plain))
    return None if today is plain else msgspec.json.encode(today)


def _with_pauses(plain: dict[str, Any]) -> dict[str, Any]:
    """Before there could be several pauses at once there was one at most, which whoever had said it could lift."""
    if "pause" not in plain or "pauses" in plain:
        return plain
    one = plain["pause"]
    by = one["by"] if isinstance(one, dict) and "by" in one else ""
    # What makes no sense is kept as it is: nobody may act because a pause could not be read.
    before = {} if one is None else {str(by): one}
    return {**{name: part for name, part in plain.items() if name != "pause"}, "pauses": before}


def _with_playbooks(plain: dict[str, Any]) -> dict[str, Any]:
    """Before there were playbooks a run was the whole incident, and had the one id of both."""
    runs = plain.get("runs")
    if not isinstance(runs, dict) or all(not isinstance(run, dict) or "incident" in run for run in runs.values()):
        return plain
    playbooks = dict(plain.get("playbooks", {}))
    for key, run in runs.items():
        if isinstance(run, dict) and "incident" not in run:
            run["incident"] = key
            playbooks[key] = _playbook(key, run, _alert_of(plain, run))
    return {**plain, "playbooks": playbooks}


def _alert_of(plain: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    alerts = plain.get("alerts", {})
    return next((alerts[key] for key in run.get("alerts", ()) if key in alerts), {})


def _playbook(key: str, run: dict[str, Any], alert: dict[str, Any]) -> dict[str, Any]:
    since = alert.get("since_at", 0)
    return {
        "id": key, "kind": alert.get("kind", "process"), "seen": alert.get("seen", {}), "seen_at": since, "beat_at": alert.get("beat_at"), "since_at": since,
        "target": run.get("ref", {}).get("name", ""), "alerts": run.get("alerts", []), "step": run.get("step", 0),
        **{name: run.get(name) for name in ("rule", "entity", "action", "thread", "severity", "notify", "opened_wall")}, "account": run.get("account", []),
    }  # fmt: skip
