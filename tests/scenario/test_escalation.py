"""What nobody acknowledges is told to others: level by level, once each, and what follows goes there, too."""

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, process, redis
from tests.scenario.routed import HOUR, MINUTE, long, notices, rows, short, talking, told, under
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.model.told import OperatorAcknowledged, OperatorApproved, OperatorSilenced
from watchdog.model.verdicts import Mode

LEVELS = "routes: [{notify: [ops], escalate: [{after: 15m, to: [chat]}, {after: 1h, to: [pager]}], repeat: never}]"
ASKING = """
rules:
  - rule: held
    each: process
    when: process.busy > 3
    then:
      - terminate_process: {process: process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%, answer_within: 1h}
    mode: ask
"""


def ack(talk: Conversation, *, lasts: int, rule: str = "long-queue", target: str = "push") -> None:
    """Somebody has seen it."""
    now = talk.booted_wall + talk.at
    talk.hear(OperatorAcknowledged(id=f"a{talk.at}", by="ada", reason="I look", asked=now, until=now + lasts, rule=rule, target=target))


def asking() -> tuple[Conversation, str]:
    """A person is asked; the conversation, and the id of the question."""
    talk = Conversation(under(LEVELS, ASKING, Mode.ASK))
    talk.hear(redis(process("web1:10:a", 1_000, busy=4), complete=True), at=1_000)
    talk.hear(host(found("web1:10:a")), at=1_001)
    talk.wait(6_000)
    while talk.open:
        talk.answer(HEALTHY)
    (asked,) = talk.state.ledger.approvals
    return talk, asked


def beat(talk: Conversation, until: int) -> None:
    """It goes on as it is, up to that time."""
    while talk.at < until:
        at = min(until, talk.at + 10_000)
        talk.wait(at)
        talk.hear(redis(Delta(Kind.PROCESS, "web1:10:a", {"confirmed_at": at})))
        while talk.open:
            talk.answer(HEALTHY)


def test_level_by_level_and_once_each():
    """After 15 minutes one more is told, after an hour another one; whoever was told is told of its end."""
    talk = talking(LEVELS)
    long(talk, "push", at=2_000)
    talk.wait(10 * HOUR)
    short(talk, "push")

    assert told(talk, "ops") == ["firing push", "resolved push"]
    assert told(talk, "chat") == ["escalated push", "escalated push", "resolved push"]
    assert told(talk, "pager") == ["escalated push", "resolved push"]
    assert [(notice.at - WALL) // MINUTE for notice in notices(talk, "chat")] == [15, 60, 600]
    assert [row.detail for row in rows(talk, "escalated")] == [{"told": "chat", "level": 1}, {"told": "pager", "level": 2}]
    assert notices(talk, "pager")[0].title == "nobody has acknowledged it within 1h: push is long"


def test_not_what_is_over():
    """It ended a moment before."""
    talk = talking(LEVELS)
    long(talk, "push", at=2_000)
    short(talk, "push", at=15 * MINUTE + 1_999)
    talk.wait(10 * HOUR)
    assert (told(talk, "chat"), told(talk, "pager")) == ([], [])


def test_not_while_somebody_has_acknowledged_it():
    """Nor afterwards at once both levels: the second comes as much later than the first as it is meant to."""
    talk = talking(LEVELS)
    long(talk, "push", at=2_000)
    talk.wait(10 * MINUTE)
    ack(talk, lasts=2 * HOUR)
    talk.wait(10 * HOUR)

    assert [(notice.kind.removeprefix("alert."), (notice.at - WALL) // MINUTE) for notice in notices(talk, "chat")] == [
        ("escalated", 130),
        ("escalated", 175),
    ]
    assert told(talk, "ops") == ["firing push", "acknowledged push"]


def test_not_in_a_silence():
    """Whoever has silenced it knows of it; when the silence is over it is told, and its time begins anew."""
    talk = talking(LEVELS)
    long(talk, "push", at=2_000)
    talk.hear(OperatorSilenced(id="s", by="ada", reason="known", asked=WALL, until=WALL + 5 * HOUR, rule="long-*"), at=MINUTE)
    talk.wait(5 * HOUR + 14 * MINUTE)
    assert told(talk, "chat") == []
    talk.wait(5 * HOUR + 16 * MINUTE)
    assert told(talk, "chat") == ["escalated push"]


def test_across_a_restart_and_a_reboot():
    """The levels that were told stay told, and the next one comes in its time."""
    talk = talking(LEVELS)
    long(talk, "push", at=2_000)
    talk.wait(20 * MINUTE)
    talk.crash()
    long(talk, "push", at=21 * MINUTE)
    assert told(talk, "chat") == ["escalated push"]
    talk.reboot("boot-2", down=5 * HOUR)
    long(talk, "push", at=MINUTE)
    talk.wait(38 * MINUTE)
    assert (told(talk, "chat"), told(talk, "pager")) == (["escalated push"], [])
    talk.wait(41 * MINUTE)
    assert (told(talk, "chat"), told(talk, "pager")) == (["escalated push"] * 2, ["escalated push"])


def test_reminders_go_there_too():
    """Whoever was told later hears what follows."""
    talk = talking(LEVELS.replace("repeat: never", "repeat: 2h"))
    long(talk, "push", at=2_000)
    talk.wait(2 * HOUR + MINUTE)
    assert told(talk, "pager") == ["escalated push", "reminder push"]


def test_a_question_that_nobody_answers():
    """At half of its time it is told to the first level, with its id; how it ends is told there, too."""
    talk, asked = asking()
    beat(talk, 29 * MINUTE)
    assert [notice for notice in notices(talk, "pager") if notice.approval] == []
    assert [notice.approval for notice in notices(talk, "chat") if notice.approval] == []
    beat(talk, 31 * MINUTE)
    (notice,) = [notice for notice in notices(talk, "chat") if notice.approval]
    assert (notice.approval, notice.outcome, notice.kind.value) == (asked, "asked", "alert.escalated")
    assert f"sidekiq-watchdog approve {asked} on web1" in notice.title

    beat(talk, 62 * MINUTE)
    assert [notice.outcome for notice in notices(talk, "chat") if notice.approval] == ["asked", "expired"]
    assert [row.detail for row in talk.audit("approval") if row.outcome == "escalated"] == [{"approval": asked, "told": "chat"}]


def test_a_question_that_is_answered():
    """Nobody else is asked."""
    talk, asked = asking()
    beat(talk, 20 * MINUTE)
    now = talk.booted_wall + talk.at
    talk.hear(OperatorApproved(id="y", by="ada", reason="yes", asked=now, approval=asked))
    beat(talk, 40 * MINUTE)
    assert [row.outcome for row in talk.audit("approval")][:2] == ["asked", "approved"]
    assert not [row for row in talk.audit("approval") if row.outcome == "escalated"]


def test_a_question_about_what_somebody_has_acknowledged():
    """Somebody is there."""
    talk, _ = asking()
    beat(talk, 10 * MINUTE)
    alert = next(iter(talk.state.ledger.alerts.values()))
    ack(talk, lasts=3 * HOUR, rule="held", target=alert.target)
    beat(talk, 40 * MINUTE)
    assert not [row for row in talk.audit("approval") if row.outcome == "escalated"]
    assert told(talk, "chat") == []
    talk.hear(redis(Gone(Kind.PROCESS, "web1:10:a", "exited")))
