"""What shakes the picture, how it settles, and what is no news while Redis itself is what changed."""

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.checkpoint import checkpoint, rebuild
from watchdog.engine.guards.settling import settling
from watchdog.engine.world import World
from watchdog.model.events import Body, Delta, Gap, Gone, Observed, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Answer, Mode

ONE, TWO = "web1:10:abc", "web2:11:def"
STUCK = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {settle: 3, cooldown: 5m, keep: 0%}
    notify: [ops]
"""
BEAT = 5_000


def server(run_id: str = "a", *, role: str = "master", processed: int = 50, memory: int = 100) -> tuple[Delta, Delta]:
    """What Redis says of itself, and a counter that never falls."""
    said = {"run_id": run_id, "role": role, "memory": memory, "maxmemory": 200, "policy": "noeviction"}
    return Delta(Kind.SIDEKIQ, "sidekiq", {"processed": processed}), Delta(Kind.REDIS, "redis", said)


def check(*, ok: bool) -> Observed:
    """What a declared check found."""
    return Observed(Source.CHECKS, (Delta(Kind.CHECK, "postgres", {"name": "postgres", "type": "postgres", "ok": ok}),))


def settled(*, text: str = STUCK, mode: Mode = Mode.ACT) -> Conversation:
    """A local process that has beaten three times since the agent's start; it is 15 s then."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(process(ONE, 0), *server(), complete=True))
    talk.hear(host(found(ONE)))
    for beat in range(1, 4):
        talk.hear(redis(process(ONE, beat * BEAT)), at=beat * BEAT)
    return talk


def stuck(talk: Conversation, *, beats: int) -> list[str]:
    """From now on a job is found that began a minute ago, and the process beats so often; what was asked for."""
    started = talk.at - 60_000
    lines = talk.hear(redis(job(ONE, "j1", started)))
    for _ in range(beats):
        at = talk.at + BEAT
        lines += talk.hear(redis(process(ONE, at)), at=at)
    return lines


def denied(talk: Conversation) -> list[tuple[str, str]]:
    """Guard and reason of each decision that was written down."""
    return [(row.guard, row.reason) for row in talk.audit("decision")]


def test_whoever_has_beaten_three_times_is_acted_upon():
    """A settled picture has nothing against it: the look is asked for in the turn of the alert."""
    assert f"measure {ONE}" in stuck(settled(), beats=0)


def test_after_a_start_three_beats_are_waited_for():
    """The first impression is none: two beats are denied with the count, the third one acts at once."""
    talk = Conversation(rules(STUCK))
    talk.hear(redis(process(ONE, 0), *server(), complete=True))
    talk.hear(host(found(ONE)))

    assert f"measure {ONE}" not in stuck(talk, beats=2)
    assert denied(talk) == [("settling", "the agent has just been started: 0 of 3 beats of it seen since")]
    assert f"measure {ONE}" in talk.hear(redis(process(ONE, talk.at + BEAT)), at=talk.at + BEAT)


def test_beats_from_before_the_snapshot_do_not_count():
    """A beat that was written before everything was read, and is told late, shows nothing new."""
    talk = Conversation(rules(STUCK))
    talk.hear(redis(process(ONE, 0), *server(), complete=True), at=20_000)
    talk.hear(host(found(ONE)))
    for age in (15_000, 10_000, 5_000):
        talk.hear(redis(process(ONE, 20_000 - age)))

    assert f"measure {ONE}" not in stuck(talk, beats=0)


def test_the_silent_are_waited_for_no_longer_than_three_slow_beats():
    """A process that beats no more is settled after 30 s, in the turn that falls due then."""
    talk = Conversation(rules(STUCK.replace("job.elapsed > 20s", 'job.jid == "j1"')))
    talk.hear(redis(process(ONE, 0), *server(), complete=True))
    talk.hear(host(found(ONE)))
    talk.hear(redis(job(ONE, "j1", 0)), at=1_000)

    assert f"measure {ONE}" not in talk.wait(29_999)
    assert f"measure {ONE}" in talk.wait(30_000)


