"""Whole conversations about instances of a template that come and go: what is asked of the world, what is refused, and what a crash of the agent leaves."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.advance import next_due
from watchdog.model.effects import CallUnit, KeepIncident
from watchdog.model.events import Delta, Gone, Observed, SourceLost
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, InFlight, LocksLookedAt, PutBackDone, Refused, Result, Sent, UnitCalled, UnitLook, UnitOutcome
from watchdog.model.verdicts import Mode

TEMPLATE = "ingress@.service"
TARGET = f"web1/{TEMPLATE}"
GIB = 1 << 30
OUT = """
rules:
  - rule: backlog
    each: queue
    when: queue.size > 100
    for: 20s
    then:
      - scale_out: {template: ingress@.service, max: 3, start_within: 1m}
    guards: {cooldown: 5m}
    notify: [ops]
"""
IN = """
rules:
  - rule: idle
    each: queue
    when: queue.size == 0
    for: 20s
    then:
      - scale_in: {template: ingress@.service, min: 1, drain: 60s, start_within: 1m, stuck_after: 10m}
    guards: {cooldown: 5m, keep: 40%}
    notify: [ops]
"""
SPARE = UnitLook(load_state="loaded", state="inactive", queues=("ingress",))
DONE = UnitCalled(UnitOutcome.DONE)


def identity(number: int) -> str:
    """Of the process in that instance."""
    return f"web1:{100 + number}:abc"


def unit(number: int, state: str = "active", **more: Any) -> Observed:
    """What systemd tells of that instance."""
    name = f"ingress@{number}.service"
    told = {"name": name, "template": TEMPLATE, "state": state, "job": "", "running": state == "active", "invocation": f"run-{number}", "stop_timeout": 15_000,
            "sidekiq_timeout": 25_000, "entered_at": 500, **more}  # fmt: skip
    return Observed(Source.SYSTEMD, (Delta(Kind.UNIT, name, told),))


def room(**host_readings: Any) -> tuple[Observed, Observed]:
    """A host and a Redis that have room for another."""
    readings = {"cores": 4.0, "cpu": 0.3, "memory_available": 8 * GIB, "memory_pressure": 0.0, **host_readings}
    server = {"memory": GIB, "maxmemory": 0, "clients": 50, "max_clients": 10_000, "latency": 1}
    return Observed(Source.HOST, (Delta(Kind.HOST, "web1", readings),)), redis(Delta(Kind.REDIS, "redis", server))


def beat(talk: Conversation, *numbers: int, quiet: int = 0, **more: Any) -> list[str]:
    """These processes beat now; the one of that number is quiet."""
    return talk.hear(
        redis(*(process(identity(number), talk.at, queues=("ingress",), quiet=number == quiet, rss=GIB, **more) for number in numbers))
    )


def talking(
    text: str, *running: int, size: int, mode: Mode = Mode.ACT, queues: tuple[str, ...] = ("ingress",), **host_readings: Any
) -> Conversation:
    """These instances run, and the rule has wanted something for as long as it takes."""
    talk = Conversation(rules(text, mode))
    queue = Delta(Kind.QUEUE, "ingress", {"name": "ingress", "size": size})
    there = [process(identity(number), 1_000, queues=queues, rss=GIB) for number in running]
    talk.hear(redis(*there, queue, complete=True), at=1_000)
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    for number in running:
        talk.hear(host(found(identity(number), unit=f"ingress@{number}.service")))
        talk.hear(unit(number))
    for reading in room(**host_readings):
        talk.hear(reading)
    talk.wait(20_000)
    talk.at = 21_000
    talk.hear(redis(*(process(identity(number), 21_000, queues=queues, rss=GIB) for number in running)))
    talk.wait(22_000)
    return talk


def newest(talk: Conversation, result: Result, *, at: int | None = None) -> list[str]:
    """The newest command that is open is answered; waits that nobody heeds any more are left."""
    last = list(talk.open)[-1]
    talk.open = {last: talk.open[last]}
    return talk.answer(result, at=at)


def asked(lines: list[str]) -> list[str]:
    """What was asked of the world."""
    return [line for line in lines if line.split()[0] not in ("audit", "notify")]


def denial(talk: Conversation) -> tuple[str, str]:
    """Guard and reason of the only request."""
    (request,) = talk.state.ledger.requests.values()
    return request.guard, request.reason


def ends(talk: Conversation) -> list[tuple[str, str]]:
    """Outcome and reason of every incident that is over."""
    return [(row.outcome, row.reason) for row in talk.audit("incident") if row.outcome in ("ended", "failed", "abandoned")]


def kept(talk: Conversation) -> Any:
    """The last incident that was kept."""
    return [effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)][-1]


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


def to_the_end(talk: Conversation, *jobs: Held, stuck: bool = False) -> list[str]:
    """From the look at the second of two to the flight record, with these jobs left in it."""
    for result in (HEALTHY, InFlight(()), HEALTHY):
        newest(talk, result)
    newest(talk, Sent(), at=23_000)
    for at in (33_000, 43_000):
        talk.at = at
        beat(talk, 1, 2, quiet=2)
    talk.wait(45_000)
    if jobs:
        talk.at = 100_000
        beat(talk, 1, 2, quiet=2)
        talk.wait(112_000)
    return newest(talk, InFlight(jobs))


def held(jid: str) -> Held:
    """A job that was found in it."""
    return Held(jid, "Job", "ingress", Certainty.PROVEN, ("work_hash",), True, True, f"d-{jid}")


def test_one_less_where_nothing_is_in_flight():
    """Quiet, two beats, and systemd stops that very run of the unit; nothing is started, and it is remembered who stopped it."""
    talk = talking(IN, 1, 2, size=0)
    lines = to_the_end(talk)
    assert asked(lines) == [f"stop ingress@2.service until {talk.at + 30_000}"]
    assert list(talk.open.values())[-1].invocation == "run-2"  # type: ignore[union-attr]  # asked of systemd
    newest(talk, DONE)
    newest(talk, Exited())
    newest(talk, InFlight((), stopped=True))
    talk.wait(talk.at + 2_000)

    assert ends(talk) == [("ended", ends(talk)[0][1])]
    assert "its service is stopped" in ends(talk)[0][1]
    assert "served in its place" not in ends(talk)[0][1], "nobody is meant to"
    assert list(talk.state.ledger.scaled.stopped) == ["ingress@2.service"]
    assert {TARGET, "web1/ingress@2.service"} <= set(talk.state.ledger.cooldowns)
    assert not [line for line in asked(lines) if line.startswith("start")]


def test_a_wait_that_is_cut_short_is_begun_again_once():
    """Where the end of a quiet process can't be waited for, that is tried again a second later; in between nothing is due at once, again and again."""
    talk = talking(IN, 1, 2, size=0)
    for result in (HEALTHY, InFlight(()), HEALTHY):
        newest(talk, result)
    newest(talk, Sent(), at=23_000)
    # The next look into the picture would be due earlier than that.
    newest(talk, Refused("the process can't be waited for"), at=23_500)
    assert next_due(talk.state) == 24_500

    assert [line for line in asked(talk.wait(24_500)) if line.startswith("await")] == [f"await {identity(2)} until 83000"]
    assert next_due(talk.state) is not None
    assert talk.state.ledger.runs


