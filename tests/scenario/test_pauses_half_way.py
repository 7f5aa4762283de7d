"""Pauses of a rule or a target that come when a process is half-way: jobs that only the agent knows of are held, put back later, and never lost."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, process, redis
from tests.scenario.test_orders import ONE, order
from tests.scenario.test_orders import answer as answer_order
from tests.scenario.test_orders import talk as with_an_order
from tests.scenario.test_recover import NEXT, RULE, answer, asked, beat, ended, held, talking, to_quiet
from watchdog.model.events import Gone
from watchdog.model.flight import Fate, Placed
from watchdog.model.kinds import Kind
from watchdog.model.results import EvidenceCollected, Exited, InFlight, PutBackDone, Sent
from watchdog.model.told import OperatorPaused, OperatorResumed, OperatorSilenced

__all__ = ("with_an_order",)
MINUTE, HOUR = 60_000, 3_600_000
PLACED = PutBackDone((Placed("j1", Fate.DONE, "retry"),))


def pause(talk: Conversation, *, minutes: int = 10, **what: str) -> None:
    """Said now."""
    wall = talk.booted_wall + talk.at
    talk.hear(OperatorPaused(id=f"p{talk.seq}", by="ada", reason="wait", asked=wall, until=wall + minutes * MINUTE, **what))
    assert talk.audit("operator")[-1].outcome == "paused"


def resume(talk: Conversation, **what: str) -> None:
    """Taken back."""
    talk.hear(OperatorResumed(id=f"r{talk.seq}", by="ada", reason="on", asked=WALL, **what))


def killed() -> Conversation:
    """SIGKILL has been sent and the process has ended: what it held is being looked for."""
    talk = talking(RULE)
    to_quiet(talk)
    beat(talk, 52_000, ended("j2", "t2", 11_000))
    talk.wait(53_000)
    for result in (InFlight((held("j1"),)), HEALTHY, Sent(), Exited()):
        answer(talk, result)
    return talk


def goes_on(talk: Conversation, minutes: int) -> list[str]:
    """The next process beats for so long."""
    end, lines = talk.at + minutes * MINUTE, []
    while talk.at < end:
        lines += talk.wait(talk.at + 10_000)
        lines += talk.hear(redis(process(NEXT, talk.at, booted_at=59_000)))
    return lines


MEANT = [{}, {"rule": "stuck-*"}, {"target": "web1/app[push]"}, {"rule": "stuck-job", "target": "app*"}]
NOT_MEANT = [{"rule": "other"}, {"target": "web2/*"}, {"rule": "stuck-job", "target": "web2/*"}]


@pytest.mark.parametrize("what", MEANT, ids=str)
def test_what_was_killed_is_put_back_when_the_pause_is_over(what):
    """By its end or by `resume`, over a restart of the agent: held as long as it lasts, then put back once."""
    for ends in (True, False):
        talk = killed()
        pause(talk, **what)
        assert asked(answer(talk, InFlight((held("j1"),)))) == []
        (run,) = talk.state.ledger.runs.values()
        assert (run.held_by, [one.jid for one in run.flight.jobs]) == ("paused", ["j1"])
        talk.crash()
        lines = talk.hear(redis(process(NEXT, 60_000, booted_at=59_000), complete=True), at=60_000)
        lines += goes_on(talk, 5)
        assert not [line for line in lines if line.startswith("put")]
        if not ends:
            resume(talk)
        lines = goes_on(talk, 6)
        assert [line.split(" at ")[0] for line in lines if line.startswith("put")] == ["put back j1 retry"]
        answer(talk, PLACED)
        last = talk.audit("incident")[-1]
        assert (last.outcome, "1 put into the retry set (1 from work hash)" in last.reason) == ("ended", True)


@pytest.mark.parametrize("what", NOT_MEANT, ids=str)
def test_a_pause_of_something_else_holds_nothing(what):
    """It goes on at once."""
    talk = killed()
    pause(talk, **what)
    assert [line.split(" at ")[0] for line in asked(answer(talk, InFlight((held("j1"),))))] == ["put back j1 retry"]


@pytest.mark.parametrize(
    ("what", "holds"), [({}, True), ({"target": "mastodon-sidekiq"}, True), ({"rule": "*"}, False), ({"target": "web2/*"}, False)], ids=str
)
def test_an_order_by_hand_is_no_rule(with_an_order, what, holds):
    """What is paused for a target, or altogether, also a person's order respects unless he overrules it; a pause of rules is none of it."""
    talk = with_an_order
    pause(talk, **what)
    talk.hear(order(), at=20_000)
    if talk.open:
        answer_order(talk, HEALTHY)
    rows: list[Any] = [row for row in talk.audit("order") if row.guard]
    assert [row.guard for row in rows] == (["paused"] if holds else [])
    assert bool(talk.state.ledger.runs) is not holds


def test_an_order_by_hand_that_is_under_way_is_held_for_its_target_only(with_an_order):
    """Quiet, then paused: it stands half-way before its SIGTERM until the pause is over, and then goes on."""
    talk = with_an_order
    talk.hear(order(), at=20_000)
    for result in (HEALTHY, EvidenceCollected(()), InFlight(()), HEALTHY, Sent()):
        answer_order(talk, result)
    pause(talk, target="mastodon-sidekiq")
    pause(talk, rule="*")
    for at in (30_000, 40_000, 50_000):
        talk.hear(redis(process(ONE, at, quiet=True)), at=at)
    talk.hear(redis(process(ONE, 60_000, quiet=True), Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "finished")), at=60_000)
    talk.wait(61_000)
    answer_order(talk, InFlight(()))
    answer_order(talk, HEALTHY)
    (run,) = talk.state.ledger.runs.values()
    assert (run.stage, run.held_by) == ("TERM", "paused")
    resume(talk, target="mastodon-sidekiq")
    talk.wait(67_000)
    assert "signal TERM web1:10:abc" in answer_order(talk, HEALTHY)


@pytest.mark.parametrize(("rule", "says"), [("stuck-*", ""), ("stuck-jobs", "; but no rule that is in force is called stuck-jobs")])
def test_the_name_of_a_rule_that_is_none_is_said(rule, says):
    """A slip of the pen at night pauses nothing, and silences nothing: whoever wrote it hears so."""
    talk = talking(RULE)
    for number, told in enumerate((OperatorPaused, OperatorSilenced)):
        talk.hear(told(id=f"x{number}", by="ada", reason="wait", asked=WALL, until=WALL + HOUR, rule=rule))
        row = talk.audit("operator")[-1]
        assert row.outcome in ("paused", "silenced")
        assert row.reason.endswith(says)
        assert ("no rule" in row.reason) is bool(says)
