"""Whole conversations about one more instance of a template: what is asked of the world, what is refused, and what a crash of the agent leaves."""

import pytest

from tests.scenario.conversation import found, host, process, redis
from tests.scenario.scaling_server import DONE, GIB, OUT, SPARE, TARGET, asked, beat, denial, ends, identity, kept, room, talking, unit
from watchdog.model.effects import CallUnit
from watchdog.model.events import Delta, Observed, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import UnitLook


def test_one_more_from_the_alert_to_its_first_beat():
    """The lowest that does not run is looked at, started, and waited for; what was done counts for the template."""
    talk = talking(OUT, 1, 3, size=500)
    assert next(iter(talk.open.values())).unit == "ingress@2.service"  # type: ignore[union-attr]  # a look at a unit

    assert asked(talk.answer(SPARE, at=23_000)) == ["start ingress@2.service until 83000"]
    talk.answer(DONE, at=24_000)
    talk.wait(30_000)
    assert ends(talk) == []
    talk.hear(unit(2, entered_at=23_500))
    talk.hear(redis(process(identity(2), 40_000, queues=("ingress",), booted_at=39_000)), at=40_000)
    talk.hear(host(found(identity(2), unit="ingress@2.service")))
    talk.wait(42_000)

    assert [outcome for outcome, _ in ends(talk)] == ["ended"]
    assert "a process beats in ingress@2.service" in ends(talk)[0][1]
    assert (kept(talk).target, kept(talk).outcome) == (TARGET, "ended")
    assert talk.state.ledger.cooldowns[TARGET].action == "scale_out"
    assert len(talk.state.ledger.spent[TARGET]) == 1


def test_no_room_is_said_and_nothing_done():
    """What is lacking is named before systemd is asked for anything, and once there is room it is begun."""
    talk = talking(OUT, 1, size=500, memory_available=GIB, cpu=1.0)
    guard, reason = denial(talk)

    assert guard == "headroom"
    assert reason.startswith(
        "no room for one more: processor: 0% of one is idle on this host, and it takes 50%; memory: 1.0 GiB are available"
    )
    assert not talk.open
    for reading in room():
        talk.hear(reading)
    talk.wait(30_000)
    assert [effect.unit for effect in talk.open.values()] == ["ingress@2.service"]  # type: ignore[union-attr]  # a look at a unit


def test_without_a_check_the_decision_says_what_was_not_looked_at():
    """Connections to a database are nobody's guess."""
    talk = talking(OUT, 1, size=500)
    talk.answer(SPARE)

    assert "not looked at for room: connections to the database" in [row.reason for row in talk.audit("decision")][-1]


@pytest.mark.parametrize("lost", [Source.HOST, Source.REDIS, Source.SYSTEMD])
def test_what_is_not_seen_has_no_room(lost):
    """Readings of a source that is lost are still in the picture, and nobody relies on them."""
    talk = talking(OUT, 1, size=50)
    talk.hear(SourceLost(lost, "gone", "nobody answers"))
    talk.hear(redis(Delta(Kind.QUEUE, "ingress", {"size": 500}))) if lost is not Source.REDIS else None
    talk.wait(60_000)

    assert not any(isinstance(effect, CallUnit) for effect in talk.effects)
    assert not talk.open


@pytest.mark.parametrize(
    ("running", "queues", "says"),
    [
        ((1, 2, 3), ("ingress",), "3 of ingress@.service run already, and 'max' is 3"),
        ((1,), ("ingress", "scheduler"), "web1:101:abc serves the queue scheduler, which there must be once and not twice"),
    ],
)
def test_why_there_is_not_one_more(running, queues, says):
    """Enough run, or there must not be a second of them."""
    talk = talking(OUT, *running, size=500, queues=queues)

    assert denial(talk) == ("last_look", says)
    assert not talk.open


