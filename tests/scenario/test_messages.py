"""
What people read of one incident, stage by stage: made by the engine, folded into a card, put into words.

Each text stands here whole, as somebody sees it who has just been woken.
"""

from datetime import UTC
from pathlib import Path

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_recover import NEXT, ONE, answer, beat, ended, held
from watchdog.engine.digest import told
from watchdog.engine.week import OfRule, Week
from watchdog.model.cards import Card
from watchdog.model.effects import Notify
from watchdog.model.events import Gone, Paused, SourceBack, SourceLost
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Placed
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.model.results import Exited, InFlight, PutBackDone, Sent
from watchdog.model.told import OperatorApproved
from watchdog.model.verdicts import Mode
from watchdog.receivers.folding import fold
from watchdog.receivers.message.html import html_of
from watchdog.receivers.message.mrkdwn import section_lines
from watchdog.receivers.message.plain import plain_of
from watchdog.receivers.message.words import line_of, message_of

REFERENCE = Path(__file__).parents[2] / "rules" / "README.md"
RULE = """
rules:
  - rule: stuck-job
    severity: critical
    each: job
    when: job.elapsed > 20s
    summary: "{{ job.class }} has been running for {{ job.elapsed }} on {{ job.host }} (queue {{ job.queue }})"
    runbook: https://wiki.example.org/stuck-job
    then:
      - recover_process: {process: job.process, drain: 60s, stuck_jobs: {strikes: 2, then: quarantine}}
    verify: {when: 'count(job where job.elapsed > 20s) == 0', within: 5m}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""


class Reader:
    """Somebody who is told: `now` is the message as it stands, `turns` the lines of its thread since it was looked at last."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._read = 0
        self._card = Card(group="stuck-job")
        self.turns: list[str] = []

    @property
    def now(self) -> str:
        """The text of the message."""
        notices = [one.notice for one in self._talk.effects[self._read :] if isinstance(one, Notify)]
        self._read = len(self._talk.effects)
        self._card = fold(self._card, notices)
        self.turns = [line_of(notice, zone=UTC) for notice in notices]
        return plain_of(message_of(self._card, zone=UTC))


def wedged(mode: Mode) -> tuple[Conversation, Reader]:
    """Two jobs run in a process, and one of them is stuck."""
    talk = Conversation(rules(RULE, mode))
    talk.rules = talk.rules.but(page="https://watchdog.example.org")
    reader = Reader(talk)
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000, job_class="PushWorker"), complete=True), at=2000)
    talk.hear(host(found(ONE, unit="mastodon-sidekiq.service")), at=2001)
    talk.hear(redis(process(ONE, 12_000), job(ONE, "j2", 11_000, thread="t2", queue="default")), at=12_000)
    beat(talk, 22_000, quiet=False)
    return talk, reader


def approve(talk: Conversation, *, at: int) -> None:
    """Ada says yes to what is asked."""
    (one,) = talk.state.ledger.approvals.values()
    talk.hear(OperatorApproved(id="a1", by="ada", channel="local", approval=one.id, reason="", asked=talk.booted_wall + at), at=at)


def stopped(talk: Conversation) -> None:
    """It is quiet, its other job has finished, and what it holds is known: now it would be ended."""
    talk.answer(HEALTHY)
    talk.answer(InFlight((held("j1", certainty=Certainty.LIKELY, job_class="PushWorker"),)))
    talk.answer(HEALTHY)
    talk.answer(Sent())


def drained(talk: Conversation) -> None:
    """Its other job has finished, and what it still holds is known."""
    beat(talk, 30_000, ended("j2", "t2", 11_000))
    beat(talk, 32_000)
    beat(talk, 42_000)
    talk.wait(43_000)
    answer(talk, InFlight((held("j1", job_class="PushWorker"),)))


def killed(talk: Conversation) -> None:
    """It is ended by force."""
    talk.answer(HEALTHY)
    talk.answer(Sent())


