"""Whole conversations about the jobs of a process that somebody else has ended: what the engine is told and what it asks for."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_recover import asked, held
from watchdog.engine.ledger import Strike
from watchdog.model.events import CRASHED, STOPPED, Delta, Gone, Paused, Resumed, SourceBack, SourceLost
from watchdog.model.flight import Fate, Placed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: crashed
    each: process
    on: ProcessCrashed
    then: [{put_back_jobs: {process: process, stuck_jobs: {strikes: 3}}}]
    notify: [ops]
"""
VANISHED = RULE.replace("ProcessCrashed", "ProcessVanished")
STUCK = """
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
ONE, NEXT, FAR = "web1:10:abc", "web1:11:def", "web2:10:abc"
NAME = "web1/app[push]"


def begun(text: str = RULE, mode: Mode = Mode.ACT, *processes: str) -> Conversation:
    """Processes that run a job each, read in full; those of this host were found here."""
    talk = Conversation(rules(text, mode))
    names = processes or (ONE,)
    talk.hear(redis(*(delta for one in names for delta in (process(one, 2_000), job(one, "j1", 1_000))), complete=True), at=2_000)
    talk.hear(host(*(found(one) for one in names if one.startswith("web1"))), at=2_001)
    return talk


def dies(talk: Conversation, reason: str = CRASHED, *, identity: str = ONE, **more: Any) -> list[str]:
    """The kernel says that it is dead, Redis how."""
    return talk.hear(host(Delta(Kind.PROCESS, identity, {"alive": False, **more}), Gone(Kind.PROCESS, identity, reason)), at=10_000)


def test_what_a_crashed_process_held_is_put_back():
    """In the turn that tells of it, it is decided and asked for; nothing waits for another look, nothing is signalled."""
    talk = begun()
    conversation = [
        dies(talk),
        talk.answer(InFlight((held("j1"), held("j2", retries=False))), at=10_004),
        talk.answer(PutBackDone((Placed("j1", Fate.DONE, "queue"), Placed("j2", Fate.DONE, "schedule"))), at=10_010),
    ]

    assert conversation == [
        [
            "audit alert crashed firing", "notify ops alert.firing", "audit decision crashed ALLOW", "notify ops action.decided",
            "audit incident crashed reckon opened", "gather dead web1:10:abc", "audit alert crashed resolved", "notify ops alert.resolved",
        ],
        [
            "audit outcome crashed reckon in flight: 2 proven", "audit intent crashed ALLOW put_back", "audit intent crashed ALLOW put_back",
            "put back j1 queue", "put back j2 schedule at 970004",
        ],
        ["audit outcome crashed put_back 2 done", "drop flight", "audit incident crashed over ended", "notify ops action.ended"],
    ]  # fmt: skip
    assert "1 put back into its queue (1 from work hash); 1 put into the schedule" in talk.audit("incident")[-1].reason
    assert talk.state.ledger.cooldowns == {}


@pytest.mark.parametrize(
    ("reason", "fields", "answer", "words"),
    [
        (STOPPED, {"clean_stop": True, "listed": False}, InFlight((held("j1"),)), "stopped in good order"),
        ("exited", {}, InFlight((), stopped=True), "stopped in good order"),
        (CRASHED, {}, InFlight(()), "nothing was in flight"),
    ],
)
def test_where_nothing_is_to_be_put_back_it_is_said(reason, fields, answer, words):
    """Given back by Sidekiq itself, as was seen before or is found now, or nothing held at all."""
    talk = begun(VANISHED)
    talk.hear(redis(Delta(Kind.PROCESS, ONE, fields)), at=9_000)
    dies(talk, reason)
    talk.answer(answer)

    assert asked(talk.wait(60_000)) == []
    last = talk.audit("incident")[-1]
    assert (last.outcome, words in last.reason) == ("ended", True)
    assert not talk.audit("intent")


def test_a_process_of_another_host_is_not_proven_dead():
    """That Redis no longer lists it says nothing of its jobs."""
    talk = begun(VANISHED, Mode.ACT, ONE, FAR)
    lines = talk.hear(redis(Delta(Kind.PROCESS, FAR, {"listed": False})), at=10_000)

    assert asked(lines) == []
    assert [(row.decision, row.guard) for row in talk.audit("decision")] == [("DENY", "last_look")]
    assert "not been found among the processes of this host" in talk.audit("decision")[-1].reason


def test_an_identity_that_began_anew_is_not_dead():
    """A process that executes itself anew leaves its identity, and lives."""
    talk = begun(VANISHED)
    lines = talk.hear(host(Gone(Kind.PROCESS, ONE, f"began anew as {NEXT}")), at=10_000)

    assert asked(lines) == []
    assert [(row.guard, row.reason) for row in talk.audit("decision")] == [("last_look", "the kernel has not said that it is dead")]


def test_a_pause_holds_what_was_found():
    """It is found out and kept at once, said to be held, and put back when the pause is over."""
    talk = begun()
    talk.hear(Paused("ada", "deploying"))
    assert "gather dead web1:10:abc" in dies(talk)
    lines = talk.answer(InFlight((held("j1"),)))

    assert asked(lines) == []
    assert [(row.outcome, row.guard) for row in talk.audit("incident")] == [("opened", ""), ("held", "paused")]
    talk.wait(3_600_000)
    talk.hear(redis())
    talk.hear(Resumed("ada"))
    assert asked(talk.wait(3_610_000)) == ["put back j1 queue"]


def test_a_redis_that_is_away_or_takes_nothing_is_waited_for():
    """Before it is asked what it held and after; nothing is forgotten over a restart of the agent, and people hear of each once."""
    talk = begun()
    dies(talk)
    talk.answer(Refused("nobody answers"))
    assert asked(talk.wait(15_000)) == ["gather dead web1:10:abc"]
    talk.answer(InFlight((held("j1"),)))
    talk.answer(Refused("the server is a replica and can't be written"))
    talk.wait(15_001)
    talk.hear(SourceLost(Source.REDIS, "refused", "nobody answers"))
    talk.crash()
    assert asked(talk.wait(20_000)) == []
    talk.hear(redis(complete=True))
    talk.hear(SourceBack(Source.REDIS))

    assert asked(talk.wait(40_000)) == ["put back j1 queue"]
    assert [row.outcome for row in talk.audit("incident")] == ["opened", "held", "held", "resumed"]


@pytest.mark.parametrize("answered", range(3))
def test_an_agent_that_ends_in_the_middle_goes_on(answered):
    """SIGKILLed after each answer: once it is back, the same places are asked for, and it comes to its end."""
    talk = begun()
    dies(talk)
    answers = (InFlight((held("j1"),)), PutBackDone((Placed("j1", Fate.DONE, "queue"),)))
    for result in answers[:answered]:
        talk.answer(result)
    talk.crash()
    talk.hear(redis(complete=True), at=11_000)
    talk.wait(12_000)
    for result in answers[min(answered, 1) if answered < 2 else 2 :]:
        talk.answer(result)

    assert [row.outcome for row in talk.audit("incident")][-1] == "ended"
    assert {line.detail["place"] for line in talk.audit("intent")} == {"queue"}
    assert not talk.state.ledger.runs
    assert not talk.state.ledger.playbooks


def test_who_is_known_here_outlives_the_agent():
    """While a rule waits for the end of a process it stands in the ledger how to ask the kernel for it; once the end is told, or Redis has forgotten it, no longer."""
    talk = begun(RULE, Mode.ACT, ONE, NEXT)
    assert {name: ref.start_ticks for name, ref in talk.state.ledger.here.items()} == {ONE: 77, NEXT: 77}
    talk.crash()
    talk.hear(
        host(
            Delta(
                Kind.PROCESS,
                ONE,
                {
                    "host": "web1",
                    "pid": 10,
                    "tag": "app",
                    "unit": "",
                    "local": True,
                    "alive": False,
                    "start_ticks": 77,
                    "boot_id": "boot-1",
                },
            )
        )
    )
    talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 1_000), complete=True))
    lines = talk.hear(host(Gone(Kind.PROCESS, ONE, CRASHED)))

    assert "gather dead web1:10:abc" in lines
    assert talk.state.ledger.here == {}
    talk.crash()
    assert asked(talk.hear(redis(complete=True))) == []


def test_nobody_is_remembered_for_nothing():
    """Without a rule that waits for the end of a process the ledger holds none."""
    talk = begun("rules:" + STUCK)

    assert talk.state.ledger.here == {}


def test_of_a_process_that_was_killed_for_memory_any_job_is_suspect():
    """They come back through the retries, one by one; at the limit of its strikes one is kept."""
    talk = begun()
    talk.state = msgspec.structs.replace(talk.state, ledger=msgspec.structs.replace(talk.state.ledger, strikes={"jid j3": Strike(0, 2, 1)}))
    dies(talk, out_of_memory=True)
    lines = talk.answer(InFlight((held("j1"), held("j2", job_class="Other"), held("j3", job_class="Hog"))))

    assert asked(lines) == ["put back j1 retry at 130000", "put back j2 retry at 160000", "put back j3 quarantine"]
    assert "may have used up its memory" in talk.audit("intent")[0].reason


def test_systemd_may_say_why_a_moment_later():
    """Its word counts as well until the jobs are put back."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2_000), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit="sidekiq.service")), at=2_001)
    dies(talk)
    unit = Delta(Kind.UNIT, "sidekiq.service", {"name": "sidekiq.service", "result": "core-dump", "exit": "dumped", "exit_status": 11})
    talk.hear(host().__class__(Source.SYSTEMD, (unit,), complete=True))
    lines = talk.answer(InFlight((held("j1"), held("j2", job_class="Other"))))

    assert asked(lines) == ["put back j1 retry at 130000", "put back j2 retry at 160000"]


