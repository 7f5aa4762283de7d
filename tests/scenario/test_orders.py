"""Whole conversations about what a person orders by hand: which guards speak, what is written down, and how it ends."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.ledger import Cooldown
from watchdog.engine.rules import RuleSet
from watchdog.model.actions import BY_NAME
from watchdog.model.effects import CallUnit, KeepIncident
from watchdog.model.events import Delta, Gone, Observed, Paused
from watchdog.model.evidence import ALL
from watchdog.model.guards import GUARDS
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import EvidenceCollected, Exited, InFlight, Look, PutBackDone, Refused, Result, Sent, UnitCalled, UnitOutcome
from watchdog.model.told import OperatorAsked, OperatorWithdrew
from watchdog.model.verdicts import Mode
from watchdog.rulefile.values import default_of

ONE, OTHER, NEXT = "web1:10:abc", "web1:20:def", "web1:11:fed"
RULE = """
rules:
  - {rule: nothing, each: queue, when: queue.size > 1000000, notify: [ops]}
"""
UNIT = "mastodon-sidekiq.service"


def order(action: str = "recover_process", *, at: int = 20_000, process: str = ONE, id_: str = "ab12", **more: Any) -> OperatorAsked:
    """An order with every default, given at engine time `at`."""
    flat = {name: default_of(spec) for name, spec in BY_NAME[action].arguments().items()}
    said = {"id": id_, "by": "ada", "reason": "memory", "asked": WALL + at, "action": action, "process": process, "arguments": flat}  # fmt: skip
    return OperatorAsked(**{**said, **more})


@pytest.fixture
def talk() -> Conversation:
    """A local process of a service that runs one job of half a minute, and another that listens to the same queue; nothing is wrong."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2_000), process(OTHER, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit=UNIT), found(OTHER)), at=2_001)
    talk.hear(redis(process(ONE, 12_000), process(OTHER, 12_000)), at=12_000)
    # systemd has said no more of it than that it is there.
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, {"name": UNIT}),), complete=True))
    return talk


def asked(lines: list[str]) -> list[str]:
    """What was asked of the world, and what became of orders."""
    commands = ("measure", "collect", "signal", "gather", "put", "start")
    return [line for line in lines if line.split()[0] in commands or line.startswith("audit order")]


def answer(talk: Conversation, result: Any, *, at: int | None = None) -> list[str]:
    """The newest command that is open is answered; waits that nobody heeds any more are left."""
    newest = list(talk.open)[-1]
    talk.open = {newest: talk.open[newest]}
    return talk.answer(result, at=at)


def said(talk: Conversation) -> Any:
    """The last row about an order."""
    return talk.audit("order")[-1]


def test_it_is_carried_out_as_any_other_incident(talk):
    """Looked at, allowed, and the same stages as if a rule had asked for it, whatever the mode is; with who and why in the account."""
    talk.rules = RuleSet(talk.rules.rules, talk.rules.digest, Mode.OBSERVE, talk.rules.by_hand)
    lines = talk.hear(order(), at=20_000)
    for result in (HEALTHY, EvidenceCollected(), InFlight(()), HEALTHY):
        lines += talk.answer(result)

    assert asked(lines) == [
        "audit order order:ab12 taken",
        f"measure {ONE}",
        f"collect {','.join(ALL)} of {ONE}",
        f"gather before {ONE}",
        f"measure {ONE}",
        f"signal TSTP {ONE}",
    ]
    (row,) = talk.audit("order")
    assert (row.detail["drain"], row.detail["stuck_jobs.strikes"]) == (150_000, 2)
    assert (row.detail["by"], row.reason, row.action, row.entity) == ("ada", "memory", "recover_process", ONE)
    (decision,) = talk.audit("decision")
    assert decision.decision == "ALLOW"
    assert set(decision.detail) == {spec.name for spec in GUARDS}
    assert {said.partition(":")[0] for said in decision.detail.values()} == {"PASS"}
    assert "notify ops action.decided" in lines


def test_what_only_looks_does_nothing(talk):
    """Every verdict, every stage with its time, every job in flight, and no signal."""
    lines = talk.hear(order(only_looks=True), at=20_000) + talk.answer(HEALTHY)

    assert [line for line in asked(lines) if not line.startswith("audit")] == [f"measure {ONE}"]
    rows = talk.audit("would")
    assert [row.stage for row in rows] == ["in flight", "TSTP", "KILL", "TERM", "KILL"]
    assert rows[0].detail == {"jid": "j1", "class": "SleepForever", "elapsed_ms": 19_000}
    assert said(talk).outcome == "would"
    assert talk.open == {}
    assert not talk.state.ledger.runs


