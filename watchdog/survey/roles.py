"""Who serves which queue: by the commands of the services, else by what their processes say of themselves in Redis, and by those of other hosts. Pure."""

from collections.abc import Sequence

import msgspec

from watchdog.survey.looking import Beating, Seen
from watchdog.survey.processes import Process
from watchdog.survey.queues import Service
from watchdog.survey.units import Unit


def with_roles(units: Sequence[Unit], running: Sequence[Process], seen: Seen | str, host: str) -> tuple[Unit, ...]:
    """The services, with the queues that only Redis knows: a script may hide the command. `host` is the name of this machine there."""
    beating = {one.info.pid: one for one in _beating(seen) if one.info.host == host}
    found = []
    for unit in units:
        told = [beating[one.pid].info for one in running if one.unit == unit.name and one.pid in beating and not one.container]
        if unit.service is None and told:
            queues = tuple(dict.fromkeys(queue for info in told for queue in info.queues))
            found.append(msgspec.structs.replace(unit, service=Service(queues, told[0].threads)))
        else:
            found.append(unit)
    return tuple(found)


def served_by(units: Sequence[Unit], running: Sequence[Process], seen: Seen | str, host: str) -> dict[str, list[str]]:
    """Queue → the services of this host that serve it, and the processes that belong to none of them, as Redis names them. A queue is there where anybody serves it; a template without an instance serves none."""
    queues: dict[str, list[str]] = {}
    for unit in units:
        for queue in unit.service.queues if unit.service is not None and not unit.template else ():
            queues.setdefault(queue, []).append(unit.name)
    names = {unit.name for unit in units}
    ours = {one.pid for one in running if one.unit in names and not one.container}
    for one in _beating(seen):
        if one.info.host != host or one.info.pid not in ours:
            for queue in one.info.queues:
                queues.setdefault(queue, []).append(one.identity)
    return queues


def _beating(seen: Seen | str) -> tuple[Beating, ...]:
    return seen.processes if isinstance(seen, Seen) else ()
