"""Who plays a trace and keeps an account of it: rules as they were, checked against the database or not, and rules that are tried."""

from watchdog.engine.guards.deploy import is_deploying
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.effects import Audit, Effect, KeepIncident
from watchdog.model.events import Event
from watchdog.model.records import IncidentRow
from watchdog.replay.account import Account
from watchdog.replay.accountant import Accountant
from watchdog.replay.checking import Check
from watchdog.replay.exact import Exact
from watchdog.replay.replaying import firing_in
from watchdog.replay.trace import Opened
from watchdog.replay.trial import Trial
from watchdog.store.trace.reading import Record

_SETTING = "deploy"
"""The setting of the guard: for how long a sign of a deployment counts."""


class Tried:
    """Other rules, and what they would have said from `since` to `until` (UTC milliseconds)."""

    def __init__(self, rules: RuleSet, *, since: int, until: int | None) -> None:
        self._trial = Trial(rules, self._hear)
        self._rules = rules
        self._accountant = Accountant(rules.by_name, since=since, until=until)

    @property
    def state(self) -> State | None:
        """That of the trial."""
        return self._trial.state

    def open(self, opened: Opened) -> str:
        """A file begins."""
        return self._trial.open(opened)

    def take(self, record: Record) -> None:
        """One event."""
        if self._trial.state is not None:
            self._trial.take(record)

    def stop(self) -> None:
        """What comes now does not follow."""
        self._trial.stop()

    def account(self) -> Account:
        """What they said."""
        return self._accountant.account()

    def _hear(self, event: Event, effects: tuple[Effect, ...]) -> None:
        _note(self._accountant, self._rules, self._trial.state, event, effects)


class AsItWas:
    """The rules that decided; with `check` each audit row is laid beside the one that was written."""

    def __init__(self, rules: RuleSet, *, since: int, until: int | None, check: Check | None = None) -> None:
        self._exact = Exact((rules,), self._hear)
        self._rules = rules
        self._accountant = Accountant(rules.by_name, since=since, until=until)
        self._check = check
        self._wall = 0
        self._began = False
        self.incidents: dict[str, IncidentRow] = {}

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
            self._begin(opened)
        return why

    def take(self, record: Record) -> None:
        """One event."""
        if self.state is None:
            return
        self._wall = record.event.wall
        self._exact.take(record)
        if self._exact.state is None:
            self._end()

    def stop(self) -> None:
        """What comes now does not follow."""
        if self._exact.state is not None:
            self._end()
        self._exact.stop()

    def account(self) -> Account:
        """What they said."""
        return self._accountant.account()

    def _begin(self, opened: Opened) -> None:
        assert self._exact.state is not None  # it has just been opened
        if not self._began:
            self._began = True
            self._accountant.began_with(firing_in(self._exact.state.ledger))
        self._wall = opened.header.wall
        if self._check is not None:
            self._check.begin(self._wall)

    def _end(self) -> None:
        if self._check is not None:
            self._check.end(self._wall)

    def _hear(self, event: Event, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, KeepIncident):
                self.incidents[effect.incident.id] = effect.incident
            elif isinstance(effect, Audit) and self._check is not None:
                self._check.row(effect.row)
        _note(self._accountant, self._rules, self._exact.state, event, effects)


def _note(accountant: Accountant, rules: RuleSet, state: State | None, event: Event, effects: tuple[Effect, ...]) -> None:
    assert state is not None  # a turn was just made

    def deploying(name: str) -> bool:
        rule = rules.by_name.get(name)
        return rule is not None and is_deploying(
            state.ledger.deploys.signs, max(event.at, state.ledger.at), int(rule.guards.get(_SETTING, 0))
        )

    for effect in effects:
        if isinstance(effect, Audit):
            accountant.hear(effect.row, deploying)