def test_a_cooldown_is_overruled_by_name(talk):
    """It denies at once with the reason; named, it passes and says what it would have said."""
    cooled = {f"web1/{UNIT}": Cooldown(10_000, "some-rule", "recover_process")}
    talk.state = msgspec.structs.replace(talk.state, ledger=msgspec.structs.replace(talk.state.ledger, cooldowns=cooled))
    talk.hear(order(), at=20_000)
    assert (said(talk).outcome, said(talk).guard) == ("refused", "cooldown")

    talk.hear(order(id_="cd34", overruled=("cooldown",)), at=21_000)
    talk.answer(HEALTHY)
    assert talk.audit("decision")[-1].detail["cooldown"].startswith("PASS: overruled: recover_process of rule some-rule")
    assert len(talk.state.ledger.runs) == 1


def test_coverage_asks_for_more_than_a_word(talk):
    """A shared queue that would keep too little denies; the only process of a queue is for the person to decide, who has decided."""
    talk.hear(redis(process(ONE, 13_000, threads=50)), at=13_000)
    talk.hear(order(), at=20_000)
    assert (said(talk).outcome, said(talk).guard) == ("refused", "coverage")

    talk.hear(redis(process(OTHER, 21_000, queues=("other",))), at=21_000)
    talk.hear(order(id_="cd34"), at=21_000)
    talk.answer(HEALTHY)
    assert talk.audit("decision")[-1].detail["coverage"] == "PASS: it is the only process of queue push"


def test_nobody_can_overrule_what_keeps_it_from_being_another(talk):
    """Neither in_flight nor last_look nor blind, by whatever name."""
    everything = tuple(spec.name for spec in GUARDS)
    talk.hear(order(overruled=everything), at=20_000)
    talk.answer(Look(alive=True, same=False, mismatch="it began at another time", state="S", catches=HEALTHY.catches))
    assert (said(talk).outcome, said(talk).guard) == ("refused", "last_look")

    talk.hear(order(id_="cd34"))
    talk.answer(HEALTHY)
    talk.hear(order(id_="ef56", process=OTHER, overruled=everything))
    assert (said(talk).outcome, said(talk).guard) == ("refused", "in_flight")


def test_a_pause_stands_until_it_is_overruled(talk):
    """Somebody has said that nothing may be done: who ordered it must know that."""
    talk.hear(Paused("eve", "audit of the year"))
    talk.hear(order(), at=20_000)
    assert (said(talk).guard, said(talk).reason) == ("paused", "paused by eve: audit of the year")
    assert asked(talk.hear(order(id_="cd34", overruled=("paused",))))[-1] == f"measure {ONE}"


def test_right_after_a_start_it_waits_until_something_is_known():
    """Nothing has been read, nothing found: the order waits, and is begun with the first complete reading; or refused after a minute."""
    talk = Conversation(rules(RULE))
    lines = talk.hear(order(at=1_000), at=1_000) + talk.wait(5_000)
    assert asked(lines) == ["audit order order:ab12 taken"]
    lines = talk.hear(redis(process(ONE, 6_000), process(OTHER, 6_000), complete=True), at=6_000) + talk.wait(8_000)
    assert asked(lines) == []
    lines = talk.hear(host(found(ONE, unit=UNIT)), at=8_000) + talk.wait(10_000)
    assert asked(lines) == [f"measure {ONE}"]

    talk.hear(order(at=10_000, process="web1:99:fff", id_="cd34"))
    talk.hear(redis(process(OTHER, 60_000)), at=60_000)
    talk.wait(71_000)
    assert (said(talk).rule, said(talk).guard, said(talk).reason) == ("order:cd34", "last_look", "the process is no longer known")


def test_an_order_of_yesterday_is_not_carried_out_today(talk):
    """It lay there while no agent ran."""
    talk.hear(order(at=-100_000), at=20_000)
    assert (said(talk).outcome, said(talk).reason) == ("refused", "it was given 120 s ago, and nobody took it then")
    assert talk.open == {}


def test_handed_over_twice_it_is_carried_out_once(talk):
    """The agent died between taking it and removing it: known, and left as it is."""
    talk.hear(order(), at=20_000)
    assert asked(talk.hear(order())) == []
    talk.answer(HEALTHY)
    assert asked(talk.hear(order())) == []
    assert len(talk.state.ledger.runs) == 1


def test_withdrawn_before_it_has_begun(talk):
    """Nothing was done and nothing will be."""
    talk.hear(order(), at=20_000)
    talk.hear(OperatorWithdrew("ab12", "ada"))
    assert said(talk).outcome == "abandoned"
    assert asked(talk.answer(HEALTHY)) == []