@pytest.mark.parametrize(
    ("look", "says"),
    [
        ({"queues": ("scheduler",)}, "by its command it serves the queue scheduler, which there must be once and not twice"),
        ({"load_state": "masked"}, "ingress@2.service is masked"),
        ({"state": "failed", "result": "exit-code"}, "ingress@2.service has failed (exit-code)"),
        ({"job": "stop"}, "ingress@2.service is about to be changed: somebody has asked systemd to stop it"),
    ],
)
def test_what_is_found_right_before_counts(look, says):
    """The picture knows nothing of a unit that systemd does not hold."""
    talk = talking(OUT, 1, size=500)
    talk.answer(UnitLook(**{"load_state": "loaded", "state": "inactive", "queues": None, **look}))

    assert denial(talk) == ("last_look", says)
    assert not talk.open


def test_where_none_runs_its_command_must_say_what_it_serves():
    """An unknown queue can be the scheduler's; `-q` in the command is enough."""
    without = OUT.replace("each: queue", "each: redis").replace("queue.size > 100", "redis.clients > 1")
    for queues, says in (
        (None, "which queues it would serve is not known: none of ingress@.service runs, and its command does not say so with `-q`"),
        (("ingress",), ""),
    ):
        talk = talking(without, size=0)
        assert "memory: what is available, or what one process takes, is not known" in denial(talk)[1]
        # Of another process here it is known what one takes.
        talk.hear(redis(process("web1:5:xyz", talk.at, queues=("push",), rss=GIB)))
        talk.hear(host(found("web1:5:xyz", unit="sidekiq.service")))
        talk.wait(40_000)
        lines = talk.answer(UnitLook(load_state="loaded", state="inactive", queues=queues))
        assert denial(talk)[1] == says if says else asked(lines) == ["start ingress@1.service until 100000"]


def test_a_process_that_never_beats_is_a_failure():
    """Systemd has started it, and nothing comes of it; one whose unit fails is not waited for."""
    talk = talking(OUT, 1, size=500)
    talk.answer(SPARE, at=23_000)
    talk.answer(DONE, at=24_000)
    for at in range(30_000, 90_000, 10_000):
        talk.at = at
        beat(talk, 1)
    talk.wait(90_000)
    assert ends(talk)[0][0] == "failed"
    assert "no process of it has beaten in time" in ends(talk)[0][1]

    talk = talking(OUT, 1, size=500)
    talk.answer(SPARE, at=23_000)
    talk.answer(DONE, at=24_000)
    talk.hear(unit(2, "failed", failed=True, result="exit-code", entered_at=25_000), at=25_000)
    talk.wait(30_000)
    assert "ingress@2.service has been started, and has failed" in ends(talk)[0][1]


@pytest.mark.parametrize(
    ("heard", "state", "asks"),
    [
        (False, "inactive", ["look at ingress@2.service", "start ingress@2.service until 85000"]),
        (False, "active", ["look at ingress@2.service"]),
        (True, "", []),
    ],
)
def test_cut_off_it_is_started_once(heard, state, asks):
    """After a crash of the agent the very same instance is looked at and asked for again, unless it runs by then; what systemd has said to be done is only waited for."""
    talk = talking(OUT, 1, size=500)
    talk.answer(SPARE, at=23_000)
    if heard:
        talk.answer(DONE, at=24_000)
    talk.at = 24_000
    talk.crash()
    lines = talk.hear(redis(process(identity(1), talk.at, queues=("ingress",), rss=GIB), complete=True))
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.hear(host(found(identity(1), unit="ingress@1.service")))
    for reading in room():
        talk.hear(reading)
    lines += talk.wait(25_000)
    if state:
        lines += talk.answer(UnitLook(load_state="loaded", state=state))
    assert asked(lines) == asks
    if talk.open:
        talk.answer(DONE)
    talk.hear(redis(process(identity(2), 30_000, queues=("ingress",), booted_at=29_000)), at=30_000)
    talk.hear(host(found(identity(2), unit="ingress@2.service")))
    talk.wait(33_000)

    assert [outcome for outcome, _ in ends(talk)] == ["ended"]
