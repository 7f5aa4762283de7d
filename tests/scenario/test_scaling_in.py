"""Whole conversations about one instance less, and the two that must not chase each other: what is asked of the world, what is refused, and what a crash of the agent leaves."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis
from tests.scenario.scaling_server import (
    DONE,
    GIB,
    IN,
    OUT,
    SPARE,
    TARGET,
    asked,
    beat,
    denial,
    ends,
    identity,
    newest,
    room,
    talking,
    unit,
)
from watchdog.engine.due import next_due
from watchdog.model.effects import CallUnit
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, InFlight, LocksLookedAt, PutBackDone, Refused, Result, Sent, UnitCalled, UnitOutcome
from watchdog.model.verdicts import Mode


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
