"""
Rules that are tried, played while other processes look ahead: where nothing comes of them it need not be played again.

The counterpart of `side_by_side.py`, whose processes can be believed blindly, for the rules that decided left their state at the beginning of each file. What others would know in the middle of a trace is known to nobody. So a lookout begins there with what
can be known, and whoever plays all the way passes over a file only if he stands before it just as the lookout stood (`lookout.py`). What comes out is what playing all of it gives; without other processes, or where they die, nothing is lost but time. Nobody ever waits for them.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Final

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.replay.lookout import Files, Lookout, Quiet
from watchdog.replay.processes import allowed, begun, is_orphan
from watchdog.replay.replaying import covered, follow
from watchdog.replay.side_by_side import divided
from watchdog.replay.trace import Place, parts_of
from watchdog.replay.trial import Trial
from watchdog.replay.watch import Covered, Watch
from watchdog.store.failures import StoreError
from watchdog.store.trace.reading import Hole, Segment, segments

_ASK: Final = b"?"
WAIT: Final = 0.0
"""Seconds for which an answer is waited for: whoever could play by himself waits for nobody."""
_PATIENCE: Final = 1.0
"""Seconds after which somebody who waits for a question looks whether there is still anybody who could ask."""


Over = Callable[[int], Quiet | None]
"""What is known of the files from that one on, if nothing comes of anything in it."""


def play_ahead(folder: Path, trials: Sequence[Trial], *, since: int | None, until: int | None, processes: int | None = None) -> Covered:
    """
    Plays the trace of that folder to all of them, with so many processes, this one included (default: one for each core that may be used).

    Raises `NoTraceError` where no event can be played, and `StoreError`.
    """
    found = tuple(segments(folder, since=since, until=until))
    lookouts = Lookouts(found, [trial.rules for trial in trials], until, allowed() if processes is None else processes)
    with closing(lookouts):
        watch = play_all(found, trials, lookouts.over, until=until)
    return covered(watch, folder, since=since)


def play_all(found: Files, trials: Sequence[Trial], over: Over, *, until: int | None) -> Watch:
    """Plays all files, but those of which it is known that nothing comes of them. Raises `StoreError`."""
    watch, place = Watch(), Place()
    number = 0
    while number < len(found):
        quiet = over(number)
        if quiet is not None and _fits(quiet, number, found[number], place, trials):
            for trial, reached, stands in zip(trials, quiet.reached(number), quiet.stands, strict=True):
                trial.go_over(reached, stands)
            watch.passes_over([file.header for file in found[number : quiet.end] if isinstance(file, Segment)], quiet.seen_since(number))
            place, number = msgspec.structs.replace(quiet.place), quiet.end
            continue
        follow(parts_of((found[number],), until=until, place=place), trials, watch)
        number += 1
    for trial in trials:
        trial.stop()
    return watch


def _fits(quiet: Quiet, number: int, file: Segment | Hole, place: Place, trials: Sequence[Trial]) -> bool:
    """Whether they all stand where the lookout stood before that file."""
    likenesses = quiet.begun[number - quiet.first].likenesses
    return (
        isinstance(file, Segment)
        and place.leads_to(file.header)
        and all(trial.likeness() == likeness for trial, likeness in zip(trials, likenesses, strict=True))
    )


class Lookouts:
    """The processes that look ahead, one for each part of the trace but the first; `close` them."""

    def __init__(self, found: Files, rules: Sequence[RuleSet], until: int | None, processes: int) -> None:
        self._parts: Final[list[_Part]] = []
        parts = divided(found, processes) if processes > 1 else []
        begin = 0
        for part in parts:
            if begin:
                self._parts.append(_Part(found, begin, begin + len(part), rules, until))
            begin += len(part)

    def over(self, number: int) -> Quiet | None:
        """What is known of the files from the `number`th on, if nothing came of anything in it."""
        known: Quiet | None = None
        for part in self._parts:
            if number >= part.end:
                part.end_it()
            elif number >= part.begin - 1:
                # A moment ahead of time: the answer shall be there when it is needed.
                known = part.of(number) or known
        return known

    def close(self) -> None:
        """They need not go on."""
        for part in self._parts:
            part.end_it()


class _Part:
    """One process, and what it has told; `begin` and `end` are numbers of files."""

    def __init__(self, found: Files, begin: int, end: int, rules: Sequence[RuleSet], until: int | None) -> None:
        self.begin: Final = begin
        self.end: Final = end
        self._known: dict[int, Quiet] = {}
        self._is_asked = False
        self._at_work: tuple[ForkProcess, Connection] | None
        try:
            self._at_work = begun(_look_out, found, begin, end, tuple(rules), until)
        except OSError:
            self._at_work = None

    def of(self, number: int) -> Quiet | None:
        """What it has found out about that file so far; asks it for more where that says nothing."""
        self._hear()
        known = self._known.get(number)
        if known is None and self._at_work is not None and not self._is_asked:
            self._is_asked = True
            try:
                self._at_work[1].send_bytes(_ASK)
            except OSError:
                self.end_it()
        return known

    def end_it(self) -> None:
        """It need not go on, and what it has told is of no use any more."""
        self._known.clear()
        if self._at_work is not None:
            process, answer = self._at_work
            self._at_work = None
            answer.close()
            process.terminate()
            process.join()

    def _hear(self) -> None:
        if self._at_work is None or not self._is_asked:
            return
        answer = self._at_work[1]
        try:
            if answer.poll(WAIT):
                self._is_asked = False
                for quiet in answer.recv():
                    self._known.update(dict.fromkeys(range(quiet.first, quiet.end), quiet))
        except (OSError, EOFError):
            self.end_it()


def _look_out(to: Connection, found: Files, begin: int, end: int, rules: Sequence[RuleSet], until: int | None) -> None:
    goes_on = True
    try:
        lookout = Lookout(found, begin, end, rules, until=until)
        while not is_orphan():
            goes_on = goes_on and lookout.play_one()
            if to.poll(0 if goes_on else _PATIENCE):
                to.recv_bytes()
                to.send(lookout.tell())
    except (OSError, EOFError, StoreError):
        # Whoever plays it himself is told so, or nobody wants to know any more.
        return
