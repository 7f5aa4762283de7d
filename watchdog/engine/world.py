"""
The present picture of everything that sources have seen.

It is rebuilt from readings after a start and never written down; what must not be forgotten is in the
ledger. The engine owns it and changes it in place; a reading that came stays, even if the turn that
it came in is thrown away. Towards conditions it is the scope in which they are judged (`lang.demands.Scope`): rows, histories and
aggregates, all kept by deltas.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from watchdog.engine.alerted import Alerted
from watchdog.engine.deadlines import Deadlines, earlier
from watchdog.engine.departure import Departure
from watchdog.engine.gaps import Gaps
from watchdog.engine.graves import Graves
from watchdog.engine.history import History
from watchdog.engine.moved import Moved, Reads, note
from watchdog.engine.news import News
from watchdog.engine.readings import ACCEPTED, PLAIN, accepted, plain, reading
from watchdog.engine.settling import Settling
from watchdog.engine.tallies import Tallies
from watchdog.engine.upsets import upset
from watchdog.engine.watching import Notes, Origin, Subject, Watchers
from watchdog.lang.demands import Aggregate, Function, Series, Tally
from watchdog.model.delivery import listed_by
from watchdog.model.events import Delta, Gap, Observed
from watchdog.model.fields import Clock
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row
from watchdog.model.vocabulary import BUILT, Vocabulary

_ITS_PROCESS: Final = "its process"
# Python 3.11 looks a member of an enumeration up in Python: too slow for every change of every beat.
_JOB: Final = Kind.JOB
_PROCESS: Final = Kind.PROCESS


class World:
    """
    Rows by kind and id, and what is due to be judged without a new reading.

    `jobs_of` are the jobs of each process that jobs have named, whether or not it is in the picture itself.
    `deadlines` is on engine time; `beat_deadlines` holds, for each process, its jobs on the scale of the beats that
    it has confirmed. `read_at` is when each source last told anything, `complete` which were read in full.
    For open requests: `looks` under way by id of the effect, `again` when to ask the guards next, `denials` how
    often they have denied without saying anything new, `reasons` what they said last. `proofs` is when to look at the proof of a playbook next, `watches` when a run looks again at what it waits for. `news` are the changes that somebody
    waits for, `echoes` when the alerts of changes are over, `tellings` when of which thread something is said again. `watchers` are the entities whose
    judgement rests on others, `settling` what shook the picture last, `gaps` when nothing could be seen, `counted` those whose part in an aggregate does, `demanding` the kinds of which histories or aggregates are kept, `reads` on which slots these rest. `kept` are histories of a predecessor that have not been taken up yet. `alerted` says who has alerts.
    """

    def __init__(self, vocabulary: Vocabulary = BUILT) -> None:
        self.rows: dict[Kind, dict[str, Row]] = {kind: {} for kind in vocabulary.rows}
        self._vocabulary = vocabulary
        self._row_types = vocabulary.rows
        self._accepted = ACCEPTED if vocabulary is BUILT else accepted(vocabulary)
        plain_ = PLAIN if vocabulary is BUILT else plain(self._accepted)
        self._types = {kind: (slots, plain_[kind]) for kind, slots in self._accepted.items()}
        self.jobs_of: dict[str, dict[str, None]] = {}
        self.deadlines: Deadlines[Subject] = Deadlines()
        self.beat_deadlines: dict[str, Deadlines[str]] = {}
        self.read_at: dict[Source, int] = {}
        self.complete: set[Source] = set()
        self.looks: dict[str, str] = {}
        self.again: dict[str, int] = {}
        self.denials: dict[str, int] = {}
        self.reasons: dict[str, str] = {}
        self.proofs: dict[str, int] = {}
        self.watches: dict[str, int] = {}
        self.stopping = False
        self.must_judge_all = False
        self.settling = Settling()
        self.gaps = Gaps()
        self.kept: bytes | None = None
        self.news = News()
        self.echoes: Deadlines[str] = Deadlines()
        self.tellings: Deadlines[str] = Deadlines()
        self.history = History(stirred=self._stirred)
        self.watchers = Watchers()
        self.demanding: frozenset[Kind] = frozenset()
        self.reads = Reads.of((), ())
        self.tallies = Tallies()
        self.counted = Watchers()
        self.graves = Graves()
        self.alerted = Alerted()
        self._notes = Notes(self)

    def find(self, kind: Kind, entity: str) -> Row | None:
        """The row of that entity, if it is in the picture."""
        return None if (rows := self.rows.get(kind)) is None else rows.get(entity)

    def copy_of(self, kind: Kind, entity: str, readings: Mapping[str, Any]) -> Row:
        """A row with these readings (by slot) that belongs to no picture."""
        row = self._row_types[kind](entity)
        for slot, types in self._accepted[kind].items():
            if slot in readings:
                setattr(row, slot, reading(readings[slot], types))
        return row

    def growing(self, kind: Kind, clock: Clock) -> tuple[str, ...]:
        """The slots of a kind whose fields grow by that clock."""
        return tuple(spec.slot for spec in self._vocabulary.fields[kind].values() if spec.clock is clock)

    def over(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:
        """The function of that history over the `window` milliseconds before `now`."""
        return self.history.over(series, entity, function, window, now)

    def slides(self, series: str, entity: str, window: int, now: int) -> int | None:
        """When `over` can say something else although nothing is written."""
        return self.history.over_due(series, entity, window, now)

    def held(self, series: str, entity: str, window: int, now: int) -> bool | None:
        """Whether a statement has been true all through the window."""
        return self.history.held(series, entity, window, now)

    def turns(self, series: str, entity: str, window: int, now: int) -> int | None:
        """When `held` can say something else although nothing is written."""
        return self.history.held_due(series, entity, window, now)

    def tally(self, aggregate: str, group: object) -> Tally:
        """The present state of one group of an aggregate."""
        return self.tallies.tally(aggregate, group)

    def subjects(self) -> Iterator[Subject]:
        """Every entity, kind by kind in the order of arrival."""
        for kind, rows in self.rows.items():
            for entity in rows:
                yield kind, entity

    def take(self, observed: Observed, at: int) -> tuple[dict[Subject, Moved], list[Departure]]:
        """
        Takes a reading in; returns who must be judged anew, with what of it has moved, and who has left.

        Those are the entities that were read, those whose time has come, and all that rest on them. Broken readings (another type than that of the field, NaN, infinity) count as missing; a field that nobody declared is left out.
        """
        self.read_at[observed.source] = at
        found = upset(observed, self.rows)
        self.news.is_doubtful = found is not None and found.lost_data
        if observed.source is Source.REDIS and observed.complete:
            self.settling.read_in_full(at)
        if found is not None and Source.REDIS in self.complete:
            self.settling.shake(at, found.why)
        touched: dict[Subject, Moved] = {}
        left: list[Departure] = []
        for change in observed.changes:
            if isinstance(change, Delta):
                self._put(change, touched, left)
            else:
                self._remove(change.kind, change.id, change.reason, left)
        if observed.complete and observed.source not in self.complete:
            self.complete.add(observed.source)
            self.news.begin(observed.source, at)
            self.history.back(observed.source, at)
            for kind, rows in self.rows.items():
                if listed_by(kind) is observed.source:
                    self.history.only(kind, rows, at)
            # What was seen before can be known from now on.
            touched.update(dict.fromkeys(self.subjects()))
        shaken: dict[Origin, None] = {}
        watched, counted = self.watchers.named, self.counted.named
        if watched or counted:
            for departure in left:
                if (kind := departure.kind) in watched or kind in counted:
                    shaken[kind, departure.id] = None
            for subject in touched:
                if (kind := subject[0]) in watched or kind in counted:
                    shaken[subject] = None
        for departure in left if watched or self.demanding else ():
            self.watchers.set((departure.kind, departure.id), {})
            if departure.kind in self.demanding:
                self._depart(departure, shaken, at)
        touched.update(dict.fromkeys(self.deadlines.pop_due(at)))
        return self._settle(touched, shaken, at), left

    def due(self, at: int) -> dict[Subject, Moved]:
        """Who must be judged because their time has come, and all that rest on them."""
        return self._settle(dict.fromkeys(due), {}, at) if (due := self.deadlines.pop_due(at)) else {}

    def recount(self, at: int) -> None:
        """A source came back, so that more can be known of everything that is counted; everybody must be judged afterwards."""
        self._settle(dict.fromkeys(subject for subject in self.subjects() if subject[0] in self.demanding), {}, at)

    def miss(self, gap: Gap, at: int) -> None:
        """
        Nothing was seen for so long: it counts into no `elapsed` and no age of a beat; everybody must be judged afterwards.

        A gap that is told twice, because its turn was undone, is one.
        """
        if not self.gaps.add(gap.began, gap.ms):
            return
        for source in self.history.covered():
            self.history.lost(source, gap.began)
            self.history.back(source, at)
        for kind, slot in self.gaps.SLOTS:
            for row in self.rows[kind].values():
                reading = getattr(row, slot)
                if reading is not MISSING and reading <= gap.began:
                    setattr(row, slot, reading + gap.ms)
        self.news.postpone(self.rows[Kind.PROCESS].values())
        self.recount(at)

    def demand(self, series: Iterable[Series], aggregates: Iterable[Aggregate], awaited: Iterable[str], at: int) -> None:
        """From now on these histories, aggregates and changes are kept, and no others; everybody must be judged afterwards."""
        series = tuple(series)
        self.history.demand(series, at)
        misses_nobody = self.news.silences is None
        self.go_on(series, aggregates, awaited)
        if misses_nobody:
            self.news.hush(at)
        self.watchers.clear()
        self.counted.clear()
        self._settle(dict.fromkeys(self.subjects()), {}, at)

    def go_on(self, series: tuple[Series, ...], aggregates: Iterable[Aggregate], awaited: Iterable[str]) -> None:
        """The same for a picture that was put together again with all that is known of them; nobody must be judged then."""
        aggregates = tuple(aggregates)
        self.reads = Reads.of(series, aggregates)
        self.tallies.demand(aggregates)
        self.demanding = frozenset({*self.tallies.kinds(), *(one.kind for one in series)})
        self.news.await_(awaited, self.rows[Kind.PROCESS].values())

    def _settle(self, touched: dict[Subject, Moved], shaken: dict[Origin, None], at: int) -> dict[Subject, Moved]:
        """
        Writes the histories of those who were touched and counts them anew; `shaken` are the rows and groups that have changed already.

        Nobody may be judged before this is done for all: an aggregate that was counted half-way is one that never was.
        """
        waiting = {subject: moved for subject, moved in touched.items() if subject[0] in self.demanding}
        while waiting or shaken:
            for subject, moved in waiting.items():
                for origin in self._count(subject, moved, at):
                    shaken[origin] = None
            waiting = dict.fromkeys(self.counted.of_all(shaken))
            touched.update(dict.fromkeys(self.watchers.of_all(shaken)))
            touched.update(waiting)
            shaken = {}
        return {subject: moved for subject, moved in touched.items() if subject[1] in self.rows[subject[0]]}

    def _count(self, subject: Subject, moved: Moved, at: int) -> Iterable[Origin]:
        # Written out: this is done for every change of every beat.
        kind, entity = subject
        row = self.rows[kind].get(entity)
        if row is None:
            return ()
        reads = self.reads
        if kind in reads.written:
            self.history.observe(row, at, moved)
        if (slots := reads.counted.get(kind)) is None or (moved is not None and slots.isdisjoint(moved)):
            return ()
        notes = self._notes
        shaken = self.tallies.update(row, at, notes)
        if notes.read or subject in self.counted.resting:
            self.counted.set(subject, notes.read)
            notes.read = {}
        return shaken

    def _put(self, delta: Delta, touched: dict[Subject, Moved], left: list[Departure]) -> None:
        kind, entity, fields = delta.kind, delta.id, delta.fields
        if (rows := self.rows.get(kind)) is None or (self.graves and self.graves.are_late_for(delta)):
            return
        row: Any = rows.get(entity)
        if is_new := row is None:
            if kind is _PROCESS and fields.get("listed") is False:
                return  # said once more of one that has left already
            row = rows[entity] = self._row_types[kind](entity)
        news = self.news if self.news.awaited else None
        before = news.before(row, fields) if news is not None else ()
        # Where it was until now, and when it had beaten.
        held = row.process if kind is _JOB else row.confirmed_at if kind is _PROCESS else MISSING
        self._write(kind, row, fields)
        if is_new or (kind is _JOB and "process" in fields):
            touched[kind, entity] = None
        else:
            note(touched, (kind, entity), fields)
        if news is not None:
            if is_new:
                news.appeared(row)
            news.moved(row, before)
        if kind is _JOB:
            if "process" in fields:
                self._house(row, held)
        elif kind is _PROCESS:
            if is_new:
                self._adopt(row)
            if is_new or "confirmed_at" in fields:
                self._confirm(row, held, touched)
                self.news.heard(row)
            self._see_off(row, left)

    def _write(self, kind: Kind, row: Any, fields: Mapping[str, Any]) -> None:
        slots, plain_ = self._types[kind]
        for slot, value in fields.items():
            # Nearly all readings are such that their type alone says whether they are one.
            if type(value) is plain_.get(slot):
                setattr(row, slot, value)
            elif (types := slots.get(slot)) is not None:
                setattr(row, slot, reading(value, types))
        if self.gaps:
            for slot in fields:
                if slot in slots:
                    setattr(row, slot, self.gaps.counted(kind, slot, getattr(row, slot)))

    def _stirred(self, kind: Kind, entity: str, due: int) -> None:
        """Its history has been written after a long time, or given up for want of memory: what was drawn from it stays so until then, and no longer."""
        if entity in self.rows[kind]:
            self.deadlines.hasten((kind, entity), due)

    def _depart(self, departure: Departure, shaken: dict[Origin, None], at: int) -> None:
        """Nothing more is remembered of it, and it is counted no longer."""
        self.counted.set((departure.kind, departure.id), {})
        self.history.gone(departure.kind, departure.id, at)
        shaken.update(dict.fromkeys(self.tallies.remove(departure.kind, departure.id)))

    def _house(self, job: Any, before: Any) -> None:
        if before is not MISSING:
            self._unhouse(job, before)
        job.home = MISSING
        if job.process is not MISSING:
            self.jobs_of.setdefault(job.process, {})[job.id] = None
            job.home = self.rows[_PROCESS].get(job.process, MISSING)

    def _unhouse(self, job: Any, process: str) -> None:
        if (jobs := self.jobs_of.get(process)) is not None:
            jobs.pop(job.id, None)
            if not jobs:
                del self.jobs_of[process]
        if (beats := self.beat_deadlines.get(process)) is not None:
            beats.drop(job.id)

    def _adopt(self, row: Row) -> None:
        # A work hash can be read while the identity hash is not there, or is broken.
        for job in self.jobs_of.get(row.id, ()):
            self.rows[Kind.JOB][job].home = row

    def _confirm(self, row: Any, before: Any, touched: dict[Subject, Moved]) -> None:
        """Who must be judged because its process has beaten: those whose time has come, or all where the beat was not known or went back."""
        if row.confirmed_at is not MISSING and (before is MISSING or row.confirmed_at != before):
            self.settling.beat(row.id, row.confirmed_at)
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
        self.deadlines.drop((kind, entity))
        left.append(Departure(kind, entity, reason))
        if self.news.awaited:
            self.news.left(row, reason, is_lost=kind is _JOB and reason.startswith(_ITS_PROCESS))
        if kind is _JOB:
            if row.process is not MISSING:
                self._unhouse(row, row.process)
        elif kind is _PROCESS:
            for job in list(self.jobs_of.pop(entity, {})):
                self._remove(_JOB, job, f"{_ITS_PROCESS} {reason}", left)
            self.beat_deadlines.pop(entity, None)
            self.settling.forget(entity)
            if row.alive is not MISSING:
                self.graves.bury(entity)

    def schedule(self, row: Row, *, engine: int | None, beat: int | None, now: int) -> None:
        """When this entity is to be judged again, or counted, if nothing is read of it before."""
        if row.kind in self.demanding:
            engine, beat = self._demanded(row, engine, beat, now)
        self.deadlines.set((row.kind, row.id), engine)
        if (home := row.home) is MISSING:
            return
        beats = self.beat_deadlines.get(home.id)
        if beats is None:
            if beat is None:
                return
            beats = self.beat_deadlines[home.id] = Deadlines()
        beats.set(row.id, beat)

    def _demanded(self, row: Row, engine: int | None, beat: int | None, now: int) -> tuple[int | None, int | None]:
        """The same deadlines, or earlier ones: when it must be counted or written down anew."""
        counted = self.tallies.deadline(row, now, self)
        # Written out: this is done for every job.
        if counted.engine is not None and (engine is None or counted.engine < engine):
            engine = counted.engine
        if counted.beat is not None and (beat is None or counted.beat < beat):
            beat = counted.beat
        for series in self.reads.growing.get(row.kind, ()):
            assert series.deadline is not None  # only those are there
            written = series.deadline(row, now)
            engine = earlier(engine, written.engine)
            beat = earlier(beat, written.beat)
        return engine, beat