def test_one_less_with_a_stuck_job():
    """Killed; before anything else systemd is asked to keep it stopped; then its job is put where it belongs."""
    talk = talking(IN, 1, 2, size=0)
    talk.hear(redis(job(identity(2), "j1", -700_000, queue="ingress")))
    lines = to_the_end(talk, held("j1"))
    assert asked(lines) == [f"measure {identity(2)}"]
    assert asked(newest(talk, HEALTHY)) == [f"signal KILL {identity(2)}"]
    newest(talk, Sent())
    assert asked(newest(talk, Exited())) == [f"stop ingress@2.service until {talk.at + 10_000}"]
    assert list(talk.open.values())[-1].invocation == "run-2"  # type: ignore[union-attr]  # asked of systemd
    assert asked(newest(talk, DONE)) == [f"gather dead {identity(2)}"]
    lines = newest(talk, InFlight((held("j1"),)))
    assert [line for line in asked(lines) if line.startswith("put back j1 retry")]
    newest(talk, PutBackDone((Placed("j1", Fate.DONE, "retry"),)))
    if talk.open:
        newest(talk, LocksLookedAt())
    talk.wait(talk.at + 2_000)
    assert [outcome for outcome, _ in ends(talk)] == ["ended"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (UnitCalled(UnitOutcome.ALREADY), "its service could not be stopped in time: a new process of it beats, and is left alone"),
        (
            Refused("somebody has already asked systemd for something else"),
            "its service could not be stopped in time: a new process of it beats",
        ),
    ],
)
def test_what_systemd_has_revived_is_left_alone(answer, says):
    """It may have fetched jobs by now: it is not stopped, its predecessor's jobs are put back, and it is said that nothing was gained."""
    talk = talking(IN, 1, 2, size=0)
    talk.hear(redis(job(identity(2), "j1", -700_000, queue="ingress")))
    to_the_end(talk, held("j1"))
    for result in (HEALTHY, Sent(), Exited(), answer, InFlight((held("j1"),)), PutBackDone((Placed("j1", Fate.DONE, "retry"),))):
        newest(talk, result)
    if not any(isinstance(effect, CallUnit) for effect in talk.open.values()):
        newest(talk, LocksLookedAt())
    newest(talk, DONE)
    new = "web1:300:new"
    talk.hear(redis(process(new, talk.at, queues=("ingress",), booted_at=talk.at)))
    talk.hear(host(found(new, unit="ingress@2.service")))
    talk.wait(talk.at + 2_000)

    assert ends(talk)[0][0] == "failed"
    assert says in ends(talk)[0][1]
    assert [effect.verb.value for effect in talk.effects if isinstance(effect, CallUnit)] == ["stop", "start"]
    assert not talk.state.ledger.scaled.stopped


