"""Whole conversations about a stuck job: what the engine is told and what it asks for, step by step."""

import pytest

from tests.scenario.conversation import ALL_SIGNALS, HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.model.events import Paused, Resumed, RulesLoaded, SourceBack, SourceLost
from watchdog.model.kinds import Source
from watchdog.model.results import Exited, Look, Refused, Sent, StillRunning
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    where: job.queue in ["push", "pull"]
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
ONE = "web1:10:abc"


@pytest.fixture
def talk() -> Conversation:
    """One local process whose job has been running since 1 s, read in full."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    return talk


def beat(talk: Conversation, at: int) -> list[str]:
    """The process beats at `at`, and nothing else has changed."""
    return talk.hear(redis(process(ONE, at)), at=at)


def to_term(talk: Conversation) -> None:
    """Up to the sent SIGTERM."""
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())


def test_from_beat_to_kill(talk):
    """Condition, look, copy, look, intent, TERM, wait for `grace`, look, KILL, wait: each in its turn, each written down."""
    conversation = [
        beat(talk, 12_000),
        beat(talk, 22_000),
        talk.answer(HEALTHY, at=22_003),
        talk.answer(Sent(), at=22_004),
        talk.answer(StillRunning(), at=32_004),
        talk.answer(HEALTHY, at=32_006),
        talk.answer(Sent(), at=32_007),
        talk.answer(Exited(), at=32_050),
    ]

    assert conversation == [
        [],
        ["audit alert stuck-job firing", "notify ops alert.firing", "measure web1:10:abc"],
        [
            "audit decision stuck-job ALLOW",
            "notify ops action.decided",
            "audit incident stuck-job evidence opened",
            "gather before web1:10:abc",
            "audit outcome stuck-job copy in flight: nothing",
            "measure web1:10:abc",
            "audit intent stuck-job ALLOW TERM",
            "signal TERM web1:10:abc",
        ],
        ["audit outcome stuck-job TERM sent", "notify ops action.stage", "await web1:10:abc until 32004"],
        ["audit outcome stuck-job grace still running", "measure web1:10:abc"],
        ["audit intent stuck-job ALLOW KILL", "signal KILL web1:10:abc"],
        ["audit outcome stuck-job KILL sent", "notify ops action.stage", "await web1:10:abc until 62007"],
        [
            "audit outcome stuck-job death exited",
            "gather dead web1:10:abc",
            "audit outcome stuck-job reckon it has given everything back",
            "drop flight",
            "audit incident stuck-job over ended",
            "notify ops action.ended",
        ],
    ]


def test_dry_run_only_looks():
    """In dry-run the target is looked at, what act would have done is written with its times, and nothing is sent."""
    talk = Conversation(rules(RULE, Mode.DRY_RUN))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    beat(talk, 22_000)
    lines = talk.answer(HEALTHY, at=22_003)
    would = talk.audit("would")

    assert lines == [
        "audit decision stuck-job DRY_RUN",
        "notify ops action.decided",
        "audit would stuck-job DRY_RUN TERM left out",
        "audit would stuck-job DRY_RUN KILL left out",
    ]
    assert [(row.stage, row.would_at - row.wall) for row in would] == [("TERM", 0), ("KILL", 10_000)]
    assert beat(talk, 32_000) + beat(talk, 42_000) == []
    assert talk.open == {}


def test_dry_run_spends_its_own_cooldown():
    """A second stuck job on the same target inside the cooldown is denied in dry-run as it would be in act."""
    talk = Conversation(rules(RULE, Mode.DRY_RUN))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    end_of_first = redis(process(ONE, 32_000), *[], job(ONE, "j2", 23_000, thread="t2"))
    talk.hear(end_of_first, at=32_000)
    talk.hear(redis(gone_job("j1", 1000)), at=32_001)
    lines = beat(talk, 52_000)

    assert "audit decision stuck-job DENY cooldown" in lines


def gone_job(jid: str, started_at: int, thread: str = "t1"):
    """That job has finished."""
    from watchdog.model.events import Gone
    from watchdog.model.kinds import Kind

    return Gone(Kind.JOB, f"{ONE}/{thread}/{jid}/{started_at}", "finished")


def test_job_that_finishes_before_the_look_saves_its_process(talk):
    """A job that is no longer there at the last look withdraws the request: no signal."""
    beat(talk, 22_000)
    talk.hear(redis(process(ONE, 22_001), gone_job("j1", 1000)), at=22_001)
    lines = talk.answer(HEALTHY)

    assert [line for line in lines if line.startswith(("signal", "audit intent"))] == []
    assert talk.state.ledger.requests == {}


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (Look(alive=True, same=False, mismatch="it started later"), "it started later"),
        (Look(alive=True, same=True, state="S", catches=()), "still booting"),
        (Look(alive=True, same=True, state="t", tracer=99, catches=("TERM",)), "the debugger with pid 99"),
        (Look(alive=True, same=True, state="S", frozen=True, catches=("TERM",)), "cgroup is frozen"),
        (Look(alive=False, same=False), "has ended"),
        (Refused("Redis is gone"), "Redis is gone"),
    ],
)
def test_a_look_that_shows_another_thing_denies(talk, look, reason):
    """What the last look finds wrong is the reason of the denial, and nothing is sent."""
    beat(talk, 22_000)
    lines = talk.answer(look)

    assert "audit decision stuck-job DENY last_look" in lines
    assert reason in talk.audit("decision")[-1].reason
    assert talk.state.ledger.runs == {}


def test_a_denial_is_one_row_however_long_it_lasts(talk):
    """A pause over an hour is written once when it denies, and again only when the answer changes."""
    talk.hear(Paused("ada", "maintenance"))
    beat(talk, 22_000)
    before = len(talk.audit("decision"))
    for at in range(32_000, 3_600_000, 10_000):
        beat(talk, at)

    assert before == len(talk.audit("decision")) == 1
    assert talk.audit("decision")[0].reason == "paused by ada: maintenance"
    talk.hear(Resumed("ada"))
    assert list(talk.open.values()) != []


def test_lost_redis_stops_everything_and_resolves_nothing(talk):
    """While Redis can't be read a firing alert stays, no request is granted; afterwards it goes on."""
    talk.hear(Paused("ada", "x"))
    beat(talk, 22_000)
    lost = talk.hear(SourceLost(Source.REDIS, "refused", "nobody answers at redis://…"), at=23_000)
    resumed = talk.hear(Resumed("ada"), at=24_000)
    quiet = talk.wait(53_000)
    talk.hear(redis(process(ONE, 54_000), complete=True), at=54_000)
    back = talk.hear(SourceBack(Source.REDIS), at=54_001)

    assert lost == ["audit source lost", "notify ops source.changed"]
    assert [line for line in resumed + quiet if "measure" in line or "signal" in line or "resolved" in line] == []
    assert talk.audit("decision")[-1].guard == "blind"
    assert back[-1] == "measure web1:10:abc"


