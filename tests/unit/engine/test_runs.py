"""The machine that carries a procedure through: what it does on every answer, at every stage, and after being cut off."""

import itertools

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.model.effects import AwaitExit, KeepIncident, Measure, Notify, SendSignal
from watchdog.model.events import Paused, Resumed, RulesLoaded, SourceBack, SourceLost
from watchdog.model.kinds import Source
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.results import Exited, InFlight, Look, Refused, Result, Sent, StillRunning
from watchdog.model.verdicts import Mode

ONE = "web1:10:abc"
NAME = "web1/app[push]"
RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
DEAD = Look(alive=False, same=False, mismatch="there is no process 10 any more")
DOUBTFUL = Look(alive=True, same=False, mismatch="process 10 is not shown to us in /proc")
STOPPED = Look(alive=True, same=True, state="T", catches=("TERM", "TSTP", "TTIN"))
RESULTS: tuple[Result, ...] = (HEALTHY, DEAD, DOUBTFUL, STOPPED, Sent(), Exited(), StillRunning(), Refused("no"))


def conversation() -> Conversation:
    """A local process whose job was found stuck at 22 s: the look is open."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    return talk


def reread(talk: Conversation) -> None:
    """After a restart both sources are read in full again."""
    talk.hear(redis(process(ONE, 22_000), job(ONE, "j1", 1_000), complete=True))
    talk.hear(host(found(ONE)))


def to(stage: str, look: Look = HEALTHY) -> Conversation:
    """A conversation whose open effect is the signal, look or wait of this stage."""
    talk = conversation()
    steps: dict[str, list[Result]] = {
        "TERM": [look],
        "grace": [Sent()],
        "KILL look": [StillRunning()],
        "KILL": [HEALTHY],
        "death": [Sent()],
    }
    for name, results in steps.items():
        for result in results:
            talk.answer(result, at=32_000 if name == "KILL look" else None)
        if name == stage:
            return talk
    raise AssertionError(stage)


def signals(talk: Conversation) -> list[str]:
    """The signals that were asked for so far."""
    return [effect.signal.value for effect in talk.effects if isinstance(effect, SendSignal)]


def notices(talk: Conversation) -> list[tuple[str, str]]:
    """Titles of the notices so far, with how much they hurt."""
    return [(effect.notice.severity, effect.notice.title) for effect in talk.effects if isinstance(effect, Notify)]


def run(talk: Conversation):
    """The open one."""
    return next(iter(talk.state.ledger.runs.values()))


@pytest.mark.parametrize("stage", ["TERM", "grace", "KILL look", "KILL", "death"])
@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_no_answer_at_any_stage_leaves_it_stuck(stage, result):
    """Whatever the shell answers, the incident is over, waits for exactly one effect, or knows when it tries again."""
    talk = to(stage)
    talk.answer(result)

    for one in talk.state.ledger.runs.values():
        assert bool(one.effect) != (one.again_at is not None)
        assert (one.effect in talk.open) == bool(one.effect)
    if not talk.state.ledger.runs:
        assert NAME in talk.state.ledger.cooldowns
        assert talk.audit("incident")[-1].outcome in ("ended", "failed", "abandoned")


def test_kill_comes_neither_early_nor_first():
    """No three answers, however wrong, bring KILL before `grace` after the TERM that was sent; and right ones bring it."""
    times = set()
    wrong: tuple[Result, ...] = (HEALTHY, DOUBTFUL, Sent(), StillRunning(), Refused("no"))
    for answers in itertools.product(wrong, repeat=3):
        talk = to("TERM")
        talk.answer(Sent(), at=23_000)
        for result in answers:
            while not talk.open and talk.state.ledger.runs:
                talk.wait(talk.at + 1_000)
            talk.answer(result, at=talk.at + 4_500)
            if "KILL" in signals(talk):
                times.add(talk.at)
                break

    assert times
    assert min(times) >= 33_000


@pytest.mark.parametrize("result", [Refused("not permitted"), StillRunning()], ids=repr)
def test_term_that_could_not_be_sent_is_abandoned(result):
    """A refused TERM changed nothing: the incident ends as abandoned, with a cooldown, and no word of a process that had ended."""
    talk = to("TERM")
    talk.answer(result)

    assert talk.audit("incident")[-1].outcome == "abandoned"
    assert "ended" not in talk.audit("incident")[-1].reason
    assert talk.state.ledger.requests != {}
    assert talk.audit("decision")[-1].guard == "cooldown"


def test_term_of_unknown_fate_is_never_abandoned():
    """Cut off at TERM, then refused: perhaps the first one went out, so the incident is held, and goes on when it can."""
    talk = to("TERM")
    talk.crash()
    reread(talk)
    talk.answer(HEALTHY)
    talk.answer(Refused("no handle"))

    assert run(talk).held == "no handle"
    assert talk.wait(talk.at + 5_000) == [f"measure {ONE}"]
    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"


def test_a_look_in_doubt_is_no_death():
    """A living process that can't be told for certain before KILL holds the incident: it has not ended, and is not killed."""
    talk = to("KILL look")
    talk.answer(DOUBTFUL)

    assert run(talk).held_by == "last_look"
    assert signals(talk) == ["TERM"]
    talk.wait(talk.at + 5_000)
    talk.answer(DEAD)
    assert talk.state.ledger.runs == {}
    assert talk.audit("incident")[-1].reason == (
        "it ended after SIGTERM; 1 in flight: 1 given back by Sidekiq, or finished in its last seconds; for 15 s so far nobody has served in its place; "
        "nothing is verified: its rule has no 'verify'"
    )


