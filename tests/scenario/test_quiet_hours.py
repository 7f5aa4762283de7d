"""Quiet hours: what is not severe enough waits for their end, in one summary; what people must do something about never waits."""

from datetime import UTC, datetime

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, process, redis, told_by
from tests.scenario.routed import HOUR, MINUTE, full, long, notices, rows, short, slow, talking, told, under, waiting
from tests.scenario.test_escalation import ASKING
from watchdog.config.zones import read_zone
from watchdog.engine.routing.table import Quiet
from watchdog.engine.turn import Turn
from watchdog.model.effects import Notify
from watchdog.model.events import Event, TimeReached
from watchdog.model.hours import Hours
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.verdicts import Mode

ROUTE = "routes: [{notify: [ops], repeat: 1h, quiet_hours: {from: '23:00', to: '07:00', zone: UTC}, escalate: {after: 30m, to: [pager]}}]"
MIDNIGHT = int(datetime(2026, 9, 22, tzinfo=UTC).timestamp() * 1000) - WALL
"""The one after the beginning of a conversation, in engine time: that begins at 14:13:20."""
MORNING = WALL + MIDNIGHT + 7 * HOUR


def at_night(routing: str = ROUTE) -> Conversation:
    """It is midnight."""
    talk = talking(routing)
    talk.wait(MIDNIGHT)
    return talk


def test_one_summary_in_the_morning():
    """Two rules, one group, not before the hours end; what ended in the night is told in it, too."""
    talk = at_night()
    long(talk, "push", at=MIDNIGHT + HOUR)
    long(talk, "pull", at=MIDNIGHT + 2 * HOUR)
    short(talk, "push", at=MIDNIGHT + 3 * HOUR)
    talk.wait(MIDNIGHT + 7 * HOUR - 1)

    assert waiting(talk) == [("firing push", MORNING), ("firing pull", MORNING), ("resolved push", MORNING)]
    assert told(talk, "ops") == ["firing push", "firing pull", "resolved push"], "nobody is reminded of what nobody has read"
    assert len({notice.group for notice in notices(talk, "ops")}) == 1
    assert told_by(rows(talk, "firing")[0]) == {"told": "ops", "quiet_until": "2026-09-22 07:00 UTC", "route": "#1"}
    assert told(talk, "pager") == []

    talk.wait(MIDNIGHT + 7 * HOUR + 31 * MINUTE)
    assert told(talk, "pager") == ["escalated pull"], "from the morning on somebody can acknowledge it"
    short(talk, "pull")
    assert (notices(talk, "ops")[-1].group, waiting(talk)[3:]) == (notices(talk, "ops")[0].group, [])


def test_what_waits_for_the_morning_hides_nothing_that_does_not():
    """A critical symptom of a cause that nobody hears of before seven wakes people; one that would wait as well is hidden, and so is all of it by day."""
    talk = at_night(
        f"{ROUTE}\ninhibit: [{{when: {{rule: long-queue}}, hides: {{rule: slow-queue}}}}, {{when: {{rule: slow-queue}}, hides: {{rule: full}}}}]"
    )
    long(talk, "push", at=MIDNIGHT + HOUR)
    slow(talk, "pull", at=MIDNIGHT + 2 * HOUR)
    assert waiting(talk) == [("firing push", MORNING)]
    assert told(talk, "ops") == ["firing push", "firing pull"]
    full(talk, at=MIDNIGHT + 2 * HOUR + MINUTE)
    assert told(talk, "ops") == ["firing push", "firing pull"], "by what people know of it is hidden"

    talk = at_night(
        f"{ROUTE}\ninhibit: [{{when: {{rule: long-queue, entity: push}}, hides: {{rule: long-queue, entity: pull}}}}, {{when: {{rule: long-queue}}, hides: {{rule: slow-queue}}}}]"
    )
    long(talk, "push", "pull", at=MIDNIGHT + HOUR)
    slow(talk, "pull", at=MIDNIGHT + 7 * HOUR + MINUTE)
    assert told(talk, "ops") == ["firing push"]


def test_each_night_has_its_own():
    """The next one is another message."""
    talk = at_night()
    long(talk, "push", at=MIDNIGHT + HOUR)
    short(talk, "push", at=MIDNIGHT + 2 * HOUR)
    long(talk, "push", at=MIDNIGHT + 25 * HOUR)
    first, _, second = notices(talk, "ops")
    assert first.group != second.group


def test_what_is_severe_enough_comes_at_once():
    """As `except` says; without it what is critical."""
    talk = at_night()
    slow(talk, "push")
    assert (told(talk, "ops"), waiting(talk)) == (["firing push"], [])
    talk.wait(MIDNIGHT + 31 * MINUTE)
    assert told(talk, "pager") == ["escalated push"]

    talk = at_night(ROUTE.replace("zone: UTC", "zone: UTC, except: [warning]"))
    slow(talk, "push")
    long(talk, "pull")
    assert waiting(talk) == [("firing push", MORNING)]


def test_what_was_told_by_day_ends_quietly():
    """Its message is changed in the morning, and it is that one: the end belongs to it and to no summary."""
    talk = talking(ROUTE)
    long(talk, "push", at=HOUR)
    talk.wait(MIDNIGHT)
    short(talk, "push", at=MIDNIGHT + HOUR)
    first, *_, last = notices(talk, "ops")
    assert waiting(talk)[-1:] == [("resolved push", MORNING)]
    assert first.group == last.group


