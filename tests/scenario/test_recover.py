"""Whole conversations about the recovery of a process: what the engine is told and what it asks for, way by way."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.ledger import Strike
from watchdog.model.events import Gone, Paused, Resumed
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind
from watchdog.model.results import Exited, InFlight, LocksLookedAt, PutBackDone, Refused, Sent, StillRunning
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    where: job.queue in ["push", "pull"]
    when: job.elapsed > 20s
    then:
      - recover_process: {process: job.process, drain: 60s, stuck_jobs: {strikes: 2, then: quarantine}}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
ONE, NEXT = "web1:10:abc", "web1:11:def"


def held(jid: str, *, certainty: Certainty = Certainty.PROVEN, job_class: str = "Job", payload: bool = True, retries: bool = True) -> Held:
    """A job that the shell says it has found."""
    return Held(jid, job_class, "push", certainty, ("work_hash",), payload, retries, f"d-{job_class}" if payload else "")


def ended(jid: str, thread: str, started_at: int) -> Gone:
    """That job has finished."""
    return Gone(Kind.JOB, f"{ONE}/{thread}/{jid}/{started_at}", "finished")


@pytest.fixture
def talk() -> Conversation:
    """One local process with a stuck job and one that has just begun."""
    return talking(RULE)


def talking(text: str) -> Conversation:
    """The same, under another rule."""
    talk = Conversation(rules(text))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    talk.hear(redis(process(ONE, 12_000), job(ONE, "j2", 11_000, thread="t2", queue="default")), at=12_000)
    return talk


def beat(talk: Conversation, at: int, *changes: Any, quiet: bool = True) -> list[str]:
    """The process beats at `at`."""
    return talk.hear(redis(process(ONE, at, quiet=quiet), *changes), at=at)


def asked(lines: list[str]) -> list[str]:
    """What was asked of the world."""
    return [line for line in lines if line.split()[0] in ("measure", "signal", "await", "gather", "put", "drop")]


def to_quiet(talk: Conversation) -> None:
    """Up to the second quiet beat."""
    beat(talk, 22_000, quiet=False)
    talk.answer(HEALTHY)
    talk.answer(InFlight((held("j1", certainty=Certainty.LIKELY),)))
    talk.answer(HEALTHY)
    talk.answer(Sent(), at=22_010)
    beat(talk, 32_000)
    beat(talk, 42_000)
    talk.wait(43_000)


def answer(talk: Conversation, result: Any, *, at: int | None = None) -> list[str]:
    """The newest command that is open is answered; waits that nobody heeds any more are left."""
    newest = list(talk.open)[-1]
    talk.open = {newest: talk.open[newest]}
    return talk.answer(result, at=at)


def test_a_stuck_job_is_taken_from_among_the_others(talk):
    """Copy, TSTP, two quiet beats, drain until only the stuck job is left, record, KILL at once, and its job waits for its second chance."""
    conversation = [
        beat(talk, 22_000, quiet=False),
        talk.answer(HEALTHY, at=22_003),
        talk.answer(InFlight((held("j1", certainty=Certainty.LIKELY),)), at=22_004),
        talk.answer(HEALTHY, at=22_005),
        talk.answer(Sent(), at=22_006),
        beat(talk, 32_000),
        beat(talk, 42_000),
        talk.wait(43_000),
        beat(talk, 52_000, ended("j2", "t2", 11_000)),
        talk.wait(53_000),
        answer(talk, InFlight((held("j1"),)), at=53_001),
        talk.answer(HEALTHY, at=53_002),
        talk.answer(Sent(), at=53_003),
        talk.answer(Exited(), at=53_004),
        talk.answer(InFlight((held("j1"),)), at=53_005),
        talk.answer(PutBackDone((Placed("j1", Fate.DONE, "retry"),)), at=53_006),
    ]

    assert [asked(lines) for lines in conversation] == [
        ["measure web1:10:abc"],
        ["gather before web1:10:abc"],
        ["measure web1:10:abc"],
        ["signal TSTP web1:10:abc"],
        ["await web1:10:abc until 82006"],
        [],
        ["await web1:10:abc until 102000"],
        [],
        ["gather quiet web1:10:abc"],
        [],
        ["measure web1:10:abc"],
        ["signal KILL web1:10:abc"],
        ["await web1:10:abc until 83003"],
        ["gather dead web1:10:abc"],
        ["put back j1 retry at 353005"],
        [],
    ]
    new = talk.hear(redis(process(NEXT, 60_000, booted_at=59_000)), at=60_000) + talk.wait(62_000)
    assert "drop flight" in new
    last = talk.audit("incident")[-1]
    assert last.outcome == "ended"
    assert "1 finished by themselves; 1 put into the retry set (1 from work hash)" in last.reason
    assert talk.state.ledger.strikes["jid j1"].count == 1


def to_put_back(talk: Conversation, *jobs: Held) -> list[str]:
    """From the second quiet beat to what is put back, of these jobs."""
    beat(talk, 100_000)
    talk.wait(110_000)
    for result in (InFlight(jobs), HEALTHY, Sent(), Exited()):
        answer(talk, result)
    return answer(talk, InFlight(jobs))


def test_an_innocent_goes_back_to_its_queue_and_the_stuck_one_does_not(talk):
    """The end that is fetched next for the one, minutes of waiting for the other; who would not be tried again waits until locks are gone."""
    to_quiet(talk)
    lines = to_put_back(talk, held("j1"), held("j2", job_class="Other"), held("j3", job_class="Once", retries=False))

    assert asked(lines) == ["put back j1 retry at 410000", "put back j2 queue", "put back j3 schedule at 1070000"]
    assert set(talk.state.ledger.strikes) == {"jid j1", "Job d-Job"}


def test_a_second_strike_is_the_last(talk):
    """The same work under another jid, caught again, goes into quarantine."""
    talk.state = msgspec.structs.replace(
        talk.state, ledger=msgspec.structs.replace(talk.state.ledger, strikes={"Job d-Job": Strike(1, 0, 1), "jid other": Strike(1, 0, 1)})
    )
    to_quiet(talk)

    assert asked(to_put_back(talk, held("j1"))) == ["put back j1 quarantine"]
    assert talk.state.ledger.strikes["Job d-Job"].count == 2


def test_a_job_without_payload_is_named(talk):
    """What can't be put back is said by class and jid, at the end."""
    to_quiet(talk)
    lines = to_put_back(talk, held("j1"), held("j2", payload=False))
    answer(talk, PutBackDone((Placed("j1", Fate.DONE, "retry"),)))
    answer(talk, LocksLookedAt())
    talk.wait(250_000)

    assert asked(lines) == ["put back j1 retry at 410000"]
    assert "1 not put back, because it is not sure that they ran or their payload is not known: Job j2" in talk.audit("incident")[-1].reason