def test_process_of_another_host_is_never_looked_at():
    """A process that the host did not find among its own is denied with the reason, without a look."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process("web2:10:abc", 2000), job("web2:10:abc", "j1", 1000), complete=True), at=2000)
    lines = talk.hear(redis(process("web2:10:abc", 22_000)), at=22_000)

    assert "audit decision stuck-job DENY last_look" in lines
    assert talk.audit("decision")[-1].reason == "it has not been found among the processes of this host"
    assert talk.open == {}


def test_two_stuck_jobs_in_one_process_are_one_request(talk):
    """Two alerts of one rule on one target make one request, and one incident."""
    talk.hear(redis(process(ONE, 12_000), job(ONE, "j2", 1500, thread="t2")), at=12_000)
    lines = beat(talk, 22_000)
    talk.answer(HEALTHY)

    assert lines.count("measure web1:10:abc") == 1
    assert len(talk.state.ledger.runs) == 1
    assert len(next(iter(talk.state.ledger.playbooks.values())).alerts) == 2


def test_pause_after_term_holds_the_kill(talk):
    """After TERM a pause holds the incident instead of ending it; the message names the command; it goes on afterwards."""
    to_term(talk)
    talk.hear(Paused("ada", "wait"))
    talk.answer(StillRunning(), at=32_100)
    held = talk.answer(HEALTHY, at=32_101)
    talk.hear(Resumed("ada"), at=33_000)
    again = talk.wait(38_000)

    assert held == ["audit incident stuck-job paused KILL held", "notify ops action.stage"]
    assert again == ["measure web1:10:abc"]
    assert talk.answer(HEALTHY) == ["audit intent stuck-job ALLOW KILL", "signal KILL web1:10:abc"]


def test_stopped_process_gets_cont_after_term(talk):
    """A process found in state T is sent SIGCONT after the TERM, which it would not hear otherwise."""
    beat(talk, 22_000)
    stopped = Look(alive=True, same=True, state="T", catches=ALL_SIGNALS)
    talk.answer(stopped)
    lines = talk.answer(Sent())

    assert lines[-1] == "measure web1:10:abc"
    assert talk.answer(stopped)[-1] == "signal CONT web1:10:abc"
    assert talk.answer(Sent())[-1].startswith("await")


def test_process_that_ends_by_term_is_never_killed(talk):
    """A process that ends within `grace` closes the incident; its cooldown counts from that moment."""
    to_term(talk)
    lines = talk.answer(Exited(), at=25_000)

    assert "audit incident stuck-job over ended" in lines
    assert talk.state.ledger.cooldowns["web1/app[push]"].ended_at == 25_000


def test_a_wait_cut_short_never_brings_the_kill_forward(talk):
    """An interrupted wait is taken up again; KILL waits for the full `grace`."""
    to_term(talk)
    talk.answer(Refused("no pidfd"), at=24_000)
    lines = talk.wait(31_999)

    assert [line for line in lines if line.startswith(("measure", "signal"))] == []


def test_observe_mode_asks_for_nothing():
    """In observe there are alerts and notices, and not even a request."""
    talk = Conversation(rules(RULE, Mode.OBSERVE))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)

    assert beat(talk, 22_000) == ["audit alert stuck-job firing", "notify ops alert.firing"]
    assert talk.state.ledger.requests == {}


def test_a_mode_lowered_after_term_holds_the_kill(talk):
    """Whoever lowers the mode to dry-run after TERM gets no KILL: the incident is held and says why."""
    to_term(talk)
    talk.rules = rules(RULE, Mode.DRY_RUN)
    talk.hear(RulesLoaded(talk.rules.digest, Mode.DRY_RUN))
    talk.answer(StillRunning(), at=32_100)
    lines = talk.answer(HEALTHY, at=32_101)

    assert lines == ["audit incident stuck-job KILL held", "notify ops action.stage"]
    assert "lowered to dry-run" in talk.audit("incident")[-1].reason
