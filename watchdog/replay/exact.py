"""
The turns that were made, made again: the same events under the same rules, from the state that each stretch of the trace begins with.

The counterpart of `daemon.turns`, which made them. What comes out is what was committed then, effect by effect; a turn that could not be committed is made and
undone as it was. It goes no further where other rules were loaded: what these decided can't be told without them.
"""

from collections.abc import Callable, Iterable
from typing import Final

from watchdog.engine.advance import advance
from watchdog.engine.checkpoint import BrokenCheckpointError, rebuild
from watchdog.engine.due import next_due
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State
from watchdog.model.effects import Effect
from watchdog.model.events import Event, Observed, RulesLoaded, TimeReached
from watchdog.model.verdicts import Mode
from watchdog.replay.trace import Opened
from watchdog.store.trace.reading import Record
from watchdog.store.trace.segment import Mark

OTHER_RULES: Final = "other rules were in force then (digest {})"
"""Why it does not go on, where the rules are not those that are known."""
# Python 3.11 looks a member of an enumeration up in Python: too slow for every event.
_TAKEN: Final = Mark.TAKEN
_UNDONE: Final = Mark.UNDONE
_NOTED: Final = Mark.NOTED


class Exact:
    """
    Plays what `known` rules decided, whichever of them were in force; their mode is that of each moment. `hear` is told each event with the effects that were committed with it, where there are any.

    Usage: `open` each file, `take` each record while `state` is not None; `stop` where something is missing.
    """

    def __init__(self, known: Iterable[RuleSet], hear: Callable[[Event, tuple[Effect, ...]], None]) -> None:
        self._known: Final = {rules.digest: rules for rules in known}
        self._hear: Final = hear
        self._moded: dict[tuple[str, Mode], RuleSet] = {}
        self.rules = NO_RULES
        self.state: State | None = None

    def open(self, opened: Opened) -> str:
        """From now on the events of this file come; why they can't be played, or ''."""
        if opened.follows and self.state is not None:
            return ""
        self.stop()
        header = opened.header
        if header.digest and header.digest not in self._known:
            return OTHER_RULES.format(header.digest[:12])
        try:
            rules = self._in(header.digest, Mode(header.mode)) if header.digest else NO_RULES
            data = opened.segment.checkpoint()
            self.state = None if data is None else rebuild(data, rules)
        except BrokenCheckpointError as error:
            return str(error)
        except ValueError:
            return f"its first line names the mode {header.mode!r}, which this version does not know"
        self.rules = rules
        return "" if self.state is not None else "the picture that it begins with is damaged"

    def stop(self) -> None:
        """What comes now does not follow."""
        self.state = None

    def take(self, record: Record) -> None:
        """One event. The stretch ends where other rules are loaded."""
        state, event = self.state, record.event
        assert state is not None  # the caller asks
        body, mark = event.body, record.mark
        if mark is _TAKEN and isinstance(body, TimeReached) and _is_idle(state, event):
            return
        if mark is _NOTED:
            assert isinstance(body, Observed)  # nothing else is put into the picture without a turn
            state.world.take(body, event.at)
            return
        rules = self.rules
        if isinstance(body, RulesLoaded):
            if body.digest not in self._known:
                self.stop()
                return
            rules = self._in(body.digest, body.mode)
        after, effects = advance(rules, state, event)
        if mark is _UNDONE:
            state.world.must_judge_all = True
            return
        self.state, self.rules = after, rules
        if effects:
            self._hear(event, effects)

    def _in(self, digest: str, mode: Mode) -> RuleSet:
        if (digest, mode) not in self._moded:
            self._moded[digest, mode] = self._known[digest].but(mode=mode)
        return self._moded[digest, mode]


def _is_idle(state: State, event: Event) -> bool:
    """Whether nothing was due: such a turn changes nothing, and hours of them are all that a quiet night leaves."""
    if state.world.must_judge_all:
        return False
    due = next_due(state)
    return due is None or due > max(event.at, state.ledger.at)
