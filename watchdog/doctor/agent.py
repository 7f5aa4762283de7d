"""The agent that runs, and the unit that starts it."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog import __version__
from watchdog.doctor.exam import OWN_UNIT, Exam
from watchdog.doctor.found import Found, bad, doubtful, fine, listed, passed_over
from watchdog.doctor.told import Told, read_told
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.store.failures import NoStateError, StoreError
from watchdog.store.lock import is_running

STALE: Final = 30_000
"""Milliseconds; an agent writes each ten seconds."""
_RESTARTS: Final = ("always", "on-failure", "on-abnormal", "on-watchdog")
_INFINITY: Final = 2**64 - 1
_WATCHDOG: Final = re.compile(r"^\s*WatchdogSec\s*=\s*(\d*)", re.MULTILINE)
_STARTING: Final = "starting"
_START: Final = "systemctl enable --now sidekiq-watchdog"
_EDIT: Final = f"systemctl edit {OWN_UNIT}: [Service], {{}}"


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    return {
        "agent": passed_over("config first") if exam.state is None else _agent(exam.state),
        "agent-unit": unit_of(exam.own_unit, written=written_watchdog(exam.own_unit)),
    }


def _agent(state: Path) -> Found:
    try:
        pid, told = is_running(state), read_told(state)
    except NoStateError:
        return doubtful(f"no agent runs with {state}", _START) if is_running(state) is None else fine("an agent has just begun")
    except (OSError, StoreError, msgspec.MsgspecError) as error:
        return bad(f"what the agent last said can't be read: {error}", f"ls -la {state}")
    if pid is None:
        return doubtful(f"no agent runs with {state}", _START)
    return fine("an agent has just begun") if told is None else running_one(told, time.time_ns() // 1_000_000)


def running_one(told: Told, now: int) -> Found:
    """An agent that runs, by what it last said; `now` is UTC milliseconds."""
    agent, age = told.agent, now - told.agent.at
    who = f"version {agent.version} runs with pid {agent.pid}, mode {told.mode}"
    if agent.failing:
        return bad(f"{who}, and can't write anything down: {agent.failing}", "make room, or mount the disk for writing")
    if age > STALE:
        return bad(f"{who}, and has said nothing for {display(age, Type.DURATION)}", "systemctl restart sidekiq-watchdog")
    if agent.version != __version__:
        return doubtful(f"{who}; this command is {__version__}", "systemctl restart sidekiq-watchdog")
    if lost := sorted(name for name, source in told.sources.items() if not source.ok and source.code != _STARTING):
        return bad(f"{who}, and can't read: {listed(lost)} ({told.sources[lost[0]].message})", "sidekiq-watchdog status")
    return fine(who)


def written_watchdog(unit: Mapping[str, Any]) -> int:
    """Seconds of WatchdogSec= as its files have it, 0 for none: systemd tells it of a unit that runs, and of no other."""
    seconds = 0
    for path in (unit.get("FragmentPath"), *(unit.get("DropInPaths") or ())):
        try:
            text = Path(path or "/dev/null").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for value in _WATCHDOG.findall(text):
            seconds = int(value or 0)
    return seconds


def unit_of(unit: Mapping[str, Any], *, written: int = 0) -> Found:
    """The agent's unit by its properties, which are empty where systemd could not be asked; `written` is its watchdog in seconds, if it does not run."""
    if not unit:
        return passed_over("systemd first")
    if unit.get("LoadState") != "loaded":
        return doubtful(f"{OWN_UNIT} is not installed: nothing starts the agent at boot", "install the package, or see packaging/README.md")
    if unit.get("Type") not in ("notify", "notify-reload"):
        return bad(f"{OWN_UNIT}: Type={unit.get('Type')}: systemd can't know when it is ready", _EDIT.format("Type=notify"))
    told = unit.get("WatchdogUSec") or 0
    watchdog = told // 1_000_000 if 0 < told < _INFINITY else 0 if unit.get("ActiveState") == "active" else written
    if not watchdog:
        return bad(f"{OWN_UNIT}: WatchdogSec= is not set: an agent that hangs stays so", _EDIT.format("WatchdogSec=60"))
    if unit.get("Restart") not in _RESTARTS:
        return bad(f"{OWN_UNIT}: Restart={unit.get('Restart')}: nobody starts it again", _EDIT.format("Restart=always"))
    if (hides := unit.get("ProtectProc", "default")) != "default":
        return bad(f"{OWN_UNIT}: ProtectProc={hides}: it sees no process of others", _EDIT.format("ProtectProc=default"))
    if unit.get("NeedDaemonReload"):
        return doubtful(f"{OWN_UNIT} was changed, and systemd has not read it", "systemctl daemon-reload")
    if unit.get("UnitFileState") not in ("enabled", "enabled-runtime", "static", "linked"):
        return doubtful(f"{OWN_UNIT} is {unit.get('UnitFileState')}: nothing starts it at boot", _START)
    dropped = [Path(path).name for path in unit.get("DropInPaths") or ()]
    changed = f", as {listed(dropped)} {'changes' if len(dropped) == 1 else 'change'} it" if dropped else ""
    return fine(f"{OWN_UNIT}, watched by systemd each {watchdog} s{changed}")
