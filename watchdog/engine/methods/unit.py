"""How a unit stands, from the picture or from a look at it, and from what is remembered; and how it is started."""

from typing import Any

import msgspec

from watchdog.engine.may_start import Standing
from watchdog.engine.methods.method import Call, Case
from watchdog.engine.unit_past import NOTHING, starts_within, with_starts
from watchdog.model.effects import CallUnit, Command, LookAtUnit
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.results import UnitLook
from watchdog.model.targets import Thing, Verb


def look(effect: str, thing: Thing) -> Command:
    """How it is at this moment."""
    return LookAtUnit(effect, thing.unit)


def start(call: Call) -> Command:
    """Systemd is asked to start it; what runs it leaves as it is."""
    return CallUnit(call.id, call.thing.unit, Verb.START, call.until)


def standing(case: Case) -> Standing | None:
    """By the look where there is one, else by the picture; None where nothing is known of it."""
    row: Any = case.world.find(Kind.UNIT, case.thing.unit)
    told = case.sight if isinstance(case.sight, UnitLook) else as_told(row)
    if told is None:
        return None
    past = case.ledger.units.get(case.thing.unit, NOTHING)
    # What systemd holds no longer it can't tell the end of; the picture still knows.
    result = told.result or _text(row, "result")
    ours = past.ended_at is not None and (not past.invocation or not told.invocation or past.invocation == told.invocation)
    # What it has done since it was last heard of nobody has noted yet.
    since = max(0, told.restarts - past.restarts) if told.restarts is not None and past.restarts is not None else 0
    return Standing(
        load_state=told.load_state, state=told.state, sub_state=told.sub_state, result=result, job=told.job, file_state=told.file_state or _text(row, "file_state"),
        ours=ours, disabled_since=ours and past.file_state not in ("", told.file_state), stopped=past.stopped_at is not None, starts=starts_within(past, case.at) + since,
    )  # fmt: skip


def counted(case: Case) -> dict[str, Any]:
    """One more start of it."""
    name = case.thing.unit
    return {"units": {**case.ledger.units, name: with_starts(case.ledger.units.get(name, NOTHING), case.at)}}


def as_told(row: Any) -> UnitLook | None:
    """What the picture tells of it, as a look would; None where that is nothing."""
    if row is None or row.state is MISSING:
        return None
    names = ("load_state", "state", "sub_state", "result", "job", "file_state", "invocation")
    return msgspec.convert({name: _text(row, name) for name in names}, UnitLook)


def _text(row: Any, name: str) -> str:
    value = MISSING if row is None else getattr(row, name)
    return "" if value is MISSING else str(value)