def test_what_systemd_revives_while_there_is_no_agent_is_known_for_what_it_is():
    """The agent dies before it can ask: the next one finds another run of the unit, stops nothing, and sees in its process the successor, however early that came."""
    talk = talking(IN, 1, 2, size=0)
    talk.hear(redis(job(identity(2), "j1", -700_000, queue="ingress")))
    to_the_end(talk, held("j1"))
    before: tuple[Result, ...] = (HEALTHY, Sent(), Exited())
    for one in before:
        newest(talk, one)
    revived = talk.at + 1_000
    talk.at += 60_000
    talk.crash()
    new = "web1:300:new"
    beats = (process(identity(1), talk.at, queues=("ingress",)), process(new, talk.at, queues=("ingress",), booted_at=revived))
    talk.hear(redis(*beats, complete=True))
    talk.hear(host(found(identity(1), unit="ingress@1.service"), found(new, unit="ingress@2.service")))
    talk.wait(talk.at + 2_000)
    for result in (UnitCalled(UnitOutcome.ALREADY), InFlight((held("j1"),)), PutBackDone((Placed("j1", Fate.DONE, "retry"),))):
        newest(talk, result)
    if not any(isinstance(effect, CallUnit) for effect in talk.open.values()):
        newest(talk, LocksLookedAt())
    newest(talk, DONE)
    talk.wait(talk.at + 2_000)

    assert ends(talk)[0][0] == "failed"
    assert "a new process of it beats, and is left alone" in ends(talk)[0][1]


