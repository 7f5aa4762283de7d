"""What firing alerts want, and what becomes of it: one request a target, for the right process, under its lasting name."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.ledger import Cooldown, Shadow
from watchdog.engine.state import State
from watchdog.model.effects import Measure, SendSignal
from watchdog.model.events import Delta, EffectDone, Gone, Paused, Resumed, RulesLoaded, Stopping
from watchdog.model.kinds import Kind
from watchdog.model.results import ChildLook, CommandLook, Counted, Exited, InFlight, Look, Refused, Sent, UnitLook
from watchdog.model.verdicts import Mode

ONE = "web1:10:abc"
TWO = "web1:11:def"
NAME = "web1/app[push]"


def text(*, grace: str = "10s", keep: str = "0%", name: str = "stuck-job", limit: str = "20s", mode: str = "act") -> str:
    """The rule of these tests."""
    return f"""
rules:
  - rule: {name}
    each: job
    when: job.elapsed > {limit}
    mode: {mode}
    then: [{{terminate_process: {{process: job.process, grace: {grace}}}}}]
    guards: {{cooldown: 5m, keep: {keep}}}
    notify: [ops]
"""


def conversation(mode: Mode = Mode.ACT, *identities: str) -> Conversation:
    """Local processes, each with a job since 1 s, read in full."""
    talk = Conversation(rules(text(), mode))
    for identity in identities or (ONE,):
        talk.hear(redis(process(identity, 2_000), job(identity, "j1", 1_000), complete=True), at=2_000)
        talk.hear(host(found(identity)))
    return talk


def beat(talk: Conversation, at: int, *identities: str) -> list[str]:
    """These processes beat."""
    return talk.hear(redis(*(process(identity, at) for identity in identities or (ONE,))), at=at)


def requests(talk: Conversation) -> list[tuple[str, str, str]]:
    """Target, process and guard of each open request."""
    return [(one.target, one.process, one.guard) for one in talk.state.ledger.requests.values()]


def signals(talk: Conversation) -> list[tuple[str, str]]:
    """Every signal that was asked for so far: to whom, and which."""
    return [(effect.target.identity, effect.signal.value) for effect in talk.effects if isinstance(effect, SendSignal)]


def finished(identity: str) -> Gone:
    """Its job has finished."""
    return Gone(Kind.JOB, f"{identity}/t1/j1/1000", "finished")


def test_of_two_processes_with_one_name_only_the_sick_one_is_ended():
    """Two processes without a unit share a name and a request: when the job of the first has finished, it is the second that is looked at and ended."""
    talk = conversation(Mode.ACT, ONE, TWO)
    talk.hear(Paused("ada", "x"))
    beat(talk, 22_000, ONE, TWO)
    assert requests(talk) == [(NAME, ONE, "paused")]
    talk.hear(redis(finished(ONE)), at=22_500)
    talk.hear(Resumed("ada"), at=23_000)

    assert [effect.target.identity for effect in talk.open.values()] == [TWO]
    talk.answer(HEALTHY)
    assert signals(talk) == [(TWO, "TERM")]


def test_a_process_that_is_well_again_is_not_ended_for_its_namesake():
    """An alert that is only kept firing does not become true by another process of that name: the one of which it is so is looked at and ended, at once."""
    talk = conversation(Mode.ACT, ONE, TWO)
    talk.rules = rules(text().replace("when: job", "keep_firing_for: 1h\n    when: job"), Mode.ACT)
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    talk.hear(Paused("ada", "x"))
    beat(talk, 22_000, ONE, TWO)
    talk.hear(redis(Delta(Kind.JOB, f"{ONE}/t1/j1/1000", {"started_at": 20_000})), at=22_500)
    talk.hear(Resumed("ada"), at=23_000)

    assert [effect.target.identity for effect in talk.open.values()] == [TWO]
    talk.answer(HEALTHY)
    assert signals(talk) == [(TWO, "TERM")]


def test_an_answer_about_another_process_decides_nothing():
    """The first was looked at, then its job finished: the healthy look at it must not end the second, which nobody has looked at."""
    talk = conversation(Mode.ACT, ONE, TWO)
    beat(talk, 22_000, ONE, TWO)
    assert [effect.target.identity for effect in talk.open.values()] == [ONE]
    talk.hear(redis(finished(ONE)), at=22_001)
    lines = talk.answer(HEALTHY)

    assert signals(talk) == []
    assert lines == [f"measure {TWO}"]


def test_an_action_settles_only_the_alerts_of_its_process():
    """After the first process was ended the alert on the second of that name still wants its step, and waits for the cooldown."""
    talk = conversation(Mode.ACT, ONE, TWO)
    beat(talk, 22_000, ONE, TWO)
    for result in (HEALTHY, Sent()):
        talk.answer(result)
    assert [playbook.alerts for playbook in talk.state.ledger.playbooks.values()] == [(f"stuck-job|{ONE}/t1/j1/1000",)]
    talk.answer(Exited(), at=25_000)

    assert requests(talk) == [(NAME, TWO, "cooldown")]
    assert signals(talk) == [(ONE, "TERM")]


def test_cooldown_holds_though_the_unit_is_found_later():
    """A rule that fires before the host has said which unit the process belongs to is bound by the cooldown of that unit."""
    talk = Conversation(rules(text()))
    talk.hear(redis(process(ONE, 2_000), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit="s.service")))
    talk.hear(redis(job(ONE, "j1", 1_000)))
    beat(talk, 22_000)
    for result in (HEALTHY, Sent(), Exited()):
        talk.answer(result, at=22_000)
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")))
    talk.hear(redis(process(TWO, 30_000), job(TWO, "j2", 23_000)), at=30_000)
    talk.hear(redis(process(TWO, 50_000)), at=50_000)
    assert [one[1:] for one in requests(talk)] == [(TWO, "last_look")]
    talk.hear(host(found(TWO, unit="s.service")), at=51_000)
    talk.wait(60_000)

    assert requests(talk) == [("web1/s.service", TWO, "cooldown")]
    assert signals(talk) == [(ONE, "TERM")]


def test_requests_that_turn_out_to_be_for_one_target_become_one():
    """Two processes that get the same lasting name late leave one request for it."""
    talk = Conversation(rules(text()))
    talk.hear(Paused("ada", "x"))
    other = process(TWO, 2_000, queues=("pull",))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), other, job(TWO, "j1", 1_000), complete=True), at=2_000)
    talk.hear(redis(*(Delta(Kind.PROCESS, one, {"confirmed_at": 22_000}) for one in (ONE, TWO))), at=22_000)
    assert [one[0] for one in requests(talk)] == [NAME, "web1/app[pull]"]
    talk.hear(host(found(ONE, unit="s.service"), found(TWO, unit="s.service")), at=23_000)
    talk.hear(Resumed("ada"), at=24_000)

    assert [one[0] for one in requests(talk)] == ["web1/s.service"]
    assert [len(one.alerts) for one in talk.state.ledger.requests.values()] == [2]
    assert sum(isinstance(effect, Measure) for effect in talk.open.values()) == 1


@pytest.mark.parametrize("lose_world", [True, False])
def test_a_restart_keeps_the_request_it_had(lose_world):
    """After a restart there is the same request for the same target, none beside it for a target without a name."""
    talk = conversation()
    talk.hear(Paused("ada", "x"))
    beat(talk, 22_000)
    before = requests(talk)
    talk.crash(lose_world=lose_world)
    assert [one[:2] for one in requests(talk)] == [(NAME, ONE)]
    talk.hear(redis(process(ONE, 22_000), job(ONE, "j1", 1_000), complete=True), at=24_000)
    talk.hear(host(found(ONE)))
    talk.wait(30_000)

    assert requests(talk) == before == [(NAME, ONE, "paused")]
    assert {one.target for one in talk.state.ledger.alerts.values()} == {NAME}


def test_a_restart_in_dry_run_says_nothing_twice():
    """What dry-run has said is not said again after a restart, though the host has not yet found the process: it is still assumed to be cured."""
    talk = Conversation(rules(text(), Mode.DRY_RUN))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE, unit="s.service")))
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    said = len(talk.audit("would")), len(talk.audit("decision"))
    talk.crash()
    talk.hear(redis(process(ONE, 24_000), job(ONE, "j1", 1_000), complete=True), at=24_000)
    talk.hear(host(found(ONE, unit="s.service")), at=24_500)
    talk.wait(40_000)

    assert (len(talk.audit("would")), len(talk.audit("decision"))) == said == (2, 1)
    assert requests(talk) == []


def test_what_dry_run_assumed_does_not_bind_act():
    """A target that dry-run took to be cured is ended when the operator arms the rule, lets it act on what is so already, and the job is still stuck."""
    written = text().replace("cooldown: 5m", "cooldown: 5m, baseline: allow")
    talk = conversation(Mode.DRY_RUN)
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    talk.rules = rules(written, Mode.ACT)
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT), at=23_000)
    talk.answer(HEALTHY)

    assert signals(talk) == [(ONE, "TERM")]


def test_an_old_assumption_does_not_hide_a_real_action():
    """In dry-run a real action of a minute ago counts, though dry-run itself left one out long before."""
    talk = conversation(Mode.DRY_RUN)
    old, fresh = Cooldown(-500_000, "stuck-job", "terminate_process"), Cooldown(1_000, "stuck-job", "terminate_process")
    ledger = talk.state.ledger
    shadow = Shadow(cooldowns={NAME: old})
    talk.state = State(msgspec.structs.replace(ledger, cooldowns={NAME: fresh}, shadow=shadow), talk.state.world)
    beat(talk, 22_000)

    assert requests(talk) == [(NAME, ONE, "cooldown")]


def test_dry_run_waits_out_the_action_it_left_out():
    """Until it could have ended it would be in the way, as it is in act; from then on the cooldown counts."""
    talk = conversation(Mode.DRY_RUN)
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    talk.hear(redis(finished(ONE), process(ONE, 23_000), job(ONE, "j2", 2_000, thread="t2")), at=23_000)

    talk.wait(32_000)

    assert [(row.wall - WALL, row.guard, row.reason) for row in talk.audit("decision")[-2:]] == [
        (23_000, "in_flight", f"terminate_process of rule stuck-job on {NAME} would be under way for 9 s more"),
        (32_000, "cooldown", f"terminate_process of rule stuck-job on {NAME} ended 0 s ago"),
    ]

    talk.wait(60_000)

    assert requests(talk) == [(NAME, ONE, "cooldown")]


def test_a_reload_changes_what_an_open_request_would_do():
    """The action is carried out with the arguments that are in force when it is granted, not with those of when it was asked for."""
    talk = conversation()
    talk.hear(Paused("ada", "x"))
    beat(talk, 22_000)
    talk.rules = rules(text(grace="60s"))
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    talk.hear(Resumed("ada"), at=23_000)
    talk.answer(HEALTHY)

    assert talk.answer(Sent())[-1] == f"await {ONE} until {23_000 + 60_000}"


@pytest.mark.parametrize("new", [text(name="another"), text(mode="observe"), "rules: []"])
def test_a_request_of_a_rule_that_is_gone_or_disarmed_is_withdrawn(new):
    """A reload without the rule, or with it in observe, leaves no request and asks for no look."""
    talk = conversation()
    talk.hear(Paused("ada", "x"))
    beat(talk, 22_000)
    talk.rules = rules(new, Mode.ACT)
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT), at=23_000)

    assert [one.rule for one in talk.state.ledger.requests.values()] == (["another"] if "another" in new else [])
    assert talk.audit("decision")[-1].outcome == ("" if "another" in new else "no longer wanted")
    assert talk.open == {}


def test_a_denial_that_ends_by_itself_is_asked_again_then():
    """A cooldown ends at its millisecond, and the target is looked at in that turn."""
    talk = conversation()
    beat(talk, 22_000)
    for result in (HEALTHY, Sent(), Exited()):
        talk.answer(result, at=22_000)
    talk.hear(redis(job(ONE, "j2", 1_000, thread="t2")), at=23_000)
    talk.hear(redis(process(ONE, 322_000)), at=321_900)

    assert [line for line in talk.wait(321_999) if "measure" in line] == []
    assert talk.wait(322_000) == [f"measure {ONE}"]


def test_a_look_that_could_not_be_made_is_made_again():
    """A refused look denies, names why, and is asked for again after five seconds."""
    talk = conversation()
    beat(talk, 22_000)
    talk.answer(Refused("Redis is loading"))

    assert talk.audit("decision")[-1].reason == "it could not be looked at: Redis is loading"
    assert talk.wait(26_999) == []
    assert talk.wait(27_000) == [f"measure {ONE}"]


def test_an_answer_that_fits_no_look_decides_nothing():
    """A look answered with anything but a look is made again."""
    talk = conversation()
    beat(talk, 22_000)

    assert talk.answer(Sent()) == []
    assert talk.wait(27_000) == [f"measure {ONE}"]


@pytest.mark.parametrize("look", [CommandLook(), UnitLook(load_state="loaded", state="failed"), ChildLook(alive=True), Counted(3)])
def test_a_look_at_something_else_is_a_denial(look):
    """A look at a process that tells of something else is no leave; it is made again."""
    talk = conversation()
    beat(talk, 22_000)
    talk.answer(look)

    assert (talk.audit("decision")[-1].decision, talk.audit("decision")[-1].reason) == ("DENY", "the look was answered with something else")
    assert talk.wait(27_000) == [f"measure {ONE}"]


def test_an_answer_nobody_waits_for_changes_nothing():
    """The id of an effect that is unknown, or was answered already, is passed over."""
    talk = conversation()
    beat(talk, 22_000)
    effect = next(iter(talk.open))
    talk.hear(EffectDone(effect, Look(alive=False, same=False)))
    before = talk.state.ledger

    assert talk.hear(EffectDone(effect, HEALTHY)) + talk.hear(EffectDone("999.0", HEALTHY)) == []
    assert talk.state.ledger is before
    assert signals(talk) == []


def test_nothing_is_begun_while_the_agent_ends():
    """After `Stopping` no request is looked at, and nothing falls due for it."""
    talk = conversation()
    talk.hear(Stopping("asked to end"))

    assert beat(talk, 22_000) == ["audit alert stuck-job firing", "notify ops alert.firing"]
    assert talk.wait(90_000) == []


def test_ask_looks_and_waits_for_a_person():
    """In ask nothing is done, the decision says that it waits, once."""
    talk = conversation(Mode.ASK)
    beat(talk, 22_000)
    for _ in range(3):
        talk.answer(HEALTHY)
        talk.wait(talk.at + 5_000)

    assert [(row.decision, row.guard) for row in talk.audit("decision")] == [("ASK", "approval")]
    assert signals(talk) == []


def test_two_targets_of_one_host_are_acted_on_one_after_the_other():
    """While one action runs every other on the host is denied, and says which incident it waits for."""
    talk = conversation()
    talk.hear(redis(process("web1:12:ghi", 2_000, queues=("pull",)), job("web1:12:ghi", "j1", 1_000)))
    talk.hear(host(found("web1:12:ghi")))
    talk.hear(redis(*(Delta(Kind.PROCESS, one, {"confirmed_at": 22_000}) for one in (ONE, "web1:12:ghi"))), at=22_000)
    for effect in list(talk.open):
        talk.hear(EffectDone(effect, HEALTHY))
    talk.answer(InFlight(()))
    talk.answer(HEALTHY)

    assert signals(talk) == [(ONE, "TERM")]
    assert requests(talk) == [("web1/app[pull]", "web1:12:ghi", "in_flight")]
