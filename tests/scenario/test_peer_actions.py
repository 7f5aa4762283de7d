"""Whole conversations about other servers: when deliveries to one are stopped or a rule is made about it, who is asked first, and that nothing is done twice."""

from typing import Any

import pytest

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.engine.deeds import AGAIN
from watchdog.model.effects import KeepIncident, LookAtBlock, LookAtCommand, RunCommand, SetBlock
from watchdog.model.events import Delta, EffectDone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import BlockLook, BlockSet, CommandLook, CommandRan, Exited, Refused
from watchdog.model.told import OperatorApproved
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
BY_NAME = RULE.format(action="run: {command: stop-delivery, with: {host: peer.name}}")
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


MANY = tuple(f"h{number}.example" for number in range(5))


def all_of(talk: Conversation) -> None:
    """Whatever is asked for in a quarter of an hour is answered well."""
    until = talk.at + 900_000
    while talk.at < until:
        if not talk.open:
            talk.wait(min(until, talk.at + 60_000))
        for effect in [*talk.open.values()]:
            look = isinstance(effect, LookAtCommand | LookAtBlock)
            if isinstance(effect, LookAtCommand | RunCommand):
                talk.hear(EffectDone(effect.id, CommandLook() if look else CommandRan(0)))
            else:
                assert isinstance(effect, LookAtBlock | SetBlock)
                talk.hear(EffectDone(effect.id, BlockLook() if look else BlockSet(effect.peer, made=True)))


def dead(talk: Conversation, *, ours: dict[str, int] | None = None) -> Conversation:
    """Five servers fail at once; and what is known of all others together."""
    talk.hear(redis(*([Delta(Kind.FEDERATION, "federation", ours)] if ours else []), complete=True), at=1_000)
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    peers = tuple(Delta(Kind.PEER, name, {"name": name, "failing_days": 5}) for name in MANY)
    talk.hear(Observed(Source.DELIVERIES, peers, complete=True))
    return talk


@pytest.mark.parametrize(
    ("text", "kind", "times"), [(STOP, RunCommand, 2), (BLOCK, SetBlock, 2), (STOP, RunCommand, 4), (BY_NAME, RunCommand, 2)]
)
def test_a_rule_takes_on_few_servers(text, kind, times):
    """The budget is of all servers together, not of each: the others wait, and nobody is asked five questions."""
    talk = dead(Conversation(rules(text.replace("cooldown: 1h", f"cooldown: 1h, budget: {times}/1h"))))
    all_of(talk)
    assert len(asked(talk, kind)) == times
    waiting = talk.state.ledger.requests.values()
    assert {(one.guard, one.decision) for one in waiting} == {("budget", "DENY")}
    assert {one.reason for one in waiting} == {f"this rule has acted on other servers {times} times within 1 h already"}
    assert not talk.state.ledger.approvals


def test_later_others_have_their_turn():
    """What waited is done once there is something left of the budget."""
    talk = dead(Conversation(rules(STOP.replace("cooldown: 1h", "cooldown: 3h, budget: 2/10m"))))
    all_of(talk)
    hosts = [run.values["host"] for run in asked(talk, RunCommand)]
    assert len(hosts) == len(set(hosts)) == 4


def test_dry_run_counts_them_too():
    """It says of as many as act would have taken on."""
    talk = dead(Conversation(rules(STOP.replace("cooldown: 1h", "cooldown: 1h, budget: 2/1h"), Mode.DRY_RUN)))
    all_of(talk)
    assert len(talk.audit("would")) == 2
    assert not asked(talk, RunCommand)


@pytest.mark.parametrize("text", [STOP, BLOCK, BY_NAME])
@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ({"failing_domains": 30, "rejecting_domains": 10}, "can't check who we are"),
        ({"failing_domains": 30, "rejecting_domains": 0, "tls_domains": 10}, "can't check who we are"),
        ({"failing_domains": 18, "newly_unreachable_domains": 10}, "can't be reached"),
    ],
)
def test_nothing_is_done_to_others_while_we_may_be_to_blame(text, ours, said):
    """Whatever the rule looks at: with our certificate over, every server looks dead. It is done once we are well."""
    talk = dead(Conversation(rules(text.replace("cooldown: 1h", "cooldown: 1h, budget: 9/1d"))), ours=ours)
    all_of(talk)
    waiting = talk.state.ledger.requests.values()
    assert len(waiting) == len(MANY)
    assert all(one.guard == "common_cause" and said in one.reason for one in waiting)
    assert not asked(talk, RunCommand) + asked(talk, SetBlock)

    talk.hear(redis(Delta(Kind.FEDERATION, "federation", {"failing_domains": 60})))
    all_of(talk)
    assert len(asked(talk, RunCommand) + asked(talk, SetBlock)) == len(MANY)


def test_deliveries_begin_again_whoever_is_to_blame():
    """That takes nothing from anybody."""
    talk = dead(Conversation(rules(RESUME)), ours={"failing_domains": 30, "rejecting_domains": 10})
    all_of(talk)
    assert asked(talk, RunCommand)


def test_what_a_person_has_allowed_is_done():
    """Asked about this server and this severity; after the yes it is looked at once more, and made once."""
    talk = firing(SUSPEND)
    talk.answer(BlockLook())
    (approval,) = talk.state.ledger.approvals
    talk.hear(OperatorApproved(id="1", by="ada", reason="it floods us", asked=talk.booted_wall + talk.at, approval=approval))
    talk.answer(BlockLook())
    (made,) = asked(talk, SetBlock)
    assert (made.peer, made.severity) == (HOST, "suspend")
    talk.answer(BlockSet(HOST, made=True))
    assert [outcome for _, outcome, _ in outcomes(talk)] == ["ended"]
