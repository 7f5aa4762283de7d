"""The channel by which people command the agent: heard once, judged, written down, answered."""

from typing import Any, get_args

import pytest

from tests.scenario.conversation import WALL, Conversation, rules
from watchdog.engine.commands import _HEARS
from watchdog.engine.switches import LONGEST
from watchdog.model import told
from watchdog.model.told import (
    Command,
    OperatorAcknowledged,
    OperatorClosed,
    OperatorPaused,
    OperatorResumed,
    OperatorSilenced,
    OperatorUnsilenced,
    OperatorWentOn,
)

HOUR = 3_600_000
RULE = "rules:\n  - rule: stuck\n    each: job\n    when: job.elapsed > 20s\n    notify: [ops]\n"


@pytest.fixture
def talk() -> Conversation:
    """An agent with one rule that has seen nothing yet."""
    return Conversation(rules(RULE))


def says(kind: type[Any], id_: str = "c1", **more: Any) -> Any:
    """A command of ada's."""
    return kind(id=id_, by="ada", reason="maintenance", asked=WALL, **more)


def answer(talk: Conversation, id_: str = "c1") -> Any:
    """The one row that answers that command."""
    (row,) = (row for row in talk.audit("operator") if row.detail.get("told") == id_)
    return row


def test_every_command_is_heard():
    """There is a function for each that can be said, and none besides."""
    assert set(_HEARS) == set(get_args(Command))
    assert set(get_args(told.Told)) == {*get_args(told.Order), *get_args(Command)}


def test_a_command_is_answered_in_the_audit_log(talk):
    """With its id, who gave it and why."""
    assert talk.hear(says(OperatorPaused, until=WALL + HOUR)) == ["audit operator paused"]
    row = answer(talk)
    assert (row.detail["by"], row.detail["until"]) == ("ada", WALL + HOUR)
    assert row.reason == "maintenance; until 2026-09-21 15:13 UTC"


def test_a_command_that_is_handed_over_again_is_heard_once(talk):
    """The agent died before it could put the file away: the second time changes nothing, and is no second row."""
    talk.hear(says(OperatorPaused, until=WALL + HOUR))
    talk.crash()
    talk.hear(says(OperatorResumed, "c2"))
    assert talk.hear(says(OperatorPaused, until=WALL + HOUR)) == []
    assert talk.state.ledger.pauses == {}
    assert answer(talk).outcome == "paused"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (says(OperatorPaused, until=WALL), "its end has passed already"),
        (says(OperatorPaused, until=WALL + LONGEST + 60_000), "it would last for more than 7 days"),
        (says(OperatorPaused, until=WALL + 1, rule="[a"), "[a: "),
        (says(OperatorResumed), "no such pause was given by command"),
        (says(OperatorSilenced, until=WALL - 1, rule="stuck"), "its end has passed already"),
        (says(OperatorSilenced, until=WALL + HOUR), "it says of nothing what it is for"),
        (says(OperatorSilenced, until=WALL + HOUR, labels={"team": "[a"}), "[a: "),
        (says(OperatorUnsilenced, silence="9.9"), "there is no silence 9.9"),
        (says(OperatorAcknowledged, until=WALL, rule="stuck", target="t"), "its end has passed already"),
        (says(OperatorAcknowledged, until=WALL + HOUR, rule="stuck", target="t"), "no alert of rule stuck on t fires"),
        (says(OperatorAcknowledged, until=WALL + HOUR, incident="9.9"), "no open incident and no alert that fires has the id 9.9"),
        (says(OperatorWentOn, incident="9.9"), "no incident 9.9 is open"),
        (says(OperatorWentOn, incident="9.9", overruled=("mood",)), "there is no guard mood"),
        (says(OperatorWentOn, incident="9.9", overruled=("last_look",)), "nobody can overrule last_look"),
        (says(OperatorClosed, incident="9.9"), "no incident 9.9 is open"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value.replace(" ", "_"),
)
def test_what_is_refused_says_why_and_changes_nothing(talk, command, why):
    """Of the ledger only that it was heard."""
    before = talk.state.ledger
    (line,) = talk.hear(command)
    assert line.startswith("audit operator")
    assert line.endswith("refused")
    assert answer(talk).reason.startswith(why)
    after = talk.state.ledger
    assert (after.pauses, after.silences, after.acks, after.rearmed) == (before.pauses, before.silences, before.acks, before.rearmed)
    assert after.heard.keys() == {"c1"}


def test_what_was_heard_a_week_ago_is_forgotten(talk):
    """The list of commands does not grow for ever."""
    talk.hear(says(OperatorResumed))
    talk.hear(says(OperatorResumed, "c2"), at=7 * 86_400_000)
    assert talk.state.ledger.heard.keys() == {"c2"}


def test_what_was_said_by_a_receiver_is_remembered_for_a_day(talk):
    """The other commands for a week: what people say in a room is much, and after a day too old to be heeded."""
    day = 86_400_000
    talk.hear(says(OperatorPaused, until=WALL + 3 * day))
    talk.hear(says(OperatorPaused, "said_1", until=WALL + 3 * day))
    talk.hear(says(OperatorResumed, "c2"), at=day)
    assert sorted(talk.state.ledger.heard) == ["c1", "c2"]