def test_alone_it_is_caught_three_times_and_no_more():
    """The kernel kills for its memory whichever process runs it: twice it is tried again, then it is kept."""
    talk, places = begun(), []
    for number in range(3):
        identity = f"web1:1{number}:abc"
        talk.hear(redis(process(identity, talk.at), job(identity, "j1", talk.at)), at=talk.at + 1)
        talk.hear(host(found(identity)))
        talk.at += 10_000
        talk.hear(host(Delta(Kind.PROCESS, identity, {"alive": False, "out_of_memory": True}), Gone(Kind.PROCESS, identity, CRASHED)))
        places += [line.split()[3] for line in asked(talk.answer(InFlight((held("j1"),))))]
        talk.answer(PutBackDone((Placed("j1", Fate.DONE),)))

    assert places == ["retry", "retry", "quarantine"]


def test_what_the_journal_tells_of_its_end_counts():
    """An agent that has just begun has nothing to compare a counter with: the journal's word comes after the end, and before it is told to be gone."""
    talk = begun()
    talk.at += 10_000
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"alive": False, "out_of_memory": False})))
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"out_of_memory": True})))
    talk.hear(host(Gone(Kind.PROCESS, ONE, CRASHED)))
    lines = asked(talk.answer(InFlight((held("j1"), held("j2", job_class="Other")))))

    assert [line.split()[3] for line in lines] == ["retry", "retry"]


