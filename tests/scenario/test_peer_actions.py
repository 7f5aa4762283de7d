"""Whole conversations about other servers: when deliveries to one are stopped or a rule is made about it, who is asked first, and that nothing is done twice."""

from typing import Any

import pytest

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.engine.deeds import AGAIN
from watchdog.model.effects import KeepIncident, LookAtBlock, LookAtCommand, RunCommand, SetBlock
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import BlockLook, BlockSet, CommandLook, CommandRan, Exited, Refused
from watchdog.model.verdicts import Mode

HOST = "flood.example"
RULE = """
rules:
  - rule: far
    each: peer
    when: peer.failing_days > 3
    for: 20s
    then:
      - {action}
    guards: {{cooldown: 1h}}
    notify: [ops]
"""
BLOCK = RULE.format(action="domain_block: {peer: peer, severity: silence, reject_media: true}")
SUSPEND = RULE.format(action="domain_block: {peer: peer, severity: suspend}")
STOP = RULE.format(action="stop_delivery: {peer: peer}")
RESUME = RULE.format(action="resume_delivery: {peer: peer}")
TARGET = f"server {HOST}"


def firing(text: str, mode: Mode = Mode.ACT) -> Conversation:
    """The condition has held for 20 s, and it is looked at."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(complete=True), at=1_000)
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.hear(Observed(Source.DELIVERIES, (Delta(Kind.PEER, HOST, {"name": HOST, "failing_days": 5}),), complete=True))
    talk.wait(21_000)
    return talk


def asked(talk: Conversation, kind: type) -> list[Any]:
    """All effects of that kind."""
    return [effect for effect in talk.effects if isinstance(effect, kind)]


def outcomes(talk: Conversation) -> list[tuple[str, str, str]]:
    """Each incident's target, how it stands, and the last line of its account."""
    kept = {effect.incident.id: effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)}
    return [(one.target, one.outcome, one.account[-1].partition(": ")[2] if one.account else "") for one in kept.values()]


def test_a_rule_is_made():
    """Looked up, decided, written down, asked for: with the words of the rule, and who wanted it."""
    talk = firing(BLOCK)
    (look,) = talk.open.values()
    assert isinstance(look, LookAtBlock)
    assert look.peer == HOST

    lines = talk.answer(BlockLook(), at=22_000)
    assert [line for line in lines if line.startswith(("audit intent", "silence "))] == ["audit intent far ALLOW block", f"silence {HOST}"]
    (made,) = asked(talk, SetBlock)
    assert (made.peer, made.severity, made.reject_media, made.rule) == (HOST, "silence", True, "far")

    talk.answer(BlockSet(HOST, made=True))
    ((target, outcome, account),) = outcomes(talk)
    assert (target, outcome) == (TARGET, "ended")
    assert account == f"Mastodon has a rule about {HOST} now: silence; to take it back, remove it in the administration of Mastodon"
    assert [one.by_command for one in talk.state.ledger.spent[TARGET]] == [True], "it is none of the host's budget"


@pytest.mark.parametrize(
    ("result", "outcome", "account"),
    [
        (
            BlockSet(HOST, made=True, before="noop"),
            "ended",
            f"the rule about {HOST} is silence now; it was noop, and can be made that again in the administration of Mastodon",
        ),
        (BlockSet("example", made=False, before="suspend"), "ended", "Mastodon had a rule about example already: suspend"),
        (
            BlockSet(HOST, made=True, before="silence"),
            "ended",
            f"the rule about {HOST} (silence) rejects media now, too; that can be taken back in the administration of Mastodon",
        ),
        (Refused("Mastodon was asked too often (429)"), "failed", "Mastodon was asked too often (429)"),
        (Exited(), "failed", "it was answered with something else"),
    ],
)
def test_what_comes_of_it(result, outcome, account):
    """What was there before is said, so that it can be brought back by hand."""
    talk = firing(BLOCK)
    talk.answer(BlockLook("noop", HOST))
    talk.answer(result)
    assert outcomes(talk) == [(TARGET, outcome, account)]


@pytest.mark.parametrize(
    ("sight", "reason"),
    [
        (BlockLook("silence", HOST, reject_media=True), f"Mastodon has a rule about {HOST} already: silence"),
        (BlockLook("suspend", "example"), "Mastodon has a rule about example already: suspend"),
        (BlockLook(refused="that is our own server, or what it lies in"), "that is our own server, or what it lies in"),
    ],
)
def test_where_there_is_nothing_to_be_done(sight, reason):
    """As much or more stands there already, or no rule may be made: nothing is asked for, and the reason is told."""
    talk = firing(BLOCK)
    talk.answer(sight)
    (request,) = talk.state.ledger.requests.values()
    assert (request.guard, request.reason) == ("last_look", reason)
    assert not asked(talk, SetBlock)


def test_to_suspend_is_asked_whatever_the_mode():
    """Nobody can bring back what that deletes: a person says yes first."""
    talk = firing(SUSPEND)
    talk.answer(BlockLook())
    (request,) = talk.state.ledger.requests.values()
    assert (request.guard, request.decision) == ("protected", "ASK")
    assert not asked(talk, SetBlock)
    assert talk.state.ledger.approvals


def test_dry_run_says_what_would_be_done():
    """And asks Mastodon for nothing but a look."""
    talk = firing(BLOCK, Mode.DRY_RUN)
    talk.answer(BlockLook())
    assert not asked(talk, SetBlock)
    (would,) = talk.audit("would")
    assert (would.stage, would.target, would.reason) == ("block", TARGET, "silence, if Mastodon has no rule about it that does as much")


@pytest.mark.parametrize("arrived", [True, False])
def test_an_agent_that_is_cut_off_looks_before_it_asks_again(arrived):
    """Where the rule is there it is done, whoever made it; where it is not it is asked for once more."""
    talk = firing(BLOCK)
    talk.answer(BlockLook())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.hear(Observed(Source.DELIVERIES, (Delta(Kind.PEER, HOST, {"name": HOST, "failing_days": 5}),), complete=True))
    talk.wait(talk.at + AGAIN)
    (look,) = talk.open.values()
    assert isinstance(look, LookAtBlock)
    talk.answer(BlockLook("silence", HOST, reject_media=True) if arrived else BlockLook())
    assert len(asked(talk, SetBlock)) == (1 if arrived else 2)
    if arrived:
        assert outcomes(talk) == [(TARGET, "ended", f"Mastodon has a rule about {HOST} already: silence")]


@pytest.mark.parametrize(("text", "command"), [(STOP, "stop-delivery"), (RESUME, "resume-delivery")])
def test_deliveries_are_stopped_by_a_command_of_roots(text, command):
    """The action's own command runs with that server and nothing else; without it in root's list nothing is done, which is said."""
    talk = firing(text)
    (look,) = talk.open.values()
    assert isinstance(look, LookAtCommand)
    assert (look.command, look.values) == (command, {"host": HOST})
    talk.answer(CommandLook())
    (run,) = asked(talk, RunCommand)
    assert (run.command, run.values) == (command, {"host": HOST})
    talk.answer(CommandRan(0))
    assert outcomes(talk) == [(f"web1/command {command} {HOST}", "ended", "it has ended well, and said nothing")]

    other = firing(text)
    other.answer(CommandLook(f"commands.toml has no command {command} any more"))
    assert not asked(other, RunCommand)
