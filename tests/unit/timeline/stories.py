"""Conversations that end in an incident, or in none: what timelines are made of."""

from typing import Any

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.model.actions import BY_NAME
from watchdog.model.events import Delta, Gone, Paused, Resumed
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind
from watchdog.model.results import EvidenceCollected, Exited, InFlight, PutBackDone, Sent
from watchdog.model.told import OperatorApproved, OperatorAsked
from watchdog.model.verdicts import Mode
from watchdog.rulefile.values import default_of

ONE, NEXT = "web1:10:abc", "web1:11:def"
JOB = f"{ONE}/t1/j1/1000"
RULE = """
rules:
  - rule: stuck-job
    each: job
    where: job.queue in ["push", "pull"]
    when: job.elapsed > 20s
    summary: "{{ job.class }} holds a thread of {{ job.queue }} for {{ job.elapsed }}"
    severity: critical
    then:
      - recover_process: {process: job.process, drain: 60s}
    verify: {when: 'queue("push").size < 10', within: 5m}
    guards: {cooldown: 5m, keep: 0%, answer_within: 30m}
    notify: [ops, chat]
"""


def begun(text: str = RULE, mode: Mode = Mode.ACT) -> Conversation:
    """A local process with a job that is about to be stuck, and with one that has just begun."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    talk.hear(redis(process(ONE, 12_000), job(ONE, "j2", 11_000, thread="t2", queue="default", job_class="Innocent")), at=12_000)
    return talk


def beat(talk: Conversation, at: int, *changes: Gone, quiet: bool = False) -> None:
    """The process beats at `at`."""
    talk.hear(redis(process(ONE, at, quiet=quiet), *changes), at=at)


def held(*, certainty: Certainty = Certainty.PROVEN) -> InFlight:
    """The stuck job is found in it."""
    return InFlight((Held("j1", "SleepForever", "push", certainty, ("work_hash",), True, True, "d-SleepForever"),))


def newest(talk: Conversation) -> None:
    """Waits that nobody heeds any more are left: only the newest command is open."""
    last = list(talk.open)[-1]
    talk.open = {last: talk.open[last]}


def recover(talk: Conversation, *, by: int) -> Conversation:
    """From the look before the first signal, at `by`, to the proof that it helped."""
    talk.answer(HEALTHY, at=by)
    talk.answer(held(certainty=Certainty.LIKELY))
    talk.answer(HEALTHY)
    talk.answer(Sent(), at=by + 10)
    beat(talk, by + 10_000, quiet=True)
    beat(talk, by + 20_000, quiet=True)
    talk.wait(by + 21_000)
    beat(talk, by + 30_000, Gone(Kind.JOB, f"{ONE}/t2/j2/11000", "finished"), quiet=True)
    talk.wait(by + 31_000)
    newest(talk)
    talk.answer(held(), at=by + 31_001)
    talk.answer(HEALTHY)
    talk.answer(Sent(), at=by + 31_003)
    talk.answer(Exited(), at=by + 31_004)
    talk.hear(redis(Gone(Kind.JOB, JOB, "lost"), Gone(Kind.PROCESS, ONE, "killed")))
    talk.answer(held())
    talk.answer(PutBackDone((Placed("j1", Fate.DONE, "retry"),)), at=by + 31_006)
    talk.hear(redis(process(NEXT, by + 38_000, booted_at=by + 37_000)), at=by + 38_000)
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 3, "latency": 400})), at=by + 40_000)
    return talk


def recovered() -> Conversation:
    """Two guards stand in the way for a time, then the process is ended without losing a job, and it helped."""
    talk = begun()
    talk.hear(Paused("ada", "deploying, back at ten"), at=13_000)
    beat(talk, 22_000)
    talk.hear(Resumed("ada"), at=30_000)
    return recover(talk, by=30_100)


def observed() -> Conversation:
    """Only told, and over by itself after half a minute."""
    talk = begun(mode=Mode.OBSERVE)
    beat(talk, 22_000)
    talk.hear(redis(Gone(Kind.JOB, JOB, "finished")), at=52_000)
    return talk


def left_out() -> Conversation:
    """Dry-run: what would have been done."""
    talk = begun(mode=Mode.DRY_RUN)
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    talk.hear(redis(Gone(Kind.JOB, JOB, "finished")), at=52_000)
    return talk


def approved() -> Conversation:
    """A person is asked, says yes, and it is done."""
    talk = begun(mode=Mode.ASK)
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    (asked,) = talk.state.ledger.approvals.values()
    talk.hear(OperatorApproved(id="a1", by="ada", reason="go on", asked=talk.booted_wall + 40_000, approval=asked.id), at=40_000)
    return recover(talk, by=40_100)


def ordered() -> Conversation:
    """A person has ordered it; the process is quiet by now."""
    talk = begun()
    flat: dict[str, Any] = {name: default_of(spec) for name, spec in BY_NAME["recover_process"].arguments().items()}
    talk.hear(
        OperatorAsked(
            id="ab12", by="ada", reason="memory", asked=talk.booted_wall + 20_000, action="recover_process", process=ONE, arguments=flat
        ),
        at=20_000,
    )
    for result in (HEALTHY, EvidenceCollected(), held(certainty=Certainty.LIKELY), HEALTHY):
        talk.answer(result)
    talk.answer(Sent(), at=20_010)
    return talk
