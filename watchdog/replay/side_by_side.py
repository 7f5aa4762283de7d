"""
A long trace played in stretches, each by a process of its own: every file begins with all that was known then, so none has to wait for those before it.

Only the rules that decided then can be played so, for others nothing is known in the middle. What comes out is what one after the other would have given: where the stretches do not join,
where one of them can't be played, or where no other process can be had, it is done in one. The processes give way to everybody else: whoever looks back must not slow down those who work.
"""

from collections import deque
from collections.abc import Collection, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Final

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.replay.books import Hearer
from watchdog.replay.players import AsItWas
from watchdog.replay.processes import allowed, begun
from watchdog.replay.replaying import covered, follow, play
from watchdog.replay.trace import parts_of
from watchdog.replay.watch import Covered, Watch
from watchdog.store.failures import StoreError
from watchdog.store.trace.reading import Hole, Segment, segments

LEAST: Final = 4
"""Files that are worth a process: it has to begin with the picture of its first one."""
_EACH: Final = 4
"""Stretches for each process: some take longer than others of the same size, and none shall wait for the last."""


class _Begun(msgspec.Struct, frozen=True):
    wall: int
    firing: frozenset[str]


class _Written(msgspec.Struct, frozen=True):
    row: AuditRow
    deploying: bool


class _Ended(msgspec.Struct, frozen=True):
    wall: int


class Transcript:
    """A hearer who takes down what he is told, to tell it to another one."""

    def __init__(self) -> None:
        self._said: list[_Begun | _Written | _Ended | IncidentRow] = []

    def begin(self, wall: int, firing: Collection[str]) -> None:
        """See `Hearer`."""
        self._said.append(_Begun(wall, frozenset(firing)))

    def row(self, row: AuditRow, *, deploying: bool) -> None:
        """See `Hearer`."""
        self._said.append(_Written(row, deploying))

    def incident(self, incident: IncidentRow) -> None:
        """See `Hearer`."""
        self._said.append(incident)

    def end(self, wall: int) -> None:
        """See `Hearer`."""
        self._said.append(_Ended(wall))

    def tell(self, hearer: Hearer, *, goes_on: bool) -> None:
        """All of it; `goes_on` says that it follows what he was told before, so that for him nothing begins."""
        for number, said in enumerate(self._said):
            match said:
                case _Begun(wall=wall, firing=firing):
                    if number or not goes_on:
                        hearer.begin(wall, firing)
                case _Written(row=row, deploying=deploying):
                    hearer.row(row, deploying=deploying)
                case _Ended(wall=wall):
                    hearer.end(wall)
                case IncidentRow():
                    hearer.incident(said)


class Played(msgspec.Struct, frozen=True):
    """One stretch: what could be played and what was said; `goes_on` says that it could go on where it ended."""

    watch: Watch
    transcript: Transcript
    goes_on: bool


def play_side_by_side(
    folder: Path, rules: RuleSet, hearer: Hearer, *, since: int | None, until: int | None, processes: int | None = None
) -> Covered:
    """
    Plays the trace of that folder to the hearer, under the rules that decided then; in so many processes (default: one for each core that may be used).

    Raises `NoTraceError` where no event can be played, and `StoreError`.
    """
    found = tuple(segments(folder, since=since, until=until))
    most = allowed() if processes is None else processes
    stretches = divided(found, most * _EACH) if most > 1 else []
    played = _in_processes(stretches, rules, until, most) if len(stretches) > 1 else None
    if played is None:
        return play(folder, (AsItWas(rules, hearer),), since=since, until=until)
    watch = played[0].watch
    goes_on = False
    for place, one in enumerate(played):
        if place:
            watch.add(one.watch)
        one.transcript.tell(hearer, goes_on=goes_on)
        goes_on = one.goes_on
    if goes_on:
        hearer.end(watch.last)
    return covered(watch, folder, since=since)


def divided(found: Sequence[Segment | Hole], most: int) -> list[tuple[Segment | Hole, ...]]:
    """The files in at most so many stretches of about the same size; each but the first begins with a file that goes on where the one before it ends."""
    sizes = [_size(one) for one in found]
    whole, number = sum(sizes), min(most, len(found) // LEAST)
    stretches: list[tuple[Segment | Hole, ...]] = []
    begin = passed = 0
    for place, size in enumerate(sizes):
        if len(stretches) + 1 < number and min(place - begin, len(found) - place) >= LEAST and _joins(found[place - 1], found[place]):
            is_due = passed * number >= whole * (len(stretches) + 1)
            if is_due:
                stretches.append(tuple(found[begin:place]))
                begin = place
        passed += size
    return [*stretches, tuple(found[begin:])]


def _joins(before: Segment | Hole, one: Segment | Hole) -> bool:
    return isinstance(before, Segment) and isinstance(one, Segment) and one.header.cause != "start"


def _size(one: Segment | Hole) -> int:
    try:
        return one.path.stat().st_size if isinstance(one, Segment) else 0
    except OSError:
        return 0


def _in_processes(stretches: Sequence[Sequence[Segment | Hole]], rules: RuleSet, until: int | None, most: int) -> list[Played] | None:
    """What each of them gives, `most` of them at a time; None where they do not fit together, or one of them gave nothing."""
    waiting = deque(enumerate(stretches))
    at_work: dict[Connection, tuple[int, ForkProcess]] = {}
    played: dict[int, Played] = {}
    try:
        while waiting or at_work:
            while waiting and len(at_work) < most:
                number, stretch = waiting.popleft()
                process, answer = begun(_play, stretch, rules, until)
                at_work[answer] = number, process
            ready = wait(list(at_work))
            for answer in [answer for answer in at_work if answer in ready]:
                one = answer.recv()
                if not isinstance(one, Played):
                    return None
                number, process = at_work.pop(answer)
                played[number] = one
                answer.close()
                process.join()
    except (OSError, EOFError):
        return None
    finally:
        for answer, (_, process) in at_work.items():
            answer.close()
            process.terminate()
            process.join()
    in_order = [played[number] for number in range(len(stretches))]
    return in_order if all(one.watch.leads_to(other.watch) for one, other in pairwise(in_order)) else None


def _play(to: Connection, stretch: Sequence[Segment | Hole], rules: RuleSet, until: int | None) -> None:
    transcript = Transcript()
    player = AsItWas(rules, transcript)
    try:
        watch = follow(parts_of(stretch, until=until), (player,))
    except StoreError:
        # Whoever plays it in one is told so.
        to.send(None)
        return
    to.send(Played(watch, transcript, player.state is not None))
