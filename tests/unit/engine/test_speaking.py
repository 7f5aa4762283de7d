"""What is said by a receiver counts only from those who are named; what is said of receivers goes the way of everything."""

from typing import Any

import pytest

from tests.scenario.conversation import WALL, Conversation, rules
from watchdog.engine.on_receivers import thread_of
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.speaking import person_of
from watchdog.model.effects import Notify, TryReceiver
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.told import (
    OperatorAcknowledged,
    OperatorLooked,
    OperatorPaused,
    OperatorResumed,
    OperatorRetried,
    OperatorSilenced,
    OperatorTested,
    OperatorUnsilenced,
)

HOUR = 3_600_000
RULE = "rules:\n  - rule: stuck\n    each: job\n    when: job.elapsed > 20s\n    notify: [ops]\n"
PEOPLE = (("matrix:@ada:example.org", "ada"), ("slack:U1", "ada"), ("local:root", "root"))
COMMON: dict[str, Any] = {"id": "c1", "reason": "why", "asked": WALL}


def named(ruleset: RuleSet) -> RuleSet:
    """Rules with people."""
    return ruleset.but(by_hand={**ruleset.by_hand, "people": PEOPLE})


@pytest.fixture
def talk() -> Conversation:
    """An agent that knows ada."""
    return Conversation(named(rules(RULE)))


def answer(talk: Conversation, said: Any) -> Any:
    """The row that answers it."""
    talk.hear(said)
    (row,) = (row for row in talk.audit("operator") if row.detail.get("told") == said.id)
    return row


@pytest.mark.parametrize(
    ("channel", "by", "person"),
    [
        ("matrix", "@ada:example.org", "ada"),
        ("slack", "U1", "ada"),
        ("matrix", "@Ada:example.org", ""),
        ("matrix", "U1", ""),
        ("slack", "@ada:example.org", ""),
        ("matrix", "", ""),
        ("", "@ada:example.org", ""),
        ("local", "anybody", "anybody"),
    ],
)
def test_who_that_is(channel, by, person):
    """By the very name under which the server knows them; on this machine whoever can leave a command there."""
    assert person_of(named(rules(RULE)), channel, by) == person


@pytest.mark.parametrize(("people", "person"), [((), "ada"), (PEOPLE, ""), ((*PEOPLE, ("page:ada", "carla")), "carla")])
def test_who_comes_by_the_page(people, person):
    """Who has a token is somebody; where the config names anybody, only who is named is."""
    ruleset = rules(RULE)
    assert person_of(ruleset.but(by_hand={**ruleset.by_hand, "people": people}), "page", "ada") == person
    assert person_of(NO_RULES, "page", "ada") == ""


def test_without_rules_nobody_is_known():
    """An agent that has just been started knows nobody yet."""
    assert person_of(NO_RULES, "matrix", "@ada:example.org") == ""
    assert person_of(rules(RULE), "matrix", "@ada:example.org") == ""


@pytest.mark.parametrize(
    "said",
    [
        OperatorAcknowledged(by="@eve:example.org", channel="matrix", until=WALL + HOUR, rule="stuck", target="t", **COMMON),
        OperatorSilenced(by="@eve:example.org", channel="matrix", until=WALL + HOUR, rule="stuck", **COMMON),
        OperatorLooked(by="@eve:example.org", channel="matrix", what="status", **COMMON),
    ],
)
def test_a_stranger_is_refused(talk, said):
    """Whatever he wants, looking included."""
    row = answer(talk, said)
    assert (row.outcome, row.detail["by"], row.detail["channel"]) == ("refused", "@eve:example.org", "matrix")
    assert row.reason == "@eve:example.org (matrix) is none of the people who may say anything; the config names them under 'ask'"
    assert talk.state.ledger.silences == {}


def test_a_person_is_written_down_by_the_name_of_the_config(talk):
    """And in the audit log with the name that the server gave, too."""
    row = answer(talk, OperatorSilenced(by="@ada:example.org", channel="matrix", until=WALL + HOUR, rule="stuck", **COMMON))
    assert (row.outcome, row.detail["by"], row.detail["channel"]) == ("silenced", "@ada:example.org", "matrix")
    assert [one.by for one in talk.state.ledger.silences.values()] == ["ada"]


BY_PAGE: list[Any] = [
    OperatorPaused(by="ada", channel="page", until=WALL + HOUR, **COMMON),
    OperatorResumed(by="ada", channel="page", **COMMON),
    OperatorSilenced(by="ada", channel="page", until=WALL + HOUR, rule="stuck", **COMMON),
    OperatorUnsilenced(by="ada", channel="page", silence="1", **COMMON),
    OperatorAcknowledged(by="ada", channel="page", until=WALL + HOUR, rule="stuck", target="t", **COMMON),
]


@pytest.mark.parametrize("said", BY_PAGE, ids=lambda said: type(said).__name__)
def test_a_stranger_on_the_page_is_refused(talk, said):
    """Where the config names people, a token alone lets nobody say anything: nothing has changed but the audit log."""
    before = talk.state.ledger
    row = answer(talk, said)
    assert (row.outcome, row.detail["channel"]) == ("refused", "page")
    assert row.reason == "ada (page) is none of the people who may say anything; the config names them under 'ask'"
    after = talk.state.ledger
    assert (after.pauses, after.silences, after.acks) == (before.pauses, before.silences, before.acks)


def test_a_person_on_the_page():
    """Where nobody is named, whoever has a token; it is written down by which way it came."""
    talk = Conversation(rules(RULE))
    assert answer(talk, BY_PAGE[0]).outcome == "paused"
    (pause,) = talk.state.ledger.pauses.values()
    assert (pause.by, pause.source) == ("ada", "command")
    row = answer(talk, OperatorResumed(by="ben", channel="page", **(COMMON | {"id": "c2"})))
    assert (row.outcome, row.detail["by"], row.detail["channel"]) == ("resumed", "ben", "page")
    assert talk.state.ledger.pauses == {}


def test_on_the_machine_nobody_need_be_named(talk):
    """As ever: and the audit log names no channel."""
    row = answer(talk, OperatorSilenced(by="root", until=WALL + HOUR, rule="stuck", **COMMON))
    assert row.outcome == "silenced"
    assert "channel" not in row.detail


def test_a_test_goes_into_the_outbox(talk):
    """To just those receivers, marked as what it is, in a thread of its own, whatever is silenced; and what was left alone is tried."""
    talk.hear(OperatorSilenced(by="root", until=WALL + HOUR, rule="*", **COMMON))
    lines = talk.hear(OperatorTested(by="root", receivers=("ops", "chat"), **(COMMON | {"id": "c2"})))
    assert lines == ["notify ops,chat agent.test", "try ops now", "try chat now", "audit operator told"]
    (notice,) = (effect.notice for effect in talk.effects if isinstance(effect, Notify))
    assert (notice.kind, notice.severity, notice.thread, notice.group) == (NoticeKind.TEST, Severity.INFO, thread_of("c2"), thread_of("c2"))
    assert notice.title == "test from web1, by root: nothing is wrong"
    assert notice.reason == "why"


def test_a_test_for_nobody(talk):
    """It is refused."""
    assert answer(talk, OperatorTested(by="root", receivers=(), **COMMON)).outcome == "refused"


def test_what_waits_is_tried_now(talk):
    """It is asked of the outbox, and written down."""
    row = answer(talk, OperatorRetried(by="root", receiver="ops", **COMMON))
    assert (row.outcome, row.reason) == ("tried now", "what waits for ops")
    assert [effect.receiver for effect in talk.effects if isinstance(effect, TryReceiver)] == ["ops"]
