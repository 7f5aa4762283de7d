"""What may come between the wish to act on another server and its end: a person who is asked, a rule that goes, a mode that is lowered, a server that is not known."""

import pytest

from tests.scenario.conversation import Conversation, redis, rules
from tests.scenario.test_peer_actions import BLOCK, HOST, RESUME, STOP, TARGET, asked, firing, outcomes
from watchdog.engine.deeds import AGAIN
from watchdog.engine.rules import RuleSet
from watchdog.model.effects import LookAtBlock, RunCommand, SetBlock
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import BlockLook, BlockSet, CommandLook, CommandRan
from watchdog.model.told import OperatorApproved
from watchdog.model.verdicts import Mode

OTHER = """
rules:
  - rule: other
    each: peer
    when: peer.failing_days > 99
    notify: [ops]
"""


def cut_off_and_back(talk: Conversation, ruleset: RuleSet | None = None) -> None:
    """The agent dies and is begun again, perhaps with other rules, and reads all there is to read."""
    talk.rules = ruleset or talk.rules
    talk.crash()
    talk.hear(redis(complete=True))
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.hear(Observed(Source.DELIVERIES, (Delta(Kind.PEER, HOST, {"name": HOST, "failing_days": 5}),), complete=True))
    talk.wait(talk.at + AGAIN)


@pytest.mark.parametrize(
    ("text", "look", "kind"), [(BLOCK, BlockLook(), SetBlock), (STOP, CommandLook(), RunCommand), (RESUME, CommandLook(), RunCommand)]
)
def test_asked_first(text, look, kind):
    """In ask a person hears of which server it is; after the yes it is looked at again and done once."""
    talk = firing(text, Mode.ASK)
    talk.answer(look)
    ((approval, wanted),) = talk.state.ledger.approvals.items()
    assert HOST in wanted.target
    assert not asked(talk, kind)

    talk.hear(OperatorApproved(id="1", by="ada", reason="it is dead", asked=talk.booted_wall + talk.at, approval=approval))
    assert not asked(talk, kind), "not on the look of before"
    talk.answer(look)
    talk.answer(BlockSet(HOST, made=True) if kind is SetBlock else CommandRan(0))
    assert len(asked(talk, kind)) == 1
    assert [outcome for _, outcome, _ in outcomes(talk)] == ["ended"]


@pytest.mark.parametrize(("text", "look", "kind"), [(BLOCK, BlockLook(), SetBlock), (STOP, CommandLook(), RunCommand)])
@pytest.mark.parametrize(
    ("ruleset", "why"),
    [(rules(OTHER), "its rule is no longer there"), (None, "")],
)
def test_a_rule_that_is_gone_when_the_agent_is_back(text, look, kind, ruleset, why):
    """Nobody wants it any more, so it is not asked for again; where the rule stands, it is."""
    talk = firing(text)
    talk.answer(look)
    assert len(asked(talk, kind)) == 1
    cut_off_and_back(talk, ruleset)
    talk.answer(look)
    assert len(asked(talk, kind)) == (1 if why else 2)
    if why:
        assert [(outcome, account) for _, outcome, account in outcomes(talk)] == [("abandoned", why)]


def test_a_mode_that_is_lowered_meanwhile():
    """The same: dry-run asks Mastodon for nothing."""
    talk = firing(BLOCK)
    talk.answer(BlockLook())
    cut_off_and_back(talk, rules(BLOCK, Mode.DRY_RUN))
    talk.answer(BlockLook())
    assert len(asked(talk, SetBlock)) == 1
    assert [(target, outcome) for target, outcome, _ in outcomes(talk)] == [(TARGET, "abandoned")]


def test_every_intent_has_an_outcome():
    """Of the first, whose answer nobody heard, it is said that nobody knows; the second is marked as another try, and is after a look."""
    talk = firing(BLOCK)
    talk.answer(BlockLook())
    cut_off_and_back(talk)
    talk.answer(BlockLook("noop", HOST))
    talk.answer(BlockSet(HOST, made=True, before="noop"))
    assert [row.outcome.partition(":")[0] for row in talk.audit("outcome")] == ["unknown", "ended"]
    assert [row.detail for row in talk.audit("intent")] == [{}, {"again": True}]
    kinds = [type(effect) for effect in talk.effects if isinstance(effect, LookAtBlock | SetBlock)]
    assert kinds == [LookAtBlock, SetBlock, LookAtBlock, SetBlock]


@pytest.mark.parametrize("sight", [BlockLook("silence", HOST), BlockLook("noop", HOST, reject_media=True), BlockLook("silence", "example")])
def test_a_rule_that_does_only_a_part_of_it_is_no_reason_to_leave_it(sight):
    """The severity without media, or media without the severity: neither is what was asked for."""
    talk = firing(BLOCK)
    talk.answer(sight)
    assert len(asked(talk, SetBlock)) == 1


@pytest.mark.parametrize(("text", "look"), [(BLOCK, BlockLook()), (STOP, CommandLook())])
def test_a_server_that_goes_while_it_is_looked_at(text, look):
    """Nothing is known of it any more: the alert is over, and whatever the look says nothing is done to it."""
    talk = firing(text)
    talk.hear(Observed(Source.DELIVERIES, (Gone(Kind.PEER, HOST, "nothing is known of it any more"),)))
    if talk.open:
        talk.answer(look)
    talk.wait(talk.at + 60_000)
    assert not asked(talk, SetBlock) + asked(talk, RunCommand)
    assert not talk.state.ledger.requests