def test_withdrawn_before_the_point_of_no_return_and_after_it(talk):
    """Before SIGTSTP it ends without a signal; after it it is carried to its end."""
    talk.hear(order(), at=20_000)
    talk.answer(HEALTHY)
    talk.hear(OperatorWithdrew("ab12", "ada"))
    lines = talk.answer(EvidenceCollected()) + talk.answer(InFlight(())) + talk.answer(HEALTHY)
    assert [line for line in lines if line.startswith("signal")] == []
    assert (said(talk).outcome, said(talk).reason) == ("abandoned", "withdrawn by ada; 1 in flight: 1 finished by themselves")

    talk.hear(order(id_="cd34", overruled=("cooldown",)), at=30_000)
    for result in (HEALTHY, EvidenceCollected(), InFlight(()), HEALTHY, Sent()):
        talk.answer(result)
    talk.hear(OperatorWithdrew("cd34", "ada"))
    assert said(talk).outcome == "too late"
    assert len(talk.state.ledger.runs) == 1
    talk.hear(redis(process(ONE, 40_000, quiet=True)), at=40_000)
    talk.hear(redis(process(ONE, 50_000, quiet=True), *(_gone("j1"),)), at=50_000)
    lines = talk.wait(53_000) + answer(talk, InFlight(())) + answer(talk, HEALTHY)
    assert [line for line in lines if line.startswith("signal")] == [f"signal TERM {ONE}"]


def _gone(jid: str) -> Gone:
    """That job has finished."""
    return Gone(Kind.JOB, f"{ONE}/t1/{jid}/1000", "finished")


def to_the_start(talk: Conversation, *, gently: bool = True) -> list[str]:
    """A restart up to where systemd is asked for the unit, or nobody is."""
    talk.hear(order("restart_unit"), at=20_000)
    for result in (HEALTHY, EvidenceCollected(), InFlight(()), HEALTHY):
        talk.answer(result)
    talk.answer(Sent(), at=20_010)
    if not gently:
        return talk.answer(Exited(), at=25_000) + talk.answer(InFlight((), stopped=True))
    to_the_end_of_its_process(talk)
    return answer(talk, InFlight((), stopped=True))


def to_the_end_of_its_process(talk: Conversation) -> None:
    """It was quiet, has been told to end, and is dead; it is asked what it left behind."""
    talk.hear(redis(process(ONE, 30_000, quiet=True)), at=30_000)
    talk.hear(redis(process(ONE, 40_000, quiet=True), _gone("j1")), at=40_000)
    talk.wait(42_000)
    results: tuple[Result, ...] = (InFlight(()), HEALTHY, Sent(), Exited())
    for one in results:
        answer(talk, one)


def test_a_unit_is_started_and_its_new_process_must_work(talk):
    """After the gentle end systemd is asked to start it; a process that beats twice and whose queues are empty is the proof."""
    lines = to_the_start(talk)
    assert asked(lines) == [f"start {UNIT} until 162000"]
    talk.answer(UnitCalled(UnitOutcome.DONE), at=43_000)
    talk.hear(redis(process(NEXT, 50_000, booted_at=45_000, queues=("push", "pull"))), at=50_000)
    talk.hear(host(found(NEXT, unit=UNIT)))
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": 3, "latency": 30_000}), Delta(Kind.QUEUE, "pull", {"name": "pull"})))
    talk.hear(redis(process(NEXT, 55_000, booted_at=45_000, queues=("push", "pull"))), at=55_000)
    talk.wait(58_000)
    assert said(talk).outcome == "taken", "jobs have been waiting in one for half a minute, and of the other nothing is known"
    talk.hear(redis(Delta(Kind.QUEUE, "pull", {"size": 0})))
    talk.hear(
        redis(Delta(Kind.QUEUE, "push", {"size": 0, "latency": 0}), process(NEXT, 60_000, booted_at=45_000, queues=("push", "pull"))),
        at=60_000,
    )
    talk.wait(62_000)

    assert (said(talk).outcome, said(talk).detail, said(talk).target) == ("ended", {"successor": NEXT}, f"web1/{UNIT}")
    assert any("start of mastodon-sidekiq.service: done" in line for line in talk_account(talk))


def talk_account(talk: Conversation) -> tuple[str, ...]:
    """The account of the last incident."""
    return [effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)][-1].account