def test_a_hold_is_said_once_however_its_words_change():
    """Held by the same guard for an hour with words that change each time: one row, one message, the latest words in the status."""
    talk = to("KILL look")
    talk.answer(Refused("not read for 0 s"))
    for second in range(720):
        talk.wait(talk.at + 5_000)
        talk.answer(Refused(f"not read for {second} s"))

    assert [row.outcome for row in talk.audit("incident")] == ["opened", "held"]
    assert [severity for severity, title in notices(talk) if "half-way" in title] == [Severity.CRITICAL]
    assert run(talk).held == "not read for 719 s"


def test_another_guard_that_holds_is_said_too():
    """When the reason becomes another one, people are told."""
    talk = to("KILL look")
    talk.answer(Refused("x"))
    talk.hear(Paused("ada", "y"))
    talk.wait(talk.at + 5_000)
    talk.answer(HEALTHY)

    assert [row.guard for row in talk.audit("incident") if row.outcome == "held"] == ["last_look", "paused"]


def test_the_message_of_a_held_kill_names_the_command():
    """Whoever is woken can finish by hand."""
    talk = to("KILL look")
    talk.hear(Paused("ada", "y"))
    talk.answer(HEALTHY)

    told = notices(talk)[-1][1]
    incident = run(talk).incident
    assert "paused by ada: y; it was told to end (SIGTERM)" in told
    assert "; by hand, on web1: kill -KILL 10; " in told
    assert told.endswith(
        f"to let it go on: sidekiq-watchdog go-on {incident} --force paused --reason WHY; "
        f"if you see to it yourself: sidekiq-watchdog close {incident} --reason WHY"
    )


def test_lost_redis_holds_the_kill_and_lets_it_go_on():
    """After TERM a blind source holds KILL; when it is back, KILL comes after a look of its own."""
    talk = to("KILL look")
    talk.hear(SourceLost(Source.REDIS, "refused", "nobody answers"))
    talk.answer(HEALTHY)
    assert (run(talk).held_by, signals(talk)) == ("blind", ["TERM"])
    talk.hear(redis(process(ONE, 34_000), complete=True), at=34_000)
    talk.hear(SourceBack(Source.REDIS))
    talk.wait(38_000)

    assert talk.answer(HEALTHY)[-1] == f"signal KILL {ONE}"


@pytest.mark.parametrize("stage", ["TERM", "grace", "KILL look", "KILL", "death"])
def test_a_restart_goes_on_where_it_was(stage):
    """Cut off at any stage, the start of the agent asks for that stage again before anything is read: a look before each signal, the same end of each wait."""
    talk = to(stage)
    waiting = {effect.until for effect in talk.open.values() if isinstance(effect, AwaitExit)}
    lines = talk.crash()

    assert "audit incident stuck-job" in "\n".join(lines)
    assert len(talk.open) == 1
    again = next(iter(talk.open.values()))
    assert isinstance(again, AwaitExit if waiting else Measure)
    assert {again.until} == waiting if isinstance(again, AwaitExit) else waiting == set()
    assert [row.stage for row in talk.audit("outcome") if row.outcome.startswith("unknown")] == (
        [stage] if stage in ("TERM", "KILL") else []
    )


