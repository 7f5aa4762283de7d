"""One event in, state and effects out: sources, starts, reloads, pauses, and turns that could not be committed."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.due import is_anything_open, next_due
from watchdog.engine.ledger import Phase
from watchdog.engine.rules import NO_RULES
from watchdog.engine.state import begin
from watchdog.model.effects import KeepIncident, Notify, SendSignal
from watchdog.model.events import (
    Body,
    Delta,
    EffectDone,
    Event,
    Gone,
    Paused,
    ReloadRefused,
    Resumed,
    RulesLoaded,
    SourceBack,
    SourceLost,
    Started,
    TimeReached,
)
from watchdog.model.kinds import Kind, Source
from watchdog.model.records import RECORD_KINDS
from watchdog.model.results import Sent
from watchdog.model.verdicts import Mode

ONE = "web1:10:abc"
TEXT = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
  - rule: silent
    each: process
    when: process.beat_age > 60s
    for: 30s
    summary: "{{ process.host }} is silent"
    notify: [ops]
"""
OTHER = TEXT.replace("stuck-job", "renamed")
QUIET = "rules: []"


def conversation(text: str = TEXT, mode: Mode = Mode.ACT) -> Conversation:
    """One local process with a job since 1 s."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    return talk


def phases(talk: Conversation) -> dict[str, Phase]:
    """Rule → phase of its alert."""
    return {alert.rule: alert.phase for alert in talk.state.ledger.alerts.values()}


def resolutions(talk: Conversation) -> list[str]:
    """Why alerts were resolved."""
    return [row.reason for row in talk.audit("alert") if row.outcome == "resolved"]


def test_an_idle_turn_changes_nothing():
    """Nothing happened: the very same ledger, no effect."""
    talk = conversation()
    before = talk.state.ledger

    assert talk.hear(TimeReached(), at=5_000) + talk.hear(redis()) == []
    assert talk.state.ledger is before


def test_engine_time_never_runs_backwards():
    """An event that claims to be earlier than the ledger is taken at the time of the ledger."""
    talk = conversation()
    talk.hear(Paused("ada", "x"), at=9_000)
    state, _ = advance(talk.rules, talk.state, Event(99, 10, WALL, Resumed("ada")))

    assert state.ledger.at == 9_000


def test_every_kind_of_row_is_declared():
    """What is written down is of the kinds that the record says there are."""
    talk = conversation()
    talk.hear(SourceLost(Source.HOST, "x", "y"))
    talk.hear(SourceBack(Source.HOST))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)

    assert {row["kind"] for row in msgspec.to_builtins([effect.row for effect in talk.effects if hasattr(effect, "row")])} <= set(
        RECORD_KINDS
    )


def test_a_loss_is_told_once_and_again_when_it_is_another():
    """The same code is one row; another code is told; coming back says after how long."""
    talk = conversation()
    lines = [
        talk.hear(SourceLost(Source.REDIS, code, "m"), at=at) for code, at in [("refused", 3_000), ("refused", 4_000), ("loading", 5_000)]
    ]
    talk.hear(SourceBack(Source.REDIS), at=9_500)

    assert [len(line) for line in lines] == [2, 0, 2]
    assert talk.audit("source")[-1].reason == "after 6 s"
    assert talk.hear(SourceBack(Source.REDIS)) == []


def test_a_lost_source_stops_the_clock_of_its_alerts_only():
    """While Redis is lost the time of what rests on it does not count; it goes on afterwards from where it was."""
    talk = conversation()
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"listed": True})), at=62_001)
    talk.wait(70_000)
    talk.hear(SourceLost(Source.REDIS, "refused", "m"))
    talk.wait(170_000)
    assert phases(talk)["silent"] is Phase.PENDING
    talk.hear(SourceBack(Source.REDIS))
    talk.wait(192_000)
    assert phases(talk)["silent"] is Phase.PENDING
    talk.wait(192_001)

    assert phases(talk)["silent"] is Phase.FIRING


def test_time_while_the_agent_was_away_counts_for_nothing():
    """A pending alert goes on after a restart with what it had counted before."""
    talk = conversation()
    talk.wait(62_001)
    talk.hear(redis(job(ONE, "j2", 62_000, thread="t2")), at=72_001)
    talk.hear(Paused("ada", "x"), at=72_001)
    talk.at = 100_000
    talk.crash()
    talk.hear(redis(process(ONE, 2_000), complete=True))
    talk.wait(119_999)
    assert phases(talk)["silent"] is Phase.PENDING
    talk.wait(120_000)

    assert phases(talk)["silent"] is Phase.FIRING


def test_what_is_gone_when_the_agent_comes_back_is_resolved():
    """After a restart the first complete reading ends the alerts of what is no longer there, and says so; not before."""
    talk = conversation()
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.crash()
    talk.hear(redis(process(ONE, 23_000)), at=23_000)
    assert resolutions(talk) == []
    talk.hear(redis(complete=True))

    assert resolutions(talk) == ["it was no longer there when the agent came back"]


def test_an_entity_that_leaves_says_why_it_is_resolved():
    """The reason of the departure is the reason of the resolution."""
    talk = conversation()
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")), at=23_000)

    assert resolutions(talk) == ["its process exited"]


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        QUIET,
        OTHER,
        "rules: [{rule: stuck-job, each: process, when: process.beat_age > 1h}]",
        "rules: [{rule: stuck-job, each: queue, when: queue.size > 5}]",
    ],
)
def test_a_rule_that_is_gone_resolves_its_alerts(text, complete):
    """A rule taken away, renamed, or turned to another kind of entity ends its alerts at once, even before anything has been read."""
    talk = conversation()
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.rules = rules(text)
    if complete:
        talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))
    else:
        talk.crash()
    talk.hear(SourceLost(Source.HOST, "x", "y"))
    talk.hear(redis(process(ONE, 22_000), job(ONE, "j1", 1_000)))

    assert "its rule is no longer in force" in resolutions(talk)
    assert ("stuck-job" in phases(talk)) is False


def test_a_reload_judges_what_is_there():
    """A rule that comes with a reload fires on what has been read long before."""
    talk = conversation(QUIET)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.rules = rules(TEXT)

    assert "audit alert stuck-job firing" in talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))


def test_arming_acts_on_what_fires_already():
    """From observe to act an alert that fires already gets its request."""
    talk = conversation(TEXT, Mode.OBSERVE)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    assert talk.open == {}
    talk.rules = rules(TEXT, Mode.ACT)

    assert talk.hear(RulesLoaded(talk.rules.digest, Mode.ACT))[-1] == f"measure {ONE}"


def test_a_restart_that_arms_acts_on_what_fires_already():
    """Restarted in act after observe, the first complete reading makes the request for what fires since before."""
    talk = conversation(TEXT, Mode.OBSERVE)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.rules = rules(TEXT, Mode.ACT)
    talk.crash()
    talk.hear(host(found(ONE)), at=23_000)

    assert talk.hear(redis(process(ONE, 22_000), job(ONE, "j1", 1_000), complete=True))[-1] == f"measure {ONE}"


def test_a_warning_with_the_rules_reaches_everybody():
    """What comes with the rules as a warning is written down and told to every receiver of any rule."""
    talk = conversation()

    assert talk.hear(RulesLoaded("d", Mode.ACT, "memory begins anew"))[-2:] == ["audit agent warning", "notify ops agent.warning"]
    assert talk.audit("agent")[-1].reason == "memory begins anew"


def test_a_refused_reload_is_written_down():
    """The first problem and the number of them; nothing else changes."""
    talk = conversation()
    talk.hear(ReloadRefused(("rules.yml:1:1: E101 x", "rules.yml:2:1: E102 y")))
    row = talk.audit("agent")[-1]

    assert (row.outcome, row.reason, row.detail) == ("reload refused", "rules.yml:1:1: E101 x", {"problems": 2})


def test_a_pause_runs_out_by_itself():
    """At its end, given in wall time, the pause is lifted, written down, and what waited is asked again in that turn."""
    talk = conversation()
    talk.hear(Paused("ada", "x", WALL + 24_000))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    assert talk.wait(23_999) == []

    assert talk.wait(24_000) == ["audit agent resumed", f"measure {ONE}"]
    assert (next_due(talk.state) or 24_001) > 24_000


def test_a_pause_outlives_a_restart():
    """What an operator has said is not forgotten."""
    talk = conversation()
    talk.hear(Paused("ada", "x"))
    talk.crash()

    assert talk.state.ledger.pauses.keys() == {"ada"}


@pytest.mark.parametrize("body", [redis(process(ONE, 22_000)), TimeReached()])
def test_a_turn_that_was_not_committed_is_drawn_again(body):
    """The reading stays, its conclusions are drawn again in the next turn, and asked for once."""
    talk = conversation()
    before = talk.state
    advance(talk.rules, talk.state, Event(talk.seq + 1, 22_000, WALL, redis(process(ONE, 22_000))))
    talk.state.world.must_judge_all = True
    lines = talk.hear(body, at=22_500)

    assert before.ledger.alerts == {}
    assert lines == ["audit alert stuck-job firing", "notify ops alert.firing", f"measure {ONE}"]


def test_an_undone_end_is_drawn_again():
    """A departure whose turn was lost still resolves its alert."""
    talk = conversation()
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    advance(talk.rules, talk.state, Event(talk.seq + 1, 23_000, WALL, host(Gone(Kind.PROCESS, ONE, "exited"))))
    talk.state.world.must_judge_all = True
    talk.hear(TimeReached(), at=24_000)

    assert resolutions(talk) == ["it is no longer there"]


def test_an_undone_answer_is_taken_when_it_comes_again():
    """The answer to a signal whose turn could not be committed comes again and counts then; the signal is not sent twice."""
    talk = conversation()
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    effect = next(iter(talk.open))
    advance(talk.rules, talk.state, Event(talk.seq + 1, 22_100, WALL, EffectDone(effect, Sent())))
    talk.state.world.must_judge_all = True
    lines = talk.answer(Sent(), at=23_100)

    assert lines[-1] == f"await {ONE} until 33100"
    assert sum(isinstance(effect, SendSignal) for effect in talk.effects) == 1


def test_a_look_lost_with_its_turn_is_asked_for_again():
    """A look that was asked for in a turn that was not committed was never made; the request is not stuck on it."""
    talk = conversation()
    talk.hear(Paused("ada", "x"))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    advance(talk.rules, talk.state, Event(talk.seq + 1, 23_000, WALL, Resumed("ada")))
    talk.state.world.must_judge_all = True

    assert talk.hear(Resumed("ada"), at=24_000) == ["audit agent resumed", f"measure {ONE}"]


def test_process_alerts_survive_being_written_down():
    """An alert on an entity with lists among its readings comes back from the ledger as it was."""
    talk = conversation()
    talk.wait(92_001)

    assert phases(talk)["silent"] is Phase.FIRING
    assert ledgers.decode(ledgers.encode(talk.state.ledger)) == talk.state.ledger
    assert next(alert for alert in talk.state.ledger.alerts.values() if alert.rule == "silent").seen["queues"] == ["push"]


def test_a_start_without_rules_forgets_nothing():
    """Between the start and the rules nothing is decided about what the ledger holds."""
    talk = conversation()
    talk.hear(Paused("ada", "x"))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    state = begin(talk.state.ledger)
    bodies: tuple[Body, ...] = (Started("0", "boot-1", "web1"), TimeReached(), redis(process(ONE, 22_500)))
    for number, body in enumerate(bodies):
        state, effects = advance(NO_RULES, state, Event(talk.seq + 1 + number, 23_000, WALL, body))
        assert [effect for effect in effects if isinstance(effect, Notify | KeepIncident)] == []

    assert state.ledger.requests == talk.state.ledger.requests
    assert state.ledger.alerts.keys() == talk.state.ledger.alerts.keys()


@pytest.mark.parametrize("table", ["requests", "runs", "edits", "deeds", "playbooks", "orders", "approvals", "pauses", "silences", "acks"])
def test_a_turn_goes_on_with_whatever_is_open(table):
    """Each table of what is asked for, under way or lasts for a time counts; an empty ledger leaves nothing to go on with."""
    assert not is_anything_open(ledgers.Ledger())
    assert is_anything_open(msgspec.structs.replace(ledgers.Ledger(), **{table: {"1.0": None}}))