def gone(talk: Conversation) -> None:
    """What it held has been put back, and another one has come."""
    talk.answer(Exited())
    talk.answer(InFlight((held("j1", job_class="PushWorker"),)))
    talk.answer(PutBackDone((Placed("j1", Fate.DONE, "retry"),)))
    left = (Gone(Kind.PROCESS, ONE, "killed"), Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "its process has ended"))
    talk.hear(redis(*left, process(NEXT, 60_000, booted_at=59_000), complete=True), at=60_000)


def helped(talk: Conversation) -> None:
    """The other one serves in its place, and nothing is stuck any more."""
    talk.hear(host(found(NEXT, unit="mastodon-sidekiq.service")), at=60_001)
    talk.hear(redis(process(NEXT, 70_000, booted_at=59_000), complete=True), at=70_000)
    talk.wait(90_000)


def at_its_end() -> Reader:
    """Who has been told all of it."""
    talk, reader = wedged(Mode.ASK)
    talk.answer(HEALTHY)
    approve(talk, at=23_000)
    for stage in (stopped, drained, killed, gone, helped):
        stage(talk)
    return reader


def test_a_person_is_asked():
    """What is wrong, since when, by which readings, what would be done and what to type; the first line is enough for whoever only sees that."""
    talk, reader = wedged(Mode.ASK)
    talk.answer(HEALTHY)

    assert (
        reader.now
        == """\
CRITICAL PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: waits for a person: recover_process

since: 2026-09-21 14:13:42 UTC
where: web1/mastodon-sidekiq.service, web1:10:abc/t1/j1/1000
rule: stuck-job
why: job.elapsed > 20s
seen: job.elapsed = 21s
would do:
  +0.0 s: would send SIGTSTP
  +60.0 s: would send SIGKILL if a stuck job is left then, and none that must not be interrupted; its jobs would be put back
  +60.0 s: would send SIGTERM if no stuck job is left then, or earlier if nothing is in flight
  +90.0 s: would send SIGKILL if it still lived then; its jobs would be put back
asked because: the mode is ask
next: type sidekiq-watchdog approve bz6nv (or deny bz6nv) on web1 within 1h, else it is not done
runbook: https://wiki.example.org/stuck-job"""
    )
    assert reader.turns == [
        "14:13:42 PushWorker has been running for 21s on web1 (queue push)",
        "14:13:42 recover_process on web1/mastodon-sidekiq.service: waits for a person (the mode is ask): sidekiq-watchdog approve bz6nv on web1 within 1h, else it is not done",
    ]


