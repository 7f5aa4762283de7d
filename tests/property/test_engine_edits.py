"""Whatever happens while a rule moves jobs: none beyond the cap, nothing while it must not, and nothing that is left standing."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.model.effects import CountJobs, TakeJobs
from watchdog.model.events import Body, Delta, EffectDone, Paused, Resumed, RulesLoaded, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Counted, JobsTaken, Refused
from watchdog.model.verdicts import Mode

CAP = 50
COOLDOWN = 60_000
TEXT = f"""
rules:
  - rule: dead
    each: domain
    when: domain.retries > 10
    then: [{{delete_retries: {{kind: dns, cap: {CAP}}}}}]
    guards: {{cooldown: {COOLDOWN // 1000}s}}
"""
STEPS = (
    "count",
    "count",
    "finish",
    "refuse",
    "refuse",
    "crash",
    "crash",
    "pause",
    "resume",
    "lose",
    "back",
    "dry-run",
    "act",
    "pass",
    "pass",
    "pass",
    "read",
    "grow",
    "empty",
)


class Story:
    """The engine, and beside it Redis and the quarantine as two numbers and a count by order."""

    def __init__(self) -> None:
        self.talk = Conversation(rules(TEXT))
        self.left = 0
        self.taken: Counter[str] = Counter()
        self.orders: dict[str, str] = {}
        self.paused = self.lost = False
        self.mode = Mode.ACT
        self.read = False
        self.counted: int | None = None
        self.ended_at: int | None = None

    def hear(self, body: Body) -> None:
        before = len(self.talk.effects)
        self.talk.hear(body)
        self.look_at(before)

    def look_at(self, before: int) -> None:
        """All that was asked for since."""
        for effect in self.talk.effects[before:]:
            if isinstance(effect, TakeJobs):
                self._may_take(effect)
        for edit in self.talk.state.ledger.edits.values():
            assert bool(edit.effect) != (edit.again_at is not None), edit
            assert not edit.effect or edit.effect in self.talk.open, edit

    def _may_take(self, effect: TakeJobs) -> None:
        assert not self.paused
        assert not self.lost
        assert self.read
        assert self.mode is Mode.ACT
        assert len([one for one in self.talk.open.values() if isinstance(one, TakeJobs)]) == 1
        if effect.order not in self.orders:
            assert self.counted, "it was not counted before"
            assert effect.incident not in self.orders.values()
            assert self.ended_at is None or self.talk.at - self.ended_at >= COOLDOWN
            self.orders[effect.order] = effect.incident
        assert self.orders[effect.order] == effect.incident

    def take(self, order: str, share: float) -> None:
        """That part of what the order may still have is taken."""
        number = int(min(self.left, CAP - self.taken[order]) * share)
        self.taken[order] += number
        self.left -= number

    def answer(self, share: float, *kinds: type, refused: bool = False) -> None:
        """What is open of these is answered, by what is so."""
        for name, effect in list(self.talk.open.items()):
            if not isinstance(effect, kinds):
                continue
            answer: Any = Refused("because")
            self.counted = None
            if isinstance(effect, TakeJobs):
                self.take(effect.order, share if refused else 1.0)
                answer = answer if refused else JobsTaken(self.taken[effect.order], left=self.left)
            elif isinstance(effect, CountJobs) and not refused:
                self.counted = self.left
                answer = Counted(self.left)
            self.hear(EffectDone(name, answer))
            if isinstance(answer, JobsTaken):
                self.ended_at = self.talk.at
        self.counted = None

    def step(self, what: str, passed: int, share: float) -> None:
        """One thing happens."""
        talk = self.talk
        match what:
            case "count":
                self.answer(share, CountJobs)
            case "finish":
                self.answer(share, TakeJobs)
            case "refuse":
                self.answer(share, TakeJobs, refused=True)
            case "crash":
                for effect in talk.open.values():
                    if isinstance(effect, TakeJobs):
                        self.take(effect.order, share)
                self.read = self.lost = False
                before = len(talk.effects)
                talk.crash()
                self.look_at(before)
            case "pause":
                self.paused = True
                self.hear(Paused("ada", "hands off"))
            case "resume":
                self.paused = False
                self.hear(Resumed("ada"))
            case "lose":
                self.lost = True
                self.hear(SourceLost(Source.REDIS, "refused", "nothing answers"))
            case "back" if self.lost:
                self.lost = False
                self.observe()
                self.hear(SourceBack(Source.REDIS))
            case "dry-run" | "act":
                self.mode = Mode(what)
                talk.rules = rules(TEXT, self.mode)
                self.hear(RulesLoaded(talk.rules.digest, talk.rules.mode))
            case "pass":
                before, until = len(talk.effects), talk.at + passed
                talk.wait(until)
                self.look_at(before)
            case "read" if not self.lost:
                self.observe()
            case "grow" if not self.lost:
                self.left += 20
                self.observe()
            case "empty" if not self.lost:
                self.left = 0
                self.observe()

    def observe(self) -> None:
        """A complete reading."""
        self.read = True
        self.hear(redis(Delta(Kind.DOMAIN, "a.example", {"name": "a.example", "rest": False, "retries": self.left}), complete=True))


@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from((1, 900, 5_000, 15_000, 40_000)), st.floats(0, 1)), min_size=20, max_size=80)
)
def test_moving_jobs_whatever_happens(steps):
    """Each order takes at most its cap; it is begun only when counted, allowed and cooled down; in the end nothing is left half-way."""
    story = Story()
    story.left = 400
    for what, passed, share in [("read", 1, 0.0), *steps]:
        story.step(what, passed, share)
        assert all(number <= CAP for number in story.taken.values())
    # Let it be: everybody answers, and nobody is in the way.
    for what in ("resume", "back", "act"):
        story.step(what, 1, 1.0)
    for _ in range(45):
        story.step("read", 1, 1.0)
        story.step("pass", 15_000, 1.0)
        story.step("count", 1, 1.0)
        story.step("finish", 1, 1.0)

    ledger = story.talk.state.ledger
    assert ledger.edits == {}
    assert ledger.playbooks == {}
