"""Whole conversations of an agent that does not trust its memory: written elsewhere, lost to damage, or cut off long ago."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.doubt import Binding
from watchdog.engine.rules import NO_RULES
from watchdog.engine.state import begin
from watchdog.engine.status import status
from watchdog.model.actions import BY_NAME
from watchdog.model.effects import Command, DropFlight, KeepIncident, Measure, Notify, SendSignal
from watchdog.model.events import EffectDone, Event, Gone, Started
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.results import EvidenceCollected, Look, Sent
from watchdog.model.told import OperatorAdopted, OperatorArmed, OperatorAsked
from watchdog.model.verdicts import Decision, Mode
from watchdog.rulefile.values import default_of

ONE = "web1:10:abc"
RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
HERE = Binding("4f00", "web1", "10.0.0.1:6379/0")
HOUR = 3_600_000


def conversation() -> Conversation:
    """An agent that knows where it is, whose look at a process with a stuck job is open."""
    talk = Conversation(rules(RULE), started=False)
    talk.binding = HERE
    talk.start()
    sick(talk, 2_000, 22_000)
    return talk


def sick(talk: Conversation, first: int, then: int) -> None:
    """Everything is read, and the job is stuck by `then`."""
    talk.hear(redis(process(ONE, first), job(ONE, "j1", first - 1_000), complete=True), at=first)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, then)), at=then)


def termed() -> Conversation:
    """TERM has been asked for, and the agent ends before it knows."""
    talk = conversation()
    talk.answer(HEALTHY)
    assert [effect.signal.value for effect in talk.effects if isinstance(effect, SendSignal)] == ["TERM"]
    return talk


def commands(talk: Conversation, since: int) -> list[Command]:
    """All that was asked of the world from that effect on."""
    return [effect for effect in talk.effects[since:] if isinstance(effect, Command)]


def adopted(talk: Conversation, *, asked: int | None = None) -> list[str]:
    """A person says so."""
    wall = talk.booted_wall + talk.at
    return talk.hear(OperatorAdopted(id=f"a{talk.seq}", by="ada", reason="looked", asked=wall if asked is None else asked))


def answer_of(talk: Conversation) -> tuple[str, str]:
    """What the last command came to, and why."""
    row = talk.audit("operator")[-1]
    return row.outcome, row.reason


ELSEWHERE: dict[str, tuple[Binding, str]] = {
    "machine": (msgspec.structs.replace(HERE, machine="beef"), "it was written on another machine (its machine-id differs)"),
    "host": (msgspec.structs.replace(HERE, host="web2"), "it was written on host web1, and this is web2"),
    "redis": (msgspec.structs.replace(HERE, redis="10.0.0.2:6379/0"), "it was written for the Redis 10.0.0.1:6379/0, and this is 10.0.0.2:6379/0"),
}  # fmt: skip


@pytest.mark.parametrize("what", ELSEWHERE)
def test_a_memory_of_elsewhere_does_nothing(what):
    """Dry-run, said as critical once, and by each start anew; what was under way is touched by nobody, however long it takes, whatever it may be."""
    talk = termed()
    talk.binding, why = ELSEWHERE[what]
    begun = len(talk.effects)
    talk.crash()
    told = [effect.notice for effect in talk.effects[begun:] if isinstance(effect, Notify)]
    sick(talk, 23_000, 44_000)
    talk.wait(talk.at + 2 * HOUR)

    assert [(notice.severity, why in notice.title, "sidekiq-watchdog adopt" in notice.title) for notice in told] == [
        (Severity.CRITICAL, True, True)
    ]
    assert [type(command) for command in commands(talk, begun) if not isinstance(command, Measure)] == []
    assert talk.state.ledger.mode is Mode.DRY_RUN
    assert talk.state.ledger.runs == {}
    assert {row.decision for row in talk.audit("decision")[1:]} <= {Decision.DRY_RUN.value, Decision.DENY.value}
    assert status(talk.state, talk.at)["doubt"] == {"reasons": [why], "incidents": list(talk.state.ledger.doubt.playbooks)}  # type: ignore[union-attr]

    before = len(talk.effects)
    talk.crash()
    assert len([effect for effect in talk.effects[before:] if isinstance(effect, Notify) and "adopt" in effect.notice.title]) == 1


@pytest.mark.parametrize("what", ELSEWHERE)
def test_adopted_elsewhere_what_was_under_way_is_given_up(what):
    """From then on the rules act here; the run of before is closed, its jobs' payloads go, and it is not resumed, not even by later starts."""
    talk = termed()
    (incident,) = talk.state.ledger.playbooks
    talk.binding = ELSEWHERE[what][0]
    talk.crash()
    begun = len(talk.effects)
    adopted(talk)

    closed = [effect.incident for effect in talk.effects[begun:] if isinstance(effect, KeepIncident)]
    assert answer_of(talk) == ("adopted", "looked")
    assert [(row.id, row.outcome, row.closed is not None) for row in closed] == [(incident, "abandoned", True)]
    assert [effect.incident for effect in talk.effects[begun:] if isinstance(effect, DropFlight)] == [incident]
    assert (talk.state.ledger.mode, talk.state.ledger.doubt, talk.state.ledger.binding) == (Mode.ACT, None, talk.binding)
    talk.crash()
    assert commands(talk, begun) == []
    assert talk.state.ledger.doubt is None

    sick(talk, 23_000, 44_000)
    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"