def test_a_restart_in_the_kill_stage_waits_until_everything_is_read():
    """After a restart the look may be there before Redis has been read: then nobody is woken, it is tried again each second, and KILL follows when all is read."""
    talk = to("KILL")
    talk.crash()
    told = len(notices(talk))
    talk.answer(HEALTHY)
    assert (run(talk).held, run(talk).again_at) == ("", talk.at + 1_000)
    assert len(notices(talk)) == told
    reread(talk)
    talk.wait(talk.at + 1_000)

    assert talk.answer(HEALTHY)[-1] == f"signal KILL {ONE}"


def test_a_copy_waits_until_everything_is_read():
    """Cut off while it asks what the process holds, the agent asks again until Redis has been read, and neither gives up nor goes on without a copy."""
    talk = conversation()
    talk.holds_nothing = False
    talk.answer(HEALTHY)
    talk.crash()
    talk.answer(Refused("not read yet"))
    assert [row.outcome for row in talk.audit("incident")] == ["opened", "resumed"]
    reread(talk)
    assert talk.wait(talk.at + 1_000) == [f"gather before {ONE}"]
    talk.answer(InFlight(()))

    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"


def test_a_rule_that_is_gone_before_anything_was_done_is_not_obeyed():
    """Taken away between the copy and TERM: nothing is sent."""
    talk = conversation()
    talk.holds_nothing = False
    talk.answer(HEALTHY)
    talk.rules = rules("rules: []")
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    talk.answer(InFlight(()))
    talk.answer(HEALTHY)

    assert signals(talk) == []
    assert talk.audit("incident")[-1].outcome == "abandoned"


def test_a_reboot_ends_what_ran_before_it():
    """After a reboot times are those of the new boot, the time for which the machine was off counts for nothing, the cooldown counts from the end, and nothing is sent."""
    talk = to("grace")
    talk.reboot("boot-2", down=60_000)
    assert [effect.until for effect in talk.open.values()] == [10_000]
    talk.answer(Exited(), at=800)
    talk.hear(redis(complete=True), at=5_000)
    talk.wait(6_000)

    assert signals(talk) == ["TERM"]
    assert talk.state.ledger.cooldowns[NAME].ended_at == 5_000
    assert talk.audit("incident")[-1].outcome == "ended"


def test_a_stopped_process_is_told_and_woken_once():
    """State T: TERM, then CONT, then the wait of `grace` from the TERM; a restart in between repeats the CONT only."""
    talk = to("TERM", STOPPED)
    talk.answer(Sent(), at=22_100)
    talk.crash()
    reread(talk)
    talk.answer(STOPPED, at=23_000)
    assert talk.answer(Sent())[-1] == f"await {ONE} until 32100"
    assert signals(talk) == ["TERM", "CONT"]


def test_an_incident_outlives_its_rule():
    """A rule taken away after TERM does not leave its process half-way."""
    talk = to("grace")
    talk.rules = rules("rules: []")
    talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    talk.answer(StillRunning(), at=32_000)
    talk.answer(HEALTHY)

    assert signals(talk) == ["TERM", "KILL"]


def test_what_outlives_kill_is_said_loudly():
    """A process that lives 30 s after SIGKILL ends the incident as failed, critical."""
    talk = to("death")
    talk.answer(StillRunning(), at=62_000)
    assert talk.audit("incident")[-1].outcome == "failed"
    ended = next(
        effect.notice for effect in reversed(talk.effects) if isinstance(effect, Notify) and effect.notice.kind is NoticeKind.ENDED
    )

    assert (ended.severity, ended.outcome) == (Severity.CRITICAL, "failed")


def test_the_incident_is_written_at_every_turn_of_it():
    """Opened, held and ended stand in the incident's row, with the time of its end and the account so far."""
    talk = to("KILL look")
    talk.hear(Paused("ada", "x"))
    talk.answer(HEALTHY)
    talk.hear(Resumed("ada"))
    talk.wait(talk.at + 5_000)
    for result in (HEALTHY, Sent(), Exited()):
        talk.answer(result)
    kept = [effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)]

    assert [(one.outcome, one.closed is None) for one in kept] == [("open", True), ("held", True), ("ended", False)]
    assert len({one.id for one in kept}) == 1
    assert kept[-1].account == (
        "+0.0 s: in flight: nothing", "+0.0 s: SIGTERM sent", "+15.0 s: SIGKILL sent", "+15.0 s: it has given everything back",
        "+15.0 s: it ended after SIGKILL; 1 in flight: 1 given back by Sidekiq, or finished in its last seconds; for 15 s so far nobody has served in its place",
    )  # fmt: skip
