"""
Beside a conversation someone who looks at every entity by every rule at every moment, in a world of his own.

The counterpart of deltas and deadlines: nothing here is kept by deltas but the rows, which are the engine's. Aggregates are counted by
walking, and his history is shown every row at every moment.
"""

from typing import Any

from tests.scenario.conversation import Conversation, redis
from watchdog.engine.advance import advance
from watchdog.engine.due import next_due
from watchdog.engine.history import History
from watchdog.engine.ledger import Phase
from watchdog.engine.rules import RuleSet
from watchdog.lang.demands import Tally
from watchdog.model.events import Event, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING

Naive = dict[tuple[str, str], list[Any]]


class Walking:
    """A scope that works everything out when it is asked."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._there: set[tuple[Kind, str]] = set()
        self._aggregates = {one.key: one for one in talk.rules.aggregates}
        self.history = History()
        self.history.demand(talk.rules.series, talk.at)
        self.history.back(Source.HOST, talk.at)

    def look(self) -> None:
        """Everything that is there, and everything that is not there any more."""
        at, world = self._talk.at, self._talk.state.world
        there = set(world.subjects())
        for kind, entity in sorted(self._there - there):
            self.history.gone(kind, entity, at)
        self._there = there
        for kind, entity in sorted(there):
            self.history.observe(world.rows[kind][entity], at)

    def find(self, kind, entity):
        return self._talk.state.world.rows[kind].get(entity)

    def over(self, series, entity, function, window, now):
        return self.history.over(series, entity, function, window, now)

    def slides(self, series, entity, window, now):
        raise AssertionError("nobody asks for deadlines here")

    def held(self, series, entity, window, now):
        return self.history.held(series, entity, window, now)

    def turns(self, series, entity, window, now):
        raise AssertionError("nobody asks for deadlines here")

    def tally(self, key, group):
        aggregate, now = self._aggregates[key], self._talk.at
        rows: list[Any] = []
        truths: list[Any] = []
        for row in self._talk.state.world.rows[aggregate.kind].values():
            place = "" if aggregate.link is None else getattr(row, aggregate.link)
            if place is MISSING:
                rows.append(row)
                truths.append(None)
            elif place == group:
                rows.append(row)
                truths.append(aggregate.holds(row, now, self))
        values = (
            [] if aggregate.value is None else [aggregate.value(row, now, self) for row, truth in zip(rows, truths, strict=True) if truth]
        )
        known = [value for value in values if value is not MISSING]
        blurred = len(values) - len(known)
        return Tally(
            all=len(rows), true=sum(truth is True for truth in truths), unknown=truths.count(None), total=sum(known),
            low=None if blurred else min(known, default=None), high=None if blurred else max(known, default=None), blurred=blurred,
        )  # fmt: skip


class Beside:
    """A conversation, and beside it someone who looks at every entity by every rule at every moment."""

    def __init__(self, ruleset: RuleSet) -> None:
        self.rules = ruleset
        self.talk = Conversation(ruleset)
        self.scope = Walking(self.talk)
        self.naive: Naive = {}
        self.resolved = 0
        self.hear(redis(complete=True))
        self.scope.history.back(Source.REDIS, self.talk.at)

    def second(self) -> None:
        """One second goes by."""
        end = self.talk.at + 1_000
        while (due := next_due(self.talk.state)) is not None and due <= end:
            self.hear(TimeReached(), at=max(due, self.talk.at))
        self.talk.at = end
        self.compare("time went on")

    def hear(self, body, *, at: int | None = None) -> None:
        """Something happens."""
        lost = set(self.talk.state.ledger.lost)
        self.talk.hear(body, at=at)
        for source in sorted({*lost, *self.talk.state.ledger.lost}):
            if source in self.talk.state.ledger.lost:
                self.scope.history.lost(Source(source), self.talk.at)
            else:
                self.scope.history.back(Source(source), self.talk.at)
        self.compare(repr(body)[:200])

    def undo(self, body) -> None:
        """A reading comes, and its turn can't be committed: what was read stays, and all else is made up for by the next turn."""
        talk = self.talk
        advance(talk.rules, talk.state, Event(talk.seq + 1, talk.at, talk.booted_wall + talk.at, body))
        talk.state.world.must_judge_all = True
        self.hear(TimeReached())

    def compare(self, why: str) -> None:
        """Both must see the same alerts, in the same phase, with the same time counted."""
        self.scope.look()
        self._look_at_everything()
        seen = {
            (alert.rule, alert.entity): (alert.phase, alert.counted + (self.talk.at - alert.counted_at if alert.counting else 0))
            for alert in self.talk.state.ledger.alerts.values()
        }  # fmt: skip
        assert seen == {key: (phase, counted) for key, (phase, counted, _, _) in self.naive.items()}, f"at {self.talk.at} after: {why}"
        told = sum(row.outcome == "resolved" for row in self.talk.audit("alert"))
        assert told == self.resolved

    def _look_at_everything(self) -> None:
        at, world = self.talk.at, self.talk.state.world
        for rule in self.rules.rules:
            rows = world.rows[rule.each]
            for entity in {*rows, *(entity for name, entity in self.naive if name == rule.name)}:
                blind = Source.REDIS in self.talk.state.ledger.lost
                if entity not in rows:
                    truth: Any = "gone"
                else:
                    truth = None if blind else rule.condition.holds(rows[entity], at, self.scope)
                self._live(rule, (rule.name, entity), truth, at)

    def _live(self, rule, key: tuple[str, str], truth: Any, at: int) -> None:
        phase, counted, counts, since = self.naive.pop(key, (None, 0, False, at))
        counted += at - since if counts else 0
        if truth == "gone":
            self.resolved += phase is Phase.FIRING
            return
        if phase is None:
            if not truth:
                return
            phase, counted = Phase.PENDING, 0
        if phase is Phase.PENDING:
            if truth is False:
                return
            if truth and counted >= rule.hold:
                self.naive[key] = [Phase.FIRING, 0, False, at]
            else:
                self.naive[key] = [phase, counted, truth is True, at]
            return
        if truth is False and counted >= rule.keep_firing:
            self.resolved += 1
            return
        self.naive[key] = [phase, 0 if truth else counted, truth is False, at]