def test_an_incident_from_the_yes_to_the_end():
    """It is one message that moves: approved, begun, ended with its account, over; each turn is a line in its thread."""
    talk, reader = wedged(Mode.ASK)
    talk.answer(HEALTHY)
    approve(talk, at=23_000)

    assert (
        reader.now.splitlines()[0]
        == "CRITICAL PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: recover_process under way"
    )
    stopped(talk)
    assert (
        reader.now
        == """\
CRITICAL PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: recover_process under way

since: 2026-09-21 14:13:42 UTC, 1s before this
where: web1/mastodon-sidekiq.service, web1:10:abc/t1/j1/1000
rule: stuck-job
why: job.elapsed > 20s
seen: job.elapsed = 21s
done:
  approved by ada
  begun
  SIGTSTP sent to web1/mastodon-sidekiq.service (pid 10)
next: it takes no more jobs, and is ended once only stuck ones are left: in 1m at the latest, unless one of them must not be interrupted
page: https://watchdog.example.org/incidents/9.1
runbook: https://wiki.example.org/stuck-job"""
    )
    drained(talk)
    killed(talk)
    assert reader.now.splitlines()[-4:] == [
        "  SIGKILL sent to web1/mastodon-sidekiq.service (pid 10)",
        "next: the jobs that it held are put back",
        "page: https://watchdog.example.org/incidents/9.1",
        "runbook: https://wiki.example.org/stuck-job",
    ]
    gone(talk)
    assert (
        reader.now.splitlines()[0]
        == "OVER after 38s: PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: recover_process was done"
    )
    helped(talk)
    assert (
        reader.now
        == """\
OVER after 38s: PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: recover_process was done, 2 in flight: 1 finished by themselves; 1 put into the retry set

since: 2026-09-21 14:13:42 UTC, until 14:14:20: 38s
where: web1/mastodon-sidekiq.service, web1:10:abc/t1/j1/1000
rule: stuck-job
why: job.elapsed > 20s
seen: job.elapsed = 21s
done:
  begun
  SIGTSTP sent to web1/mastodon-sidekiq.service (pid 10)
  SIGKILL sent to web1/mastodon-sidekiq.service (pid 10)
  a new process of its name beats; 2 in flight: 1 finished by themselves; 1 put into the retry set (1 from work hash); for 36 s nobody served in its place
  it helped: count(job where job.elapsed > 20s) == 0
jobs: 2 in flight: 1 finished by themselves; 1 put into the retry set (1 from work hash)
page: https://watchdog.example.org/incidents/9.1
runbook: https://wiki.example.org/stuck-job"""
    )
    assert reader.turns == [
        "14:14:30 recover_process on web1/mastodon-sidekiq.service: a new process of its name beats; 2 in flight: 1 finished by themselves; 1 put into the retry set (1 from work hash); for 36 s nobody served in its place; next: proof within 5m: count(job where job.elapsed > 20s) == 0",
        "14:14:30 recover_process on web1/mastodon-sidekiq.service: it helped: count(job where job.elapsed > 20s) == 0",
    ]


def test_the_reference_shows_it():
    """What the chapter on messages shows is what the engine makes."""
    shown = REFERENCE.read_text().split("At its end an incident reads so:\n\n```text\n")[1].split("\n```")[0]

    assert shown == at_its_end().now


def test_dry_run_says_would():
    """Nothing in it could be taken for something that was done."""
    talk, reader = wedged(Mode.DRY_RUN)
    talk.answer(HEALTHY)

    assert (
        reader.now
        == """\
CRITICAL PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: recover_process would be done (dry-run)

since: 2026-09-21 14:13:42 UTC
where: web1/mastodon-sidekiq.service, web1:10:abc/t1/j1/1000
rule: stuck-job
why: job.elapsed > 20s
seen: job.elapsed = 21s
would do:
  +0.0 s: would send SIGTSTP
  +60.0 s: would send SIGKILL if a stuck job is left then, and none that must not be interrupted; its jobs would be put back
  +60.0 s: would send SIGTERM if no stuck job is left then, or earlier if nothing is in flight
  +90.0 s: would send SIGKILL if it still lived then; its jobs would be put back
next: nothing: the rule only says what it would do (dry-run)
runbook: https://wiki.example.org/stuck-job"""
    )


def test_a_guard_says_no():
    """Which one, why, until when, and how a person goes on."""
    talk, reader = wedged(Mode.ACT)
    talk.hear(Paused("ada", "new disks", WALL + 3_600_000))
    talk.answer(HEALTHY)

    assert (
        reader.now
        == """\
CRITICAL PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: recover_process not done (paused)

since: 2026-09-21 14:13:42 UTC
where: web1/mastodon-sidekiq.service, web1:10:abc/t1/j1/1000
rule: stuck-job
why: job.elapsed > 20s
seen: job.elapsed = 21s
stopped by: paused: paused by ada, until 2026-09-21 15:13 UTC: new disks
next: asked again when that ends, or after: sidekiq-watchdog resume
runbook: https://wiki.example.org/stuck-job"""
    )


