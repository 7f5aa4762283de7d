"""
The whole state of the engine as bytes, to go on from at the very same moment: what follows is what would have followed.

The counterpart of `state.keep`, which keeps for a successor no more than he can still believe. It must leave out nothing on which any later
effect rests: not what is due when, nor who rests on what, nor in which order things came. It is taken between two turns, after one
that was committed: then all that goes on changing is copied (`hold`), and the copy can be encoded while the next turns are made.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.engine import ledger as ledgers
from watchdog.engine.deadlines import Deadlines
from watchdog.engine.graves import Graves
from watchdog.engine.groups import Member
from watchdog.engine.remembered import BrokenHistoryError
from watchdog.engine.routing.schedule import rewind
from watchdog.engine.rules import RuleSet
from watchdog.engine.settling import Shaken
from watchdog.engine.state import State
from watchdog.engine.tables import Table, copies_of, fill, pieces, plain
from watchdog.engine.tallies import EVERY
from watchdog.engine.watching import Origin, Subject, Watchers
from watchdog.engine.world import World
from watchdog.errors import WatchdogError
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.vocabulary import BUILT, Vocabulary

FORMAT: Final = 2
"""Counted up when the layout changes; another number can't be read."""
_Value = tuple[()] | tuple[Any] | tuple[str, int] | None
"""A value of an aggregate: (value,), () for MISSING, a number that fits into no 8 bytes as its digits, None for none."""
_Rested = list[tuple[tuple[Any, ...], list[Subject]]]
"""What is rested on, (name, key) or (name,) for every group of an aggregate, with those who rest on it."""


class BrokenCheckpointError(WatchdogError):
    """These bytes are no checkpoint that this version can go on from."""