def test_reminders_wait_for_the_morning():
    """One of what fired by day, however long the night; none of them is missed."""
    talk = talking(ROUTE.replace("repeat: 1h", "repeat: 4h"))
    long(talk, "push", at=HOUR)
    talk.wait(MIDNIGHT + 12 * HOUR)
    reminders = [notice.at - WALL - MIDNIGHT for notice in notices(talk, "ops") if notice.kind.endswith("reminder")]
    assert [round(at / HOUR, 1) for at in reminders] == [-4.8, 7.0]
    assert [entry for entry in waiting(talk) if entry[0].startswith("reminder")] == []


def test_a_question_comes_at_once_and_all_that_follows_of_it():
    """A person is asked at any hour; then it is no longer quiet about that alert, and it has a message of its own, into which what waits of it comes along: the morning would hear that it fires, and never that it is over."""
    talk = Conversation(under(ROUTE, ASKING, Mode.ASK))
    talk.wait(MIDNIGHT)
    talk.hear(redis(process("web1:10:a", MIDNIGHT, busy=4), complete=True))
    talk.hear(host(found("web1:10:a")), at=MIDNIGHT + 1)
    talk.wait(MIDNIGHT + 6_000)
    while talk.open:
        talk.answer(HEALTHY)

    firing, denied, asked = notices(talk, "ops")
    assert [at for _, at in waiting(talk)] == [MORNING] * 2
    assert asked.approval
    assert firing.group == denied.group != asked.group
    assert [(one.notice, one.takes) for one in talk.effects if isinstance(one, Notify) and one.takes] == [(asked, firing.group)]
    talk.hear(redis(process("web1:10:a", talk.at, busy=0)))
    assert len(waiting(talk)) == 2
    assert {notice.group for notice in notices(talk, "ops")[2:]} == {asked.group}
    assert notices(talk, "ops")[-1].kind.endswith(("resolved", "decided"))


def test_what_people_have_read_of_stays_where_they_did():
    """What began in one night, was read of in the morning and wakes them in the next: its message says that it fires, and must come to say that it is over."""
    talk = at_night()
    long(talk, "push", at=MIDNIGHT + HOUR)
    talk.wait(MIDNIGHT + 25 * HOUR)
    first = notices(talk, "ops")[0]
    turn = Turn(talk.rules, talk.state, Event(talk.seq + 1, talk.at, talk.booted_wall + talk.at, TimeReached()))
    turn.notify(
        ("ops",), thread=first.thread, kind=NoticeKind.ENDED, severity=Severity.CRITICAL, title="x", rule="long-queue", entity="push"
    )
    (ended,) = (effect for effect in turn.effects if isinstance(effect, Notify))
    assert (ended.notice.group, ended.not_before, ended.takes) == (first.group, 0, "")


@pytest.mark.parametrize(
    ("zone", "wall", "until"),
    [
        ("UTC", datetime(2026, 9, 21, 22, 59, tzinfo=UTC), None),
        ("UTC", datetime(2026, 9, 21, 23, 0, tzinfo=UTC), datetime(2026, 9, 22, 7, 0, tzinfo=UTC)),
        ("UTC", datetime(2026, 9, 22, 6, 59, 59, 999_000, tzinfo=UTC), datetime(2026, 9, 22, 7, 0, tzinfo=UTC)),
        ("UTC", datetime(2026, 9, 22, 7, 0, tzinfo=UTC), None),
        ("Europe/Berlin", datetime(2026, 9, 21, 21, 30, tzinfo=UTC), datetime(2026, 9, 22, 5, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
    ],
)
def test_until_when(zone, wall, until):
    """By the clocks of the zone, also in the nights in which they are changed."""
    clocks = read_zone(zone)
    assert clocks is not None
    quiet = Quiet(Hours(23 * 60, 7 * 60), clocks, (Severity.CRITICAL,))
    expected = None if until is None else int(until.timestamp() * 1000)
    assert quiet.until(int(wall.timestamp() * 1000)) == expected


def test_what_turns_out_to_be_worse_than_its_alert():
    """A warning whose incident ends as critical wakes people in a message of its own, not with all that waits for the morning; what follows of it comes at once."""
    talk = at_night()
    long(talk, "push", "pull", at=MIDNIGHT + HOUR)
    firing = notices(talk, "ops")[0]
    turn = Turn(talk.rules, talk.state, Event(talk.seq + 1, talk.at, talk.booted_wall + talk.at, TimeReached()))
    for kind, severity in (
        (NoticeKind.STAGE, Severity.WARNING),
        (NoticeKind.ENDED, Severity.CRITICAL),
        (NoticeKind.RESOLVED, Severity.WARNING),
    ):
        turn.notify(("ops",), thread=firing.thread, kind=kind, severity=severity, title="x", rule="long-queue", entity="push")
    before, ended, after = (effect for effect in turn.effects if isinstance(effect, Notify))

    assert (before.not_before, before.notice.group) == (MORNING, firing.group)
    assert (ended.not_before, after.not_before) == (0, 0)
    assert ended.notice.group == after.notice.group != firing.group
