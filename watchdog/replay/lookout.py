"""
Looking ahead in a trace: somebody begins in the middle of it with what can be known there, and notes in which files nothing comes of the rules that are tried.

The counterpart of `ahead.py`, which has that done by other processes and passes over such files. What the rules remember of the days before is not known here, and need not be: whoever comes all the way to a file, stands there as this one stood
(`engine.likeness`), and is told that nothing came of it, goes on behind it with all that he remembers. Where anything came of anything, or he stands otherwise, he plays the file himself.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from watchdog.engine.checkpoint import BrokenCheckpointError, rebuild
from watchdog.engine.ledger import Ledger
from watchdog.engine.likeness import Reached, nothing_came_of_it
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State
from watchdog.model.effects import Effect
from watchdog.model.events import Event
from watchdog.replay.replaying import follow
from watchdog.replay.trace import Place, parts_of
from watchdog.replay.trial import Stands, Trial
from watchdog.replay.watch import Seen, Watch
from watchdog.store.trace.reading import Hole, Segment

Files = Sequence[Segment | Hole]
LEAST: Final = 600_000
"""Milliseconds that somebody must have looked on in any case: until what is so for the first time to him is so no longer, or is an alert."""
MOST: Final = 64 * 2**20
"""Bytes of checkpoints that are kept until somebody asks."""


class Begun(msgspec.Struct, frozen=True):
    """How it was before a file: the likeness of each of those who play, where each stood, and what had been seen by then."""

    likenesses: tuple[bytes, ...]
    stands: tuple[Stands, ...]
    events: int
    ms: int


class Quiet(msgspec.Struct, frozen=True):
    """
    Files that follow on one another, in which nothing came of anything: from the `first`th up to before the `end`th.

    `begun` has one for each of them; `checkpoints`, `stands`, `seen` and `place` are at their end.
    """

    first: int
    end: int
    begun: tuple[Begun, ...]
    checkpoints: tuple[bytes, ...]
    stands: tuple[Stands, ...]
    seen: Seen
    place: Place

    @property
    def size(self) -> int:
        """Bytes of the checkpoints."""
        return sum(map(len, self.checkpoints))

    def reached(self, number: int) -> tuple[Reached, ...]:
        """What those have come to who set out with that file."""
        stood = self.begun[number - self.first].stands
        return tuple(Reached(data, one.at, one.seq) for data, one in zip(self.checkpoints, stood, strict=True))

    def seen_since(self, number: int) -> Seen:
        """What they have seen since."""
        begun = self.begun[number - self.first]
        return msgspec.structs.replace(self.seen, events=self.seen.events - begun.events, ms=self.seen.ms - begun.ms)


class Lookout:
    """
    Plays the files from the `begin`th up to before the `end`th, and before these as many as it needs to know what it must.

    Usage: `play_one` until it returns False; `tell` at any time what was found out since it was asked last.
    """

    def __init__(self, found: Files, begin: int, end: int, rules: Sequence[RuleSet], *, until: int | None = None) -> None:
        self._found: Final = found
        self._begin: Final = begin
        self._end: Final = end
        self._until: Final = until
        self._trials: Final = tuple(Trial(each, self._hear) for each in rules)
        self._watch: Final = Watch()
        self._heard = 0
        self._closed: list[Quiet] = []
        self._open: Quiet | None = None
        self._next = where_to_join(found, begin, rules)
        self._place = self._joined()
        self._now = self._begun()

    def play_one(self) -> bool:
        """Plays the next file; False where there is none, or nothing can be made of it."""
        number = self._next
        if self._place is None or number >= self._end:
            return False
        before, heard, begun = self._ledgers(), self._heard, self._now
        follow(parts_of((self._found[number],), until=self._until, place=self._place), self._trials, self._watch)
        self._next += 1
        if any(trial.state is None for trial in self._trials):
            # Somebody else may go on; here everything would have to begin anew.
            self._place = None
            return False
        self._now = self._begun()
        is_quiet = heard == self._heard and all(map(nothing_came_of_it, before, self._ledgers()))
        if number < self._begin or begun is None or self._now is None or not is_quiet:
            self._close()
        else:
            self._open = self._longer(number, begun)
        return True

    def tell(self) -> tuple[Quiet, ...]:
        """Where nothing came of anything, as far as that is known; what goes on is told again, as far as it goes."""
        told = (*self._closed, *(() if self._open is None else (self._open,)))
        self._closed.clear()
        return told

    def _joined(self) -> Place | None:
        """The place before the first file, if it can be played from there."""
        file, first = (self._found[number] if number < self._end else None for number in (self._next, 0))
        if not isinstance(file, Segment) or not isinstance(first, Segment) or file.header.cause == "start":
            return None
        begins = _picture_of(first)
        if begins is None or not all(trial.join(file, begins) for trial in self._trials):
            return None
        header = file.header
        return Place(header.memory, header.boot_id, header.seq, header.wall)

    def _longer(self, number: int, begun: Begun) -> Quiet:
        assert self._place is not None  # something was played
        assert self._watch.at is not None  # the same
        before = self._open
        return Quiet(
            first=number if before is None else before.first,
            end=number + 1,
            begun=(begun,) if before is None else (*before.begun, begun),
            checkpoints=tuple(trial.checkpoint() for trial in self._trials),
            stands=tuple(trial.stands() for trial in self._trials),
            seen=Seen(self._watch.events, self._watch.ms, self._watch.at, self._watch.seq, self._watch.last),
            place=msgspec.structs.replace(self._place),
        )

    def _close(self) -> None:
        if self._open is None:
            return
        self._closed.append(self._open)
        self._open = None
        while len(self._closed) > 1 and sum(quiet.size for quiet in self._closed) > MOST:
            # Whoever plays them himself has the least to do.
            self._closed.remove(min(self._closed, key=lambda quiet: quiet.end - quiet.first))

    def _begun(self) -> Begun | None:
        likenesses = tuple(found for trial in self._trials if (found := trial.likeness()) is not None)
        if len(likenesses) < len(self._trials):
            return None
        return Begun(likenesses, tuple(trial.stands() for trial in self._trials), self._watch.events, self._watch.ms)

    def _ledgers(self) -> tuple[Ledger, ...]:
        return tuple(trial.state.ledger for trial in self._trials if trial.state is not None)

    def _hear(self, _event: Event, _effects: tuple[Effect, ...]) -> None:
        self._heard += 1


def where_to_join(found: Files, begin: int, rules: Sequence[RuleSet]) -> int:
    """With which file somebody must begin who is to know by the `begin`th what whoever has come all the way knows; `len(found)` where there is none."""
    file, first = found[begin], found[0]
    lacks = [_lack(file, first, each) for each in rules] if isinstance(file, Segment) and isinstance(first, Segment) else []
    known = [lack for lack in lacks if lack is not None]
    if not known or len(known) < len(lacks) or not isinstance(file, Segment):
        return len(found)
    at = file.header.at - max(LEAST, *known)
    for number in range(begin, 0, -1):
        one = found[number]
        if not isinstance(one, Segment) or one.header.cause == "start" or one.header.boot_id != file.header.boot_id:
            break
        if one.header.at <= at:
            return number
    return len(found)


def _lack(file: Segment, first: Segment, rules: RuleSet) -> int | None:
    """How long somebody must have looked on who begins where that file begins, under these rules; None where that can't be told."""
    then = _picture_of(file, rules)
    earliest = first.header.at if first.header.boot_id == file.header.boot_id else file.header.at
    return None if then is None else then.world.history.lacks(rules.series, file.header.at, earliest=earliest)


def _picture_of(file: Segment, rules: RuleSet = NO_RULES) -> State | None:
    data = file.checkpoint()
    try:
        return None if data is None else rebuild(data, rules)
    except BrokenCheckpointError:
        return None