def test_who_was_killed_from_outside_is_innocent_once():
    """Its jobs are the next to run; one that is caught so again comes later, or one that brings its process down would do so for ever."""
    talk = begun(RULE, Mode.ACT, ONE, NEXT)
    dies(talk)
    assert asked(talk.answer(InFlight((held("j1"),)))) == ["put back j1 queue"]
    talk.answer(PutBackDone((Placed("j1", Fate.DONE),)))
    dies(talk, identity=NEXT)

    assert asked(talk.answer(InFlight((held("j1"), held("j2", job_class="Other"))))) == [
        "put back j1 retry at 130000", "put back j2 queue",
    ]  # fmt: skip


def test_what_redis_no_longer_tells_is_not_proven():
    """Nobody could be asked how it ended: it may have given back what stood in its last work hash, and that is not put back a second time."""
    talk = begun(VANISHED)
    dies(talk, "exited")
    lines = talk.answer(InFlight((held("j1"), msgspec.structs.replace(held("j2"), sources=("log", "work_hash")))))

    assert asked(lines) == ["put back j2 queue"]


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.DRY_RUN, Mode.ASK])
def test_no_other_mode_puts_anything_back(mode):
    """Observe says nothing, dry-run what act would have done, ask that a person decides."""
    talk = begun(RULE, mode)
    lines = dies(talk) + talk.wait(60_000)

    assert asked(lines) == []
    assert [row.decision for row in talk.audit("decision")] == {Mode.OBSERVE: [], Mode.DRY_RUN: ["DRY_RUN"], Mode.ASK: ["ASK"]}[mode]
    assert [(row.stage, row.reason) for row in talk.audit("would")] == (
        [("put_back", "what it held when it ended")] if mode is Mode.DRY_RUN else []
    )
    assert talk.state.ledger.shadow.cooldowns == {}


