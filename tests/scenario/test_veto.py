"""Whole conversations about a job that must not be interrupted: nothing is begun, what has begun waits for it, and people hear of it."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.effects import Notify
from watchdog.model.events import Delta, Gone, RulesLoaded
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.results import Exited, InFlight, Look, PutBackDone, Sent, StillRunning
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    where: job.queue == "push"
    when: job.elapsed > 20s
    then:
      - recover_process: {process: job.process, drain: 60s, extend: 10m, stuck_after: 40s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
TERMINATE = RULE.replace(
    "recover_process: {process: job.process, drain: 60s, extend: 10m, stuck_after: 40s}",
    "terminate_process: {process: job.process, grace: 30s}",
)
ONE = "web1:10:abc"
BLOCK = job(ONE, "b1", 11_000, thread="t9", queue="default", job_class="DomainBlockWorker")
STUCK = Held("j1", "SleepForever", "push", Certainty.PROVEN, ("work_hash",), True, digest="d1")
BLOCKING = Held("b1", "DomainBlockWorker", "default", Certainty.PROVEN, ("work_hash",), True, digest="d2")


def talk_of(text: str = RULE) -> Conversation:
    """A local process with a stuck job."""
    talk = Conversation(rules(text))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)), at=2_001)
    return talk


@pytest.fixture
def talk() -> Conversation:
    """The same, with the rule that recovers."""
    return talk_of()


def beat(talk: Conversation, at: int, *changes: Any, quiet: bool = False) -> list[str]:
    """The process beats at `at`."""
    return talk.hear(redis(process(ONE, at, quiet=quiet), *changes), at=at)


def beats(talk: Conversation, *, until: int) -> list[str]:
    """It beats quietly each ten seconds, up to that time, and Redis is read all the while."""
    lines = []
    while talk.at + 10_000 <= until:
        lines += talk.wait(talk.at + 9_999) + beat(talk, talk.at + 1, quiet=True)
    return lines + talk.wait(until)


def answer(talk: Conversation, result: Any, *, at: int | None = None) -> list[str]:
    """The newest command that is open is answered; waits that nobody heeds any more are left."""
    newest = list(talk.open)[-1]
    talk.open = {newest: talk.open[newest]}
    return talk.answer(result, at=at)


def over(entity: Delta) -> Gone:
    """That job has finished."""
    return Gone(Kind.JOB, entity.id, "finished")


def signals(lines: list[str]) -> list[str]:
    """What was sent, and put back."""
    return [line for line in lines if line.startswith(("signal", "put back"))]


def told(talk: Conversation) -> list[tuple[Severity, str]]:
    """Titles of the notices so far, with how much they hurt."""
    return [(effect.notice.severity, effect.notice.title) for effect in talk.effects if isinstance(effect, Notify)]


def run(talk: Conversation) -> Any:
    """The open one."""
    return next(iter(talk.state.ledger.runs.values()))


def to_extended(talk: Conversation, *, until: int = 112_000) -> None:
    """The domain block began a moment before the process became quiet; the time to drain is over."""
    beat(talk, 22_000)
    for result in (HEALTHY, InFlight((STUCK,)), HEALTHY, Sent()):
        answer(talk, result)
    beat(talk, 32_000, BLOCK, quiet=True)
    beats(talk, until=until)


def test_nothing_is_begun_while_such_a_job_runs(talk):
    """The answer is DENY, with its class and for how long it has been running; when it has ended the process is looked at."""
    lines = beat(talk, 22_000, BLOCK)
    assert [line for line in lines if "decision" in line or "measure" in line] == ["audit decision stuck-job DENY veto"]
    assert talk.audit("decision")[-1].reason == "it must not be interrupted: DomainBlockWorker b1, running for 11 s"
    (asked,) = status(talk.state, talk.at)["requests"]
    assert (asked["guard"], asked["reason"]) == ("veto", talk.audit("decision")[-1].reason)
    guards = {one["guard"]: one["answer"] for one in why(talk.rules, talk.state, "stuck-job", f"{ONE}/t1/j1/1000", talk.at)["guards"]}
    assert (guards["veto"], guards["protected"]) == ("DENY", "PASS")
    assert "measure" not in " ".join(beats(talk, until=600_000))
    assert "measure web1:10:abc" in beat(talk, 601_000, over(BLOCK)) + talk.wait(606_000)


def test_such_a_job_on_the_complete_list_extends_the_drain(talk):
    """It began when nobody could know: it is waited for beyond `drain`, people are told at once, and it is never among the stuck."""
    to_extended(talk)
    assert run(talk).stage == "longer"
    assert told(talk)[-1] == (
        Severity.WARNING,
        "web1/app[push] waits longer for what must not be interrupted, and fetches nothing meanwhile: DomainBlockWorker b1, running for 91 s",
    )

    lines = beats(talk, until=300_000) + beat(talk, 301_000, over(BLOCK), quiet=True) + talk.wait(303_000)
    assert [line for line in lines if line.startswith(("gather", "signal"))] == ["gather quiet web1:10:abc"]
    lines = answer(talk, InFlight((STUCK,))) + answer(talk, HEALTHY)
    assert signals(lines) == ["signal KILL web1:10:abc"]
    assert run(talk).flight.stuck == ("j1",)


def test_when_the_longer_time_is_over_it_is_held_and_people_must_look(talk):
    """Never silently and never killed: critical, with class and duration; once the job has ended it goes on by itself."""
    to_extended(talk)
    lines = beats(talk, until=720_000)
    assert (run(talk).stage, run(talk).held_by) == ("spared", "veto")
    assert signals(lines) == []
    critical = [title for severity, title in told(talk) if severity is Severity.CRITICAL]
    (title,) = critical
    assert title.startswith(
        "web1/app[push] is left half-way at stage spared: it is quiet, and must not be interrupted: DomainBlockWorker b1, running for 11 min; "
        "it is quiet: it fetches no job until it is restarted"
    )
    (shown,) = status(talk.state, talk.at)["incidents"]
    assert shown["held"].startswith("it is quiet, and must not be interrupted: DomainBlockWorker b1, running for")
    assert lines.count("audit incident stuck-job veto spared held") == 1, "said once, not every five seconds"

    lines = beat(talk, 721_000, over(BLOCK), quiet=True) + talk.wait(727_000)
    assert "gather quiet web1:10:abc" in lines


def test_whoever_ends_it_by_hand_gets_everything_put_back(talk):
    """The process dies while it is held: the domain block goes back to its queue as an innocent, the stuck job waits its minutes."""
    to_extended(talk)
    beats(talk, until=720_000)
    lines = talk.hear(host(Delta(Kind.PROCESS, ONE, {"alive": False}))) + talk.wait(726_000)
    assert "gather quiet web1:10:abc" in lines
    answer(talk, InFlight((STUCK, BLOCKING)))
    lines = answer(talk, Look(alive=False, same=False))
    assert lines[-1] == "gather dead web1:10:abc"
    lines = answer(talk, InFlight((STUCK, BLOCKING)))

    assert [line.partition(" at ")[0] for line in signals(lines)] == ["put back j1 retry", "put back b1 queue"]
    assert "jid b1" not in talk.state.ledger.strikes


def test_an_agent_that_dies_meanwhile_holds_it_still(talk):
    """SIGKILL of the agent, and a new one: nothing is sent as long as the job runs, however long that takes, and it is waited for no longer than was said."""
    to_extended(talk)
    talk.crash()
    talk.hear(redis(process(ONE, talk.at, quiet=True), job(ONE, "j1", 1_000), BLOCK, complete=True))
    talk.hear(host(found(ONE)))
    assert run(talk).stage == "longer"
    lines = beats(talk, until=1_000_000)
    assert signals(lines) == []
    assert run(talk).held_by == "veto"
    assert "gather quiet web1:10:abc" in beat(talk, 1_001_000, over(BLOCK), quiet=True) + talk.wait(1_007_000)


def test_before_the_kill_it_is_asked_once_more(talk):
    """A process that does not say that it is quiet can begin one after everything was written down: KILL is held."""
    beat(talk, 22_000)
    for result in (HEALTHY, InFlight((STUCK,)), HEALTHY, Sent()):
        answer(talk, result)
    while run(talk).stage != "record":
        beat(talk, talk.at + 10_000)
        talk.wait(talk.at + 1_000)
    answer(talk, InFlight((STUCK,)))
    beat(talk, talk.at + 1_000, job(ONE, "b1", talk.at, thread="t9", job_class="DomainBlockWorker"))
    lines = answer(talk, HEALTHY)

    assert "audit incident stuck-job veto KILL held" in lines
    assert signals(lines) == []


def test_terminate_waits_too(talk):
    """TERM is not sent while it runs; and where one still runs when the grace is over, KILL is held."""
    talk = talk_of(TERMINATE)
    assert "audit decision stuck-job DENY veto" in beat(talk, 22_000, BLOCK)
    beat(talk, 32_000, over(BLOCK))
    talk.wait(37_000)
    while run_or_none(talk) is None or run(talk).stage != "grace":
        answer(talk, HEALTHY if type(next(iter(talk.open.values()))).__name__ == "Measure" else Sent())
    beat(talk, 42_000, job(ONE, "b2", 31_000, thread="t9", job_class="BackupWorker"), quiet=True)
    answer(talk, StillRunning(), at=80_000)

    lines = answer(talk, HEALTHY)
    assert "audit incident stuck-job veto KILL held" in lines
    assert signals(lines) == []


def run_or_none(talk: Conversation) -> Any:
    """The open one, if there is one."""
    return next(iter(talk.state.ledger.runs.values()), None)


FROZEN = """
rules:
  - rule: silent
    each: process
    when: process.beat_age > 60s
    then: [{recover_process: {process: process, rescue: likely}}]
    guards: {cooldown: 5m, keep: 0%}
