"""Which instance of a template is started next, and which is stopped; or why none."""

from typing import Any

import msgspec

from watchdog.engine.ledger import Ledger
from watchdog.engine.scaled import stopped_by_us
from watchdog.engine.scaling.instances import AT_REST, running, serves_schedules, siblings, unit_row
from watchdog.engine.unit_past import NOTHING
from watchdog.engine.world import World
from watchdog.model.missing import MISSING
from watchdog.model.results import UnitLook
from watchdog.model.template_names import instance_of

_UNREADABLE = ("bad-setting", "error", "not-found")


class Choice(msgspec.Struct, frozen=True):
    """The unit, and in `process` the id of the one that runs in it; where there is none, both are empty and `why_none` says why."""

    unit: str = ""
    process: str = ""
    why_none: str = ""


def to_start(world: World, template: str, *, most: int, ledger: Ledger) -> Choice:
    """The lowest of the instances 1 to `most` that does not run and that nobody wants to stand still; none where the template serves the scheduler."""
    if reason := serves_schedules(siblings(world, template)):
        return Choice(why_none=reason)
    there = running(world, template)
    if len(there) >= most:
        return Choice(why_none=enough(template, len(there), most))
    taken = {instance.number for instance in there}
    skipped = []
    for number in range(1, most + 1):
        if number in taken:
            continue
        unit = instance_of(template, number)
        reason = unwilling(unit, unit_row(world, template, number), ledger)
        if not reason:
            return Choice(unit=unit)
        skipped.append(f"{number} {reason}")
    return Choice(why_none=f"of {template} none is left to be started: {'; '.join(skipped)}")


def enough(template: str, there: int, most: int) -> str:
    """That so many run already."""
    return f"{there} of {template} run already, and 'max' is {most}"


def unwilling(unit: str, row: Any, ledger: Ledger, look: UnitLook | None = None) -> str:
    """
    Why that unit, which does not run, is not started; empty where nothing speaks against it, as of one that has not run since the boot.

    By its row in the picture, None where there is none, and by the look where it was looked at: that is newer, and says nothing of what systemd has put away.
    """
    if row is None and look is None:
        return ""
    state = _told(row, look, "state")
    states = (_told(row, look, "file_state"), _told(row, look, "load_state"))
    job = look.job if look is not None else _told(row, None, "job")
    if any(one.startswith("masked") for one in states):
        return "is masked"
    if any(one in _UNREADABLE for one in states):
        return "can't be read by systemd"
    if job:
        return f"is about to be changed: somebody has asked systemd to {job} it"
    if state not in AT_REST:
        return f"is {state or 'in a state that is not known'}"
    return _by_its_end(unit, row, ledger, failed=state == "failed", result=_told(row, look, "result"))


def _by_its_end(unit: str, row: Any, ledger: Ledger, *, failed: bool, result: str) -> str:
    """Who stopped it wants it stopped, unless it was the agent; a failure is for people to look at."""
    ended_at = None if row is None or row.entered_at is MISSING else row.entered_at
    past = ledger.units.get(unit, NOTHING)
    if stopped_by_us(ledger.scaled, unit, ended_at=ended_at, stopped_at=past.stopped_at):
        return ""
    if failed:
        return f"has failed ({result})" if result else "has failed"
    has_run = ended_at is not None or past.stopped_at is not None or bool(_told(row, None, "exit"))
    return "was stopped, and not by the agent" if has_run else ""


def _told(row: Any, look: UnitLook | None, name: str) -> str:
    value: Any = (getattr(look, name) if look is not None else "") or (MISSING if row is None else getattr(row, name))
    return "" if value is MISSING else str(value)


def to_stop(world: World, template: str, *, least: int) -> Choice:
    """The highest instance that runs, if more than `least` of them do."""
    there = running(world, template)
    if len(there) <= least:
        return Choice(why_none=f"{len(there)} of {template} run, and 'min' is {least}")
    last = there[-1]
    match last.processes:
        case (one,):
            reason = serves_schedules(last.processes)
            return Choice(why_none=reason) if reason else Choice(unit=last.unit, process=one.id)
        case ():
            return Choice(why_none=f"no Sidekiq process is known in {last.unit}")
        case several:
            return Choice(why_none=f"{len(several)} Sidekiq processes run in {last.unit}, which systemd would stop together")