class _Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Fields as in `World`; jobs are numbers of their tables where there are many. Rows are encoded tables, one after the other."""

    format: int
    ledger: bytes
    rows: dict[Kind, list[msgspec.Raw]]
    jobs_of: dict[str, list[int]]
    read_at: dict[Source, int]
    complete: list[Source]
    looks: dict[str, str]
    again: dict[str, int]
    denials: dict[str, int]
    reasons: dict[str, str]
    proofs: dict[str, int]
    watches: dict[str, int] = {}
    stopping: bool
    kept: bytes | None
    graves: list[str]
    silent: list[str] = []
    settling: Shaken = Shaken()
    gaps: list[tuple[int, int]] = []
    deadlines: list[tuple[Kind, str, int]]
    beat_deadlines: dict[str, list[tuple[int, int]]]
    echoes: list[tuple[str, int]]
    watchers: _Rested
    counted: _Rested
    members: list[tuple[str, str, Any, bool | None, Any]]
    history: bytes
    history_at: int


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=plain)
_DECODER: Final = msgspec.msgpack.Decoder(_Checkpoint)
_TABLES: Final = msgspec.msgpack.Decoder(Table)

Encode = Callable[[Callable[[], object]], bytes]
"""Encodes what is held, on any thread; what it is given is called a few hundred times meanwhile, so that others have their turn."""


def checkpoint(state: State, *, at: int, wall: int) -> bytes:
    """The state at engine time `at`, which is that of its last event."""
    return hold(state, at=at, wall=wall)(tuple)


def hold(state: State, *, at: int, wall: int) -> Encode:
    """
    Copies that state, as for `checkpoint`, in a fraction of the time; it may go on changing before it has been encoded.

    Encoding raises `UnicodeEncodeError`, `OverflowError` or `msgspec.MsgspecError` for what can't be written down.
    """
    at = max(at, state.ledger.at)
    picture = Picture(state.world, state.world.history.encode(at, wall=wall, boot_id=state.ledger.boot_id), at)
    return lambda breathe: picture.encode(ledgers.encode(state.ledger), breathe)


class Picture:
    """The world as it stands, copied as for `hold`; `history` is what is to be written down of its histories at engine time `at`."""

    def __init__(self, world: World, history: bytes, at: int) -> None:
        assert not world.must_judge_all  # an undone turn has left things to be done that are not written down here
        self._rows = copies_of(world)
        self._jobs_of = {process: list(jobs) for process, jobs in world.jobs_of.items()}
        self._beat_deadlines = {process: beats.plain() for process, beats in world.beat_deadlines.items()}
        self._held = _Checkpoint(
            format=FORMAT,
            ledger=b"",
            rows={},
            jobs_of={},
            read_at=dict(world.read_at),
            complete=sorted(world.complete),
            looks=dict(world.looks),
            again=dict(world.again),
            denials=dict(world.denials),
            reasons=dict(world.reasons),
            proofs=dict(world.proofs),
            watches=dict(world.watches),
            stopping=world.stopping,
            kept=world.kept,
            graves=list(world.graves),
            silent=list(world.news.silences.silent) if world.news.silences is not None else [],
            settling=world.settling.plain(),
            gaps=world.gaps.plain(),
            deadlines=[(kind, entity, due) for (kind, entity), due in world.deadlines.plain().items()],
            beat_deadlines={},
            echoes=list(world.echoes.plain().items()),
            watchers=_rested(world.watchers),
            counted=_rested(world.counted),
            members=[(key, entity, place, member.truth, _plain(member.value)) for key, entity, place, member in world.tallies.members()],
            history=history,
            history_at=at,
        )

    def in_order(self) -> None:
        """Writes down in the same order what may have come in any: when who is due, and what is rested on; nothing of whom nothing is due."""
        held = self._held
        self.without(
            deadlines=sorted(held.deadlines),
            watchers=sorted(held.watchers, key=_by_origin),
            counted=sorted(held.counted, key=_by_origin),
        )
        self._jobs_of = dict(sorted(self._jobs_of.items()))
        self._beat_deadlines = {process: dict(sorted(beats.items())) for process, beats in sorted(self._beat_deadlines.items()) if beats}

    def without(self, **fields: Any) -> None:
        """Writes down these instead of what was there."""
        self._held = msgspec.structs.replace(self._held, **fields)

    def encode(self, ledger: bytes, breathe: Callable[[], object]) -> bytes:
        """All of it with this ledger; raises as `hold` says."""
        numbers = {job.id: number for number, job in enumerate(self._rows.get(Kind.JOB, ()))}
        return _ENCODER.encode(
            msgspec.structs.replace(
                self._held,
                ledger=ledger,
                rows={kind: list(pieces(them, _ENCODER.encode, breathe)) for kind, them in self._rows.items()},
                jobs_of={process: [numbers[job] for job in jobs] for process, jobs in self._jobs_of.items()},
                beat_deadlines={
                    process: [(numbers[job], due) for job, due in beats.items() if job in numbers]
                    for process, beats in self._beat_deadlines.items()
                },
            )
        )


def rebuild(data: bytes, rules: RuleSet, vocabulary: Vocabulary = BUILT) -> State:
    """
    The state in these bytes, under the rules that were in force.

    Under other rules, `NO_RULES` above all, what these ask for and the old ones did not is not known: `advance` them by a `RulesLoaded`
    before anything is made of it. Raises `BrokenCheckpointError`.
    """
    try:
        saved = _DECODER.decode(data)
        if saved.format != FORMAT:
            raise BrokenCheckpointError(f"the checkpoint has format {saved.format}, this version knows {FORMAT}")
        world = World(vocabulary)
        ledger = ledgers.decode(saved.ledger)
        _put_together(world, saved, ledger, rules, vocabulary)
        return State(ledger, world)
    except (msgspec.MsgspecError, BrokenHistoryError, LookupError, ValueError, TypeError) as error:
        raise BrokenCheckpointError(f"the checkpoint is damaged ({type(error).__name__})") from error


def _put_together(world: World, saved: _Checkpoint, ledger: ledgers.Ledger, rules: RuleSet, vocabulary: Vocabulary) -> None:
    tables = ((kind, _TABLES.decode(table)) for kind, encoded in saved.rows.items() for table in encoded)
    fill(world, tables, vocabulary)
    jobs = list(world.rows.get(Kind.JOB, ()))
    world.jobs_of = {process: {jobs[number]: None for number in numbers} for process, numbers in saved.jobs_of.items()}
    world.read_at, world.complete = saved.read_at, set(saved.complete)
    world.looks, world.again, world.denials, world.reasons = saved.looks, saved.again, saved.denials, saved.reasons
    world.proofs = saved.proofs
    world.watches = saved.watches
    world.stopping, world.kept, world.graves = saved.stopping, saved.kept, Graves(dict.fromkeys(saved.graves))
    world.settling.go_on(saved.settling)
    for began, ms in saved.gaps:
        world.gaps.add(began, ms)
    world.history.go_on(saved.history, rules.series, saved.history_at)
    world.go_on(rules.series, rules.aggregates, (name for name, waiting in rules.by_change.items() if waiting))
    world.news.begun = set(world.complete)
    if world.news.silences is not None:
        world.news.silences.go_on(saved.silent)
    rewind(world, ledger.routing)
    for key, entity, place, truth, value in saved.members:
        world.tallies.put(key, entity, _hashable(place), Member(truth, _value(value)))
    for kind, entity, due in saved.deadlines:
        world.deadlines.set((kind, entity), due)
    for process, beats in saved.beat_deadlines.items():
        due_of = world.beat_deadlines[process] = Deadlines()
        for number, due in beats:
            due_of.set(jobs[number], due)
    for key, due in saved.echoes:
        world.echoes.set(key, due)
    _put(world.watchers, saved.watchers)
    _put(world.counted, saved.counted)


def _rested(watchers: Watchers) -> _Rested:
    return [((name,) if key is EVERY else (name, key), list(owners)) for (name, key), owners in watchers.items()]


def _put(watchers: Watchers, rested: _Rested) -> None:
    for (name, *key), owners in rested:
        origin: Origin = (name, _hashable(key[0]) if key else EVERY)
        watchers.put(origin, owners)


def _by_origin(rested: tuple[tuple[Any, ...], list[Subject]]) -> bytes:
    return _ENCODER.encode(rested[0])


def _hashable(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


def _plain(value: Any) -> _Value:
    if value is None:
        return None
    if value is MISSING:
        return ()
    if isinstance(value, int) and abs(value) >= 2**63:
        return str(value), 0
    return (value,)


def _value(plain: Any) -> Any:
    match plain:
        case None:
            return None
        case []:
            return MISSING
        case [value]:
            return value
        case [str() as digits, _]:
            return int(digits)
    raise ValueError("no value of an aggregate")