def test_nothing_left_is_ended_gently(talk):
    """Where no job is left after the drain TERM does it, and nothing is put back."""
    to_quiet(talk)
    lines = beat(talk, 52_000, ended("j2", "t2", 11_000), ended("j1", "t1", 1000)) + talk.wait(53_000)
    lines += answer(talk, InFlight(())) + talk.answer(HEALTHY) + talk.answer(Sent(), at=54_000) + talk.answer(Exited())
    lines += talk.answer(InFlight((), stopped=True)) + talk.wait(120_000)

    assert [line for line in asked(lines) if line.startswith(("signal", "put"))] == ["signal TERM web1:10:abc"]
    assert talk.audit("incident")[-1].outcome == "ended"


def test_an_innocent_that_does_not_end_gets_term(talk):
    """Left over when the time to drain is over, but not stuck: Sidekiq itself gives it back; if it can't, KILL, and the agent does."""
    to_quiet(talk)
    beat(talk, 52_000, ended("j1", "t1", 1000))
    job_j2 = (held("j2", job_class="Slow"),)
    beat(talk, 100_000)
    lines = talk.wait(103_000) + answer(talk, InFlight(job_j2)) + answer(talk, HEALTHY)
    lines += (
        answer(talk, Sent(), at=104_000)
        + beat(talk, 130_000)
        + answer(talk, StillRunning(), at=134_000)
        + answer(talk, HEALTHY)
        + answer(talk, Sent())
    )
    lines += answer(talk, Exited()) + answer(talk, InFlight(job_j2))

    assert [line for line in asked(lines) if line.startswith(("signal", "put"))] == [
        "signal TERM web1:10:abc", "signal KILL web1:10:abc", "put back j2 queue",
    ]  # fmt: skip


def test_what_ends_by_itself_before_quiet_is_left_alone(talk):
    """The stuck job finishes between the decision and TSTP: no signal at all."""
    beat(talk, 22_000, quiet=False)
    talk.answer(HEALTHY)
    talk.hear(redis(process(ONE, 22_001), ended("j1", "t1", 1000)), at=22_001)
    talk.answer(InFlight((held("j1"),)))
    lines = talk.answer(HEALTHY)

    assert [line for line in lines if line.startswith("signal")] == []
    assert talk.audit("incident")[-1].outcome == "abandoned"