SHAKEN: dict[str, tuple[list[Body], str]] = {
    "reconnect": (
        [SourceLost(Source.REDIS, "reset", "gone"), redis(complete=True), SourceBack(Source.REDIS)],
        "Redis could not be read: 0 of 3 beats of it seen since",
    ),
    "restart": (
        [SourceLost(Source.REDIS, "reset", "gone"), redis(*server("b"), complete=True), SourceBack(Source.REDIS)],
        "another Redis server answers than before: 0 of 3 beats of it seen since",
    ),
    "flush": ([redis(*server(processed=0))], "Redis has lost data (a counter of Sidekiq fell): 0 of 3 beats of it seen since"),
    # For as long as it is a replica another guard denies, too.
    "demoted": ([redis(*server(role="slave")), redis(*server(role="master"))], "Redis became a master: 0 of 3 beats of it seen since"),
    # What was stuck for want of memory, or of the database, need not be so any more: their next beats say.
    "full": ([redis(*server(memory=200)), redis(*server(memory=199))], "Redis had reached its memory limit: 0 of 3 beats of it seen since"),
    "check": ([check(ok=True), check(ok=False), check(ok=True)], "the check postgres failed until then: 0 of 3 beats of it seen since"),
    "read anew": ([redis(complete=True)], "Redis has been read anew: 0 of 3 beats of it seen since"),
    "asleep": ([Gap(15_000, 0, asleep=480_000)], "the agent saw nothing for 480 s: 0 of 3 beats of it seen since"),
}


@pytest.mark.parametrize("case", SHAKEN)
def test_what_shakes_the_picture(case):
    """After each of these three beats are waited for again, then all is as before."""
    events, reason = SHAKEN[case]
    talk = settled()
    for event in events:
        talk.hear(event)

    assert f"measure {ONE}" not in stuck(talk, beats=2)
    assert denied(talk) == [("settling", reason)]
    assert f"measure {ONE}" in talk.hear(redis(process(ONE, talk.at + BEAT)), at=talk.at + BEAT)


def test_a_clock_of_redis_that_jumps():
    """The first reading of the clock is none; another one is a jump."""
    talk = settled()
    talk.hear(redis(Delta(Kind.REDIS, "redis", {"clock": 1_000})))
    assert settling_of(talk) is Answer.PASS
    talk.hear(redis(Delta(Kind.REDIS, "redis", {"clock": 9_000})))
    assert settling_of(talk) is Answer.DENY


def test_the_application_s_redis_shakes_nothing():
    """Only the server that holds Sidekiq's data matters to what is known of Sidekiq."""
    talk = settled()
    talk.hear(redis(Delta(Kind.REDIS, "app", {"run_id": "x"})))
    talk.hear(redis(Delta(Kind.REDIS, "app", {"run_id": "y"})))
    assert settling_of(talk) is Answer.PASS


def test_a_reload_is_a_new_beginning():
    """Rules that were just loaded meet a picture that must show itself, but need no new snapshot."""
    talk = settled()
    talk.start()
    assert settling_of(talk) is Answer.DENY
    other = settled()
    other.hear(redis(complete=False))
    assert settling_of(other) is Answer.PASS


def settling_of(talk: Conversation) -> Answer:
    """What the guard says of the process now."""

    class Shown:
        at, process, about, led, settings, world = talk.at, ONE, TargetKind.PROCESS, "", {"settle": 3}, talk.state.world

    return settling(Shown()).answer  # type: ignore[arg-type]  # all that it looks at


def test_without_a_snapshot_no_beat_counts():
    """Beats while a snapshot is awaited settle nothing."""
    world = World()
    world.take(redis(process(ONE, 1)), 1)
    world.take(redis(process(ONE, 2)), 2)
    assert world.settling.awaits
    world.take(redis(complete=True), 3)
    assert (world.settling.awaits, world.settling.beats(ONE)) == (False, 0)


def test_a_process_that_left_is_forgotten():
    """Its beats are those of nobody."""
    talk = settled()
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")))
    assert talk.state.world.settling.beats(ONE) == 0