def test_a_unit_that_does_not_come_back(talk):
    """Systemd refuses, and no process beats: it has failed, and says both."""
    to_the_start(talk)
    talk.answer(Refused("install the polkit rule"))
    talk.wait(170_000)

    assert said(talk).outcome == "failed"
    assert "no new process of its service has beaten in time" in said(talk).reason
    assert any("start of mastodon-sidekiq.service: refused: install the polkit rule" in line for line in talk_account(talk))


def test_who_is_ended_by_somebody_else_is_not_started(talk):
    """A process that ends before we have told it to was ended by somebody who has something in mind."""
    lines = to_the_start(talk, gently=False)
    assert not any(isinstance(effect, CallUnit) for effect in talk.effects)
    assert asked(lines) == [f"gather dead {ONE}"]


@pytest.mark.parametrize(
    ("readings", "says"),
    [(({"job": "stop"}, {"job": ""}), "somebody has stopped it"), (({"file_state": "masked"},), "it is masked")],
)
def test_a_service_that_somebody_stops_meanwhile_is_not_started(talk, readings, says):
    """Its process has ended by then, and its jobs are in place: the rest is for whoever stopped it, and is told as a failure."""
    talk.hear(order("restart_unit"), at=20_000)
    for result in (HEALTHY, EvidenceCollected(), InFlight(()), HEALTHY):
        talk.answer(result)
    talk.answer(Sent(), at=20_010)
    to_the_end_of_its_process(talk)
    for one in readings:
        talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, {"name": UNIT, **one}),)))
    answer(talk, InFlight((), stopped=True))

    assert not any(isinstance(effect, CallUnit) for effect in talk.effects)
    assert said(talk).outcome == "failed"
    assert f"its service is not started again: {says}" in said(talk).reason


def test_without_a_service_nothing_is_begun(talk):
    """Nobody would start it again."""
    talk.hear(order("restart_unit", process=OTHER), at=20_000)
    talk.answer(HEALTHY)
    assert said(talk).outcome == "abandoned"
    assert "it runs in no service of systemd" in said(talk).reason


@pytest.mark.parametrize(
    ("readings", "says"),
    [
        ({"job": "stop"}, "somebody has asked systemd to stop it"),
        ({"job": "", "file_state": "masked"}, "it is masked, and could not be started again"),
    ],
)
def test_a_service_that_is_somebodys_already_or_could_not_be_started(talk, readings, says):
    """Before anything is done to its process."""
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, {"name": UNIT, **readings}),), complete=True))
    talk.hear(order("restart_unit"), at=20_000)
    talk.answer(HEALTHY)
    assert (said(talk).outcome, said(talk).reason.partition(";")[0]) == ("abandoned", f"its service: {says}")


@pytest.mark.parametrize("step", range(1, 15))
def test_cut_off_anywhere_it_is_taken_up_again(talk, step):
    """The agent dies after any number of answers: the order is known, the unit is started, and it ends as if nothing had been."""
    talk.hear(order("restart_unit"), at=20_000)
    done = 0
    starts = 0
    while said(talk).outcome == "taken" and done < 60:
        done += 1
        if done == step:
            talk.crash()
            talk.hear(redis(process(ONE, talk.at, quiet=talk.at > 21_000), complete=True))
            talk.hear(host(found(ONE, unit=UNIT)))
            talk.hear(order("restart_unit"))
            talk.wait(talk.at + 2_000)
            continue
        if not talk.open:
            talk.wait(talk.at + 5_000)
            talk.hear(redis(process(NEXT, talk.at, booted_at=talk.at - 5_000)))
            talk.hear(host(found(NEXT, unit=UNIT)))
            continue
        _, effect = list(talk.open.items())[-1]
        talk.open = {effect.id: effect}  # type: ignore[union-attr]
        match type(effect).__name__:
            case "Measure":
                talk.answer(HEALTHY)
            case "CollectEvidence":
                talk.answer(EvidenceCollected())
            case "SendSignal":
                talk.answer(Sent())
            case "GatherInFlight":
                talk.answer(InFlight(()))
            case "PutBack":
                talk.answer(PutBackDone(()))
            case "CallUnit":
                starts += 1
                talk.answer(UnitCalled(UnitOutcome.DONE))
            case "AwaitExit":
                run = next(iter(talk.state.ledger.runs.values()))
                if run.stage in ("grace", "death"):
                    talk.answer(Exited())
                else:
                    talk.hear(redis(process(ONE, talk.at + 10_000, quiet=True), _gone("j1")), at=talk.at + 10_000)
                    talk.wait(talk.at + 1_500)

    assert said(talk).outcome == "ended"
    assert starts in (1, 2)
    assert Source.REDIS in talk.state.world.complete