def test_what_fits_again_goes_on_by_itself():
    """The host had got another name for one start: when it has its own again, what was under way is taken up where it was."""
    talk = termed()
    talk.binding = ELSEWHERE["host"][0]
    talk.crash()
    talk.binding = HERE
    lines = talk.crash()
    talk.hear(redis(process(ONE, 22_500), job(ONE, "j1", 1_000), complete=True), at=22_500)

    assert "audit agent in doubt no more" in lines
    assert "audit incident stuck-job TERM resumed" in lines
    assert talk.state.ledger.mode is Mode.ACT
    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"


def test_what_a_person_orders_meanwhile_is_brought_to_its_end():
    """In doubt the agent does nothing by itself, but what it is told; cut off in the middle it goes on with that, and until it is over nothing can be adopted."""
    talk = termed()
    talk.binding = ELSEWHERE["machine"][0]
    talk.crash()
    sick(talk, 23_000, 44_000)
    arguments: dict[str, Any] = {name: default_of(spec) for name, spec in BY_NAME["terminate_process"].arguments().items()}
    talk.hear(
        OperatorAsked(
            id="o1", by="ada", reason="memory", asked=WALL + talk.at, action="terminate_process", process=ONE, arguments=arguments
        )
    )
    talk.open = dict(list(talk.open.items())[-1:])
    talk.answer(HEALTHY)
    talk.answer(EvidenceCollected(()))
    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"
    (run,) = talk.state.ledger.runs

    talk.crash()
    adopted(talk)
    assert answer_of(talk) == ("refused", "an order is being carried out; adopt it when that is over")
    assert list(talk.state.ledger.runs) == [run]
    assert talk.state.ledger.doubt is not None
    assert len(talk.state.ledger.doubt.runs) == 1
    talk.hear(redis(process(ONE, 44_000), complete=True))
    talk.answer(Look(alive=False, same=False, mismatch="there is no process 10 any more"))
    assert talk.state.ledger.runs == {}
    adopted(talk)
    assert answer_of(talk)[0] == "adopted"


def test_an_intent_of_long_ago_is_asked_about():
    """Down for more than an hour after TERM was asked for: nothing is done; adopted, it is gone on with, and the end of the process is heard of."""
    talk = termed()
    talk.reboot("boot-2", down=HOUR + 1)
    doubt = talk.state.ledger.doubt
    assert doubt is not None
    assert doubt.reasons[0].startswith(
        "what was being done when the agent ended has no outcome, and that is more than an hour ago (incident "
    )
    assert talk.open == {}
    assert adopted(talk)[-1].startswith("audit operator")

    assert "resumed" in [row.outcome for row in talk.audit("incident")]
    assert talk.state.ledger.mode is Mode.ACT
    talk.answer(Look(alive=False, same=False, mismatch="there is no process 10 any more"))
    talk.hear(redis(complete=True), at=5_000)
    talk.wait(8_000)
    assert talk.audit("incident")[-1].outcome == "ended"


