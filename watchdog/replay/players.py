"""Who plays a trace: rules as they were, and rules that are tried."""

from watchdog.engine.guards.deploy import is_deploying
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.effects import Audit, Effect, KeepIncident
from watchdog.model.events import Event
from watchdog.replay.account import Account
from watchdog.replay.accountant import Accountant
from watchdog.replay.books import Hearer
from watchdog.replay.exact import Exact
from watchdog.replay.trace import Opened
from watchdog.replay.trial import Trial
from watchdog.replay.watch import firing_in
from watchdog.store.trace.reading import Record

_SETTING = "deploy"
"""The setting of the guard: for how long a sign of a deployment counts."""


class Tried:
    """Other rules, and what they would have said from `since` to `until` (UTC milliseconds); `trial` is how they are played."""

    def __init__(self, rules: RuleSet, *, since: int, until: int | None) -> None:
        self.trial = Trial(rules, self._hear)
        self._rules = rules
        self._accountant = Accountant(rules.by_name, since=since, until=until)

    def account(self) -> Account:
        """What they said."""
        return self._accountant.account()

    def _hear(self, event: Event, effects: tuple[Effect, ...]) -> None:
        state = self.trial.state
        assert state is not None  # a turn was just made
        for effect in effects:
            if isinstance(effect, Audit):
                self._accountant.hear(effect.row, deploying=_is_deploying(self._rules, state, event, effect.row.rule))


class AsItWas:
    """The rules that decided; `hearer` is told what they did."""

    def __init__(self, rules: RuleSet, hearer: Hearer) -> None:
        self._exact = Exact((rules,), self._hear)
        self._rules = rules
        self._hearer = hearer
        self._wall = 0

    @property
    def state(self) -> State | None:
        """That of the agent then."""
        return self._exact.state

    def open(self, opened: Opened) -> str:
        """A file begins."""
        went = self._exact.state if opened.follows else None
        if went is None:
            self.stop()
        why = self._exact.open(opened)
        if not why and went is None:
            assert self._exact.state is not None  # it has just been opened
            self._wall = opened.header.wall
            self._hearer.begin(self._wall, firing_in(self._exact.state.ledger))
        return why

    def take(self, record: Record) -> None:
        """One event."""
        if self.state is None:
            return
        self._wall = record.event.wall
        self._exact.take(record)
        if self._exact.state is None:
            self._hearer.end(self._wall)

    def stop(self) -> None:
        """What comes now does not follow."""
        if self._exact.state is not None:
            self._hearer.end(self._wall)
        self._exact.stop()

    def _hear(self, event: Event, effects: tuple[Effect, ...]) -> None:
        state = self._exact.state
        assert state is not None  # a turn was just made
        for effect in effects:
            if isinstance(effect, KeepIncident):
                self._hearer.incident(effect.incident)
            elif isinstance(effect, Audit):
                self._hearer.row(effect.row, deploying=_is_deploying(self._rules, state, event, effect.row.rule))


def _is_deploying(rules: RuleSet, state: State, event: Event, name: str) -> bool:
    rule = rules.by_name.get(name)
    return rule is not None and is_deploying(state.ledger.deploys.signs, max(event.at, state.ledger.at), int(rule.guards.get(_SETTING, 0)))
