"""Sick processes as the engine sees them come: when it speaks, and what it does not take for sickness."""

from tests.scenario.conversation import Conversation, found, host, job, process, redis, rules
from watchdog.model.events import CRASHED, STOPPED, Delta, Gone, SourceBack, SourceLost, Stopping
from watchdog.model.kinds import Kind, Source

ONE = "web1:10:abc"
MINUTE = 60_000
KERNEL = {"heartbeat_still": 0, "heartbeat_moved": 0, "heartbeat_thread": True, "stopped": False, "traced": False}
RULES = """
rules:
  - {rule: frozen, each: process, when: process.frozen, notify: [ops]}
  - {rule: left-quiet, each: process, when: process.quiet, for: 30m, notify: [ops]}
  - {rule: crashed, each: process, on: ProcessCrashed, notify: [ops]}
  - {rule: lost, each: job, on: JobLost, notify: [ops]}
  - {rule: unlisted, each: process, on: ProcessUnlisted, notify: [ops]}
"""


def beating(*, quiet: bool = False) -> Conversation:
    """One process of this host with a job, that beats at 0."""
    talk = Conversation(rules(RULES))
    talk.hear(redis(process(ONE, 0, beat_every=5_000, clean_stop=False, quiet=quiet), job(ONE, "j", 0), complete=True))
    talk.hear(host(found(ONE), Delta(Kind.PROCESS, ONE, KERNEL)))
    return talk


def looked(still: int) -> Delta:
    """A look that finds the heart standing still for so long."""
    return Delta(Kind.PROCESS, ONE, {"heartbeat_still": still, "heartbeat_moved": still})


def fired(talk: Conversation) -> list[tuple[str, str]]:
    """What every alert was told of: rule and outcome."""
    return [(row.rule, row.outcome) for row in talk.audit("alert")]


def test_frozen_is_told_when_the_minute_is_over():
    """No reading is waited for: the engine knows when the last beat will be a minute old."""
    talk = beating()
    talk.hear(host(looked(12_000)), at=20_000)
    talk.wait(MINUTE)
    assert fired(talk) == []

    talk.wait(MINUTE + 1)
    assert fired(talk) == [("frozen", "firing")]


def test_a_thawed_process_is_frozen_no_longer():
    """One switch of the thread that beats is enough, the beat follows."""
    talk = beating()
    talk.hear(host(looked(12_000)), at=20_000)
    talk.wait(MINUTE + 1)
    talk.hear(host(looked(0)), at=2 * MINUTE)

    assert fired(talk) == [("frozen", "firing"), ("frozen", "resolved")]


def test_a_host_that_can_not_be_read_freezes_nobody():
    """Before the alert: it does not come. After it: it stays, until the host can be read."""
    talk = beating()
    talk.hear(host(looked(12_000)), at=20_000)
    talk.hear(SourceLost(Source.HOST, "unreadable", "hidden"), at=30_000)
    talk.wait(2 * MINUTE)
    assert fired(talk) == []
    talk.hear(host(looked(15_000)), at=2 * MINUTE)
    talk.hear(SourceBack(Source.HOST))
    assert fired(talk) == [("frozen", "firing")]

    talk.hear(SourceLost(Source.HOST, "unreadable", "hidden"), at=3 * MINUTE)
    talk.wait(5 * MINUTE)
    assert fired(talk) == [("frozen", "firing")]


def test_half_an_hour_of_quiet_outlives_the_agent():
    """The agent is ended after twenty minutes and is away for one: that minute does not count, the twenty do."""
    talk = beating(quiet=True)
    talk.wait(20 * MINUTE)
    talk.hear(Stopping("asked to end"))
    talk.at = 21 * MINUTE
    talk.crash()
    talk.hear(redis(process(ONE, 21 * MINUTE, beat_every=5_000, quiet=True), complete=True))
    talk.hear(host(found(ONE), Delta(Kind.PROCESS, ONE, KERNEL)))
    talk.wait(31 * MINUTE - 1)
    assert ("left-quiet", "firing") not in fired(talk)

    talk.wait(31 * MINUTE)
    assert ("left-quiet", "firing") in fired(talk)


def test_a_crash_is_told_with_what_is_lost():
    """One line of the kernel and of Redis together; a process that stops in good order is neither."""
    talk = beating()
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"alive": False})), at=7_000)
    assert fired(talk) == []
    talk.hear(host(Gone(Kind.PROCESS, ONE, CRASHED)))
    assert [outcome for outcome in fired(talk) if outcome[1] == "firing"] == [("crashed", "firing"), ("lost", "firing")]

    other = beating()
    other.hear(host(Gone(Kind.PROCESS, ONE, STOPPED)), at=7_000)
    assert [outcome for outcome in fired(other) if outcome[1] == "firing"] == [("lost", "firing")]


def test_a_process_that_is_dead_is_not_unlisted_besides():
    """Redis is read once more after its end, and no longer lists it: that it is gone says it all, and its jobs were given back."""
    talk = beating()
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"alive": False})), at=7_000)
    talk.hear(
        redis(Delta(Kind.PROCESS, ONE, {"listed": False, "clean_stop": True}), Gone(Kind.JOB, f"{ONE}/t1/j/0", "pushed back or finished"))
    )
    talk.hear(host(Gone(Kind.PROCESS, ONE, STOPPED)))

    assert fired(talk) == []