@pytest.mark.parametrize(("down", "doubted"), [(HOUR - 60_000, False), (HOUR + 60_000, True), (-86_400_000, True)])
def test_how_long_ago_an_intent_may_be(down, doubted):
    """Up to an hour it is simply resumed; where the clock went back over a boot nobody knows how long it was."""
    talk = termed()
    talk.reboot("boot-2", down=down)
    assert (talk.state.ledger.doubt is not None) is doubted


def test_within_one_boot_the_clock_on_the_wall_does_not_count():
    """Set forward by a day while the agent is restarted, it makes nothing of an open intent."""
    talk = termed()
    talk.booted_wall += 86_400_000
    talk.crash()
    assert talk.state.ledger.doubt is None


def test_a_lost_memory_is_said_until_somebody_adopts_it():
    """After damage the agent acts again when a person says so, and not because it was restarted."""
    talk = Conversation(rules(RULE), started=False)
    talk.binding = HERE
    state, _ = advance(NO_RULES, begin(), Event(1, 0, WALL, Started("0", "boot-1", "web1", damaged="watchdog.db.broken-7")))
    talk.state, talk.seq = state, 1
    for _ in range(2):
        talk.crash()
        assert talk.state.ledger.mode is Mode.DRY_RUN
        assert talk.state.ledger.doubt is not None
        assert "watchdog.db.broken-7" in talk.audit("agent")[-1].reason
    adopted(talk)
    assert (talk.state.ledger.mode, talk.state.ledger.doubt) == (Mode.ACT, None)


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        (adopted, "nothing waits to be adopted"),
        (lambda talk: _elsewhere(talk, asked=talk.booted_wall + talk.at - HOUR - 1), "it was said too long ago; look at it as it is now, and say it again"),
    ],
    ids=["nothing", "stale"],
)  # fmt: skip
def test_an_adoption_that_is_refused(say: Callable[[Any], Any], reason):
    """Without a doubt, or when it was said of something else for all that is known."""
    talk = conversation()
    say(talk)
    assert answer_of(talk) == ("refused", reason)


def decided(talk: Conversation) -> list[tuple[str, str]]:
    """Every answer, with the guard that gave it."""
    return [(row.decision, row.guard) for row in talk.audit("decision")]


def doubting() -> Conversation:
    """Started on another machine by a rule that has acted for long; there is a job that has been stuck since, and dry-run has said what it would do."""
    talk = conversation()
    talk.binding = ELSEWHERE["machine"][0]
    talk.crash()
    sick(talk, 23_000, 44_000)
    talk.answer(HEALTHY)
    assert decided(talk)[-1] == ("DRY_RUN", "")
    return talk


def still_sick(talk: Conversation) -> None:
    """Everything is read after a start, and the job that was stuck is so still."""
    talk.hear(redis(process(ONE, 45_000), job(ONE, "j1", 22_000), complete=True), at=45_000)
    talk.hear(host(found(ONE)))


def test_what_was_so_when_it_was_adopted_only_asks():
    """Whoever adopts arms all rules at once, and has not seen what they would do in the same second to all that has broken while nobody acted. What comes later is theirs."""
    talk = doubting()
    adopted(talk)
    talk.answer(HEALTHY)
    assert decided(talk)[-1] == ("ASK", "baseline")
    assert [effect for effect in talk.effects if isinstance(effect, SendSignal)] == []

    talk.hear(redis(Gone(Kind.JOB, f"{ONE}/t1/j1/22000", "done"), process(ONE, 60_000), job(ONE, "j2", 59_000)), at=60_000)
    talk.hear(redis(process(ONE, 81_000)), at=81_000)
    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"


