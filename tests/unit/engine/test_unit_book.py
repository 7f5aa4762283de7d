"""What is remembered of units: how often they came back, who stopped them."""

from typing import Any

import msgspec

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.engine.incidents import Run
from watchdog.engine.ledger import decode, encode, rebase
from watchdog.engine.turn import Over, Turn
from watchdog.engine.unit_book import MOST, heed
from watchdog.engine.unit_past import MOST as MOST_STARTS
from watchdog.engine.unit_past import WITHIN, Began, UnitPast, starts_within
from watchdog.model.events import Delta, Event, Gone, Observed, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import Severity
from watchdog.model.targets import ProcessRef

UNIT = "sidekiq.service"
RULE = "rules: [{rule: failed, each: unit, when: unit.failed, notify: [ops]}]"
RUN = Run(id="7.1", incident="7.0", rule="r", action="terminate_process", arguments={}, ref=ProcessRef("web1/" + UNIT, "web1:10:abc", "web1", 10, 77, "boot-1", "app", UNIT), entity="x",
          thread="t", severity=Severity.WARNING, notify=(), stage="KILL", looking=False, opened_wall=0, marks={"TERM": 7_000, "dead": 8_000})  # fmt: skip
UP = {"running": True, "entered_at": 0, "job": "", "restarts": 3}


def told(talk: Conversation, at: int, **fields: Any) -> UnitPast | None:
    """What is remembered after systemd has said that."""
    talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, fields),)), at=at)
    return talk.state.ledger.units.get(UNIT)


def begun() -> Conversation:
    """The unit runs."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(complete=True))
    told(talk, 1_000, **UP)
    return talk


def test_each_restart_is_counted_for_ten_minutes():
    """What was before it was first seen does not count; a counter that falls to 0 says that somebody has started it."""
    talk = begun()
    assert told(talk, 1_000, restarts=3) == UnitPast(restarts=3)
    assert told(talk, 2_000, restarts=5) == UnitPast(restarts=5, starts=(Began(2_000), Began(2_000)))
    assert told(talk, 3_000, restarts=0) == UnitPast(restarts=0, starts=(Began(2_000), Began(2_000)))
    past = told(talk, 4_000, restarts=1)
    assert past is not None
    assert [starts_within(past, at) for at in (4_000, 2_000 + WITHIN - 1, 2_000 + WITHIN, 4_000 + WITHIN)] == [3, 3, 1, 0]


def test_restarts_while_the_agent_was_away_count_from_now():
    """Nobody knows when they were; a counter that ran away is no flood."""
    talk = begun()
    talk.crash()
    talk.hear(redis(complete=True))
    past = told(talk, 50_000, **{**UP, "restarts": 4_000})
    assert past == UnitPast(restarts=4_000, starts=(Began(50_000),) * MOST_STARTS)


def test_a_stop_counts_until_it_runs_anew():
    """While it still runs, too; not for what began before the stop."""
    talk = begun()
    past = told(talk, 5_000, job="stop")
    assert past is not None
    assert past.stopped_at == 5_000
    assert told(talk, 6_000, job="", running=False, entered_at=6_000) == past
    assert told(talk, 9_000, running=True, entered_at=9_000) == UnitPast(restarts=3)


def test_a_unit_that_is_no_longer_there_is_forgotten():
    """And of very many the oldest goes first; what is remembered survives being written, and moves with engine time."""
    talk = begun()
    told(talk, 5_000, job="stop")
    ledger = decode(encode(rebase(talk.state.ledger, 100)))
    assert ledger.units[UNIT].stopped_at == 5_100
    talk.hear(Observed(Source.SYSTEMD, (Gone(Kind.UNIT, UNIT, "no file"),)))
    assert talk.state.ledger.units == {}
    for number in range(MOST + 1):
        talk.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, f"s@{number}.service", UP),)))
    assert len(talk.state.ledger.units) == MOST
    assert "s@0.service" not in talk.state.ledger.units


def test_what_the_agent_has_ended():
    """Which run of the unit that was, and how it was set up; not where a person has closed it and sees to the rest, nor where it runs again."""
    for outcome, entered_at, noted in (("ended", 0, True), ("failed", 0, True), ("closed", 0, False), ("ended", 9_000, False)):
        talk = begun()
        told(talk, 9_500, running=entered_at > 0, entered_at=entered_at, invocation="a1", file_state="enabled")
        turn = Turn(talk.rules, talk.state, Event(99, 10_000, 10_000, TimeReached()))
        heed(turn, Over(RUN, outcome, "it is over"))
        expected = UnitPast(restarts=3, ended_at=8_000, invocation="a1", file_state="enabled") if noted else UnitPast(restarts=3)
        assert turn.ledger.units[UNIT] == expected, outcome


def test_what_ended_by_itself_is_not_ours():
    """The agent had sent it nothing, or it ran in no unit."""
    talk = begun()
    turn = Turn(talk.rules, talk.state, Event(99, 10_000, 10_000, TimeReached()))
    heed(turn, Over(msgspec.structs.replace(RUN, marks={"dead": 8_000}), "ended", ""))
    heed(turn, Over(msgspec.structs.replace(RUN, ref=msgspec.structs.replace(RUN.ref, unit="")), "ended", ""))
    assert turn.ledger.units[UNIT] == UnitPast(restarts=3)