def test_a_quiet_unit_that_can_not_be_stopped_is_restarted():
    """Systemd refuses: the process is of no use to anybody any more, so it is ended, and started anew."""
    talk = talking(IN, 1, 2, size=0)
    to_the_end(talk)
    assert asked(newest(talk, Refused("install the polkit rule"))) == [f"measure {identity(2)}"]
    assert asked(newest(talk, HEALTHY)) == [f"signal TERM {identity(2)}"]
    newest(talk, Sent())
    assert asked(newest(talk, Exited())) == [f"stop ingress@2.service until {talk.at + 10_000}"]
    newest(talk, Refused("install the polkit rule"))
    lines = newest(talk, InFlight((), stopped=True))
    assert asked(lines) == [f"start ingress@2.service until {talk.at + 60_000}"]
    newest(talk, Refused("install the polkit rule"))
    talk.wait(talk.at + 62_000)
    assert ends(talk)[0][0] == "failed"
    assert "no new process of it has beaten in time" in ends(talk)[0][1]


@pytest.mark.parametrize(("seen", "starts"), [(True, False), (False, True)])
def test_what_somebody_stops_meanwhile_is_not_started(seen, starts):
    """Systemd refuses the agent's stop because it is busy with somebody else's: whoever wants it down has it down."""
    talk = talking(IN, 1, 2, size=0)
    to_the_end(talk)
    newest(talk, Refused("somebody has already asked systemd for something else"))
    if seen:
        talk.hear(unit(2, "deactivating", job="stop"))
        talk.hear(unit(2, "inactive", entered_at=talk.at))
    for result in (HEALTHY, Sent(), Exited(), Refused("busy"), InFlight((), stopped=True)):
        newest(talk, result)

    assert [effect.verb.value for effect in talk.effects if isinstance(effect, CallUnit)] == [
        "stop",
        "stop",
        *(["start"] if starts else []),
    ]
    assert bool(ends(talk)) is not starts


def test_a_stop_that_systemd_does_not_finish_is_not_taken_for_somebody_elses():
    """Its job is seen, and so is the process that lives on: ended in the end, and as systemd would not keep it stopped, started anew."""
    talk = talking(IN, 1, 2, size=0)
    to_the_end(talk)
    talk.hear(unit(2, "deactivating", job="stop"))
    newest(talk, UnitCalled(UnitOutcome.WAITING))
    talk.hear(unit(2, "deactivating"))
    for result in (HEALTHY, Sent(), Exited(), UnitCalled(UnitOutcome.CANCELED), InFlight((), stopped=True)):
        newest(talk, result)

    assert [effect.verb.value for effect in talk.effects if isinstance(effect, CallUnit)] == ["stop", "stop", "start"]


@pytest.mark.parametrize(
    ("running", "says"), [((1,), "1 of ingress@.service run, and 'min' is 1"), ((), "0 of ingress@.service run, and 'min' is 1")]
)
def test_min_is_left(running, says):
    """It is said how many run, and nothing is looked at."""
    talk = talking(IN, *running, size=0)

    assert denial(talk) == ("last_look", says)
    assert not talk.open


def test_who_becomes_needed_before_it_is_quiet_stays():
    """The other one ends while the first looks are taken: no signal is sent."""
    talk = talking(IN, 1, 2, size=0)
    newest(talk, HEALTHY)
    talk.hear(unit(1, "failed", entered_at=talk.at))
    talk.hear(redis(Gone(Kind.PROCESS, identity(1), "gone")))
    newest(talk, InFlight(()))
    lines = newest(talk, HEALTHY)

    assert not [line for line in asked(lines) if line.startswith("signal")]
    assert ends(talk)[0][0] == "abandoned"


def test_others_must_keep_their_share():
    """The guard `coverage` speaks of this end as of any other."""
    talk = talking(IN.replace("keep: 40%", "keep: 60%"), 1, 2, size=0)

    assert denial(talk) == ("coverage", "queue ingress would keep 5 of 10 working threads, less than 60%")