def test_whoever_ends_a_process_brings_its_jobs_back_himself():
    """An action under way on the very process that crashes is not helped by a second one; nor does one that was killed here count as crashed."""
    talk = begun(RULE + STUCK)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.at = 23_000
    lines = talk.hear(host(Delta(Kind.PROCESS, ONE, {"alive": False}), Gone(Kind.PROCESS, ONE, CRASHED)))

    assert asked(lines) == []
    assert [(row.decision, row.guard) for row in talk.audit("decision") if row.rule == "crashed"] == [("DENY", "in_flight")]
    talk.answer(Exited())
    assert talk.audit("incident")[-1].outcome == "ended"


def test_of_two_actions_on_one_host_it_is_none():
    """Two processes crash, a third is to be ended: neither waits for another."""
    third = "web1:12:ghi"
    talk = begun(RULE + STUCK, Mode.ACT, ONE, NEXT, third)
    talk.hear(Paused("ada", "x"))
    dies(talk)
    lines = dies(talk, identity=NEXT)

    assert asked(lines) == ["gather dead web1:11:def"]
    assert len(talk.state.ledger.runs) == 2


@pytest.mark.parametrize("unclean", [True, False])
def test_what_terminate_leaves_behind(unclean):
    """Copied before SIGTERM; after SIGKILL what was not given back is put back, the stuck job for its second chance."""
    talk = begun("rules:" + STUCK)
    talk.holds_nothing = False
    talk.hear(redis(process(ONE, 22_000), job(ONE, "j2", 21_000, thread="t2")), at=22_000)
    both = InFlight((held("j1"), held("j2", job_class="Other")))
    lines = []
    for result in (HEALTHY, both, HEALTHY, Sent()):
        lines += talk.answer(result)
    lines += talk.answer(StillRunning(), at=32_000) + talk.answer(HEALTHY) + talk.answer(Sent()) + talk.answer(Exited())
    lines += talk.answer(both if unclean else InFlight((), stopped=True))

    assert [line for line in asked(lines) if not line.startswith(("measure", "await"))] == [
        "gather before web1:10:abc", "signal TERM web1:10:abc", "signal KILL web1:10:abc", "gather dead web1:10:abc",
        *(("put back j1 retry at 332000", "put back j2 queue") if unclean else ("drop flight",)),
    ]  # fmt: skip


def test_terminate_needs_no_copy():
    """What the process holds can't be kept: people are told, and it is ended all the same, as whoever asked for it wanted."""
    talk = begun("rules:" + STUCK)
    talk.holds_nothing = False
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    lines = talk.answer(Refused("the disk is full"))
    talk.answer(HEALTHY)

    assert lines == ["audit outcome stuck-job copy refused: the disk is full", "notify ops action.stage", "measure web1:10:abc"]
    assert talk.answer(Sent())[-1].startswith("await")
    assert "what it holds could not be kept: the disk is full" in next(iter(talk.state.ledger.runs.values())).account[0]