def test_left_half_way():
    """In which state it is, and every way out with its command."""
    talk, reader = wedged(Mode.ACT)
    stopped(talk)
    talk.hear(Paused("ada", "new disks", WALL + 3_600_000))
    drained(talk)
    talk.answer(HEALTHY)

    assert (
        reader.now
        == """\
CRITICAL PushWorker has been running for 21s on web1 (queue push), mastodon-sidekiq.service: left half-way, paused by ada, until 2026-09-21 15:13 UTC: new disks

since: 2026-09-21 14:13:42 UTC, 21s before this
where: web1/mastodon-sidekiq.service, web1:10:abc/t1/j1/1000
rule: stuck-job
why: job.elapsed > 20s
seen: job.elapsed = 21s
done:
  begun
  SIGTSTP sent to web1/mastodon-sidekiq.service (pid 10)
  web1/mastodon-sidekiq.service is left half-way at stage KILL; it is quiet: it fetches no job until it is restarted (by hand, on web1: kill -TERM 10)
stopped by: paused: paused by ada, until 2026-09-21 15:13 UTC: new disks
next: by hand, on web1: kill -KILL 10; to let it go on: sidekiq-watchdog go-on 7.1 --force paused --reason WHY; if you see to it yourself: sidekiq-watchdog close 7.1 --reason WHY
page: https://watchdog.example.org/incidents/7.1
runbook: https://wiki.example.org/stuck-job"""
    )


def test_a_source_that_is_lost_and_back():
    """What the agent says of itself is a message like any other."""
    talk = Conversation(rules(RULE))
    reader = Reader(talk)
    talk.hear(SourceLost(Source.REDIS, "refused", "connection refused"), at=1_000)

    assert (
        reader.now
        == """\
CRITICAL web1: redis can't be read: connection refused

since: 2026-09-21 14:13:21 UTC
where: web1
next: nothing is judged by it and nothing done that rests on it until it can be read; it is tried again all the time"""
    )
    talk.hear(SourceBack(Source.REDIS), at=61_000)
    assert (
        reader.now
        == """\
OVER after 1m: web1: redis can be read again after 60 s

since: 2026-09-21 14:13:21 UTC, until 14:14:21: 1m
where: web1"""
    )


def test_the_digest_on_every_receiver():
    """The sentences of the week, each on its own line, in text, HTML and Slack's markup; one line of it is the headline."""
    week = Week(
        since_wall=WALL - 7 * 86_400_000,
        rules={"stuck_job": OfRule(fired=3, would=2, by_itself=2), "full": OfRule(fired=1, begun=1, verified=1)},
    )
    first, *others = told(week, ("stuck_job", "full", "silent"), until=WALL)
    notice = Notice("9.0", "digest", NoticeKind.DIGEST, Severity.INFO, WALL, first, reason="\n".join(others), host="web1")

    message = message_of(fold(Card(group="agent:9.0"), [notice]), zone=UTC)

    assert (
        plain_of(message)
        == """\
INFO web1: 7 days: 4 alerts, 1 acted upon, 2 would have been (dry-run), 0 held back

where: web1
  done: full once (1 verified)
  dry-run would have done: stuck_job 2 times (2 ended before)
  never right: stuck_job (2 ended by themselves before)
  never fired: silent"""
    )
    assert html_of(message) == (
        "<p><b>INFO web1: 7 days: 4 alerts, 1 acted upon, 2 would have been (dry-run), 0 held back</b></p><p><b>where</b>: web1<br>"
        "done: full once (1 verified)<br>dry-run would have done: stuck_job 2 times (2 ended before)<br>"
        "never right: stuck_job (2 ended by themselves before)<br>never fired: silent</p>"
    )
    assert list(section_lines(message.sections[0], with_title=False)) == [
        "*where*: web1",
        "done: full once (1 verified)",
        "dry-run would have done: stuck_job 2 times (2 ended before)",
        "never right: stuck_job (2 ended by themselves before)",
        "never fired: silent",
    ]
    assert line_of(notice, zone=UTC) == f"14:13:20 {first}"
