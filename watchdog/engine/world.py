"""
The present picture of everything that sources have seen.

It is rebuilt from readings after a start and never written down; what must not be forgotten is in the
ledger. The engine owns it and changes it in place; a reading that came stays, even if the turn that
it came in is thrown away.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from watchdog.engine.deadlines import Deadlines
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES, Row

Subject = tuple[Kind, str]
"""An entity: kind and id."""

_GRAVES: Final = 4096
_HELD_AS: Final[dict[Type, tuple[type, ...]]] = {
    Type.BOOL: (bool,),
    Type.STRING: (str,),
    Type.STRINGS: (tuple,),
    Type.DURATION: (int,),
    Type.SIZE: (int,),
    Type.RATIO: (float, int),
    Type.RATE: (float, int),
    Type.COUNT: (int,),
    Type.CORES: (float, int),
}
_ACCEPTED: Final[dict[Kind, dict[str, tuple[type, ...]]]] = {
    kind: {spec.slot: _HELD_AS[spec.type] for spec in specs.values() if spec.slot != "id"} for kind, specs in BY_KIND.items()
}
"""Kind → slot → the types that its reading may have; a bool is no number here."""


class Departure(msgspec.Struct, frozen=True):
    """An entity that has left the picture, and why."""

    kind: Kind
    id: str
    reason: str


class World:
    """
    Rows by kind and id, and what is due to be judged without a new reading.

    `jobs_of` are the jobs of each process that jobs have named, whether or not it is in the picture itself.
    `deadlines` is on engine time; `beat_deadlines` holds, for each process, its jobs on the scale of the beats that
    it has confirmed. `read_at` is when each source last told anything, `complete` which were read in full.
    For open requests: `looks` under way by id of the effect, `again` when to ask the guards next, `denials` how
    often they have denied without saying anything new, `reasons` what they said last.
    """

    def __init__(self) -> None:
        self.rows: dict[Kind, dict[str, Row]] = {kind: {} for kind in BY_KIND}
        self.jobs_of: dict[str, dict[str, None]] = {}
        self.deadlines: Deadlines[Subject] = Deadlines()
        self.beat_deadlines: dict[str, Deadlines[str]] = {}
        self.read_at: dict[Source, int] = {}
        self.complete: set[Source] = set()
        self.looks: dict[str, str] = {}
        self.again: dict[str, int] = {}
        self.denials: dict[str, int] = {}
        self.reasons: dict[str, str] = {}
        self.stopping = False
        self.must_judge_all = False
        self._graves: dict[str, None] = {}

    def find(self, kind: Kind, entity: str) -> Row | None:
        """The row of that entity, if it is in the picture."""
        return self.rows[kind].get(entity)

    def subjects(self) -> Iterator[Subject]:
        """Every entity, kind by kind in the order of arrival."""
        for kind, rows in self.rows.items():
            for entity in rows:
                yield kind, entity

    def take(self, observed: Observed, at: int) -> tuple[list[Subject], list[Departure]]:
        """
        Takes a reading in; returns who must be judged anew, each once, and who has left.

        Broken readings (another type than that of the field, NaN, infinity) count as missing; a field that nobody declared is left out.
        """
        self.read_at[observed.source] = at
        touched: dict[Subject, None] = {}
        left: list[Departure] = []
        for change in observed.changes:
            match change:
                case Delta():
                    self._put(change, touched, left)
                case Gone():
                    self._remove(change.kind, change.id, change.reason, left)
        if observed.complete:
            self.complete.add(observed.source)
        return [subject for subject in touched if subject[1] in self.rows[subject[0]]], left

    def _put(self, delta: Delta, touched: dict[Subject, None], left: list[Departure]) -> None:
        if delta.kind not in ROW_TYPES or self._is_late(delta):
            return
        row: Any = self.rows[delta.kind].get(delta.id)
        is_new = row is None
        if is_new:
            row = self.rows[delta.kind][delta.id] = ROW_TYPES[delta.kind](delta.id)
        process = row.process if delta.kind is Kind.JOB else MISSING
        confirmed_at = row.confirmed_at if delta.kind is Kind.PROCESS else MISSING
        accepted = _ACCEPTED[delta.kind]
        for slot, value in delta.fields.items():
            if (types := accepted.get(slot)) is not None:
                setattr(row, slot, _reading(value, types))
        touched[delta.kind, delta.id] = None
        match delta.kind:
            case Kind.JOB if "process" in delta.fields:
                self._house(row, process)
            case Kind.PROCESS:
                if is_new:
                    self._adopt(row)
                if is_new or "confirmed_at" in delta.fields:
                    self._confirm(row, confirmed_at, touched)
                self._see_off(row, left)

    def _is_late(self, delta: Delta) -> bool:
        """A reading of a process that the kernel has already said to be dead, or of a job in it."""
        process = delta.fields.get("process") if delta.kind is Kind.JOB else delta.id
        return delta.kind in (Kind.JOB, Kind.PROCESS) and isinstance(process, str) and process in self._graves

    def _house(self, job: Any, before: Any) -> None:
        if before is not MISSING:
            self._unhouse(job, before)
        job.home = MISSING
        if job.process is not MISSING:
            self.jobs_of.setdefault(job.process, {})[job.id] = None
            job.home = self.rows[Kind.PROCESS].get(job.process, MISSING)

    def _unhouse(self, job: Any, process: str) -> None:
        if (jobs := self.jobs_of.get(process)) is not None:
            jobs.pop(job.id, None)
            if not jobs:
                del self.jobs_of[process]
        if (beats := self.beat_deadlines.get(process)) is not None:
            beats.set(job.id, None)

    def _adopt(self, row: Row) -> None:
        # A work hash can be read while the identity hash is not there, or is broken.
        for job in self.jobs_of.get(row.id, ()):
            self.rows[Kind.JOB][job].home = row

    def _confirm(self, row: Any, before: Any, touched: dict[Subject, None]) -> None:
        """Who must be judged because its process has beaten: those whose time has come, or all where the beat was not known or went back."""
        if before is MISSING or row.confirmed_at is MISSING or row.confirmed_at < before:
            touched.update(((Kind.JOB, job), None) for job in self.jobs_of.get(row.id, ()))
        elif (beats := self.beat_deadlines.get(row.id)) is not None:
            touched.update(((Kind.JOB, job), None) for job in beats.pop_due(row.confirmed_at))

    def _see_off(self, row: Any, left: list[Departure]) -> None:
        # A process is gone when the kernel says so. Where no kernel can be asked, Redis decides.
        unknown_to_kernel = row.alive is MISSING
        unlisted = row.listed is not MISSING and not row.listed
        if unknown_to_kernel and unlisted:
            # It may come back: cut off for a minute, thawed. Its source tells it whole then.
            self._remove(Kind.PROCESS, row.id, "left Redis", left)

    def _remove(self, kind: Kind, entity: str, reason: str, left: list[Departure]) -> None:
        row: Any = self.rows[kind].pop(entity, None) if kind in self.rows else None
        if row is None:
            return
        self.deadlines.set((kind, entity), None)
        left.append(Departure(kind, entity, reason))
        if kind is Kind.JOB and row.process is not MISSING:
            self._unhouse(row, row.process)
        if kind is Kind.PROCESS:
            for job in list(self.jobs_of.pop(entity, {})):
                self._remove(Kind.JOB, job, f"its process {reason}", left)
            self.beat_deadlines.pop(entity, None)
            if row.alive is not MISSING:
                self._bury(entity)

    def _bury(self, process: str) -> None:
        # The last beat of a dead process stands in Redis for a minute: late readings must not bring it back. One that only
        # left Redis is not buried: after a minute without a beat it may well beat again.
        self._graves[process] = None
        if len(self._graves) > _GRAVES:
            del self._graves[next(iter(self._graves))]

    def schedule(self, row: Row, *, engine: int | None, beat: int | None) -> None:
        """When this entity is to be judged again if nothing is read of it before."""
        self.deadlines.set((row.kind, row.id), engine)
        if row.home is not MISSING and (beat is not None or row.home.id in self.beat_deadlines):
            self.beat_deadlines.setdefault(row.home.id, Deadlines()).set(row.id, beat)


def _reading(value: Any, types: tuple[type, ...]) -> Any:
    if type(value) is list:
        value = tuple(value)
    if type(value) not in types:
        return MISSING
    match value:
        case float() if not math.isfinite(value):
            return MISSING
        case tuple() if not all(type(part) is str for part in value):
            return MISSING
    return value