def test_out_and_in_do_not_chase_each_other():
    """One cooldown for both: what was taken away is not brought back at once, nor the other way round."""
    both = OUT + IN.removeprefix("\nrules:\n").replace("queue.size == 0", "queue.size == 0")
    talk = talking(both, 1, 2, size=0)
    to_the_end(talk)
    for result in (DONE, Exited(), InFlight((), stopped=True)):
        newest(talk, result)
    talk.wait(talk.at + 2_000)
    talk.hear(unit(2, "inactive", entered_at=talk.at - 2_000))
    talk.hear(redis(Gone(Kind.PROCESS, identity(2), "gone"), Delta(Kind.QUEUE, "ingress", {"size": 500})))
    start = talk.at
    for at in range(start + 10_000, start + 40_000, 10_000):
        talk.at = at
        beat(talk, 1)
        talk.wait(at)
    assert denial(talk)[0] == "cooldown"
    assert "scale_in of rule idle" in denial(talk)[1]
    for at in range(start + 40_000, start + 330_000, 10_000):
        talk.at = at
        beat(talk, 1)
        for reading in room():
            talk.hear(reading)
        talk.wait(at)
    assert [effect.unit for effect in talk.open.values()] == ["ingress@2.service"], "what the agent has stopped it may start"  # type: ignore[union-attr]


@pytest.mark.parametrize("steps", range(1, 14))
def test_cut_off_anywhere_one_less_comes_to_its_end(steps):
    """The agent dies after any number of answers: the unit is stopped or what lived in it lives on, and nothing is started."""
    talk = talking(IN, 1, 2, size=0)
    for done in range(60):
        if done == steps:
            talk.crash()
            quiet = 2 if talk.at > 22_500 else 0
            alive = not any(isinstance(effect, CallUnit) for effect in talk.effects)
            there = (1, 2) if alive else (1,)
            queue = Delta(Kind.QUEUE, "ingress", {"name": "ingress", "size": 0})
            beats = (process(identity(one), talk.at, queues=("ingress",), quiet=one == quiet, rss=GIB) for one in there)
            talk.hear(redis(*beats, queue, complete=True))
            talk.hear(Observed(Source.SYSTEMD, (), complete=True))
            for one in (1, 2):
                talk.hear(unit(one))
                talk.hear(host(found(identity(one), unit=f"ingress@{one}.service", alive=one in there)))
            talk.wait(talk.at + 2_000)
            continue
        if not talk.open or (
            talk.at > 22_500 and type(list(talk.open.values())[-1]).__name__ == "AwaitExit" and not talk.state.ledger.scaled.stopped
        ):
            talk.at += 10_000
            beat(talk, 1, 2, quiet=2 if talk.at > 22_500 else 0)
            talk.wait(talk.at + 1_000)
            if ends(talk):
                break
            continue
        answers: dict[str, Result] = {"Measure": HEALTHY, "SendSignal": Sent(), "GatherInFlight": InFlight((), stopped=bool(talk.state.ledger.scaled.stopped)),
                                      "CallUnit": DONE, "AwaitExit": Exited(), "LookAfterLocks": LocksLookedAt(), "PutBack": PutBackDone(())}  # fmt: skip
        newest(talk, answers[type(list(talk.open.values())[-1]).__name__])
        talk.at += 1_000

    assert [outcome for outcome, _ in ends(talk)][-1] == "ended", ends(talk)
    assert {effect.verb.value for effect in talk.effects if isinstance(effect, CallUnit)} == {"stop"}
    assert list(talk.state.ledger.scaled.stopped) == ["ingress@2.service"]


def test_dry_run_says_what_would_be_done():
    """Both, stage by stage; and the shadow's cooldown is the template's."""
    talk = talking(OUT, 1, size=500, mode=Mode.DRY_RUN)
    talk.answer(SPARE)
    assert [row.stage for row in talk.audit("would")] == ["start"]
    assert list(talk.state.ledger.shadow.cooldowns) == [TARGET]

    talk = talking(IN, 1, 2, size=0, mode=Mode.DRY_RUN)
    talk.answer(HEALTHY)
    assert [row.stage for row in talk.audit("would")] == ["TSTP", "stop", "KILL", "TERM", "KILL", "start"]
    assert set(talk.state.ledger.shadow.cooldowns) == {TARGET, "web1/ingress@2.service"}
