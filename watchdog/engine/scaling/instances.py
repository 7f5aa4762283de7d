"""The instances of one template on this host, by number: which of them run, and in what."""

from typing import Any, Final

import msgspec

from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.template_names import instance_of, number_of, template_of

SCHEDULER: Final = "scheduler"
"""A queue that one process must serve, and no second: it holds what sidekiq-scheduler pushes, which two would push twice."""
AT_REST: Final = ("inactive", "failed")
"""States in which a unit does not run and is not about to."""


class Instance(msgspec.Struct, frozen=True):
    """One that runs, or is about to or about to end; `processes` are the Sidekiq processes in it that have not ended."""

    number: int
    unit: str
    processes: tuple[Any, ...]


def running(world: World, template: str) -> tuple[Instance, ...]:
    """Those with a number for a name that do not stand still, by it; what systemd has not told yet is told by a process that lives in it."""
    processes = _processes(world, template)
    units = {row.id for row in _units(world, template) if row.state is not MISSING and row.state not in AT_REST} | set(processes)
    numbered = {number: unit for unit in units if (number := number_of(template_of(unit)[1])) is not None}
    return tuple(Instance(number, numbered[number], processes.get(numbered[number], ())) for number in sorted(numbered))


def siblings(world: World, template: str) -> tuple[Any, ...]:
    """The processes of all instances of that template on this host, whatever their names."""
    return tuple(row for rows in _processes(world, template).values() for row in rows)


def serves_schedules(rows: tuple[Any, ...]) -> str:
    """Why one more or less of these processes is out of the question; empty where none of them serves the queue `scheduler`."""
    unknown = next((row.id for row in rows if row.queues is MISSING), None)
    serving = next((row.id for row in rows if row.queues is not MISSING and SCHEDULER in row.queues), None)
    if serving is not None:
        return f"{serving} serves the queue {SCHEDULER}, which there must be once and not twice"
    return f"which queues {unknown} serves is not known" if unknown is not None else ""


def unit_row(world: World, template: str, number: int) -> Any:
    """What systemd tells of that instance; None where it tells nothing of it, because it does not hold it."""
    return world.find(Kind.UNIT, instance_of(template, number))


def _units(world: World, template: str) -> list[Any]:
    rows: list[Any] = list(world.rows[Kind.UNIT].values())
    return [row for row in rows if template_of(row.id)[0] == template]


def _processes(world: World, template: str) -> dict[str, tuple[Any, ...]]:
    """Unit → the processes of this host that live in it, those that systemd no longer counts among its own included."""
    found: dict[str, tuple[Any, ...]] = {}
    rows: list[Any] = list(world.rows[Kind.PROCESS].values())
    for row in rows:
        if row.local is True and row.alive is not False and row.unit is not MISSING and template_of(row.unit)[0] == template:
            found[row.unit] = (*found.get(row.unit, ()), row)
    return found
