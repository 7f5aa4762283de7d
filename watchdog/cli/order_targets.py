"""
From what a person calls a process or a service to the one process that is meant, by the picture that the agent has. Pure.

Whatever is not surely one is listed and refused: nobody's process is ended by a guess.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from watchdog.cli.exits import UsageError
from watchdog.picture.picture import Picture, Process

SERVICE: Final = ".service"


class Meant(msgspec.Struct, frozen=True):
    """One process that an order is for; `called` is how the person calls it, `timeout` how long its Sidekiq waits at a stop (milliseconds, None unknown)."""

    called: str
    process: Process
    timeout: int | None = None


def one_process(picture: Picture, name: str) -> Meant:
    """The process of that identity, pid or unit; raises `UsageError` where it is none of this host, or several."""
    fits = [one for one in picture.processes if name in (one.id, str(one.pid) if one.local else "", *_names(one))]
    here = [one for one in fits if one.local and one.alive is not False]
    if len(here) == 1:
        return _meant(picture, name, here[0])
    if here:
        raise UsageError(f"{name} can be {len(here)} processes; say which:\n{_listed(here)}")
    if fits:
        where = fits[0].host or "another host"
        why = (
            f"runs on {where}: order it there"
            if fits[0].local is False and not fits[0].mismatch
            else fits[0].mismatch or "was not found among the processes of this host"
        )
        raise UsageError(f"{name} {why}")
    known = [one for one in picture.processes if one.local and one.alive is not False]
    raise UsageError(
        f"there is no Sidekiq process {name}; here run\n{_listed(known)}"
        if known
        else f"there is no Sidekiq process {name}, nor any on this host"
    )


def of_units(picture: Picture, names: Iterable[str]) -> list[Meant]:
    """The process of each of these units (names, or patterns with `*`), in the order in which they were named, each once. Raises `UsageError`."""
    there = [one for one in picture.processes if one.local and one.alive is not False and one.unit]
    units = sorted({*(one.unit or "" for one in there), *(unit.name for unit in picture.units)})
    wanted: dict[str, None] = {}
    for name in names:
        full = name if name.endswith(SERVICE) or any(sign in name for sign in "*?[") else f"{name}{SERVICE}"
        patterns = (full, f"{full}{SERVICE}") if full != name or not full.endswith(SERVICE) else (full,)
        fits = [unit for unit in units if any(fnmatchcase(unit, pattern) for pattern in patterns)]
        running = [unit for unit in fits if any(one.unit == unit for one in there)]
        if not running:
            raise UsageError(_nobody(name, fits, there))
        wanted |= dict.fromkeys(running)
    return [_only_one(picture, unit, [one for one in there if one.unit == unit]) for unit in wanted]


def _nobody(name: str, fits: list[str], there: list[Process]) -> str:
    if fits:
        return f"no Sidekiq process runs in {', '.join(fits)}: there is nothing to be lost; `systemctl start` it"
    here = (
        f"; here run\n{_listed(there)}"
        if there
        else ", and no Sidekiq process of this host runs in a service of systemd; `recover` ends one that does not"
    )
    return f"there is no unit {name}{here}"


def _only_one(picture: Picture, unit: str, processes: list[Process]) -> Meant:
    if len(processes) > 1:
        raise UsageError(f"{unit} holds {len(processes)} Sidekiq processes; `recover` them one by one:\n{_listed(processes)}")
    return _meant(picture, unit, processes[0])


def _meant(picture: Picture, called: str, process: Process) -> Meant:
    unit = next((unit for unit in picture.units if unit.name == process.unit), None)
    return Meant(called, process, None if unit is None else unit.sidekiq_timeout)


def _names(process: Process) -> tuple[str, ...]:
    return (process.unit, process.unit.removesuffix(SERVICE)) if process.unit else ()


def _listed(processes: Iterable[Process]) -> str:
    return "\n".join(f"  {one.id}  pid {one.pid}  {one.unit or one.target}" for one in processes)