def test_an_incident_goes_on_unsettled():
    """After the point of no return nothing is waited for: a restarted agent sends KILL when its time has come."""
    from watchdog.model.results import Exited, Sent, StillRunning

    talk = settled()
    stuck(talk, beats=0)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.crash()
    assert settling_of(talk) is Answer.DENY
    talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 0), complete=True))
    talk.answer(StillRunning(), at=talk.at + 10_000)
    assert f"signal KILL {ONE}" in talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.answer(Exited())


def test_a_gap_counts_into_no_elapsed_and_no_silence():
    """The job is as old as before, and so is the last beat; what comes later counts on from there."""
    talk = settled(text=STUCK.replace("20s", "60s"))
    talk.hear(redis(job(ONE, "j1", 0)))
    talk.hear(Gap(15_000, 480_000), at=495_000)
    world = talk.state.world
    (row,) = world.rows[Kind.JOB].values()

    assert (row.started_at, world.find(Kind.PROCESS, ONE).confirmed_at) == (480_000, 495_000)  # type: ignore[attr-defined,union-attr]
    talk.hear(redis(process(ONE, 500_000), job(ONE, "j1", 0)))  # told once more, as after it came back
    assert row.started_at == 480_000  # type: ignore[attr-defined]
    talk.hear(Gap(15_000, 480_000))  # the turn was undone, and its event comes again
    assert row.started_at == 480_000  # type: ignore[attr-defined]
    talk.hear(redis(job(ONE, "j2", 496_000, thread="t2")))
    assert not talk.audit("alert")


def test_a_gap_counts_into_no_for():
    """An alert that has been pending for 10 s is 10 s old after the gap."""
    talk = settled(text=STUCK.replace("    then:", "    for: 30s\n    then:"))
    talk.hear(redis(job(ONE, "j1", -60_000)))
    talk.hear(TimeReached(), at=25_000)
    talk.hear(Gap(25_000, 100_000), at=125_000)
    talk.wait(144_999)
    assert talk.audit("alert") == []
    talk.wait(145_000)
    assert [row.outcome for row in talk.audit("alert")] == ["firing"]


def test_a_gap_covers_nothing():
    """What would have been seen then is not known: a window over the gap has no value."""
    talk = settled(text="rules: [{rule: many, each: queue, when: 'avg(queue.size, 1m) > 5'}]", mode=Mode.OBSERVE)
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 9})))
    talk.hear(Gap(15_000, 85_000), at=100_000)
    talk.wait(130_000)
    assert talk.audit("alert") == []


WAITING = "rules:\n  - {rule: gone, each: process, on: ProcessVanished}\n  - {rule: lost, each: job, on: JobLost}\n  - {rule: cleared, each: queue, on: QueueVanished}\n"


def vanishing(*more: Delta) -> Observed:
    """Everything that Redis said of a process of another host and of a queue is gone."""
    return redis(Delta(Kind.PROCESS, TWO, {"listed": False}), Gone(Kind.QUEUE, "push", "cleared"), *more)


@pytest.mark.parametrize(
    ("more", "told"), [((), 3), (server(processed=0), 0), (server("b"), 0)], ids=["as ever", "flushed", "another server"]
)
def test_what_vanishes_with_the_data_of_redis_is_no_news(more, told):
    """`on:` hears of what left while all else stayed; not of what is missing on an emptied or another server."""
    talk = Conversation(rules(WAITING, Mode.OBSERVE))
    talk.hear(redis(process(TWO, 0), job(TWO, "j1", 0), Delta(Kind.QUEUE, "push", {"name": "push", "size": 1}), *server(), complete=True))
    talk.hear(vanishing(*more), at=5_000)

    assert len([row for row in talk.audit("alert") if row.outcome == "firing"]) == told


def test_a_checkpoint_knows_what_has_settled_and_what_was_missed():
    """An engine that goes on from it acts, or waits, at the very same beat."""
    talk = settled()
    talk.hear(redis(job(ONE, "j1", 0)))
    talk.hear(Gap(15_000, 40_000), at=55_000)
    talk.hear(redis(process(ONE, 60_000)), at=60_000)
    again = rebuild(checkpoint(talk.state, at=talk.at, wall=0), talk.rules).world

    assert again.settling.plain() == talk.state.world.settling.plain()
    assert again.settling.beats(ONE) == 1
    assert again.gaps.plain() == [(15_000, 40_000)]
