"""Which instance of a template is started next, and which is stopped; or why none."""

from typing import Any

import msgspec

from watchdog.engine.scaled import Scaled, stopped_by_us
from watchdog.engine.scaling.instances import AT_REST, running, serves_schedules, unit_row
from watchdog.engine.world import World
from watchdog.model.missing import MISSING
from watchdog.model.template_names import instance_of

_UNREADABLE = ("bad-setting", "error", "not-found")


class Choice(msgspec.Struct, frozen=True):
    """The unit, and in `process` the id of the one that runs in it; where there is none, both are empty and `why_none` says why."""

    unit: str = ""
    process: str = ""
    why_none: str = ""


def to_start(world: World, template: str, *, most: int, scaled: Scaled) -> Choice:
    """The lowest of the instances 1 to `most` that does not run and that nobody wants to stand still."""
    there = running(world, template)
    if len(there) >= most:
        return Choice(why_none=f"{len(there)} of {template} run already, and 'max' is {most}")
    taken = {instance.number for instance in there}
    skipped = []
    for number in range(1, most + 1):
        if number in taken:
            continue
        reason = unwilling(unit_row(world, template, number), scaled)
        if not reason:
            return Choice(unit=instance_of(template, number))
        skipped.append(f"{number} {reason}")
    return Choice(why_none=f"of {template} none is left to be started: {'; '.join(skipped)}")


def unwilling(row: Any, scaled: Scaled) -> str:
    """Why that unit, which does not run, is not started; empty where nothing speaks against it, as of one that has not run since the boot."""
    if row is None:
        return ""
    states = [state for state in (row.file_state, row.load_state) if state is not MISSING]
    if any(state.startswith("masked") for state in states):
        return "is masked"
    if any(state in _UNREADABLE for state in states):
        return "can't be read by systemd"
    if row.job is not MISSING and row.job:
        return f"is about to be changed: somebody has asked systemd to {row.job} it"
    if row.state is MISSING:
        return "is in a state that is not known"
    if row.state not in AT_REST:
        return f"is {row.state}"
    if stopped_by_us(scaled, row.id, None if row.entered_at is MISSING else row.entered_at):
        return ""
    if row.state == "failed":
        return f"has failed ({row.result})" if row.result is not MISSING else "has failed"
    has_run = row.entered_at is not MISSING or (row.exit is not MISSING and row.exit != "")
    return "was stopped, and not by the agent" if has_run else ""


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
