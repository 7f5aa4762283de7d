"""
One unit as systemd tells it at this moment, whatever was heard of it before.

The counterpart of `session`, which follows all of them. A unit that systemd does not hold is not asked for its properties, which would make systemd load it: of such a one it is only known that it
does not run, and whether its file is enabled.
"""

from typing import Any, Final

from watchdog.host.systemd.asking import MANAGER, properties_of
from watchdog.host.systemd.bus import PROPERTIES, SYSTEMD, Bus
from watchdog.host.systemd.failures import CallError, SystemdUnavailableError
from watchdog.host.systemd.names import ROOT
from watchdog.host.systemd.queues import queues_of
from watchdog.host.systemd.readings import job_of, readings, start_of
from watchdog.model.results import Refused, UnitLook

_NOT_HELD: Final = f"{SYSTEMD}.NoSuchUnit"


async def look_at(bus: Bus, name: str, *, loads: bool = False) -> UnitLook | Refused:
    """How it is; `Refused` where systemd can't be asked, or has no such unit. With `loads` it may read its files for that."""
    try:
        return await _look(bus, name, "LoadUnit" if loads else "GetUnit")
    except SystemdUnavailableError as failure:
        return Refused(failure.message)
    except CallError as error:
        return Refused(f"systemd does not tell how {name} is: {error.text}")


async def _look(bus: Bus, name: str, method: str) -> UnitLook:
    try:
        await bus.call(ROOT, MANAGER, method, "s", name)
    except CallError as error:
        if error.name != _NOT_HELD:
            raise
        (file_state,) = await bus.call(ROOT, MANAGER, "GetUnitFileState", "s", name)
        return UnitLook(load_state="", state="inactive", sub_state="dead", file_state=str(file_state))
    properties = await properties_of(bus.call, name)
    known = {slot: value for slot, value in readings(name, properties).items() if value is not None}
    return UnitLook(
        load_state=known.get("load_state", ""),
        state=known.get("state", ""),
        sub_state=known.get("sub_state", ""),
        result=known.get("result", ""),
        restarts=known.get("restarts"),
        job=await _job(bus, properties),
        file_state=known.get("file_state", ""),
        restart_policy=known.get("restart_policy", ""),
        invocation=known.get("invocation", ""),
        pid=known.get("pid", 0),
        queues=queues_of(start_of(properties)),
    )


async def _job(bus: Bus, properties: dict[str, Any]) -> str:
    number, path = job_of(properties)
    if not number:
        return ""
    try:
        (kind,) = await bus.call(path, PROPERTIES, "Get", "ss", f"{SYSTEMD}.Job", "JobType")
    except CallError:
        return ""  # it is over: what it did the next look tells
    return str(kind)