def test_a_restart_after_it_was_adopted_makes_nothing_a_baseline():
    """What is found after the adoption is the rule's; a mere restart, and one more, changes nothing about that."""
    talk = doubting()
    adopted(talk)
    talk.hear(redis(Gone(Kind.JOB, f"{ONE}/t1/j1/22000", "done"), process(ONE, 60_000), job(ONE, "j2", 59_000)), at=60_000)
    arming = talk.state.ledger.arming
    talk.open.clear()
    for _ in range(2):
        talk.crash()
    assert talk.state.ledger.arming == arming
    talk.hear(redis(process(ONE, 83_000), job(ONE, "j2", 59_000), complete=True), at=83_000)
    talk.hear(host(found(ONE)))
    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"


def test_a_doubt_that_goes_by_itself_makes_nothing_a_baseline():
    """Put right without a person, it was a mere restart; `status` says dry-run as long as it lasts. A rule that was changed meanwhile begins anew."""
    talk = doubting()
    assert status(talk.state, talk.at)["rules"] == {"stuck-job": "dry-run"}
    talk.binding = HERE
    talk.crash()
    assert status(talk.state, talk.at)["rules"] == {"stuck-job": "act"}
    still_sick(talk)
    assert talk.answer(HEALTHY)[-1] == f"signal TERM {ONE}"

    talk = doubting()
    talk.rules = rules(RULE.replace("20s", "15s"))
    talk.crash()
    talk.binding = HERE
    talk.crash()
    still_sick(talk)
    talk.answer(HEALTHY)
    assert decided(talk)[-1] == ("ASK", "baseline")


@pytest.mark.parametrize(
    ("mode", "outcome"), [(Mode.ACT, "refused"), (Mode.ASK, "refused"), (Mode.DRY_RUN, "armed"), (Mode.OBSERVE, "armed")]
)
def test_nothing_is_armed_in_doubt(mode, outcome):
    """A single rule is not let loose on what nobody relies on; to hold one back is heeded, and leaves the others as they were."""
    talk = doubting()
    before = talk.state.ledger.arming.in_force
    talk.hear(OperatorArmed(id="m1", by="ada", reason="now", asked=WALL, rule="stuck-job", mode=mode))
    row = talk.audit("operator")[-1]
    assert (row.outcome, talk.state.ledger.arming.in_force) == (outcome, before)
    assert ("sidekiq-watchdog adopt" in row.reason) is (outcome == "refused")


def _elsewhere(talk: Conversation, *, asked: int) -> None:
    talk.binding = ELSEWHERE["machine"][0]
    talk.crash()
    adopted(talk, asked=asked)
    assert talk.state.ledger.doubt is not None


def test_what_is_not_known_differs_from_nothing():
    """A memory of a version that knew no such thing, a machine without an id: nothing is doubted, and what becomes known is remembered."""
    talk = Conversation(rules(RULE))
    assert talk.state.ledger.binding == Binding(host="web1")
    talk.binding = HERE
    talk.crash()
    talk.binding = Binding(host="web1")
    talk.crash()
    assert (talk.state.ledger.doubt, talk.state.ledger.binding) == (None, HERE)


def test_a_doubt_outlives_a_crash_at_any_event():
    """Between the start and its rules, and after each event, a new start finds the same doubt, and nothing under way."""
    talk = termed()
    talk.binding = ELSEWHERE["machine"][0]
    talk.crash()
    sick(talk, 23_000, 44_000)
    ledger = ledgers.decode(ledgers.encode(talk.state.ledger))
    assert ledger == talk.state.ledger
    state, effects = advance(
        NO_RULES, begin(ledger), Event(talk.seq + 1, talk.at, WALL, Started("0", "boot-1", "web1", "beef", HERE.redis))
    )
    assert [effect for effect in effects if isinstance(effect, Command)] == []
    assert state.ledger.doubt is not None
    assert state.ledger.doubt.runs == ledger.doubt.runs  # type: ignore[union-attr]
    assert state.ledger.runs == {}


def test_a_signal_whose_answer_comes_late_changes_nothing():
    """An answer to an effect of before is none of anybody's."""
    talk = termed()
    effect = next(iter(talk.state.ledger.runs.values())).effect
    talk.binding = ELSEWHERE["machine"][0]
    talk.crash()
    before = talk.state.ledger
    talk.hear(EffectDone(effect, Sent()))
    assert talk.state.ledger is before
