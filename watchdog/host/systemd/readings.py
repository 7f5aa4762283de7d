"""
From properties of a unit, as systemd tells them (org.freedesktop.systemd1(5)), to readings by slot. Pure.

A property that is missing or of another type than it should be is a reading that is not known; nothing is made up.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.host.systemd.stop_time import Start
from watchdog.model.template_names import template_of

FOREVER: Final = 36_500 * 86_400_000
"""Milliseconds: what is told of a time without end, so that it can be compared."""
_INFINITY: Final = 2**64 - 1
_ENTERED: Final = {
    "active": "ActiveEnterTimestampMonotonic",
    "inactive": "InactiveEnterTimestampMonotonic",
    "failed": "InactiveEnterTimestampMonotonic",
    "activating": "InactiveExitTimestampMonotonic",
    "deactivating": "ActiveExitTimestampMonotonic",
}
"""State → the moment at which it was entered; of others only the last change of anything is known."""
_EXITS: Final = {0: "", 1: "exited", 2: "killed", 3: "dumped"}  # CLD_* in sigaction(2)
WANTED: Final = frozenset({
    "LoadState", "ActiveState", "SubState", "UnitFileState", "InvocationID", "Job", "NeedDaemonReload", "StateChangeTimestampMonotonic",
    *_ENTERED.values(), "Result", "NRestarts", "MainPID", "ExecMainCode", "ExecMainStatus", "TimeoutStopUSec", "Restart", "ExecStart",
    "WorkingDirectory",
})  # fmt: skip
"""What is kept of some four hundred properties."""


def readings(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """
    What they say of that unit, by slot.

    Times of systemd are those of CLOCK_MONOTONIC, which engine time is, too.
    """
    template, instance = template_of(name)
    state, sub_state = _text(properties, "ActiveState"), _text(properties, "SubState")
    code = _number(properties, "ExecMainCode")
    invocation = properties.get("InvocationID")
    stop_timeout = _number(properties, "TimeoutStopUSec")
    return {
        "name": name,
        "template": template,
        "instance": instance,
        "load_state": _text(properties, "LoadState"),
        "state": state,
        "sub_state": sub_state,
        "entered_at": _entered(properties, state),
        # Before systemd starts it again by itself it passes through `failed` for a moment, as `failed-before-auto-restart`.
        "failed": None if state is None or sub_state is None else (state, sub_state) == ("failed", "failed"),
        "running": None if state is None else state in ("active", "reloading", "refreshing"),
        "result": _text(properties, "Result"),
        "restarts": _number(properties, "NRestarts"),
        "restart_policy": _text(properties, "Restart"),
        "stop_timeout": None if stop_timeout is None else FOREVER if stop_timeout == _INFINITY else min(FOREVER, stop_timeout // 1000),
        "pid": _number(properties, "MainPID"),
        "exit": None if code is None else _EXITS.get(code),
        "exit_status": _number(properties, "ExecMainStatus"),
        "invocation": invocation.hex() if isinstance(invocation, bytes) else None,
        "reload_needed": value if isinstance(value := properties.get("NeedDaemonReload"), bool) else None,
        "file_state": _text(properties, "UnitFileState"),
    }


def put_away(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The same properties for a unit that systemd no longer holds, because it is stopped and nothing needs it: how it ended stays known."""
    return {
        **properties,
        "ActiveState": "inactive",
        "SubState": "dead",
        "MainPID": 0,
        "Job": [0, "/"],
        "LoadState": None,
        "NeedDaemonReload": False,
    }


def job_of(properties: Mapping[str, Any]) -> tuple[int, str]:
    """The number and the path of the job that is queued for it; 0 where none is."""
    match properties.get("Job"):
        case [int(number), str(path)]:
            return number, path
        case _:
            return 0, ""


def start_of(properties: Mapping[str, Any]) -> Start | None:
    """What it starts: the words of its only command, and where; None where it has none or several."""
    match properties.get("ExecStart"):
        case [[_, list(words), *_]] if all(isinstance(word, str) for word in words):
            return Start(tuple(words), _text(properties, "WorkingDirectory") or "/")
        case _:
            return None


def _entered(properties: Mapping[str, Any], state: str | None) -> int | None:
    for name in (_ENTERED.get(state or "", ""), "StateChangeTimestampMonotonic"):
        if moment := _number(properties, name):
            return moment // 1000
    return None


def _text(properties: Mapping[str, Any], name: str) -> str | None:
    value = properties.get(name)
    return value if isinstance(value, str) else None


def _number(properties: Mapping[str, Any], name: str) -> int | None:
    value = properties.get(name)
    return value if type(value) is int and value >= 0 else None
