"""Whole conversations about named commands: when one is run, with which values, what comes of it, and that it is asked for once."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, redis, rules
from tests.unit.commands.hostile import HOSTILE
from watchdog.engine.deeds import AGAIN
from watchdog.engine.methods.run_command import run_of
from watchdog.engine.status import status
from watchdog.model.effects import KeepIncident, LookAtCommand, Notify, RunCommand
from watchdog.model.events import Delta, Observed, Paused, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.named.handing_over import is_id
from watchdog.model.results import CommandLook, CommandRan, Exited, Refused, UnitLook
from watchdog.model.targets import CommandRef
from watchdog.model.verdicts import Decision, Mode

RULES = """
rules:
  - rule: back
    each: domain
    when: domain.retries > 100
    for: 20s
    then:
      - run: {command: refresh, with: {domain: domain.name, retries: domain.retries, how: '"fast"', wait: 90s}}
    guards: {cooldown: 1h}
    notify: [ops]
"""
DOMAIN = "example.social"
VALUES = {"domain": DOMAIN, "how": "fast", "retries": "500", "wait": "90"}
TARGET = f"web1/command refresh {DOMAIN} fast 500 90"


def firing(mode: Mode = Mode.ACT, name: str = DOMAIN, text: str = RULES) -> Conversation:
    """The condition has held for 20 s, and root's definition is looked up."""
    talk = Conversation(rules(text, mode))
    talk.hear(redis(Delta(Kind.DOMAIN, DOMAIN, {"name": name, "retries": 500}), complete=True), at=1_000)
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.wait(21_000)
    return talk


def request_of(talk: Conversation) -> Any:
    """The only request that is open."""
    (request,) = talk.state.ledger.requests.values()
    return request


def outcomes(talk: Conversation) -> list[tuple[str, str]]:
    """Each incident's target and how it stands."""
    kept = {effect.incident.id: effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)}
    return [(one.target, one.outcome) for one in kept.values()]


def runs(talk: Conversation) -> list[RunCommand]:
    """All that were asked for."""
    return [effect for effect in talk.effects if isinstance(effect, RunCommand)]


def test_from_the_alert_to_the_end():
    """Fields and literals become texts; it is looked up, decided, written down, handed over, and its cooldown counts for just these values."""
    talk = firing()
    (look,) = talk.open.values()
    assert isinstance(look, LookAtCommand)
    assert (look.command, look.values) == ("refresh", VALUES)
    assert request_of(talk).thing == CommandRef(TARGET, "web1", "refresh", VALUES)

    lines = talk.answer(CommandLook(), at=22_000)
    assert [line for line in lines if line.startswith(("audit intent", "run "))] == [
        "audit intent back ALLOW run",
        f"run refresh {DOMAIN} fast 500 90",
    ]
    (asked,) = runs(talk)
    assert is_id(asked.run)
    assert (asked.target, asked.until) == (TARGET, 22_000 + 300_000 + 30_000)

    assert (
        talk.answer(CommandRan(0, size=5), at=30_000)[0]
        == "audit outcome back run ended: it has ended well; what it said is kept as evidence"
    )
    assert outcomes(talk) == [(TARGET, "ended")]
    assert talk.state.ledger.cooldowns[TARGET].action == "run"
    (spent,) = talk.state.ledger.spent[TARGET]
    assert spent.by_command, "it is none of the host's budget"


@pytest.mark.parametrize(
    ("result", "account"),
    [
        (CommandRan(1, size=9), "it has ended with exit status 1; what it said is kept as evidence"),
        (CommandRan(-9), "signal 9 has ended it, and said nothing"),
        (CommandRan(-15, cut=True), "systemd has ended it, as at its timeout, and said nothing"),
        (CommandRan(0, cut=True), "systemd has ended it, as at its timeout, and said nothing"),
        (
            CommandRan(None, refused="the argument domain of refresh is no domain: --all"),
            "the argument domain of refresh is no domain: --all",
        ),
        (CommandRan(None, unknown="it still runs"), "it still runs"),
        (Refused("install the polkit rule"), "install the polkit rule"),
        (Exited(), "it was answered with something else"),
    ],
)
def test_one_that_fails_says_why(result, account):
    """The incident has failed, and whoever is told hears the reason."""
    talk = firing()
    talk.answer(CommandLook())
    talk.answer(result)

    assert outcomes(talk) == [(TARGET, "failed")]
    assert [effect.notice.title for effect in talk.effects if isinstance(effect, Notify) and account in effect.notice.title]


