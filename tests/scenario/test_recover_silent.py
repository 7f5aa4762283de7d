"""Whole conversations about processes that do not beat: which are frozen, which are cut off, which were stopped, and what becomes of each."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_recover import NEXT, ONE, answer, asked, beat, held
from watchdog.model.events import Delta
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind
from watchdog.model.results import Exited, InFlight, Look, PutBackDone, Sent, StillRunning


def still(talk: Conversation, at: int, milliseconds: int, **more: Any) -> None:
    """The kernel says for how long the heartbeat thread has done nothing, and Redis answers."""
    talk.hear(redis(), at=at)
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"heartbeat_still": milliseconds, "heartbeat_thread": True, **more})), at=at)


FROZEN = """
rules:
  - rule: silent
    each: process
    when: process.beat_age > 60s
    then:
      - recover_process: {process: process, rescue: likely}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""


def test_a_frozen_process_gets_nothing_but_kill():
    """No beat for 60 s and a heartbeat thread that stands still: everybody in it is a suspect, and comes back one by one."""
    talk = Conversation(rules(FROZEN))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), job(ONE, "j2", 1500, thread="t2"), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    still(talk, 61_000, 58_000)
    lines = talk.wait(63_000) + talk.answer(HEALTHY)
    lines += answer(talk, InFlight((held("j1", certainty=Certainty.LIKELY), held("j2", certainty=Certainty.LIKELY)), unnamed=3))
    lines += talk.answer(HEALTHY) + talk.answer(Sent()) + talk.answer(Exited())
    lines += talk.answer(InFlight((held("j1", certainty=Certainty.LIKELY), held("j2", certainty=Certainty.LIKELY)), unnamed=3))

    assert [line for line in asked(lines) if line.startswith(("gather", "signal", "put"))] == [
        "gather frozen web1:10:abc",
        "signal KILL web1:10:abc",
        "gather dead web1:10:abc",
        f"put back j1 retry at {63_000 + 120_000}",
        f"put back j2 retry at {63_000 + 150_000}",
    ]


@pytest.mark.parametrize(("unnamed", "place"), [(0, "quarantine"), (1, f"retry at {63_000 + 120_000}")])
def test_what_was_told_while_it_stood_still_holds_once_it_is_dead(unnamed, place):
    """Its sockets can't be asked any more then: whether the one job that ran is the culprit was decided by what they told before."""
    talk = Conversation(rules(FROZEN))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    still(talk, 61_000, 58_000)
    talk.wait(63_000)
    talk.answer(HEALTHY)
    answer(talk, InFlight((held("j1"),), unnamed=unnamed))
    for result in (HEALTHY, Sent(), Exited()):
        talk.answer(result)
    lines = talk.answer(InFlight((held("j1"),), unnamed=4))

    assert [line for line in asked(lines) if line.startswith("put")] == [f"put back j1 {place}"]


def freeze(talk: Conversation, identity: str, at: int, *jobs: Held, unnamed: int) -> list[str]:
    """That process stops beating at `at`, with these jobs in it, and is recovered; what is put back where."""
    talk.hear(redis(process(identity, at, threads=25, booted_at=max(0, at - 60_000)), complete=True), at=at)
    talk.hear(host(found(identity)), at=at + 1)
    talk.hear(redis(), at=at + 59_000)
    talk.hear(host(Delta(Kind.PROCESS, identity, {"heartbeat_still": 58_000, "heartbeat_thread": True})), at=at + 59_000)
    lines = talk.wait(at + 61_000) + talk.answer(HEALTHY)
    lines += answer(talk, InFlight(jobs, unnamed=unnamed)) + talk.answer(HEALTHY) + talk.answer(Sent()) + talk.answer(Exited())
    lines += talk.answer(InFlight(jobs, unnamed=unnamed))
    lines += talk.answer(PutBackDone(tuple(Placed(one.jid, Fate.DONE, "retry") for one in jobs)))
    return [line for line in asked(lines) if line.startswith("put")]


def test_one_of_25_that_nothing_names_freezes_two_processes_at_most():
    """All threads are busy and one job holds the lock: all of them come back half a minute apart, and whoever is in the second freeze as well is the culprit."""
    talk = Conversation(rules(FROZEN))
    jobs = [held(f"j{number:02}", job_class=f"Job{number}", certainty=Certainty.LIKELY) for number in range(25)]
    first = freeze(talk, ONE, 2_000, *jobs, unnamed=25)
    dead_at = 63_000
    assert first == [f"put back j{number:02} retry at {dead_at + 120_000 + 30_000 * number}" for number in range(25)]

    # Number 7 takes the lock again, beside somebody who was not there the first time.
    talk.hear(redis(process(NEXT, 70_000, threads=25, booted_at=65_000)), at=70_000)
    newcomer = held("new", job_class="New", certainty=Certainty.LIKELY)
    second = freeze(talk, NEXT, 500_000, jobs[7], newcomer, unnamed=25)
    assert second == ["put back j07 quarantine", f"put back new retry at {561_000 + 120_000}"]
    assert len([row for row in talk.audit("outcome") if row.stage == "KILL" and row.outcome == "sent"]) == 2


def test_a_process_that_is_only_cut_off_is_left_alone():
    """Silent, but its heartbeat thread moves: nothing is done to it."""
    talk = Conversation(rules(FROZEN))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    still(talk, 61_000, 1_000)
    talk.wait(63_000)
    talk.answer(HEALTHY)
    lines = talk.answer(StillRunning(), at=110_000)

    assert [line for line in asked(lines) if line.startswith(("gather", "signal"))] == []
    assert talk.audit("incident")[-1].outcome == "abandoned"


def test_a_stopped_process_is_woken_first():
    """State T: SIGCONT, and if it beats again the recovery begins as for everybody."""
    talk = Conversation(rules(FROZEN))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE)), at=2001)
    still(talk, 61_000, 58_000, stopped=True, state="T", traced=False)
    stopped = Look(alive=True, same=True, state="T", catches=HEALTHY.catches)
    lines = talk.wait(63_000) + talk.answer(stopped) + talk.answer(stopped) + talk.answer(Sent())
    assert [line for line in asked(lines) if line.startswith(("gather", "signal"))] == ["signal CONT web1:10:abc"]
    lines = talk.wait(65_000) + beat(talk, 66_000, quiet=False) + talk.wait(68_000)
    assert asked(lines) == ["gather before web1:10:abc"]