"""


def test_a_frozen_process_is_not_protected():
    """Nothing in it goes on, whatever is waited for: it is killed, and its domain block comes back like everybody else."""
    talk = Conversation(rules(FROZEN))
    talk.hear(redis(process(ONE, 2_000), BLOCK, complete=True), at=12_000)
    talk.hear(host(found(ONE)), at=12_001)
    talk.hear(redis(), at=62_000)
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"heartbeat_still": 58_000, "heartbeat_thread": True})), at=62_000)
    lines = talk.wait(64_000) + answer(talk, HEALTHY) + answer(talk, InFlight((BLOCKING,), unnamed=1)) + answer(talk, HEALTHY)
    lines += answer(talk, Sent()) + answer(talk, Exited()) + answer(talk, InFlight((BLOCKING,), unnamed=1))

    assert [line.partition(" at ")[0] for line in signals(lines)] == ["signal KILL web1:10:abc", "put back b1 retry"]


def test_the_rule_as_it_is_now_counts(talk):
    """Whoever takes the class from the list, and reloads, sets the process free; a rule that is gone leaves the list as it was."""
    to_extended(talk)
    beats(talk, until=720_000)
    held = talk.rules
    talk.rules = rules(RULE.replace("stuck-job", "another"))
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    assert signals(beats(talk, until=800_000)) == []
    assert run(talk).held_by == "veto"

    talk.rules = rules(RULE.replace("keep: 0%", "keep: 0%, veto: []"))
    assert talk.rules.digest != held.digest
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    assert "gather quiet web1:10:abc" in beats(talk, until=820_000)


def test_it_all_comes_to_its_end(talk):
    """From the extended drain to the successor: nothing lost, and the incident's end tells of every job, of the time without service, and of the proof."""
    to_extended(talk)
    beat(talk, 200_000, over(BLOCK), quiet=True)
    talk.wait(202_000)
    for result in (InFlight((STUCK,)), HEALTHY, Sent(), Exited(), InFlight((STUCK,)), PutBackDone((Placed("j1", Fate.DONE),))):
        answer(talk, result)
    talk.hear(redis(process("web1:11:def", 210_000, booted_at=209_000)), at=210_000)
    talk.wait(212_000)

    last = talk.audit("incident")[-1]
    assert last.outcome == "ended"
    assert last.reason == (
        "a new process of its name beats; 2 in flight: 1 finished by themselves; 1 put into the retry set (1 from work hash); "
        "for 187 s nobody served in its place; nothing is verified: its rule has no 'verify'"
    )
    assert talk.state.ledger.runs == {}


def test_a_rule_that_is_gone_before_anything_was_done(talk):
    """Its process has been looked at and its jobs are kept, and the reload has the rule no more: nothing is sent, and the incident is over."""
    beat(talk, 22_000)
    for result in (HEALTHY, InFlight((STUCK,))):
        answer(talk, result)
    talk.rules = rules(RULE.replace("stuck-job", "another"))
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    lines = answer(talk, HEALTHY)

    assert signals(lines) == []
    assert talk.audit("incident")[-1].outcome == "abandoned"
    assert talk.state.ledger.runs == {}
