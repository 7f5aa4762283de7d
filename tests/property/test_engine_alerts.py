"""Alerts followed by deltas and deadlines, against looking at everything at every moment."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenario.conversation import Conversation, job, process, redis, rules
from watchdog.engine.ledger import Phase
from watchdog.model.events import Delta, Gone, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source

TEXT = """
rules:
  - {rule: plain, each: job, when: job.elapsed >= 20s}
  - {rule: patient, each: job, where: 'job.queue == "push"', when: job.elapsed >= 10s, for: 7s, keep_firing_for: 4s}
  - {rule: young, each: job, when: job.elapsed < 15s, for: 3s}
  - {rule: silent, each: process, when: process.beat_age >= 12s, for: 5s, keep_firing_for: 9s}
  - {rule: fresh, each: process, when: 'not (process.beat_age >= 6s) and process.threads > 2', for: 2s, keep_firing_for: 3s}
  - {rule: middle, each: process, when: process.beat_age >= 5s and process.beat_age < 8s, for: 1s, keep_firing_for: 6s}
"""
RULES = rules(TEXT)
USUAL = settings().max_examples
"""Of the profile."""
STEP = st.tuples(
    st.sampled_from(
        ["beat", "beat", "beat", "mute", "late", "job", "job", "finish", "leave", "threads", "lose", "back", "nothing", "nothing"]
    ),
    st.integers(0, 2),
    st.integers(0, 30),
    st.integers(0, 6),
)
"""What happens, to which process, with which number, and how many seconds later."""

Naive = dict[tuple[str, str], list[Any]]


class Beside:
    """A conversation, and beside it someone who looks at every entity by every rule at every moment."""

    def __init__(self) -> None:
        self.talk = Conversation(RULES)
        self.talk.hear(redis(complete=True))
        self.naive: Naive = {}
        self.resolved = 0

    def second(self) -> None:
        """One second goes by."""
        self.talk.wait(self.talk.at + 1_000)
        self.compare("time went on")

    def hear(self, body) -> None:
        """Something happens."""
        self.talk.hear(body)
        self.compare(repr(body)[:200])

    def compare(self, why: str) -> None:
        """Both must see the same alerts, in the same phase, with the same time counted."""
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
        for rule in RULES.rules:
            rows = world.rows[rule.each]
            for entity in {*rows, *(entity for name, entity in self.naive if name == rule.name)}:
                blind = Source.REDIS in self.talk.state.ledger.lost
                if entity not in rows:
                    truth: Any = "gone"
                else:
                    truth = None if blind else rule.condition.holds(rows[entity], at)
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


@settings(max_examples=max(200, USUAL))
@given(st.lists(STEP, min_size=15, max_size=50))
def test_deltas_and_deadlines_see_what_a_look_each_second_sees(steps):
    """Whatever is told when, phases and counted times are those of somebody who evaluates everything at every second and at every event."""
    beside = Beside()
    jobs: dict[int, list[str]] = {0: [], 1: [], 2: []}
    here: set[int] = set()
    for number, (what, one, other, seconds) in enumerate(steps):
        identity, at = f"web2:{one}:x", beside.talk.at
        match what:
            case "beat":
                here.add(one)
                beside.hear(redis(process(identity, at)))
            case "late":
                here.add(one)
                beside.hear(redis(process(identity, at - other * 1_000)))
            case "mute" if one in here:
                beside.hear(redis(Delta(Kind.PROCESS, identity, {"confirmed_at": None})))
            case "threads" if one in here:
                beside.hear(redis(Delta(Kind.PROCESS, identity, {"threads": None if other % 3 == 0 else other % 5})))
            case "job":
                delta = job(identity, f"j{number}", at - other * 1_000, queue="push" if other % 2 else "pull", thread=f"t{number}")
                jobs[one].append(delta.id)
                beside.hear(redis(delta))
            case "finish" if jobs[one]:
                beside.hear(redis(Gone(Kind.JOB, jobs[one].pop(), "finished")))
            case "leave" if one in here:
                here.discard(one)
                jobs[one].clear()
                beside.hear(redis(Delta(Kind.PROCESS, identity, {"listed": False})))
            case "lose":
                beside.hear(SourceLost(Source.REDIS, "refused", "x"))
            case "back":
                beside.hear(SourceBack(Source.REDIS))
            case _:
                pass
        for _ in range(seconds):
            beside.second()
