"""Dry-run's record against what act does, where all that act does comes out as dry-run assumes."""

from typing import Any

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.due import next_due
from watchdog.model.effects import AwaitExit, GatherInFlight, Measure, When
from watchdog.model.events import Delta, EffectDone, Gone
from watchdog.model.kinds import Kind
from watchdog.model.results import Exited, InFlight, Sent
from watchdog.model.verdicts import Mode

ONE, TWO = "web1:10:a", "web1:20:b"
UNITS = {ONE: "one.service", TWO: "two.service"}
RULES = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 1m, budget: 3/1h, keep: 0%}
"""
VERIFIED = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
      - quarantine_job: {job: job}
    verify: {when: 'sidekiq("sidekiq").processes > 0', within: 90s}
    guards: {cooldown: 1m, keep: 0%}
"""


class Stage:
    """
    The same story in each mode: jobs get stuck, and each is gone 45 s later, by itself or with its process.

    A process ends at the very end of its grace, so that the action takes as long as dry-run assumes.
    """

    def __init__(self, mode: Mode) -> None:
        self.talk = Conversation(rules(RULES, mode))
        self.talk.hear(redis(*(process(one, 0) for one in UNITS), complete=True), at=1_000)
        self.talk.hear(host(*(found(one, unit=unit) for one, unit in UNITS.items())))
        self.ends: list[tuple[int, str]] = []

    def stick(self, identity: str, at: int) -> None:
        """A job of that process has run for too long, as is seen at `at`."""
        self.go_on(at)
        self.talk.hear(redis(process(identity, at), job(identity, f"j{at}", at - 21_000)), at=at)
        self._answer_all()
        self.ends.append((at + 45_000, f"{identity}/t1/j{at}/{at - 21_000}"))

    def go_on(self, until: int) -> None:
        """Time goes on, and everything comes when it is due."""
        while True:
            waits = [effect for effect in self.talk.open.values() if isinstance(effect, AwaitExit)]
            engine = next_due(self.talk.state)
            due = min([*(effect.until for effect in waits), *(at for at, _ in self.ends), *([engine] if engine is not None else []), until])
            due = max(due, self.talk.at)
            self.talk.wait(due)
            self._answer_all()
            if gone := [entry for entry in self.ends if entry[0] <= due]:
                self.ends.remove(gone[0])
                self.talk.hear(redis(Gone(Kind.JOB, gone[0][1], "finished")))
            elif over := [effect for effect in waits if effect.until <= due and effect.id in self.talk.open]:
                self.talk.hear(EffectDone(over[0].id, Exited()))
            elif due >= until:
                return
            self._answer_all()

    def _answer_all(self) -> None:
        while (effect := next((one for one in self.talk.open.values() if not isinstance(one, AwaitExit)), None)) is not None:
            self.talk.hear(EffectDone(effect.id, _answer(effect)))


def _answer(effect: Any) -> Any:
    match effect:
        case Measure():
            return HEALTHY
        case GatherInFlight(when=when):
            return InFlight((), stopped=when is When.DEAD)
        case _:
            return Sent()


def played(mode: Mode) -> list[tuple[int, str, str, str]]:
    """Every answer with its time, target and guard; what dry-run would do counts as what act does."""
    stage = Stage(mode)
    for identity, at in ((ONE, 30_000), (TWO, 31_000), (ONE, 90_000), (ONE, 200_000), (ONE, 450_000), (TWO, 451_000)):
        stage.stick(identity, at)
    stage.go_on(600_000)
    rows = [row for row in stage.talk.audit("decision") if not row.outcome]
    return [(row.wall - WALL, row.target, "ALLOW" if row.decision == "DRY_RUN" else row.decision, row.guard) for row in rows]


def test_dry_run_says_what_act_does():
    """The same answers at the same times by the same guards: in flight on the host, cooldown from the end on and twice as long each time, and the budget."""
    act, dry = played(Mode.ACT), played(Mode.DRY_RUN)

    assert act == dry
    assert [at for at, target, answer, _ in act if (target, answer) == ("web1/one.service", "ALLOW")] == [30_000, 100_000, 230_000]
    assert {guard for _, _, _, guard in act} == {"", "in_flight", "cooldown", "budget"}
    assert [answer for _, _, answer, _ in act].count("ALLOW") == 5


def two_steps() -> Conversation:
    """Dry-run, with a rule of two steps and a proof, whose job has just become overdue."""
    talk = Conversation(rules(VERIFIED, Mode.DRY_RUN))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), Delta(Kind.SIDEKIQ, "sidekiq", {"processes": 1}), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit="one.service")))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    return talk


def test_every_step_and_the_proof_are_written_down():
    """One row for each stage, at the time at which act would have come to it at the latest, each with the target of its own step."""
    talk = two_steps()

    assert [(row.wall - WALL, row.would_at - row.wall, row.action, row.stage, row.target) for row in talk.audit("would")] == [
        (22_000, 0, "terminate_process", "TERM", "web1/one.service"),
        (22_000, 10_000, "terminate_process", "KILL", "web1/one.service"),
        (22_000, 10_000, "quarantine_job", "take", "job j1"),
        (22_000, 10_000, "terminate_process", "verify", "web1/one.service"),
    ]
    assert talk.audit("would")[-1].reason == 'sidekiq("sidekiq").processes > 0, within 90 s'


def test_each_target_has_its_own_cooldown():
    """Of the process from its end on, of the job likewise; only what is done to a process counts into a budget, as in act."""
    shadow = two_steps().state.ledger.shadow

    assert {name: (one.ended_at, one.action) for name, one in shadow.cooldowns.items()} == {
        "web1/one.service": (32_000, "terminate_process"),
        "job j1": (32_000, "quarantine_job"),
    }
    assert list(shadow.spent) == ["web1/one.service"]
