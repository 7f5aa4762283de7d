"""What still fires is said again, each time after twice as long, as long as nobody has acknowledged it."""

import msgspec

from tests.scenario.conversation import WALL, redis
from tests.scenario.routed import HOUR, MINUTE, long, notices, rows, short, talking, told, under
from watchdog.engine.routing.book import Book
from watchdog.engine.state import State
from watchdog.model.events import RulesLoaded
from watchdog.model.told import OperatorAcknowledged, OperatorSilenced, OperatorUnsilenced

DAY = 24 * HOUR


def said(talk, receiver="ops"):
    """When that receiver was told, in engine time, of what."""
    return [(notice.at - talk.booted_wall, notice.kind.removeprefix("alert.")) for notice in notices(talk, receiver)]


def ack(talk, *, lasts, target="push"):
    """Somebody has seen it."""
    now = talk.booted_wall + talk.at
    talk.hear(
        OperatorAcknowledged(id=f"a{talk.at}", by="ada", reason="I look", asked=now, until=now + lasts, rule="long-queue", target=target)
    )


def test_each_time_after_twice_as_long_up_to_a_day():
    """Without any route: after 4 hours, then 8, 16, then each day; and no more when it is over."""
    text = "rules: [{rule: long-queue, each: queue, when: queue.size > 10, notify: [ops]}]"
    talk = talking("", text)
    long(talk, "push", at=2_000)
    talk.wait(100 * HOUR)
    short(talk, "push")
    talk.wait(300 * HOUR)

    times = [(at - 2_000) // HOUR for at, kind in said(talk) if kind == "reminder"]
    assert times == [4, 12, 28, 52, 76, 99][:5]
    assert said(talk)[-1] == (100 * HOUR, "resolved")
    assert notices(talk, "ops")[1].reason == "it still fires after 4h, and nobody has acknowledged it"
    assert [row.detail for row in rows(talk, "reminded")][:2] == [{"told": "ops", "times": 1}, {"told": "ops", "times": 2}]


def test_as_the_route_says():
    """Another time, longer than a day too, or never."""
    for written, hours in (("1h", [1, 3, 7, 15, 31, 55]), ("48h", [48]), ("never", [])):
        talk = talking(f"routes: [{{notify: [ops], repeat: {written}}}]")
        long(talk, "push", at=2_000)
        talk.wait(60 * HOUR)
        assert [(at - 2_000) // HOUR for at, kind in said(talk) if kind == "reminder"] == hours


def test_across_a_restart_and_a_reboot():
    """What was due is due; the time for which a machine is off counts for nothing."""
    talk = talking("routes: [{notify: [ops], repeat: 1h}]")
    long(talk, "push", at=2_000)
    talk.wait(30 * MINUTE)
    talk.crash()
    long(talk, "push", at=31 * MINUTE)
    talk.wait(61 * MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing", "reminder"]

    talk.reboot("boot-2", down=5 * HOUR)
    long(talk, "push", at=MINUTE)
    talk.wait(HOUR + 57 * MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing", "reminder"]
    talk.wait(2 * HOUR)
    assert [kind for _, kind in said(talk)] == ["firing", "reminder", "reminder"]


def test_not_while_somebody_has_acknowledged_it():
    """Whoever was told is told of that, with who and until when; when it ends and it still fires, it is said again."""
    talk = talking("routes: [{notify: [ops], repeat: 1h}]")
    long(talk, "push", "pull", at=2_000)
    talk.wait(10 * MINUTE)
    ack(talk, lasts=3 * HOUR)
    talk.wait(5 * HOUR)

    mine = [notice for notice in notices(talk, "ops") if notice.entity == "push"]
    assert [(notice.kind.removeprefix("alert."), (notice.at - WALL) // (10 * MINUTE)) for notice in mine] == [
        ("firing", 0), ("acknowledged", 1), ("reminder", 19),
    ]  # fmt: skip
    assert (mine[1].by, mine[1].reason, mine[1].outcome) == ("ada", "I look", "acknowledged")
    assert mine[1].title.startswith("ada has acknowledged it, until ")
    assert [notice.kind.removeprefix("alert.") for notice in notices(talk, "ops") if notice.entity == "pull"] == [
        "firing",
        "reminder",
        "reminder",
    ]


def test_not_in_a_silence():
    """Neither said again nor acknowledged aloud; at its end it is told, and the time begins anew."""
    talk = talking("routes: [{notify: [ops], repeat: 1h}]")
    long(talk, "push", at=2_000)
    talk.hear(OperatorSilenced(id="s", by="ada", reason="known", asked=WALL, until=WALL + 5 * HOUR, rule="long-*"), at=MINUTE)
    talk.wait(HOUR)
    ack(talk, lasts=10 * MINUTE)
    talk.wait(5 * HOUR - 1)
    assert [kind for _, kind in said(talk)] == ["firing"]

    talk.wait(5 * HOUR + 59 * MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing", "firing"]
    talk.wait(6 * HOUR + MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing", "firing", "reminder"]


def test_what_fired_in_a_silence_is_said_again_from_its_end_on():
    """Nobody had been told before."""
    talk = talking("routes: [{notify: [ops], repeat: 1h}]")
    talk.hear(OperatorSilenced(id="s", by="ada", reason="known", asked=WALL, until=WALL + 5 * HOUR, entity="push"), at=2_000)
    long(talk, "push", at=3_000)
    talk.wait(2 * HOUR)
    (silence,) = talk.state.ledger.silences
    talk.hear(OperatorUnsilenced(id="u", by="ada", reason="done", asked=WALL, silence=silence))
    assert told(talk, "ops") == ["firing push"]
    talk.wait(3 * HOUR + MINUTE)
    assert told(talk, "ops") == ["firing push", "reminder push"]


def test_a_reload_can_end_it():
    """`repeat: never` holds for what fires already; and the other way round."""
    talk = talking("routes: [{notify: [ops], repeat: 1h}]")
    long(talk, "push", at=2_000)
    talk.rules = under("routes: [{notify: [ops], repeat: never}]")
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode), at=MINUTE)
    talk.wait(90 * MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing"]

    talk.rules = under("routes: [{notify: [ops], repeat: 2h}]")
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode), at=91 * MINUTE)
    talk.wait(119 * MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing"]
    talk.wait(121 * MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing", "reminder"]


def test_whoever_knows_no_rules_yet_says_nothing():
    """Between the start of an agent and its rules what is due waits, and is said then."""
    talk = talking("routes: [{notify: [ops], repeat: 1h}]")
    long(talk, "push", at=2_000)
    talk.at = 2 * HOUR
    before = len(talk.effects)
    lines = talk.crash(lose_world=False)
    assert told(talk, "ops", since=before) == ["reminder push"]
    assert lines.index("notify ops alert.reminder") > lines.index("audit agent rules in force")
    talk.hear(redis())
    assert told(talk, "ops", since=before) == ["reminder push"]


def test_what_an_earlier_version_has_told_of():
    """Its ledger knows nothing of what was told: it counts as told when the new one starts."""
    talk = talking("routes: [{notify: [ops], repeat: 1h}]")
    long(talk, "push", at=2_000)
    talk.state = State(msgspec.structs.replace(talk.state.ledger, routing=Book()), talk.state.world)
    talk.at = 10 * MINUTE
    talk.crash(lose_world=False)
    talk.wait(69 * MINUTE)
    assert [kind for _, kind in said(talk)] == ["firing"]
    talk.wait(71 * MINUTE)
    short(talk, "push")
    assert [kind for _, kind in said(talk)] == ["firing", "reminder", "resolved"]