def test_redis_that_takes_nothing_keeps_everything_as_it_is(talk):
    """If Redis can't be written when the process is already quiet, it is held, critical, and goes on by itself once it can."""
    to_quiet(talk)
    beat(talk, 52_000, ended("j2", "t2", 11_000))
    talk.wait(53_000)
    held_at = answer(talk, Refused("the server is a replica and can't be written"))
    again = talk.wait(58_000)

    assert "audit incident stuck-job record held" in held_at
    assert asked(again) == ["gather quiet web1:10:abc"]
    assert asked(answer(talk, InFlight((held("j1"),)))) == ["measure web1:10:abc"]


def test_a_pause_after_quiet_holds(talk):
    """From TSTP on nothing ends the incident: a pause holds it, and its end lets it go on to the KILL."""
    to_quiet(talk)
    talk.hear(Paused("ada", "wait"))
    beat(talk, 52_000, ended("j2", "t2", 11_000))
    talk.wait(53_000)
    answer(talk, InFlight((held("j1"),)))
    lines = answer(talk, HEALTHY)
    assert "audit incident stuck-job paused KILL held" in lines
    talk.hear(Resumed("ada"), at=54_000)
    talk.wait(60_000)
    assert asked(answer(talk, HEALTHY)) == ["signal KILL web1:10:abc"]


def test_a_process_that_dies_of_tstp_is_asked_what_it_held(talk):
    """Sidekiq 7.3.2 can exit at TSTP and lose its jobs: what was copied before is put back."""
    beat(talk, 22_000, quiet=False)
    talk.answer(HEALTHY)
    talk.answer(InFlight((held("j1", certainty=Certainty.LIKELY),)))
    talk.answer(HEALTHY)
    talk.answer(Sent(), at=22_010)
    lines = talk.answer(Exited(), at=22_500)
    assert asked(lines) == ["gather dead web1:10:abc"]
    lines = talk.answer(InFlight((held("j1", certainty=Certainty.LIKELY), held("j2", certainty=Certainty.LIKELY, job_class="B"))))
    assert asked(lines) == ["put back j1 retry at 322500"], "the stuck job; the other is not proven to have run"


@pytest.mark.parametrize("steps", range(1, 14))
def test_cut_off_anywhere_it_comes_to_the_same_end(talk, steps):
    """The agent dies after any number of answers: the next one ends the process once more at most, and its job has one place."""
    script: list[Any] = [
        HEALTHY, InFlight((held("j1", certainty=Certainty.LIKELY),)), HEALTHY, Sent(), "quiet", InFlight((held("j1"),)), HEALTHY, Sent(), Exited(),
        InFlight((held("j1"),)), PutBackDone((Placed("j1", Fate.DONE),)),
    ]  # fmt: skip
    beat(talk, 22_000, quiet=False)
    done = 0
    while talk.open and done < 40:
        done += 1
        if done == steps:
            talk.crash()
            talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 1000), complete=True))
            talk.hear(host(found(ONE)))
            talk.wait(talk.at + 2_000)
            continue
        _, effect = list(talk.open.items())[-1]
        talk.open = {effect.id: effect}
        match type(effect).__name__:
            case "Measure":
                talk.answer(HEALTHY)
            case "SendSignal":
                talk.answer(Sent())
            case "GatherInFlight":
                talk.answer(InFlight((held("j1"),)))
            case "PutBack":
                talk.answer(PutBackDone((Placed("j1", Fate.DONE),)))
            case "AwaitExit":
                run = next(iter(talk.state.ledger.runs.values()))
                if run.stage == "death":
                    talk.answer(Exited())
                else:
                    for _ in range(8):
                        beat(talk, talk.at + 10_000, job(ONE, "j1", 1000), ended("j2", "t2", 11_000))
                        talk.wait(talk.at + 1_000)
    talk.wait(talk.at + 120_000)

    assert script
    kills = [row for row in talk.audit("outcome") if row.stage == "KILL" and row.outcome == "sent"]
    placements = {(row.detail["jid"], row.detail["place"]) for row in talk.audit("intent") if row.stage == "put_back"}
    assert talk.state.ledger.runs == {}
    assert len(kills) == 1
    assert placements == {("j1", "retry")}
    assert talk.state.ledger.strikes["jid j1"].count == 1


def test_dry_run_says_what_it_would_do():
    """TSTP now, and what follows when; nothing is asked of the world but a look."""
    talk = Conversation(rules(RULE, Mode.DRY_RUN))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    beat(talk, 22_000, quiet=False)
    talk.answer(HEALTHY)

    assert [(row.stage, row.would_at - row.wall) for row in talk.audit("would")] == [
        ("TSTP", 0),
        ("KILL", 60_000),
        ("TERM", 60_000),
        ("KILL", 90_000),
    ]
    assert talk.open == {}
    assert WALL