@pytest.mark.parametrize("answer", [HEALTHY, UnitLook(load_state="loaded", state="inactive"), CommandRan(0)])
def test_a_look_at_something_else_is_no_leave(answer):
    """What does not say that root's definition allows it starts nothing: it is looked up again."""
    talk = firing()
    talk.answer(answer)
    assert (runs(talk), outcomes(talk)) == ([], [])

    talk.wait(talk.at + 5_000)
    (look,) = talk.open.values()
    assert isinstance(look, LookAtCommand)


def test_what_the_definition_has_against_it():
    """Nothing is written down as meant, and the reason is told."""
    talk = firing()
    reason = "the argument domain of refresh is no domain: example.social\\u003bid"
    talk.answer(CommandLook(reason))

    assert (request_of(talk).guard, request_of(talk).reason) == ("last_look", reason)
    assert not runs(talk)
    assert not talk.audit("intent")
    (shown,) = status(talk.state, talk.at)["requests"]
    assert (shown["target"], shown["reason"]) == (TARGET, reason)


@pytest.mark.parametrize("why", [why for why in HOSTILE if why != "a lone surrogate"])  # which no event can hold
def test_hostile_values_are_told_harmlessly(why):
    """The name of such a target stands in audit, messages and metrics: nothing in it can be mistaken, and the value itself is only handed on to who refuses it."""
    talk = firing(name=HOSTILE[why])
    (look,) = talk.open.values()
    assert isinstance(look, LookAtCommand)
    assert look.values["domain"] == HOSTILE[why]

    name = request_of(talk).target
    assert name.replace("…", "").isascii()
    assert name.isprintable()
    assert len(name) < 400
    assert not set(name) & set("\"'`$;|&<>*?{}\n\0")


def test_a_value_that_is_not_known():
    """It is not guessed."""
    text = RULES.replace("domain.retries, how", "domain.rejected, how")
    talk = firing(text=text)
    assert request_of(talk).reason == "its argument retries (domain.rejected) is not known"
    assert not talk.open


def test_dry_run_says_what_would_be_run():
    """And runs nothing."""
    talk = firing(Mode.DRY_RUN)
    talk.answer(CommandLook())

    assert not runs(talk)
    (would,) = talk.audit("would")
    assert (would.stage, would.target, would.reason) == ("run", TARGET, "if root's list still allows it, for 300 s at most")
    assert [one.by_command for one in talk.state.ledger.shadow.spent[TARGET]] == [True]


def test_asked_first():
    """A person hears which command, with which values."""
    talk = firing(Mode.ASK)
    talk.answer(CommandLook())
    (approval,) = talk.state.ledger.approvals.values()

    assert approval.target == TARGET
    assert request_of(talk).decision is Decision.ASK


@pytest.mark.parametrize("body", [Paused("ana", "new disks", None), SourceLost(Source.SYSTEMD, "reset", "gone")])
def test_guards(body):
    """What is paused, or can't be reached, is not run."""
    talk = Conversation(rules(RULES))
    talk.hear(redis(Delta(Kind.DOMAIN, DOMAIN, {"name": DOMAIN, "retries": 500}), complete=True), at=1_000)
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.hear(body)
    talk.wait(60_000)
    if talk.open:
        talk.answer(CommandLook())
    assert request_of(talk).decision is Decision.DENY
    assert not runs(talk)


def test_cut_off():
    """Asked for again after a crash it is the very same run, so that it happens once; another incident's is another."""
    talk = firing()
    talk.answer(CommandLook())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    talk.wait(talk.at + AGAIN)
    talk.answer(CommandLook())

    first, second = runs(talk)
    assert (first.run, first.incident) == (second.run, second.incident)
    talk.answer(CommandRan(0))
    assert outcomes(talk) == [(TARGET, "ended")]
    assert run_of("1.0", "7.1", TARGET) != run_of("1.0", "7.2", TARGET) != run_of("1.1", "7.2", TARGET)


@pytest.mark.parametrize("is_there", [True, False])
def test_what_retries_wait_for_is_not_gone_before_it_was_counted(is_there):
    """Over a restart of the agent an alert on a domain lasts until the census tells: no second alert, and no second run, for what was there all the time."""
    talk = firing()
    talk.answer(CommandLook())
    talk.answer(CommandRan(0))
    talk.crash()
    talk.hear(redis(complete=True), at=30_000)
    talk.wait(40_000)
    assert [row.outcome for row in talk.audit("alert")] == ["firing"]

    there = [Delta(Kind.DOMAIN, DOMAIN, {"name": DOMAIN, "retries": 500})] if is_there else []
    talk.hear(redis(*there, Delta(Kind.SIDEKIQ, "sidekiq", {"retry_census_at": 45_000})), at=45_000)
    talk.wait(7_200_000)

    assert [row.outcome for row in talk.audit("alert")] == ["firing"] + ["resolved"] * (not is_there)
    assert len(runs(talk)) == 1
